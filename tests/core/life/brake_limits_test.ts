// What makes a list another server's, how that ends, and which losses count for the brake of Mesos. Limits of how many
// must vanish are in brake_rules_test.ts; stories in brake_test.ts.

import { suspicionText } from "../../../src/core/words/causes.ts";
import { assertEquals } from "@std/assert";
import { holdsTakingDown, judgeGocdList, judgeLosses, knowCluster, noBrake } from "../../../src/core/life/brake.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { State } from "../../../src/core/state.ts";
import { gocdAgent, linesOf, zeroMs } from "../../support/core.ts";
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
  assertEquals([isOn([starting]), isOn([]), isOn([anInstance("t", { state: "launching", offerId: "o" })])], [
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
    const reading = { askedMs: zeroMs, readMs: zeroMs, tookMs: [0] };
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
