// Rules around a launch, at their limits: task numbers, what is learned first, what is remembered, and what becomes of
// agents in doubt or with a record that stays. What is registered with: registration_rules_test.ts.

import { assertEquals } from "@std/assert";
import { skipUsedTaskId } from "../../../src/core/identity/adoption.ts";
import { taskNumberMax } from "../../../src/core/identity/task_id.ts";
import { bucketJobs, emptyBacklog } from "../../../src/core/demand/backlog.ts";
import { advanceDoubt } from "../../../src/core/life/doubt.ts";
import { advanceDrain } from "../../../src/core/life/drain.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import type { AgentInstance, Draining, DrainStep, Unreachable } from "../../../src/core/instance.ts";
import { offersReceived } from "../../../src/core/placement/launching.ts";
import {
  adoptUnknown,
  beforeLaunch,
  fenceId,
  inheritedOf,
  isFence,
  isLearning,
} from "../../../src/core/identity/lineage.ts";
import type { State } from "../../../src/core/state.ts";
import {
  drive,
  finished,
  gocdAgent,
  job,
  jobs,
  linesOf,
  linux,
  lostContact,
  minute,
  missing,
  offer,
  pending,
  second,
  someSettings,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, draftAt as at, gocdSuspicion, launchReason, stateOf } from "../instance_fixtures.ts";

Deno.test("an empty backlog has nothing in it", () => {
  assertEquals(emptyBacklog, { buckets: [], foreign: [], order: [], resourceCase: "insensitive" });
});

Deno.test("blank names of resources ask for nothing", () => {
  const { buckets } = bucketJobs(
    [job("a", { gocdResources: [" ", "linux", ""] })],
    someSettings().poller,
    "insensitive",
  );
  assertEquals(buckets[0]?.requirement.gocdResources, ["linux"]);
});

Deno.test("a task number that is seen is used up, with all below it; a number above ours is not", () => {
  const next = (taskId: string, from = 5): number => {
    const draft = at(zeroMs, [], {}, { framework: { lineage: "abc123", nextTaskNumber: from } });
    skipUsedTaskId(draft, taskId);
    return draft.state.framework.nextTaskNumber;
  };
  assertEquals([next("gocd-abc123-p-4"), next("gocd-abc123-p-5"), next("gocd-abc123-p-9")], [5, 6, 10]);
  assertEquals([next("gocd-zzz999-p-9"), next("other")], [5, 5]);
  const ownMax = taskNumberMax / 2;
  assertEquals(next(`gocd-abc123-p-${ownMax - 1}`), ownMax);
  assertEquals([next(`gocd-abc123-p-${ownMax}`), next(`gocd-abc123-p-${taskNumberMax - 3}`)], [5, 5]);
});

Deno.test("a run inherits what its state has registered or launched", () => {
  const inherited = (nextTaskNumber: number, frameworkId?: string): string =>
    inheritedOf({ lineage: "abc123", nextTaskNumber, ...(frameworkId === undefined ? {} : { frameworkId }) });
  assertEquals([inherited(1), inherited(2), inherited(1, "f"), inherited(2, "f")], [
    "none",
    "known",
    "unknown",
    "unknown",
  ]);
});

Deno.test("the first launch of a run waits five seconds after SUBSCRIBED for the known tasks", () => {
  const state = stateOf([], { inherited: "unknown" });
  assertEquals([isLearning(state, zeroMs + 5 * second - 1), isLearning(state, zeroMs + 5 * second)], [true, false]);
  assertEquals(isLearning({ ...state, inherited: "known" }, zeroMs), false);
  assertEquals(isLearning({ ...state, session: { ...state.session, kind: "connecting" } }, zeroMs + minute), true);
});

Deno.test("the status of the fence ends the wait, once", () => {
  assertEquals(fenceId({ lineage: "abc123" }), "gocd-abc123-fence-0");
  const after = (inherited: State["inherited"], taskId: string): unknown => {
    const draft = at(zeroMs, [], {}, { inherited });
    return [isFence(draft, taskId), draft.state.inherited];
  };
  assertEquals(after("unknown", "gocd-abc123-fence-0"), [true, "known"]);
  assertEquals(after("none", "gocd-abc123-fence-0"), [true, "none"]);
  assertEquals(after("unknown", "gocd-abc123-fence-1"), [false, "unknown"]);
});

Deno.test("numbers jump by a random amount at the first launch of a run with a used state, and stay below the maximum", () => {
  const first = (inherited: State["inherited"], nextTaskNumber: number, random: number): unknown => {
    const draft = at(zeroMs, [], {}, { inherited, framework: { lineage: "abc123", nextTaskNumber } }, random);
    return [beforeLaunch(draft).nextTaskNumber, draft.state.inherited];
  };
  assertEquals(first("none", 7, 0.5), [7, "none"]);
  assertEquals([first("known", 7, 0), first("unknown", 7, 0.5)], [[8, "none"], [50_000_008, "none"]]);
  assertEquals(first("known", taskNumberMax - 2, 0), [taskNumberMax - 1, "none"]);
  assertEquals(first("known", taskNumberMax - 1, 0), [taskNumberMax - 1, "none"]);
});

