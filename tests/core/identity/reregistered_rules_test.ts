// Which of two records of one name counts, in each phase and by what both show. Stories: registering_test.ts,
// drain_test.ts.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { advanceRecord } from "../../../src/core/identity/reregistered.ts";
import type { AgentInstance, InstancePhase, KillCause } from "../../../src/core/instance.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import { formerRecords } from "../../../src/core/life/phase.ts";
import {
  building,
  finished,
  gocdAgent,
  lostContact,
  minute,
  missing,
  only,
  second,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, aRegistered, draftAt } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;
const registered = anInstance("t", {
  state: "registered",
  uuid: "own",
  activity: { kind: "idle", sinceMs: zeroMs },
});
const draining = anInstance("t", { state: "draining", uuid: "own", reason: "idle", step: { kind: "finishing" } });
const killing = (cause: KillCause): AgentInstance => anInstance("t", { state: "killing", cause, uuid: "own" });

const disabled = { configState: "Disabled" } as const;
const unknown = { agentState: "Unknown", buildState: "Unknown" } as const;
const busyOff = { ...building, ...disabled };

/** The uuid that counts after a list with these records. */
function counted(
  instance: AgentInstance,
  own: Partial<GocdAgent> | undefined,
  others: readonly Partial<GocdAgent>[] = [],
  idleForMs: Readonly<Record<string, number>> = {},
): string | undefined {
  const agents = [
    ...(own === undefined ? [] : [gocdAgent("t", { uuid: "own", ...own })]),
    ...others.map((each, index) => gocdAgent("t", { uuid: `new-${index}`, ...each })),
    gocdAgent("stranger", building),
  ];
  const idleSinceMs = new Map(Object.entries(idleForMs).map(([uuid, ms]) => [uuid, nowMs - ms]));
  const draft = draftAt(nowMs, [instance], { agents, idleSinceMs });
  const after = advanceRecord(draft, instance, indexGocdAgents(agents));
  const { notes, state } = finished(draft);
  if (after === instance) {
    assertEquals([notes, state.instances.get("t")], [[], instance]);
    return undefined;
  }
  const uuid = after.state === "registered" ? after.uuid : undefined;
  assertEquals([after, notes.map(({ code, fields }) => [code, fields["uuid"], fields["taskId"]])], [
    state.instances.get("t"),
    [["agent-registered-anew", uuid, "t"]],
  ]);
  return uuid;
}

const alive = 400 * second;
type Case = readonly [
  what: string,
  own: Partial<GocdAgent> | undefined,
  others: readonly Partial<GocdAgent>[],
  want: string | undefined,
  idleForMs?: Readonly<Record<string, number>>,
];

const both: readonly Case[] = [
  ["builds, and the other builds", building, [building], undefined],
  ["builds though disabled, and the other is surely alive", busyOff, [{}], "new-0", { "new-0": alive }],
  ["builds though disabled, and the second other is surely alive", busyOff, [disabled, disabled], "new-1", {
    "new-1": alive,
  }],
  ["builds, and the other is surely alive", building, [{}], undefined, { "new-0": alive }],
  ["is perhaps alive, and the other builds", {}, [building], "new-0", { own: alive - 1 }],
  ["is idle, and the other builds", {}, [building], "new-0"],
  ["is idle, and the other builds though disabled", {}, [busyOff], "new-0"],
  ["is silent, and the other is idle", lostContact, [{}], "new-0"],
  ["is silent, and the other is idle and disabled", lostContact, [disabled], undefined],
  ["is silent, and one is idle, another builds", lostContact, [{}, building], "new-1"],
  ["is absent, and the other builds", undefined, [building], "new-0"],
  ["is absent, and the other is idle", undefined, [{}], "new-0"],
  ["is absent, and the other is idle and disabled", undefined, [disabled], undefined],
  ["is absent, and the other is silent", undefined, [lostContact], undefined],
  ["is absent, and the other is Missing", undefined, [missing], undefined],
  ["is absent, and there is no other", undefined, [], undefined],
  ["is idle, and there is no other", {}, [], undefined],
  ["is silent, and there is no other", lostContact, [], undefined],
];
const inService: readonly Case[] = [
  ["is surely alive, and the other builds", {}, [building], undefined, { own: alive }],
  ["is idle, and the other is idle", {}, [{}], undefined],
  ["is absent, and the other has just come", undefined, [unknown], undefined],
];
const inDrain: readonly Case[] = [
  ["is surely alive, and the other builds", disabled, [building], "new-0", { own: alive }],
  ["is idle, and the other is idle", disabled, [{}], "new-0"],
  ["is surely alive, and the other is idle", disabled, [{}], "new-0", { own: alive }],
  ["is idle, and the other is idle and disabled", disabled, [disabled], undefined],
  ["is idle, and the other is silent", disabled, [lostContact], undefined],
  ["is idle, and the other is Missing", disabled, [missing], undefined],
  ["is idle, and the other has just come", disabled, [unknown], "new-0"],
  ["is absent, and the other has just come", undefined, [unknown], "new-0"],
  ["builds though disabled, and the other is idle", busyOff, [{}], undefined, { "new-0": alive - 1 }],
  ["is idle, and the second other is idle", disabled, [disabled, {}], "new-1"],
];
for (
  const [phase, instance, cases] of [
    ["registered", registered, [...both, ...inService]],
    ["draining", draining, [...both, ...inDrain]],
  ] as const
) {
  for (const [what, own, others, want, idleForMs = {}] of cases) {
    Deno.test(`if the record of an agent that is ${phase} ${what}, ${want === undefined ? "it stays" : "that one counts"}`, () => {
      assertEquals(counted(instance, own, others, idleForMs), want);
    });
  }
}

