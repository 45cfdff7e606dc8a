// What holds launches back: each gate at its boundary, and which comes first.

import { assertEquals } from "@std/assert";
import {
  countsToLimit,
  gateDespiteFreeze,
  globalGate,
  launchBudget,
  profileGate,
} from "../../../src/core/demand/gates.ts";
import type { BreakersState, ServerState, State } from "../../../src/core/state.ts";
import { launchedInMinute } from "../../../src/core/demand/limit_pace.ts";
import { initialState } from "../../../src/core/step.ts";
import { emptyStore, linux, minute, second, serverInfo, zeroMs } from "../../support/core.ts";
import { anInstance, gocdSuspicion, mesosSays, stateOf } from "../instance_fixtures.ts";

const polled = (changes: Partial<ServerState> = {}, state = stateOf([])): State => ({
  ...state,
  server: { ...state.server, lastPollMs: zeroMs, info: serverInfo, ...changes },
});
const kindAt = (state: State, afterMs: number): string => globalGate(state, zeroMs + afterMs).kind;

Deno.test("before the first poll nothing is launched; then a successful poll counts for poller.stale-after, not longer", () => {
  assertEquals(globalGate(stateOf([]), zeroMs + 5), { kind: "held-stale", forMs: 5 });
  assertEquals([kindAt(polled(), 10 * minute), kindAt(polled(), 10 * minute + 1)], ["go", "held-stale"]);
});

Deno.test("a server that has restarted is given two minutes to hear from its agents", () => {
  const restarted = polled({ restartedMs: zeroMs });
  assertEquals([kindAt(restarted, 2 * minute - 1), kindAt(restarted, 2 * minute)], ["held-restarted", "go"]);
});

Deno.test("a brake holds all launches until it is released", () => {
  const state = polled();
  assertEquals(globalGate({ ...state, brake: { ...state.brake, gocd: gocdSuspicion } }, zeroMs), {
    kind: "held-brake",
    suspicion: gocdSuspicion,
  });
});

Deno.test("of several gates, one that a person must open is reported first", () => {
  const { controls } = stateOf([]);
  const off = polled({ info: { ...serverInfo, maintenance: "on" }, restartedMs: zeroMs });
  assertEquals(kindAt(off, 0), "held-maintenance");
  assertEquals(kindAt({ ...off, controls: { ...controls, frozen: true } }, 0), "held-frozen");
  assertEquals(kindAt({ ...off, controls: { ...controls, frozen: true, mode: "drain" } }, 0), "held-mode");
  assertEquals(globalGate({ ...off, controls: { ...controls, mode: "teardown" } }, 0), {
    kind: "held-mode",
    mode: "teardown",
  });
});

Deno.test("launches that a freeze does not affect still wait for the server, and for a drain", () => {
  const { controls } = stateOf([]);
  const frozen = (changes: Partial<ServerState>, mode: "run" | "drain" = "run"): string =>
    gateDespiteFreeze({ ...polled(changes), controls: { ...controls, frozen: true, mode } }, zeroMs).kind;
  assertEquals([frozen({}), frozen({}, "drain")], ["go", "held-mode"]);
  assertEquals(frozen({ info: { ...serverInfo, maintenance: "on" } }), "held-maintenance");
  assertEquals(frozen({ lastPollMs: zeroMs - 10 * minute - 1 }), "held-stale");
  assertEquals(frozen({ restartedMs: zeroMs }), "held-restarted");
});

Deno.test("every agent that may be alive counts towards the limits, except those on a lost host", () => {
  const states = ["launching", "starting", "registered", "draining", "killing", "unreachable", "gone"];
  assertEquals(states.filter(countsToLimit), ["launching", "starting", "registered", "draining", "killing"]);
});

const living = (count: number, profile = "default"): ReturnType<typeof anInstance>[] =>
  Array.from({ length: count }, (_, index) => anInstance(`${profile}-${index}`, { state: "starting" }, { profile }));
const registration = { gocdResources: ["linux"] };

/** What the gate of the profile says. */
function gateOf(
  state: State,
  needs: number,
  { profile = linux, atMs = zeroMs, planned = 0 } = {},
): ReturnType<typeof profileGate> {
  const budget = launchBudget(state, atMs);
  if (planned > 0) budget.take(profile.name, planned);
  return profileGate(state, { profile, needs, budget, registration }, atMs);
}

