// What delays the end of an agent, and what is reported, condition by condition. When: lifecycle_clock_test.ts.
// Stories: repeated_kill_test.ts, recognition_test.ts.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import type { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, InstanceMarks, InstancePhase, KillCause, Waiting } from "../../../src/core/instance.ts";
import { isRegisterTimeOver, waitsForLook, watchClocks } from "../../../src/core/life/lifecycle_clock.ts";
import type { State } from "../../../src/core/state.ts";
import { building, gocdAgent, jobs, minute, pending, second, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt, gocdSuspicion, stateOf } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;

function watched(
  instance: AgentInstance,
  server: Partial<State["server"]> = {},
  parts: Partial<State> = {},
  others: readonly AgentInstance[] = [],
): Draft {
  const draft = draftAt(nowMs, [instance, ...others], server, parts);
  watchClocks(draft);
  return draft;
}

/** The phase, whether it is held, and what is reported. */
function outcome(draft: Draft): unknown {
  const now = draft.instance("t");
  return [
    now?.state,
    now !== undefined && "held" in now && now.held === true,
    draft.finish().notes.map(({ kind }) => kind),
  ];
}

const late = (phase: Partial<InstancePhase> = {}): Waiting =>
  anInstance("t", { state: "starting", sinceMs: zeroMs, runningSinceMs: zeroMs, ...phase } as InstancePhase) as Waiting;
const untouched = ["starting", false, []];
const killed = ["killing", false, ["agent-killing"]];
const held = ["starting", true, ["agent-not-told-apart"]];
const unlisted = (gocdAgentThere: GocdAgent): Partial<State["server"]> => ({
  agents: [],
  unlisted: new Map([[gocdAgentThere.uuid, { gocdAgent: gocdAgentThere, sinceMs: nowMs }]]),
});
const renamed = (changes: Partial<GocdAgent>): GocdAgent => gocdAgent("renamed", { uuid: "u", ...changes });

for (
  const [what, instance, server, want] of [
    ["nothing is listed", late(), {}, killed],
    ["its own record is enabled under another name", late({ pendingUuid: "u" } as never), {
      agents: [renamed(building)],
    }, untouched],
    ["its own record stays Pending", late({ pendingUuid: "u" } as never), { agents: [renamed(pending)] }, killed],
    [
      "its own record has just gone from the list",
      late({ pendingUuid: "u" } as never),
      unlisted(renamed(pending)),
      untouched,
    ],
    ["a record of its name has just gone from the list", late(), unlisted(gocdAgent("t", pending)), untouched],
    ["a claim of its name is enabled", late(), { agents: [gocdAgent("t", { gocdResources: ["arm"] })] }, untouched],
    [
      "a record of its name proves nothing",
      late(),
      { agents: [gocdAgent("t", { ...pending, proof: "missing" })] },
      killed,
    ],
    ["another may be it", late(), { agents: [gocdAgent("odd")] }, held],
    [
      "another may be it, but its own agent, which was registered before, is Pending again under its name",
      { ...late(), formerUuids: ["uuid-t"] },
      { agents: [gocdAgent("odd"), gocdAgent("t", { ...pending, proof: "missing" })] },
      killed,
    ],
    [
      "another may be it, and its own agent, which was registered before, is Pending again under another name",
      { ...late(), formerUuids: ["u"] },
      { agents: [gocdAgent("odd"), renamed(pending)] },
      held,
    ],
    [
      "another may be it, and a record that was never its own claims its name",
      { ...late(), formerUuids: ["u"] },
      { agents: [gocdAgent("odd"), gocdAgent("t", { ...pending, proof: "missing" })] },
      held,
    ],
    ["others are listed that cannot be it", late(), { agents: [gocdAgent("odd", { gocdResources: ["arm"] })] }, killed],
  ] as const
) {
  Deno.test(`after its register-timeout an agent is ${JSON.stringify(want)} if ${what}`, () => {
    assertEquals(outcome(watched(instance, { appearedMs: new Map([["uuid-odd", nowMs]]), ...server })), [...want]);
  });
}

Deno.test("an agent that may be alive under the record of another is held, which that record already reports", () => {
  const shared = { agents: [gocdAgent("other", { gocdResources: ["arm"] })] };
  const sharer = { ...late(), sharedUuid: "uuid-other" };
  const draft = watched(sharer, shared);
  assertEquals([outcome(draft), draft.finish().records.length], [["starting", true, []], 1]);
  const again = watched({ ...late({ held: true } as never), sharedUuid: "uuid-other" }, shared);
  assertEquals([outcome(again), again.finish().records], [["starting", true, []], []]);
});

Deno.test("possible agents are reported by name and address", () => {
  const appearedMs = new Map([["uuid-a", nowMs], ["uuid-b", nowMs]]);
  const agents = [gocdAgent("a", { ipAddress: "10.1.2.3" }), gocdAgent("b")];
  const note = {
    kind: "agent-not-told-apart",
    taskId: "t",
    profile: "default",
    host: "h-t",
    agents: [{ hostname: "a", ipAddress: "10.1.2.3" }, { hostname: "b" }],
    isAdopted: false,
  } as const;
  assertEquals(watched(late(), { agents, appearedMs }).finish().notes, [note]);
  const adopted = { ...late(), adopted: true } as const;
  assertEquals(watched(adopted, { agents, appearedMs }).finish().notes, [{ ...note, isAdopted: true }]);
});

