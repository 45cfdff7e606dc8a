// How many idle agents are kept ready: min-idle, by environment, and headroom in proportion to busy ones.

import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import { minIdleEnvironments } from "../../../src/core/demand/environments.ts";
import { launchBudget } from "../../../src/core/demand/gates.ts";
import { headroomOf, type IdlePool, keptIdle, reserveOf } from "../../../src/core/demand/kept_idle.ts";
import { minIdleAgents } from "../../../src/core/demand/min_idle.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { AgentProfile, Headroom, Schedule } from "../../../src/core/settings.ts";
import type { State } from "../../../src/core/state.ts";
import { launchReasonText } from "../../../src/core/words/reasons.ts";
import { linux, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const everywhere: AgentProfile = { ...linux, environments: "*" };
const share = (percent: number): Headroom => ({ kind: "share", percent });
const count = (agents: number): Headroom => ({ kind: "count", agents });

function of(kind: "idle" | "building", number: number, environment?: string): AgentInstance[] {
  const where = environment === undefined ? {} : { environment };
  return Array.from(
    { length: number },
    (_, index) => aRegistered(`${environment ?? "none"}-${kind}-${index}`, kind, where),
  );
}

function stateWith(profile: AgentProfile, instances: readonly AgentInstance[]): State {
  return stateOf(instances, {}, { profiles: [profile] });
}

/** `COUNT in ENVIRONMENT: REASON` of what would be launched. */
function launched(profile: AgentProfile, instances: readonly AgentInstance[]): string[] {
  const state = stateWith(profile, instances);
  return minIdleAgents(state, { budget: launchBudget(state, zeroMs), reserved: 0 }, zeroMs)
    .map(({ count: number, environment, reason }) =>
      `${number} in ${environment ?? "none"}: ${launchReasonText(reason)}`
    );
}

for (
  const [headroom, busy, wanted] of [
    [count(2), 0, 0],
    [count(2), 1, 2],
    [count(2), 100, 2],
    [count(0), 5, 0],
    [share(25), 0, 0],
    [share(25), 1, 1],
    [share(25), 4, 1],
    [share(25), 5, 2],
    [share(150), 3, 5],
    [share(0), 7, 0],
  ] as const
) {
  Deno.test(`a headroom of ${JSON.stringify(headroom)} beside ${busy} busy agents is ${wanted}`, () => {
    assertEquals(headroomOf(headroom, busy), wanted);
  });
}

/** What is kept of these profiles, with the reason. */
function keptOf(profiles: readonly AgentProfile[], instances: readonly AgentInstance[], windows = {}): unknown[] {
  const now = { ...stateOf(instances, {}, { profiles }), windows: new Map(Object.entries(windows)) } as State;
  return keptIdle(now).map(({ profile, environment, isOfAll, count: number, why }) => [
    `${profile.name} ${environment ?? "-"} ${number}${isOfAll ? " of all" : ""}`,
    why.kind,
    why.schedule !== undefined,
  ]);
}

Deno.test("profiles with and without headroom are kept side by side", () => {
  const roomy = { ...everywhere, name: "roomy", headroom: count(1) };
  const busy = [...of("building", 1), aRegistered("r", "building", { profile: "roomy" })];
  assertEquals(keptOf([{ ...linux, minIdle: 2 }, roomy], busy), [
    ["roomy - 1", "headroom", false],
    ["default - 2 of all", "min-idle", false],
  ]);
  assertEquals(keptOf([linux, roomy], of("building", 1)), []);
});

Deno.test("if headroom is not above the floor of an environment, the floor is reported", () => {
  const both = { ...everywhere, minIdle: 0, minIdleOf: { Prod: 2 }, headroom: count(2) };
  assertEquals(keptOf([both], of("building", 1, "prod")), [["default Prod 2", "min-idle", false]]);
  assertEquals(keptOf([{ ...both, headroom: count(3) }], of("building", 1, "prod")), [
    ["default prod 3", "headroom", false],
  ]);
});

Deno.test("a floor that an open window sets is reported with its schedule, by environment, too", () => {
  const window = (schedule: Partial<Schedule>): unknown => ({ default: { profile: "default", sinceMs: 0, schedule } });
  const kept = (schedule: Partial<Schedule>): unknown[] =>
    keptOf([{ ...linux, minIdle: 1 }], [], window(schedule) as object);
  assertEquals(kept({ minIdle: 2 }), [["default - 2 of all", "min-idle", true]]);
  assertEquals(kept({ minIdleOf: { prod: 2 } }), [["default prod 2", "min-idle", true]]);
  assertEquals(kept({ idleTimeoutMs: 1 }), [["default - 1 of all", "min-idle", false]]);
});

Deno.test("the kept agents of one profile take their places before the next one is considered", () => {
  const state = stateOf([], {}, {
    profiles: [{ ...linux, minIdle: 2 }, { ...linux, name: "other", minIdle: 2 }],
    scaling: { maxAgents: 3 },
  });
  const wanted = (reserved: number): string[] =>
    minIdleAgents(state, { budget: launchBudget(state, zeroMs), reserved }, zeroMs).map(({ profile, count: number }) =>
      `${number} ${profile}`
    );
  assertEquals([wanted(0), wanted(1), wanted(3)], [["2 default", "1 other"], ["2 default"], []]);
});

Deno.test("headroom is added to the busy agents of each environment, less those that are ready there", () => {
  const profile = { ...everywhere, headroom: share(50) };
  const instances = [...of("building", 4), ...of("building", 1, "staging"), ...of("idle", 1), ...of("idle", 3, "prod")];
  assertEquals(launched(profile, instances), [
    "1 in none: headroom: 2 idle beside 4 busy, 1 ready",
    "1 in staging: headroom: 1 idle beside 1 busy, 0 ready",
  ]);
});

Deno.test("an agent that finishes its last job is busy, one that leaves idle is not", () => {
  const finishing = anInstance("f", { state: "draining", uuid: "u", reason: "max-jobs", step: { kind: "finishing" } });
  const leaving = anInstance("l", {
    state: "draining",
    uuid: "v",
    reason: "idle",
    step: { kind: "confirming", firstIdleMs: zeroMs },
  });
  const profile = { ...linux, headroom: share(100) };
  assertEquals(launched(profile, [finishing, leaving]), ["1 in none: headroom: 1 idle beside 1 busy, 0 ready"]);
  assertEquals(launched(profile, [leaving]), []);
});

Deno.test("min-idle by environment keeps that many in each; the larger of min-idle and headroom counts", () => {
  const profile = { ...everywhere, minIdleOf: { "": 1, Staging: 3 }, headroom: count(2) };
  assertEquals(launched(profile, []), ["1 in none: min-idle = 1, 0 ready", "3 in Staging: min-idle = 3, 0 ready"]);
  const fleet = [...of("building", 1), ...of("building", 1, "staging"), ...of("idle", 1, "STAGING")];
  assertEquals(launched(profile, fleet), [
    "2 in none: headroom: 2 idle beside 1 busy, 0 ready",
    "2 in Staging: min-idle = 3, 1 ready",
  ]);
});

Deno.test("agents launched for headroom count for the min-idle of the whole profile", () => {
  const profile = { ...everywhere, minIdle: 3, headroom: count(2) };
  assertEquals(launched(profile, of("building", 1, "staging")), [
    "2 in staging: headroom: 2 idle beside 1 busy, 0 ready",
    "1 in none: min-idle = 3, 2 ready",
  ]);
});

Deno.test("pools set by a schedule are reported as such, those of the profile are not", () => {
  const times = { from: "0 7 * * *", to: "0 9 * * *", timeZone: "UTC" };
  const profile = { ...everywhere, minIdle: 1, headroom: count(1) };
  const reasons = (values: Partial<Schedule>): readonly unknown[] => {
    const window = { profile: "default", schedule: { ...times, ...values }, sinceMs: zeroMs };
    const state = { ...stateWith(profile, of("building", 1)), windows: new Map([["default", window]]) };
    return keptIdle(state).map(({ why, count: number }) => [why.kind, number, why.schedule !== undefined]);
  };
  assertEquals(reasons({}), [["headroom", 1, false], ["min-idle", 1, false]]);
  assertEquals(reasons({ minIdle: 2 }), [["headroom", 1, false], ["min-idle", 2, true]]);
  assertEquals(reasons({ minIdle: 0, minIdleOf: { "": 2 } }), [["min-idle", 2, true]]);
  assertEquals(reasons({ headroom: count(3) }), [["headroom", 3, true], ["min-idle", 1, false]]);
  assertEquals(reasons({ minIdle: 0 }), [["headroom", 1, false]]);
});

Deno.test("of two profiles each keeps its own", () => {
  const profiles = [{ ...linux, minIdle: 1 }, { ...linux, name: "other" }, {
    ...linux,
    name: "third",
    headroom: count(1),
  }];
  const idle = [
    ...of("idle", 2),
    aRegistered("o1", "idle", { profile: "other" }),
    aRegistered("o2", "idle", { profile: "other" }),
  ];
  const state = stateOf(idle, {}, { profiles });
  assertEquals(keptIdle(state).map(({ profile: { name } }) => name), ["default"]);
  const reserve = reserveOf(state, idle);
  const gone = idle.toReversed().filter((each) => {
    if (!reserve.spares(each)) return false;
    reserve.take(each);
    return true;
  });
  assertEquals(gone.map(({ taskId }) => taskId), ["o2", "o1", "none-idle-1"]);
});

Deno.test("headroom stays within max-agents", () => {
  assertEquals(launched({ ...linux, headroom: share(100), maxAgents: 5 }, of("building", 4)), [
    "1 in none: headroom: 4 idle beside 4 busy, 0 ready",
  ]);
});

Deno.test("a reserve releases agents beyond it, in each environment", () => {
  const profile = { ...everywhere, minIdleOf: { "": 1, staging: 1 } };
  const idle = [...of("idle", 2), ...of("idle", 1, "staging"), ...of("idle", 1, "prod")];
  const reserve = reserveOf(stateWith(profile, idle), idle);
  const gone = idle.filter((each) => {
    if (!reserve.spares(each)) return false;
    reserve.take(each);
    return true;
  });
  assertEquals(gone.map(({ taskId }) => taskId), ["none-idle-0", "prod-idle-0"]);
});

Deno.test("a min-idle without an environment is that of the first one", () => {
  const floors = (changes: Partial<AgentProfile>): unknown => minIdleEnvironments({ ...linux, ...changes });
  assertEquals(
    [
      floors({ minIdle: 0 }),
      floors({ minIdle: 2 }),
      floors({ minIdle: 2, environments: ["a", "b"] }),
      floors({ minIdle: 2, minIdleOf: { b: 1, c: 0 } }),
    ],
    [[], [{ count: 2 }], [{ environment: "a", count: 2 }], [{ environment: "b", count: 1 }]],
  );
});

const anyFleet = fc.array(
  fc.record({
    kind: fc.constantFrom("idle" as const, "building" as const),
    name: fc.constantFrom(undefined, "staging", "prod"),
  }),
  { maxLength: 30 },
).map((all) =>
  all.map(({ kind, name }, index) => aRegistered(`t-${index}`, kind, name === undefined ? {} : { environment: name }))
);
const anyPolicy = fc.record({
  minIdle: fc.nat(4),
  minIdleOf: fc.option(fc.dictionary(fc.constantFrom("", "staging", "prod"), fc.nat(3)), { nil: undefined }),
  headroom: fc.option(fc.oneof(fc.nat(5).map(count), fc.nat(200).map(share)), { nil: undefined }),
}).map(({ minIdleOf, headroom, minIdle }): AgentProfile => ({
  ...everywhere,
  minIdle: minIdleOf === undefined ? minIdle : 0,
  ...(minIdleOf === undefined ? {} : { minIdleOf }),
  ...(headroom === undefined ? {} : { headroom }),
}));

Deno.test("launches fill every pool, and no removal empties one", () => {
  const inPool = ({ isOfAll, environment }: IdlePool) => (each: { readonly environment?: string }): boolean =>
    isOfAll || (each.environment ?? "") === (environment ?? "");
  fc.assert(fc.property(anyPolicy, anyFleet, (profile, fleet) => {
    const state = stateWith(profile, fleet);
    const pools = keptIdle(state);
    const idle = fleet.filter((each) => each.state === "registered" && each.activity.kind === "idle");
    const fresh = minIdleAgents(state, { budget: launchBudget(state, zeroMs), reserved: 0 }, zeroMs)
      .flatMap((wanted) => Array.from({ length: wanted.count }, () => wanted));
    const reserve = reserveOf(state, idle);
    const stays = idle.filter((each) => {
      if (!reserve.spares(each)) return true;
      reserve.take(each);
      return false;
    });
    for (const pool of pools) {
      assert([...idle, ...fresh].filter(inPool(pool)).length >= pool.count);
      const before = idle.filter(inPool(pool)).length;
      assert(stays.filter(inPool(pool)).length >= Math.min(pool.count, before));
    }
  }));
});