Deno.test("scaling.max-agents leaves room for what is not alive yet, over all profiles", () => {
  const state = stateOf(
    [...living(2), ...living(1, "other"), anInstance("x", { state: "gone", cause: "lost", message: "" })],
    {},
    {
      scaling: { maxAgents: 5 },
    },
  );
  assertEquals(gateOf(state, 2), { gate: { kind: "go" }, allowed: 2 });
  assertEquals(gateOf(state, 3), {
    gate: { kind: "held-limit", limit: 5, allowed: 2 },
    allowed: 2,
    held: { profile: "default", byProfile: 0, byFramework: 1 },
  });
  assertEquals(gateOf(state, 2, { planned: 1 }).allowed, 1);
});

Deno.test("a limit that was lowered below the number of living agents allows no launch, and removes none", () => {
  const gate = gateOf(stateOf(living(4), {}, { scaling: { maxAgents: 2 } }), 3);
  assertEquals([gate.allowed, gate.held?.byFramework], [0, 3]);
});

Deno.test("the limit of a profile is reported by its name, and the lower limit applies", () => {
  for (const name of ["default", "gpu"]) {
    const profile = { ...linux, name, maxAgents: 3 };
    const state = stateOf(living(2, name), {}, { profiles: [profile] });
    assertEquals(gateOf(state, 1, { profile }), { gate: { kind: "go" }, allowed: 1 });
    assertEquals(gateOf(state, 4, { profile }), {
      gate: { kind: "held-limit", profile: name, limit: 3, allowed: 1 },
      allowed: 1,
      held: { profile: name, byProfile: 3, byFramework: 0 },
    });
    const narrow = stateOf(living(2, name), {}, { profiles: [profile], scaling: { maxAgents: 2 } });
    assertEquals(gateOf(narrow, 4, { profile }).held, { profile: name, byProfile: 3, byFramework: 1 });
  }
});

Deno.test("of agents that both limits hold back, each holds those that the other would let through", () => {
  const profile = { ...linux, maxAgents: 2 };
  const state = stateOf([], {}, { profiles: [profile], scaling: { maxAgents: 1 } });
  assertEquals(gateOf(state, 3, { profile }), {
    gate: { kind: "held-limit", limit: 1, allowed: 1 },
    allowed: 1,
    held: { profile: "default", byProfile: 1, byFramework: 1 },
  });
});

Deno.test("scaling.launches-per-minute counts launches of the last minute and those that are planned", () => {
  const state = stateOf([], {}, { scaling: { launchesPerMinute: 3 } });
  const paced = { ...state, offers: { ...state.offers, launchTimesMs: [zeroMs] } };
  assertEquals(gateOf(paced, 1), { gate: { kind: "go" }, allowed: 1 });
  assertEquals(gateOf(paced, 2), { gate: { kind: "go" }, allowed: 2 });
  assertEquals(gateOf(paced, 3), {
    gate: { kind: "held-pace", key: "scaling.launches-per-minute", limit: 3 },
    allowed: 2,
  });
  assertEquals([gateOf(paced, 3, { planned: 1 }).allowed, gateOf(paced, 3, { planned: 9 }).allowed], [1, 0]);
  const later = (afterMs: number): number => gateOf(paced, 9, { atMs: zeroMs + afterMs }).allowed;
  assertEquals([later(minute - 1), later(minute)], [2, 3]);
});

Deno.test("launches of the previous run count for their minute, except those that never started and those that were found", () => {
  const made = { createdMs: zeroMs - 10 * second };
  const instances = [
    anInstance("a", { state: "starting" }, made),
    anInstance("old", { state: "starting" }, { createdMs: zeroMs - minute }),
    anInstance("found", { state: "starting" }, { ...made, adopted: true }),
    anInstance("dropped", { state: "gone", cause: "dropped", message: "" }, made),
    anInstance("ended", { state: "gone", cause: "exited", message: "" }, made),
  ];
  const settings = stateOf([], {}, { scaling: { launchesPerMinute: 5 } }).settings;
  const state = initialState({ ...emptyStore, instances }, settings, zeroMs);
  assertEquals(launchedInMinute(state, zeroMs), 2);
  assertEquals(launchedInMinute(state, zeroMs + 50 * second), 0);
});

Deno.test("an excess over scaling.max-agents holds back nothing that the limit of the profile holds back already", () => {
  const profile = { ...linux, maxAgents: 1 };
  const crowded = stateOf([...living(1), ...living(3, "other")], {}, {
    profiles: [profile],
    scaling: { maxAgents: 3 },
  });
  assertEquals(gateOf(crowded, 2, { profile }), {
    gate: { kind: "held-limit", profile: "default", limit: 1, allowed: 0 },
    allowed: 0,
    held: { profile: "default", byProfile: 2, byFramework: 0 },
  });
});

