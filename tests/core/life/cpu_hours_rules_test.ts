// What agents use of the cpu-hours of a day: what counts, when it is stored, and when it is reported. Stories:
// demand/limits_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { countCpuHours, cpuHoursOf } from "../../../src/core/life/cpu_hours.ts";
import { dayAt } from "../../../src/core/life/day.ts";
import type { CpuUseState, State } from "../../../src/core/state.ts";
import { minute, second, someSettings, zeroMs } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const hour = 60 * minute;
const today = "2023-11-14";
const nowMs = zeroMs + hour;
const limitHours = 2;

/** An agent of a profile with two cpus, which are counted since `countedMs`. */
function stateWith(cpuUse: CpuUseState | undefined, instances: readonly AgentInstance[], isLimited = true): State {
  const profiles = [aProfile({ gocdResources: ["linux"], mesosResources: { cpusMilli: 2_000, memMbMilli: 100 } })];
  const settings = someSettings({ profiles, scaling: isLimited ? { cpuHoursPerDay: limitHours } : {} });
  const state = stateOf(instances);
  const demand = { ...state.demand, isStale: false };
  return { ...state, demand, settings, ...(cpuUse === undefined ? {} : { cpuUse }) };
}

function used(cpuMs: number, changes: Partial<CpuUseState & { day: string }> = {}): CpuUseState {
  const { day = today, ...clocks } = changes;
  return { record: { day, cpuMs }, countedMs: nowMs - second, storedMs: nowMs - second, ...clocks };
}

const busy = [aRegistered("t", "building")];

interface Counted {
  readonly use: CpuUseState | undefined;
  readonly isStored: boolean;
  readonly isReplanned: boolean;
  readonly notes: readonly string[];
}

function counted(
  cpuUse: CpuUseState | undefined,
  instances: readonly AgentInstance[] = busy,
  isLimited = true,
): Counted {
  const draft = new Draft(stateWith(cpuUse, instances, isLimited), nowMs, 0.5);
  countCpuHours(draft);
  const { state, records, notes } = draft.finish();
  assertEquals(records, records.length === 0 ? [] : [{ kind: "cpu-use", cpuUse: state.cpuUse?.record }]);
  return {
    use: state.cpuUse,
    isStored: records.length > 0,
    isReplanned: state.demand.isStale,
    notes: notes.map(({ kind }) => kind),
  };
}

const quiet = { isStored: false, isReplanned: false, notes: [] };
const at = (cpuMs: number, storedMs = nowMs): CpuUseState => ({
  record: { day: today, cpuMs },
  countedMs: nowMs,
  storedMs,
});

Deno.test("what agents use counts from the first tick on, by their cpus and the time since the last", () => {
  assertEquals(counted(undefined), { ...quiet, use: at(0, -Infinity) });
  assertEquals(counted(used(500)), { ...quiet, use: at(2_500, nowMs - second) });
  const two = [...busy, anInstance("s", { state: "starting" })];
  assertEquals(counted(used(0), two).use?.record.cpuMs, 4_000);
});

Deno.test("instances that have ended, or whose cpus are unknown, use none", () => {
  const gone = anInstance("g", { state: "gone", cause: "exited", message: "" });
  const former = aRegistered("f", "idle", { profile: "former" });
  assertEquals(counted(used(7), [gone, former]), { ...quiet, use: at(7, nowMs - second) });
});

Deno.test("without a limit nothing is counted", () => {
  assertEquals(counted(undefined, busy, false), { ...quiet, use: undefined });
  assertEquals(cpuHoursOf(stateWith(used(7), busy, false), nowMs), undefined);
});

Deno.test("cpu time is stored once a minute, and never if none was used", () => {
  const stored = (agoMs: number, instances = busy): boolean =>
    counted(used(0, { storedMs: nowMs - agoMs }), instances).isStored;
  assertEquals([stored(minute - 1), stored(minute), stored(hour, [])], [false, true, false]);
  assertEquals(counted(used(0, { storedMs: -Infinity })), { ...quiet, isStored: true, use: at(2_000) });
});

for (const [what, day] of [["has begun", "2023-11-13"], ["is counted by a clock that was set back", "2023-11-15"]]) {
  Deno.test(`a day that ${what} is stored at once, and the plan made again`, () => {
    const cpuMs = what === "has begun" ? 2_000 : 5_000 + 2_000;
    const isNew = { isStored: true, isReplanned: true, notes: [] };
    assertEquals(counted(used(5_000, { day: day ?? "" })), { ...isNew, use: at(cpuMs) });
  });
}

const limitMs = limitHours * hour;
for (
  const [what, beforeMs, isReached, notes] of [
    ["comes below the warning", 0.8 * limitMs - 2_001, false, []],
    ["comes to the warning", 0.8 * limitMs - 2_000, false, ["cpu-hours-low"]],
    ["was at the warning", 0.8 * limitMs, false, []],
    ["comes close to the limit", limitMs - 2_001, false, []],
    ["comes to the limit", limitMs - 2_000, true, ["cpu-hours-used-up"]],
    ["was at the limit", limitMs, false, []],
    ["was beyond the limit", limitMs + 1, false, []],
  ] as const
) {
  Deno.test(`use of the day that ${what} ${notes.length === 0 ? "is not reported" : `is told as ${notes[0]}`}`, () => {
    assertEquals(counted(used(beforeMs)), {
      use: at(beforeMs + 2_000, isReached ? nowMs : nowMs - second),
      isStored: isReached,
      isReplanned: isReached,
      notes,
    });
  });
}

Deno.test("use that passes the warning and the limit at the same time is reported once, with the amount used", () => {
  const draft = new Draft(stateWith(used(0, { countedMs: nowMs - hour, storedMs: nowMs }), busy), nowMs, 0.5);
  countCpuHours(draft);
  assertEquals(draft.finish().notes, [
    { kind: "cpu-hours-used-up", usedHours: 2, limitHours, timeZone: "UTC" },
  ]);
});

Deno.test("the use of a past day does not count today, that of a day ahead does", () => {
  const hours = (day: string): number | undefined => cpuHoursOf(stateWith(used(hour, { day }), []), nowMs)?.usedHours;
  assertEquals([hours("2023-11-13"), hours(today), hours("2023-11-15")], [0, 1, 1]);
  assertEquals(cpuHoursOf(stateWith(undefined, []), nowMs), { usedHours: 0, limitHours, timeZone: "UTC", day: today });
});

/** Another spelling of the same zone at each call: formats are cached by name, and a cached one proves nothing. */
let spellings = 0;
function berlin(): string {
  const bits = spellings++;
  return [..."europe/berlin"].map((char, index) => (bits >> index) % 2 === 0 ? char : char.toUpperCase()).join("");
}

Deno.test("a day is that of the time zone, however its name is written", () => {
  const midnightMs = Date.UTC(2026, 0, 4, 23);
  assertEquals([dayAt(midnightMs - 1, berlin()), dayAt(midnightMs, berlin())], ["2026-01-04", "2026-01-05"]);
  assertEquals([dayAt(midnightMs, "UTC"), dayAt(midnightMs, "UTC")], ["2026-01-04", "2026-01-04"]);
});