Deno.test("the time to register runs once the container does", () => {
  const isOver = (phase: Partial<InstancePhase>): boolean =>
    isRegisterTimeOver(draftAt(nowMs, []), anInstance("t", { sinceMs: zeroMs, ...phase } as InstancePhase) as Waiting);
  assertEquals(isOver({ state: "launching" }), false);
  assertEquals(isOver({ state: "starting" }), false);
  assertEquals(isOver({ state: "starting", runningSinceMs: nowMs - 10 * minute + 1 }), false);
  assertEquals(isOver({ state: "starting", runningSinceMs: nowMs - 10 * minute }), true);
});

Deno.test("the jobs of an agent that is ended wait no second time for their polls", () => {
  const { settings, demand } = stateOf([]);
  const parts = { demand: { ...demand, backlog: bucketJobs(jobs(1), settings.poller, "insensitive") } };
  const phases: readonly InstancePhase[] = [
    { state: "launching", sinceMs: zeroMs },
    { state: "starting", sinceMs: zeroMs },
    { state: "starting", sinceMs: zeroMs, runningSinceMs: zeroMs },
  ];
  for (const phase of phases) {
    const draft = watched(anInstance("t", phase, { bucketKey: ";linux" }), {}, parts);
    assertEquals([draft.instance("t")?.state, draft.state.demand.streaks.get(";linux")], ["killing", 1]);
  }
});

const killing = (cause: KillCause, uuid?: string, marks: Partial<InstanceMarks> = {}): AgentInstance =>
  anInstance("t", {
    state: "killing",
    sinceMs: zeroMs + 10 * minute,
    cause,
    ...(uuid === undefined ? {} : { uuid }),
  }, { lastKillMs: nowMs - 2 * minute, ...marks });
const kills = (draft: Draft): number => draft.finish().effects.filter(({ kind }) => kind === "kill-task").length;

Deno.test("under the brake, a KILL is repeated only if the operator or Mesos wants it", () => {
  const parts = { brake: { isSameCluster: true, gocd: gocdSuspicion } };
  const sent = (cause: KillCause): number => kills(watched(killing(cause), {}, parts));
  assertEquals((["teardown", "drain-timeout", "by-mesos"] as const).map(sent), [1, 1, 1]);
  assertEquals((["drained", "register-timeout", "launch-timeout", "pending-stuck"] as const).map(sent), [0, 0, 0, 0]);
});

const odd = { agents: [gocdAgent("odd", building)], appearedMs: new Map([["uuid-odd", nowMs]]) };

for (
  const [cause, uuid, isKilled, back] of [
    ["drained", "u", true, {}],
    ["record-deleted", "u", true, {}],
    ["register-timeout", undefined, false, { runningSinceMs: zeroMs }],
    ["launch-timeout", undefined, false, {}],
    ["pending-stuck", "u", false, { runningSinceMs: zeroMs, pendingUuid: "u" }],
  ] as const
) {
  const what = isKilled ? "is sent again" : "is taken back";
  Deno.test(`a KILL (${cause}) that has not worked ${what} next to an agent that may belong to the container`, () => {
    const instance = killing(cause, uuid);
    const draft = watched(instance, odd);
    assertEquals(kills(draft), isKilled ? 1 : 0);
    const { lastKillMs: _, ...marks } = instance;
    const phase = { state: "starting", sinceMs: zeroMs, ...back, held: true, retire: "stop-sent" } as const;
    const { state: __, sinceMs: ___, cause: ____, uuid: _____, ...rest } = {
      uuid: undefined,
      cause: undefined,
      ...marks,
    };
    assertEquals(
      draft.instance("t"),
      isKilled ? { ...instance, lastKillMs: nowMs } : { ...rest, ...phase } as AgentInstance,
    );
  });
}

Deno.test("a KILL that is withdrawn leaves its agent as it was, except for the mark, and reports nothing", () => {
  const draft = watched(killing("pending-stuck", "u"), { agents: [renamed(building)] });
  const phase = { state: "starting", runningSinceMs: zeroMs, pendingUuid: "u" } as const;
  const want = anInstance("t", phase, { retire: "stop-sent" });
  const { notes, effects } = draft.finish();
  assertEquals([draft.instance("t"), notes, effects], [want, [], []]);
});

Deno.test("a KILL waits for a fresh list, unless the operator or Mesos wants it", () => {
  const waits = (cause: KillCause, agoMs: number): boolean => {
    const instance = killing(cause, undefined, { lastKillMs: nowMs - agoMs });
    return instance.state === "killing" && waitsForLook(draftAt(nowMs, [instance]), instance);
  };
  assertEquals([waits("drained", minute), waits("drained", minute - second)], [true, false]);
  assertEquals((["drain-timeout", "teardown", "by-mesos"] as const).map((cause) => waits(cause, minute)), [
    false,
    false,
    false,
  ]);
});
