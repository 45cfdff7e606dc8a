// How many agents a profile keeps of a peak, and that a fluctuating backlog does not cause flapping.

import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import { Draft } from "../../../src/core/draft.ts";
import { beyondPeaks, trackPeaks } from "../../../src/core/demand/peaks.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import type { State } from "../../../src/core/state.ts";
import { linux, minute, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const profile: AgentProfile = { ...linux, keepPeakForMs: 30 * minute };

function fleet(building: number, idle: number): AgentInstance[] {
  const all = Array.from({ length: building + idle }, (_, index) => index);
  return all.map((index) => aRegistered(`t${index}`, index < building ? "building" : "idle"));
}

/** The state after a list that has shown these, `afterMs` after the start. */
function measured(before: State, instances: readonly AgentInstance[], afterMs: number): State {
  const state = { ...before, instances: new Map(instances.map((each) => [each.taskId, each])) };
  const draft = new Draft(state, zeroMs + afterMs, 0.5);
  trackPeaks(draft);
  return draft.state;
}

/** How many may go. */
function spare(state: State, afterMs: number): number {
  const surplus = beyondPeaks(state, zeroMs + afterMs);
  let count = 0;
  while (count < 100 && surplus.has(profile)) {
    surplus.take(profile.name);
    count++;
  }
  return count;
}

const nothing = stateOf([], {}, { profiles: [profile] });

Deno.test("as many agents stay as were in use at any time of the period, and the rest may be removed", () => {
  let state = measured(nothing, [], 0);
  state = measured(state, fleet(5, 0), minute);
  state = measured(state, fleet(2, 3), 10 * minute);
  state = measured(state, fleet(0, 5), 20 * minute);
  const at = (afterMs: number): number => spare(state, afterMs);
  assertEquals([at(20 * minute), at(31 * minute - 1), at(31 * minute), at(40 * minute - 1), at(40 * minute)], [
    0,
    0,
    3,
    3,
    5,
  ]);
});

Deno.test("peaks are kept by their height, each until its period is over", () => {
  let state = measured(nothing, [], 0);
  assertEquals(state.demand.peaks?.get("default"), [{ lastMs: zeroMs, agents: 0 }]);
  state = measured(state, fleet(3, 0), minute);
  state = measured(state, fleet(1, 2), 2 * minute);
  const peaks = (afterMs: number): unknown =>
    measured(state, fleet(0, 3), afterMs).demand.peaks?.get("default")?.map(({ agents }) => agents);
  assertEquals([peaks(31 * minute - 1), peaks(31 * minute), peaks(32 * minute)], [[3, 1, 0], [1, 0], [0]]);
});

Deno.test("a profile without the key keeps no agents, and those that leave by themselves are not counted", () => {
  const surplus = beyondPeaks(measured(nothing, fleet(0, 1), 0), zeroMs + 30 * minute);
  assertEquals(surplus.has(linux), true);
  assertEquals(beyondPeaks(nothing, zeroMs).has(linux), true, "nobody is there");
  const others = { ...stateOf(fleet(0, 1)).demand, peaks: new Map() };
  assertEquals(beyondPeaks({ ...stateOf(fleet(0, 1)), demand: others }, zeroMs).has(profile), true, "it is new");
  surplus.take("default");
  assertEquals(surplus.has(profile), true);
  surplus.take("default");
  assertEquals(surplus.has(profile), false);
});

Deno.test("after a start, all agents that are found count as in use for one period", () => {
  const state = measured(nothing, fleet(1, 3), 0);
  assertEquals([spare(state, 30 * minute - 1), spare(state, 30 * minute)], [0, 4]);
});

Deno.test("agents launched for jobs are in use, those kept idle are not, nor those that are disabled", () => {
  let state = measured(nothing, [], 0);
  const launching = anInstance("l", { state: "launching" }, { bucketKey: "k" });
  const warm = anInstance("w", { state: "launching" }, { bucketKey: "warm default" });
  const finishing = anInstance("f", { state: "draining", uuid: "u", reason: "max-jobs", step: { kind: "finishing" } });
  const going = aRegistered("g", "idle", { retire: "operator" });
  state = measured(state, [launching, warm, finishing, going], minute);
  assertEquals(state.demand.peaks?.get("default")?.map(({ agents }) => agents), [2]);
});

const held = { held: true } as const;
for (
  const [name, instance, isUsable, isInUse] of [
    ["launching for a job", anInstance("t", { state: "launching" }, { bucketKey: "k" }), true, true],
    ["starting for a job", anInstance("t", { state: "starting" }, { bucketKey: "k" }), true, true],
    ["starting, adopted", anInstance("t", { state: "starting" }), true, true],
    ["starting to be idle", anInstance("t", { state: "starting" }, { bucketKey: "warm default" }), true, false],
    ["held", anInstance("t", { state: "starting", ...held }, { bucketKey: "k" }), false, false],
    ["idle", aRegistered("t", "idle"), true, false],
    ["building", aRegistered("t", "building"), true, true],
    ["building, and to be replaced", aRegistered("t", "building", { retire: "profile-changed" }), false, true],
    [
      "out of contact",
      anInstance("t", { state: "registered", uuid: "u", activity: { kind: "unsure", word: "Missing", sinceMs: 0 } }),
      false,
      false,
    ],
    [
      "finishing its job",
      anInstance("t", { state: "draining", uuid: "u", reason: "operator", step: { kind: "finishing" } }),
      true,
      true,
    ],
    [
      "about to go",
      anInstance("t", { state: "draining", uuid: "u", reason: "idle", step: { kind: "confirming", firstIdleMs: 0 } }),
      false,
      false,
    ],
    ["being killed", anInstance("t", { state: "killing", cause: "drained" }), false, false],
    ["of another profile", aRegistered("t", "building", { profile: "other" }), false, false],
  ] as const
) {
  Deno.test(`an agent that is ${name} can${isUsable ? "" : "not"} be used, and is ${isInUse ? "" : "not "}in use`, () => {
    const found = measured(nothing, [instance], 0);
    const used = measured(measured(nothing, [], 0), [instance], minute);
    const peak = ({ demand }: State): number | undefined => demand.peaks?.get("default")?.at(-1)?.agents;
    assertEquals([peak(found), peak(used)], [isUsable ? 1 : 0, isInUse ? 1 : 0]);
    assertEquals(spare({ ...used, demand: nothing.demand }, minute), isUsable ? 1 : 0);
  });
}

Deno.test("only profiles with the key are measured, each separately, and only falling steps of the period are kept", () => {
  const two = stateOf([], {}, { profiles: [{ ...linux, name: "other" }, profile] });
  let state = measured(two, [], 0);
  for (const [building, atMin] of [[3, 1], [3, 2], [1, 3], [2, 4], [0, 5], [0, 33]] as const) {
    state = measured(
      state,
      [...fleet(building, 0), aRegistered("o", "building", { profile: "other" })],
      atMin * minute,
    );
  }
  assertEquals([...state.demand.peaks?.keys() ?? []], ["default"]);
  assertEquals(state.demand.peaks?.get("default"), [
    { lastMs: zeroMs + 4 * minute, agents: 2 },
    { lastMs: zeroMs + 33 * minute, agents: 0 },
  ]);
});

Deno.test("a profile without the key has no memory", () => {
  const none = stateOf([], {}, { profiles: [linux] });
  const state = measured(none, fleet(5, 0), 0);
  assertEquals(state, { ...none, instances: state.instances });
  assertEquals(beyondPeaks(state, zeroMs).has(linux), true);
});

const sawtooth = fc.record({
  high: fc.integer({ min: 1, max: 12 }),
  low: fc.nat(4),
  periodMin: fc.integer({ min: 2, max: 29 }),
  waves: fc.integer({ min: 2, max: 12 }),
  noise: fc.array(fc.nat(2), { minLength: 1, maxLength: 20 }),
});

Deno.test("a sawtooth shorter than the period launches its agents once, and removes none until it is over", () => {
  fc.assert(fc.property(sawtooth, ({ high, low, periodMin, waves, noise }) => {
    let state = measured(nothing, [], 0);
    let alive = 0;
    let launches = 0;
    const removals: number[] = [];
    const endMin = waves * periodMin;
    for (let atMin = 1; atMin < endMin + 31; atMin++) {
      const isWave = atMin <= endMin && atMin % periodMin < Math.ceil(periodMin / 2);
      const wanted = isWave
        ? high
        : atMin > endMin
        ? 0
        : Math.max(0, Math.min(high, low - (noise[atMin % noise.length] ?? 0)));
      launches += Math.max(0, wanted - alive);
      alive = Math.max(alive, wanted);
      state = measured(state, fleet(wanted, alive - wanted), atMin * minute);
      const going = Math.min(alive - wanted, spare(state, atMin * minute));
      if (going > 0) removals.push(atMin);
      alive -= going;
    }
    assertEquals(launches, high);
    assert(removals.every((atMin) => atMin > endMin));
    assertEquals(alive, 0);
  }));
});

Deno.test("after a removal, what is left is at least the most that was in use in the period before", () => {
  const use = fc.array(fc.record({ gapMin: fc.integer({ min: 1, max: 20 }), busy: fc.nat(10) }), { maxLength: 40 });
  fc.assert(fc.property(use, (steps) => {
    let state = measured(nothing, [], 0);
    let atMin = 0;
    let alive = 0;
    const seen: { readonly atMin: number; readonly busy: number }[] = [];
    for (const { gapMin, busy } of steps) {
      atMin += gapMin;
      alive = Math.max(alive, busy);
      seen.push({ atMin, busy });
      state = measured(state, fleet(busy, alive - busy), atMin * minute);
      alive -= Math.min(alive - busy, spare(state, atMin * minute));
      const peak = Math.max(...seen.filter((each) => atMin - each.atMin < 30).map((each) => each.busy));
      assertEquals(alive, peak);
    }
  }));
});
