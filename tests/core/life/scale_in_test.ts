// Who is drained, function by function: what is to be retired, what has been idle for long, and what stays all the
// same. Stories: drain_test.ts, operator_test.ts.

import { assertEquals } from "@std/assert";
import type { Assessment } from "../../../src/core/demand/assess.ts";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { advanceRecord } from "../../../src/core/identity/reregistered.ts";
import { retireAgents, scaleIn } from "../../../src/core/life/scale_in.ts";
import type { State } from "../../../src/core/state.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import {
  building,
  type DriverOptions,
  gocdAgent,
  jobs,
  linesOf,
  linux,
  lostContact,
  minute,
  missing,
  second,
  serverInfo,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

type Change = (state: State) => State;

/** A state of a server at work, read just now. */
function now(
  instances: readonly AgentInstance[],
  atMs: number,
  change: Change = (state) => state,
  options: DriverOptions = {},
): Draft {
  const state = stateOf(instances, {}, options);
  const reading = { requestedMs: atMs, readMs: atMs, tookMs: [0] };
  const server = { ...state.server, info: serverInfo, lastPollMs: atMs, reading, serving: watchedFrom(zeroMs) };
  return new Draft(change({ ...state, server }), atMs, 0.5);
}

/** Task ids and reasons of the drains that began. */
function drained(draft: Draft): string[] {
  return [...draft.state.instances.values()].flatMap((each) =>
    each.state === "draining" ? [`${each.taskId} ${each.reason}`] : []
  );
}

function retired(
  instances: readonly AgentInstance[],
  occasion: "poll" | "read" = "poll",
  change?: Change,
  options?: DriverOptions,
): string[] {
  const draft = now(instances, zeroMs + minute, change, options);
  const count = retireAgents(draft, occasion);
  assertEquals(count, drained(draft).length);
  return drained(draft);
}

const disabled = (changes: Partial<AgentInstance> = {}): AgentInstance =>
  anInstance(
    "t",
    { state: "registered", uuid: "u", activity: { kind: "unsure", word: "Disabled", sinceMs: zeroMs } },
    changes,
  );
const unsure = (word: string, changes: Partial<AgentInstance> = {}): AgentInstance =>
  anInstance("t", { state: "registered", uuid: "u", activity: { kind: "unsure", word, sinceMs: zeroMs } }, changes);

for (
  const [name, instance, atPoll, atRead] of [
    ["idle", aRegistered("t", "idle"), [], []],
    ["idle, for maintenance", aRegistered("t", "idle", { retire: "maintenance" }), ["t maintenance"], [
      "t maintenance",
    ]],
    ["building, for maintenance", aRegistered("t", "building", { retire: "maintenance" }), ["t maintenance"], [
      "t maintenance",
    ]],
    ["building, for the operator", aRegistered("t", "building", { retire: "operator" }), ["t operator"], [
      "t operator",
    ]],
    ["idle and surplus", aRegistered("t", "idle", { retire: "surplus" }), ["t surplus"], []],
    ["building and surplus", aRegistered("t", "building", { retire: "surplus" }), [], []],
    ["disabled by somebody and surplus", disabled({ retire: "surplus" }), ["t surplus"], []],
    ["out of contact and surplus", unsure("LostContact", { retire: "surplus" }), [], []],
    [
      "idle with another profile hash",
      aRegistered("t", "idle", { retire: "profile-changed" }),
      ["t profile-changed"],
      [],
    ],
    ["idle of a profile that is gone", aRegistered("t", "idle", { profile: "old" }), ["t profile-changed"], []],
    ["building of a profile that is gone", aRegistered("t", "building", { profile: "old" }), [], []],
    ["starting, for the operator", anInstance("t", { state: "starting" }, { retire: "operator" }), [], []],
  ] as const
) {
  Deno.test(`an agent that is ${name} is retired at a poll: ${atPoll.join()}; on a read between: ${atRead.join()}`, () => {
    assertEquals([retired([instance]), retired([instance], "read")], [[...atPoll], [...atRead]]);
  });
}

Deno.test("while everything is drained, every agent is removed, but none in maintenance mode or without a session", () => {
  const both = [aRegistered("a", "idle"), aRegistered("b", "building")];
  const draining: Change = (state) => ({ ...state, controls: { ...state.controls, mode: "drain" } });
  assertEquals(retired(both, "poll", draining), ["a operator", "b operator"]);
  const off: Change = (state) => ({
    ...draining(state),
    server: { ...state.server, info: { ...serverInfo, maintenance: "on" } },
  });
  assertEquals(retired(both, "poll", off), []);
  const apart: Change = (state) => ({ ...draining(state), session: { ...state.session, kind: "connecting" } });
  assertEquals(retired(both, "poll", apart), []);
});

Deno.test("at most fifty are retired at once", () => {
  const many = Array.from({ length: 51 }, (_, index) => aRegistered(`t${index}`, "idle", { retire: "surplus" }));
  assertEquals(retired(many).length, 50);
});