for (
  const [what, own, others, want] of [
    ["is heard enabled", {}, [], "own"],
    ["builds", building, [], "own"],
    ["builds though disabled", busyOff, [], "own"],
    ["builds though Pending", { ...building, configState: "Pending" }, [], undefined],
    ["is disabled", disabled, [], undefined],
    ["is silent", lostContact, [], undefined],
    ["is Missing", missing, [], undefined],
    ["is absent", undefined, [], undefined],
    ["is disabled beside one that is heard", disabled, [{}], "new-0"],
    ["is absent beside one that builds though disabled", undefined, [busyOff], "new-0"],
  ] as const
) {
  Deno.test(`an agent to be killed whose record ${what} ${want === undefined ? "is killed" : "is kept"}`, () => {
    assertEquals(counted(killing("drained"), own, others), want);
  });
}

for (
  const [cause, isTakenBack] of [
    ["drained", true],
    ["record-deleted", true],
    ["register-timeout", true],
    ["launch-timeout", true],
    ["pending-stuck", true],
    ["drain-timeout", false],
    ["by-mesos", false],
    ["teardown", false],
  ] as const
) {
  Deno.test(`an agent that is to be killed (${cause}) and builds is ${isTakenBack ? "kept" : "killed"}`, () => {
    assertEquals(counted(killing(cause), building), isTakenBack ? "own" : undefined);
  });
}

Deno.test("an agent that is kept after its KILL was sent is marked for removal, one whose KILL was not sent is not", () => {
  const mark = (instance: AgentInstance): AgentInstance["retire"] => {
    const agents = [gocdAgent("t", { uuid: "own" })];
    return advanceRecord(draftAt(nowMs, [instance], { agents }), instance, indexGocdAgents(agents)).retire;
  };
  const left = killing("register-timeout");
  assertEquals([mark(left), mark({ ...left, lastKillMs: nowMs - second })], [undefined, "stop-sent"]);
});

Deno.test("in no other phase a record of its name makes an instance another's", () => {
  const phases: readonly InstancePhase[] = [
    { state: "launching", sinceMs: zeroMs },
    { state: "starting", sinceMs: zeroMs },
    { state: "unreachable", sinceMs: zeroMs, uuid: "own" },
    { state: "gone", sinceMs: zeroMs, uuid: "own", cause: "lost", message: "" },
  ];
  for (const phase of phases) assertEquals(counted(anInstance("t", phase), undefined, [building]), undefined);
});

Deno.test("what registers again does what its record shows, from now on", () => {
  const draft = draftAt(nowMs, [aRegistered("t", "idle")], { agents: [] });
  const agents = [gocdAgent("t", { uuid: "anew", ...building })];
  const { instances } = draft.state;
  const instance = instances.get("t");
  if (instance === undefined) throw new Error("no instance");
  const after = advanceRecord(draft, instance, indexGocdAgents(agents));
  assertEquals(after.state === "registered" ? [after.sinceMs, after.activity] : after.state, [nowMs, {
    kind: "building",
    sinceMs: nowMs,
  }]);
});

Deno.test("an agent that registers although it is to be killed is reported with its time to register, unless an earlier run launched it", () => {
  const told = (marks: { readonly adopted?: true }): string => {
    const instance = anInstance("t", { state: "killing", cause: "register-timeout" }, marks);
    const agents = [gocdAgent("t", { uuid: "own" })];
    const draft = draftAt(nowMs, [instance], { agents });
    assertEquals(advanceRecord(draft, instance, indexGocdAgents(agents)).state, "registered");
    return finished(draft).notes.map(({ code, text }) => `${code}: ${text}`).join();
  };
  assertEquals([told({}), told({ adopted: true })], [
    "agent-registered: t has registered with the GoCD server after 20 min",
    "agent-registered: t is registered with the GoCD server",
  ]);
});

Deno.test("earlier records are remembered, ten at most, without a Pending one that was being enabled", () => {
  const formers = (instance: AgentInstance, uuid: string): readonly string[] | undefined =>
    formerRecords(instance, uuid).formerUuids;
  assertEquals(formers(registered, "new"), ["own"]);
  assertEquals(formers(registered, "own"), undefined);
  assertEquals(formers({ ...registered, formerUuids: ["a", "own", "new"] }, "new"), ["a", "own"]);
  const many = Array.from({ length: 10 }, (_, index) => `u${index}`);
  assertEquals(formers({ ...registered, formerUuids: many }, "new"), [...many.slice(1), "own"]);
  assertEquals(formers(anInstance("t", { state: "starting", pendingUuid: "p" }), "new"), undefined);
  assertEquals(formers(anInstance("t", { state: "launching" }), "new"), undefined);
});

Deno.test("an earlier record that shows another hostname is disabled and deleted like the agent's own", () => {
  const { world, taskId } = withIdleAgent();
  const own = world.instance(taskId);
  const uuid = own.state === "registered" ? own.uuid : "";
  const former = (changes: Partial<GocdAgent> = {}): GocdAgent =>
    gocdAgent("host-2", { uuid, ...lostContact, ...changes });
  const anew = (changes: Partial<GocdAgent> = {}): GocdAgent =>
    gocdAgent(taskId, { uuid: "anew", ...building, ...changes });
  world.poll({ agents: [former(), anew()] });
  assertEquals(world.instance(taskId).formerUuids, [uuid]);
  world.status(taskId, "TASK_FAILED");
  world.taken();
  world.wait(15 * minute);
  world.poll({ agents: [former(disabled)] });
  const deleted = only(world.taken(), "delete-gocd-agents").flatMap(({ agents }) => agents);
  assertEquals(deleted, [{ taskId, uuid }]);
});
