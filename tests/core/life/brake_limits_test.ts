// What makes a list another server's, how that ends, and which losses count for the brake of Mesos. Limits of how many
// must vanish are in brake_rules_test.ts; stories in brake_test.ts.

import { suspicionText } from "../../../src/core/words/causes.ts";
import { assertEquals } from "@std/assert";
import {
  holdsTakingDown,
  judgeGocdList,
  judgeLosses,
  knowCluster,
  noBrake,
  noteRestoredBrake,
  restoredBrake,
} from "../../../src/core/life/brake.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { State } from "../../../src/core/state.ts";
import {
  building,
  drive,
  gocdAgent,
  jobs,
  linesOf,
  minute,
  offer,
  reconciled,
  second,
  zeroMs,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { anInstance, aRegistered, gocdSuspicion, mesosSuspicion, stateOf } from "../instance_fixtures.ts";

const strangers = (...names: readonly string[]): GocdAgent[] => names.map((name) => gocdAgent(name));

function judged(
  instances: readonly AgentInstance[],
  { before = [] as GocdAgent[], now = [] as GocdAgent[], brake = { isSameCluster: true } as State["brake"] },
): Draft {
  const state = stateOf(instances, { brake });
  const draft = new Draft({ ...state, server: { ...state.server, judged: before } }, zeroMs + 7, 0.5);
  judgeGocdList(draft, now);
  return draft;
}

Deno.test("while a container may have registered unnoticed, a list without any earlier record is from another server", () => {
  const before = strangers("a", "b", "c");
  const starting = anInstance("t", { state: "starting" });
  const isOn = (instances: readonly AgentInstance[], now: GocdAgent[] = []): boolean =>
    judged(instances, { before, now }).state.brake.gocd !== undefined;
  assertEquals([isOn([starting]), isOn([]), isOn([anInstance("t", { state: "launching" })])], [
    true,
    false,
    false,
  ]);
  assertEquals([isOn([starting], strangers("c")), isOn([starting], strangers("d"))], [false, true]);
  const draft = judged([starting], { before, now: [] });
  assertEquals(draft.state.brake.gocd?.vanished, ["uuid-a", "uuid-b", "uuid-c"]);
  assertEquals(
    draft.state.brake.gocd && suspicionText(draft.state.brake.gocd).text,
    "the GoCD server no longer lists any agent of its last list: it may be another server, or have an older database",
  );
  const ours = ["x", "y", "z"].map((taskId) => aRegistered(taskId, "idle"));
  assertEquals(judged(ours, { before }).state.brake.gocd?.vanished, undefined, "most of ours are missing");
});

Deno.test("of a list that has vanished, 200 records are remembered at most", () => {
  const before = strangers(...Array.from({ length: 201 }, (_, index) => `${index}`));
  const draft = judged([anInstance("t", { state: "starting" })], { before });
  assertEquals(draft.state.brake.gocd?.vanished, before.slice(0, 200).map(({ uuid }) => uuid));
});

Deno.test("a brake is restored with the suspicion of an earlier run, which began no later than now", () => {
  assertEquals(restoredBrake(undefined, 5), noBrake);
  const at = (sinceMs: number): number | undefined => restoredBrake({ ...gocdSuspicion, sinceMs }, 5).gocd?.sinceMs;
  assertEquals([at(4), at(6)], [4, 5]);
  const noted = (gocd: State["brake"]["gocd"]): readonly string[] => {
    const state = stateOf([], { brake: { isSameCluster: true, ...(gocd === undefined ? {} : { gocd }) } });
    const draft = new Draft(state, zeroMs + 7, 0.5);
    noteRestoredBrake(draft);
    return draft.finish().notes.map(({ kind }) => kind);
  };
  const since = (sinceMs: number): State["brake"]["gocd"] => ({ ...gocdSuspicion, sinceMs });
  const { startedMs } = stateOf([]);
  assertEquals([noted(undefined), noted(since(startedMs)), noted(since(startedMs + 1))], [[], ["brake-on"], []]);
});

Deno.test("a brake that continues is not reported again; one that ends keeps what is known of the cluster and of Mesos", () => {
  const gocd = gocdSuspicion;
  const mesos = mesosSuspicion;
  const brake = { isSameCluster: true, gocd, mesos };
  const still = judged([aRegistered("t", "idle")], { brake });
  assertEquals([still.state.brake, linesOf(still)], [brake, []]);
  const over = judged([], { brake });
  assertEquals(over.state.brake, { isSameCluster: true, mesos, releasedMs: zeroMs + 7 });
});

Deno.test("an agent in doubt counts for the brake of Mesos while the list shows its record enabled, or says nothing", () => {
  const lost = ["a", "b", "c"].map((taskId) =>
    anInstance(taskId, { state: "unreachable", uuid: `uuid-${taskId}`, lost: { sinceMs: zeroMs, message: "m" } })
  );
  const isOn = (agents: readonly GocdAgent[] | undefined, brake: State["brake"] = { isSameCluster: true }): boolean => {
    const state = stateOf(lost, { brake });
    const reading = { requestedMs: zeroMs, readMs: zeroMs, tookMs: [0] };
    const server = agents === undefined ? state.server : { ...state.server, agents, reading };
    const draft = new Draft({ ...state, server }, zeroMs, 0.5);
    judgeLosses(draft);
    return draft.state.brake.mesos !== undefined;
  };
  const all = strangers("a", "b", "c");
  const [a, b, c] = all;
  assertEquals([isOn(undefined), isOn(all), isOn([]), isOn(strangers("a", "b"))], [true, true, false, false]);
  const disabled = [a, b, { ...c, configState: "Disabled" }].flatMap((each) => each?.uuid === undefined ? [] : [each]);
  assertEquals(isOn(disabled as GocdAgent[]), false);
  assertEquals(isOn([], { isSameCluster: true, gocd: gocdSuspicion }), true);
});

Deno.test("either brake stops all removal; at first there is no brake, and no cluster that is known to be ours", () => {
  const state = stateOf([]);
  const holds = (brake: State["brake"]): boolean => holdsTakingDown({ ...state, brake });
  assertEquals(noBrake, { isSameCluster: false });
  assertEquals([
    holds(noBrake),
    holds({ ...noBrake, gocd: gocdSuspicion }),
    holds({ ...noBrake, mesos: mesosSuspicion }),
  ], [
    false,
    true,
    true,
  ]);
});

Deno.test("once the cluster is known to be ours, a plan that the brake of Mesos held back is made again", () => {
  const isReplanned = (brake: State["brake"]): boolean => {
    const state = stateOf([aRegistered("t", "idle")], { brake });
    const draft = new Draft({ ...state, demand: { ...state.demand, isStale: false } }, zeroMs, 0.5);
    knowCluster(draft, ["s-t"]);
    assertEquals(draft.state.brake, { ...brake, isSameCluster: true });
    return draft.state.demand.isStale;
  };
  const mesos = mesosSuspicion;
  assertEquals([
    isReplanned({ isSameCluster: false, mesos }),
    isReplanned({ isSameCluster: true, mesos }),
    isReplanned({ isSameCluster: false }),
  ], [true, false, false]);
});

Deno.test("a brake survives a restart if only starting containers depend on it: they may have registered and build", () => {
  const before = drive({ profiles: [aProfile({ gocdResources: ["linux"] })] });
  const others = ["a", "b", "c"].map((name) => gocdAgent(name, building));
  before.subscribe();
  before.poll({ jobs: jobs(1), agents: others });
  before.wait(6 * second);
  before.offers(offer("h1"));
  const [id = ""] = before.state.instances.keys();
  before.status(id, "TASK_RUNNING", { mesosAgentId: before.instance(id).mesosAgentId });
  before.poll({ agents: [gocdAgent("elsewhere")] });
  const { framework, controls, instances, brake: { gocd: suspicion } } = before.state;
  if (suspicion === undefined) throw new Error("the brake is not on");
  const world = drive({ stored: { framework, controls, suspicion, instances: [...instances.values()] } });
  world.subscribe();
  assertEquals(world.noted().filter(({ code }) => code === "brake-on").length, 1, "the new run reports it");
  world.status(id, "TASK_RUNNING", { ...reconciled, mesosAgentId: world.instance(id).mesosAgentId });
  for (let polls = 0; polls < 30; polls++) {
    world.wait(minute, 10 * second);
    world.poll({ agents: [gocdAgent("elsewhere")] });
  }
  assertEquals(world.instance(id).state, "starting", "its register-timeout is over");
  world.poll({ agents: [...others, gocdAgent(id, building)] });
  assertEquals([world.state.brake.gocd, world.instance(id).state], [undefined, "registered"]);
});