Deno.test("if each registration is slow, launches of the last minute count, and those that are planned", () => {
  const state = stateOf([], {}, { scaling: { slowServerLaunchesPerMinute: 4 } });
  const launchTimesMs = [zeroMs, zeroMs + 1, zeroMs + 30 * second];
  const slow = {
    ...state,
    offers: { ...state.offers, launchTimesMs },
    server: { ...state.server, info: { ...serverInfo, slowRegistration: true } },
  };
  const at = (afterMs: number, planned = 0): number => gateOf(slow, 9, { atMs: zeroMs + afterMs, planned }).allowed;
  assertEquals([at(minute - 1), at(minute), at(minute + 1), at(90 * second)], [1, 2, 3, 4]);
  assertEquals([at(90 * second, 3), at(90 * second, 5)], [1, 0]);
  assertEquals(gateOf(slow, 9).gate, { kind: "held-rate", perMinute: 4 });
  assertEquals(gateOf(slow, 9).held, undefined);
  assertEquals(gateOf({ ...slow, server: { ...slow.server, info: serverInfo } }, 9).allowed, 9);
});

const failing = (failures: number, retryMs = zeroMs): { readonly breakers: BreakersState } => ({
  breakers: {
    profiles: new Map([["default", {
      failures,
      sinceMs: zeroMs,
      lastFailureMs: zeroMs,
      retryMs,
      lastFailure: mesosSays("no image"),
    }]]),
    hosts: new Map(),
  },
});

Deno.test("a failing profile pauses until its retry, whatever it needs", () => {
  const state = stateOf([], failing(1, zeroMs + minute));
  const gate = { kind: "held-breaker", failure: mesosSays("no image"), retryMs: zeroMs + minute, failures: 1 } as const;
  assertEquals(gateOf(state, 2, { atMs: zeroMs + minute - 1 }), { gate, allowed: 0 });
  assertEquals(gateOf(state, 2, { atMs: zeroMs + minute }), { gate: { kind: "go" }, allowed: 2 });
  assertEquals(gateOf(stateOf([], failing(0, zeroMs + minute)), 2).allowed, 2);
});

Deno.test("after three failures in a row one agent is tried alone, after two all are", () => {
  assertEquals(gateOf(stateOf([], failing(2)), 2), { gate: { kind: "go" }, allowed: 2 });
  const probe = { kind: "held-probe", failure: mesosSays("no image"), failures: 3 } as const;
  assertEquals(gateOf(stateOf([], failing(3)), 2), { gate: probe, allowed: 1 });
  assertEquals(gateOf(stateOf([], failing(3)), 1), { gate: { kind: "go" }, allowed: 1 });
  assertEquals(gateOf(stateOf([], failing(3)), 2, { planned: 1 }), { gate: probe, allowed: 0 });
});

for (
  const [name, instance, allowed] of [
    ["is launching", anInstance("t", { state: "launching" }), 0],
    ["is starting", anInstance("t", { state: "starting" }), 0],
    ["is starting, but has had its time", anInstance("t", { state: "starting", held: true }), 1],
    [
      "is launching, but of another profile",
      anInstance("t", { state: "launching" }, { profile: "x" }),
      1,
    ],
    ["has registered", anInstance("t", { state: "registered", uuid: "u", activity: { kind: "idle", sinceMs: 0 } }), 1],
    ["is gone", anInstance("t", { state: "gone", cause: "lost", message: "" }), 1],
  ] as const
) {
  Deno.test(`while an agent ${name} a failing profile tries ${allowed === 0 ? "no other" : "one more"}`, () => {
    assertEquals(gateOf(stateOf([instance], failing(3)), 2).allowed, allowed);
  });
}

Deno.test("a frozen profile launches nothing, others do; a name that the server refuses launches nothing", () => {
  const state = stateOf([]);
  const frozen = { ...state, controls: { ...state.controls, frozenProfiles: ["default"] } };
  assertEquals(gateOf(frozen, 1), { gate: { kind: "held-frozen", profile: "default" }, allowed: 0 });
  assertEquals(gateOf(frozen, 1, { profile: { ...linux, name: "other" } }).allowed, 1);
  const budget = launchBudget(state, zeroMs);
  const bad = profileGate(
    state,
    { profile: linux, needs: 1, budget, registration: { gocdResources: ["a/b"] } },
    zeroMs,
  );
  assertEquals([bad.gate.kind, bad.allowed], ["held-invalid", 0]);
});