Deno.test("one that registered after its profile changed is left for assign-grace to take the job it came for", () => {
  const backlog: Change = (state) => ({
    ...state,
    settingsSinceMs: zeroMs - 1,
    demand: { ...state.demand, backlog: bucketJobs(jobs(1), state.settings.poller, "insensitive") },
  });
  const stays = (graceMs: number, change: Change = backlog): boolean =>
    retired([aRegistered("t", "idle", { retire: "profile-changed" })], "poll", change, {
      poller: { assignGraceMs: graceMs },
    }).length === 0;
  assertEquals([stays(minute + 1), stays(minute)], [true, false]);
  assertEquals(stays(90 * second, (state) => ({ ...backlog(state), settingsSinceMs: zeroMs })), false);
  assertEquals(stays(90 * second, (state) => ({ ...state, settingsSinceMs: zeroMs - 1 })), false);
});

const noDemand: Assessment = { buckets: [], capacity: [], used: [] };

/** Drains of agents idle since zeroMs + n s, after so long, with these settings of the profile. */
function idledOut(
  instances: readonly AgentInstance[],
  afterMs: number,
  { minIdle = 0, assessment = noDemand, begun = 0 } = {},
): string[] {
  const draft = now(instances, zeroMs + afterMs, undefined, { profiles: [{ ...linux, minIdle }] });
  scaleIn(draft, assessment, begun);
  return drained(draft);
}

const idleSince = (taskId: string, afterMs: number, changes: Partial<AgentInstance> = {}): AgentInstance =>
  anInstance(taskId, {
    state: "registered",
    uuid: `u-${taskId}`,
    activity: { kind: "idle", sinceMs: zeroMs + afterMs },
  }, changes);

Deno.test("an agent is removed after its full idle-timeout, the longest idle first, down to min-idle", () => {
  const two = [idleSince("b", second), idleSince("a", 0)];
  assertEquals([idledOut(two, 10 * minute - 1), idledOut(two, 10 * minute)], [[], ["a idle"]]);
  assertEquals(idledOut(two, 20 * minute).toSorted(), ["a idle", "b idle"]);
  assertEquals(idledOut(two, 20 * minute, { minIdle: 1 }), ["a idle"]);
  assertEquals(idledOut(two, 20 * minute, { minIdle: 2 }), []);
});

Deno.test("only idle agents that are not leaving count towards min-idle", () => {
  const others = [
    aRegistered("busy", "building"),
    idleSince("going", 0, { retire: "surplus" }),
    unsure("LostContact"),
  ];
  assertEquals(idledOut([idleSince("a", 0), ...others], 20 * minute, { minIdle: 1 }), []);
  assertEquals(idledOut([idleSince("a", 0), idleSince("b", 1), ...others], 20 * minute, { minIdle: 1 }), ["a idle"]);
});

Deno.test("an agent that someone disabled is removed as surplus after its idle-timeout, whatever min-idle is", () => {
  assertEquals([idledOut([disabled()], 10 * minute - 1), idledOut([disabled()], 10 * minute, { minIdle: 5 })], [[], [
    "t surplus",
  ]]);
  assertEquals(idledOut([unsure("Odd"), aRegistered("b", "building")], 60 * minute), []);
});

Deno.test("drains that have started in this poll count to the fifty", () => {
  const many = Array.from({ length: 60 }, (_, index) => idleSince(`t${index}`, index));
  assertEquals([
    idledOut(many, 20 * minute).length,
    idledOut(many, 20 * minute, { begun: 45 }).length,
    idledOut(many, 20 * minute, { begun: 50 }).length,
  ], [50, 5, 0]);
});

const bucketOf = (counts: Partial<Assessment["buckets"][number]>): Assessment => ({
  ...noDemand,
  buckets: [{
    bucket: {
      key: ";linux",
      gocdResources: ["linux"],
      requirement: { environment: "", gocdResources: ["linux"] },
      jobs: jobs(1),
    },
    choice: { kind: "no-profiles" },
    otherCauses: new Map(),
    newlyPassed: new Map(),
    explained: new Map(),
    willBeTaken: 0,
    coming: 0,
    rest: 0,
    idleNames: [],
    comingNames: [],
    ...counts,
  }],
});

Deno.test("an agent that waiting jobs can use stays; jobs that wait for another cause use none", () => {
  const instances = [idleSince("a", 0), idleSince("b", 0, { gocdResources: ["arm"] })];
  for (const counts of [{ willBeTaken: 1 }, { coming: 1 }, { rest: 1 }]) {
    assertEquals(idledOut(instances, 20 * minute, { assessment: bucketOf(counts) }), ["b idle"]);
  }
  assertEquals(idledOut(instances, 20 * minute, { assessment: bucketOf({}) }), ["a idle", "b idle"]);
});