Deno.test("records of our lineage are taken over once Mesos has reported all tasks, and not under the brake", () => {
  const agents = [
    gocdAgent("gocd-abc123-default-7"),
    gocdAgent("gocd-abc123-default-8", pending),
    gocdAgent("gocd-abc123-default-9", { elastic: true }),
    gocdAgent("gocd-zzz999-default-7"),
  ];
  const adopted = (parts: Partial<State>): string[] => {
    const draft = at(zeroMs + minute, [], {}, parts);
    adoptUnknown(draft, agents);
    assertEquals([...draft.state.reconciliation.pending], [...draft.state.instances.keys()]);
    return [...draft.state.instances.keys()];
  };
  assertEquals(adopted({ inherited: "known" }), ["gocd-abc123-default-7"]);
  const { session } = stateOf([]);
  assertEquals(adopted({ inherited: "known", session: { ...session, kind: "connecting" } }), []);
  assertEquals(adopted({ inherited: "unknown", session: { ...session, sinceMs: zeroMs + minute } }), []);
  assertEquals(
    adopted({ inherited: "known", brake: { isSameCluster: true, gocd: gocdSuspicion } }),
    [],
  );
});

const drainingIn = (step: DrainStep): Draining =>
  anInstance("t", { state: "draining", uuid: "uuid-t", reason: "idle", step }) as Draining;

Deno.test("a record that cannot be deleted for five minutes is left: the agent is stopped, and the account is named", () => {
  const after = (ms: number): string => {
    const instance = drainingIn({ kind: "deleting", askedMs: zeroMs + ms - second, sinceMs: zeroMs });
    const draft = at(zeroMs + ms, [instance]);
    advanceDrain(draft, instance, gocdAgent("t", { configState: "Disabled" }));
    return [draft.state.instances.get("t")?.state, ...linesOf(draft).map(({ code }) => code)].join(" ");
  };
  assertEquals([after(5 * minute - 1), after(5 * minute)], ["draining", "killing agent-killing gocd-record-left"]);
});

Deno.test("an enabling that shows no effect for two minutes is cancelled, and the agent continues draining", () => {
  const after = (ms: number): unknown => {
    const instance = drainingIn({ kind: "enabling", askedMs: zeroMs });
    const draft = at(zeroMs + ms, [instance]);
    advanceDrain(draft, instance, gocdAgent("t", { configState: "Disabled" }));
    const now = draft.state.instances.get("t");
    return [
      now?.state === "draining" ? now.step.kind : now?.state,
      now?.retire,
      ...finished(draft).effects.map(({ kind }) => kind),
    ];
  };
  assertEquals(after(2 * minute - 1), ["enabling", undefined, "enable-gocd-agent"]);
  assertEquals(after(2 * minute), ["finishing", "surplus"]);
});

for (
  const [name, shown, afterMs, isOver] of [
    ["hears it for just under a quarter of an hour", {}, 15 * minute - 1, false],
    ["hears it for a quarter of an hour", {}, 15 * minute, true],
    ["does not hear it", lostContact, second, true],
    ["has just started", missing, second, false],
  ] as const satisfies readonly (readonly [string, Partial<GocdAgent>, number, boolean])[]
) {
  Deno.test(`an agent in doubt is ${isOver ? "" : "not "}over if the server ${name}`, () => {
    const doubted = anInstance("t", {
      state: "unreachable",
      uuid: "uuid-t",
      lost: { sinceMs: zeroMs, message: "m" },
    }) as Unreachable;
    const over = (instance: typeof doubted): boolean => {
      const draft = at(zeroMs + afterMs, [instance], { lostSinceMs: new Map([["uuid-t", zeroMs + afterMs]]) });
      advanceDoubt(draft, instance, indexGocdAgents([gocdAgent("t", shown)]));
      return draft.state.instances.get("t")?.state === "gone";
    };
    assertEquals(over(doubted), isOver);
    const { lost: _, ...unreachable } = doubted;
    assertEquals([over(unreachable), over({ ...doubted, lossAccepted: true })], [false, true]);
  });
}

Deno.test("launches are remembered for a minute, and an instance is stored as it was wanted", () => {
  const state = stateOf([]);
  const wanted = [{
    bucketKey: "k",
    profile: "default",
    gocdResources: ["linux"],
    environment: "prod",
    count: 2,
    reason: launchReason,
  }];
  const draft = at(zeroMs + minute, [], {}, {
    inherited: "none",
    offers: { ...state.offers, launchTimesMs: [zeroMs, zeroMs + 1] },
    demand: { ...state.demand, wanted },
  });
  offersReceived(draft, [offer("h1", { id: "o1", cpus: 1 })]);
  assertEquals(draft.state.offers.launchTimesMs, [zeroMs + 1, zeroMs + minute]);
  assertEquals(draft.state.demand.wanted.map(({ count }) => count), [1]);
  const [instance] = draft.state.instances.values();
  assertEquals(instance, {
    taskId: "gocd-abc123-default-1",
    profile: "default",
    profileHash: "00000000",
    environment: "prod",
    gocdResources: ["linux"],
    createdMs: zeroMs + minute,
    mesosAgentId: "a-h1",
    host: "h1",
    launchReason: "min-idle = 1, 0 ready",
    bucketKey: "k",
    network: "BRIDGE",
    needsProof: true,
    state: "launching",
    sinceMs: zeroMs + minute,
  } as unknown as AgentInstance);
  assertEquals(
    linesOf(draft)[0]?.text,
    "launching gocd-abc123-default-1 on h1 (linux in environment prod): min-idle = 1, 0 ready",
  );
});

Deno.test("agents of a profile on a host count towards its max-per-host as long as they live", () => {
  const world = drive({ profiles: [{ ...linux, maxPerHost: 2 }] });
  world.subscribe();
  world.poll({ jobs: jobs(5) });
  world.wait(6 * second);
  world.offers(offer("h1", { cpus: 8, mem: 1e5 }));
  assertEquals(world.state.instances.size, 2);
  world.offers(offer("h1", { cpus: 8, mem: 1e5 }), offer("h2", { cpus: 8, mem: 1e5 }));
  assertEquals([...world.state.instances.values()].map(({ host }) => host), ["h1", "h1", "h2", "h2"]);
});