/** The uuid that counts after a list with these records of the instance `t`, whose own is `uuid-t`. */
function counts(
  instance: AgentInstance,
  records: readonly GocdAgent[],
  idleForMs: Readonly<Record<string, number>> = {},
): string {
  const atMs = zeroMs + 60 * minute;
  const idleSinceMs = new Map(Object.entries(idleForMs).map(([uuid, ms]) => [uuid, atMs - ms]));
  const draft = now([instance], atMs, (state) => ({ ...state, server: { ...state.server, idleSinceMs } }));
  const next = advanceRecord(draft, instance, indexGocdAgents(records));
  assertEquals(linesOf(draft).length, next === instance ? 0 : 1);
  return next.state === "registered" ? next.uuid : next.state;
}

const own = (changes: Partial<GocdAgent> = {}): GocdAgent => gocdAgent("t", changes);
const other = (changes: Partial<GocdAgent> = {}): GocdAgent => gocdAgent("t", { uuid: "new", ...changes });
const registered = aRegistered("t", "idle");
const draining = anInstance("t", { state: "draining", uuid: "uuid-t", reason: "idle", step: { kind: "finishing" } });
const killing = (cause: "drained" | "drain-timeout" | "by-mesos" | "teardown"): AgentInstance =>
  anInstance("t", { state: "killing", cause, uuid: "uuid-t" });
const off = { configState: "Disabled" } as const;

for (
  const [name, instance, records, want, idleForMs] of [
    ["its own alone", registered, [own()], "uuid-t"],
    ["another that builds, beside its own that may be old", registered, [own(), other(building)], "new"],
    ["another that builds, beside its own that is surely alive", registered, [own(), other(building)], "uuid-t", {
      "uuid-t": 400_000,
    }],
    ["another that builds, beside its own just not surely alive", registered, [own(), other(building)], "new", {
      "uuid-t": 399_999,
    }],
    ["another that is idle, beside its own that is idle", registered, [own(), other()], "uuid-t"],
    ["another that is idle, beside its own out of contact", registered, [own(lostContact), other()], "new"],
    ["another that is idle, without its own", registered, [other()], "new"],
    ["another that is disabled, without its own", registered, [other(off)], "uuid-t"],
    ["another that is idle, beside its own that builds", registered, [own(building), other()], "uuid-t"],
    [
      "another that is surely alive, beside its own disabled one that seems to build",
      registered,
      [own({ ...building, ...off }), other()],
      "new",
      { new: 400_000 },
    ],
    [
      "another that is idle, beside its own disabled one that seems to build",
      registered,
      [own({ ...building, ...off }), other()],
      "uuid-t",
      { new: 399_999 },
    ],
    ["another that may get work, while it drains", draining, [own(off), other()], "new"],
    [
      "another that may get work, while it drains and builds",
      draining,
      [own({ ...off, ...building }), other()],
      "draining",
    ],
    ["another out of contact, while it drains", draining, [own(off), other(lostContact)], "draining"],
    ["another that is Missing, while it drains", draining, [own(off), other(missing)], "draining"],
    ["its own enabled one, while it is killed after a drain", killing("drained"), [own()], "uuid-t"],
    ["its own disabled one, while it is killed after a drain", killing("drained"), [own(off)], "killing"],
    ["its own enabled one, while its drain-timeout kills it", killing("drain-timeout"), [own()], "killing"],
    ["its own enabled one, while Mesos kills it", killing("by-mesos"), [own()], "killing"],
    ["its own enabled one, while a teardown kills it", killing("teardown"), [own()], "killing"],
    ["another, while it is starting", anInstance("t", { state: "starting" }), [other()], "starting"],
  ] as const satisfies readonly (readonly [
    string,
    AgentInstance,
    readonly GocdAgent[],
    string,
    Readonly<Record<string, number>>?,
  ])[]
) {
  Deno.test(`with ${name}, what counts is ${want}`, () => assertEquals(counts(instance, records, idleForMs), want));
}

Deno.test("of several idle agents, the longest idle are removed, down to min-idle", () => {
  const world = withIdleAgent({ profiles: [aProfile({ gocdResources: ["linux"], minIdle: 1 })] }).world;
  const first = [...world.state.instances.keys()][0] ?? "";
  for (const number of [2, 3]) {
    world.wait(second);
    world.status(`gocd-abc123-default-${number}`, "TASK_RUNNING");
    world.read(...[...world.state.instances.keys()].map((taskId) => gocdAgent(taskId)));
  }
  const all = [...world.state.instances.keys()].map((taskId) => gocdAgent(taskId));
  world.wait(11 * minute, 10 * second);
  world.poll({ agents: all });
  assertEquals([...world.state.instances.values()].map((each) => [each.taskId, each.state]), [
    [first, "draining"],
    ["gocd-abc123-default-2", "draining"],
    ["gocd-abc123-default-3", "registered"],
  ]);
});
