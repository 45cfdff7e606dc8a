// Counts the cpu-hours of a day (`scaling.cpu-hours-per-day`): cpus of the profiles of running instances times watched
// time. The limit itself is in demand/limit_cpu_hours.ts.

import { countsToLimit } from "../demand/gates.ts";
import { dayAt } from "./day.ts";
import type { Draft } from "../draft.ts";
import { cpusMilliOf } from "../profile_of.ts";
import type { CpuUse } from "../record.ts";
import { watchedMs } from "../session/watched.ts";
import type { State } from "../state.ts";

/** Interval at which the usage is stored, and the maximum loss in a crash. */
const storedEveryMs = 60_000;

/** From this share of the limit on a warning is reported. */
export const warnedShare = 0.8;

const hourMs = 3_600_000;

/** The usage of the day so far. */
export interface CpuHours {
  readonly usedHours: number;
  readonly limitHours: number;
  readonly timeZone: string;
  /** `2026-11-28`. */
  readonly day: string;
}

/** Today's usage; absent: there is no limit. */
export function cpuHoursOf({ settings, cpuUse }: State, atMs: number): CpuHours | undefined {
  const { cpuHoursPerDay: limitHours, timeZone = "UTC" } = settings.scaling;
  if (limitHours === undefined) return undefined;
  const day = dayAt(atMs, timeZone);
  // A day in the future was counted before the clock was set back.
  const isOver = cpuUse === undefined || cpuUse.record.day < day;
  return { usedHours: isOver ? 0 : cpuUse.record.cpuMs / hourMs, limitHours, timeZone, day };
}

/** Counts up to now; stores it periodically, when the limit is reached, and when the day ends. Called at each tick. */
export function countCpuHours(draft: Draft): void {
  const { state, atMs } = draft;
  const before = cpuHoursOf(state, atMs);
  if (before === undefined) return;
  const { limitHours, timeZone, day } = before;
  const spentMs = state.cpuUse === undefined ? 0 : cpusOf(state) * watchedMs(draft, state.cpuUse.countedMs);
  const record: CpuUse = { day, cpuMs: before.usedHours * hourMs + spentMs };
  const usedHours = record.cpuMs / hourMs;
  const isNewDay = state.cpuUse !== undefined && state.cpuUse.record.day !== day;
  const isReached = before.usedHours < limitHours && usedHours >= limitHours;
  const storedMs = state.cpuUse?.storedMs ?? -Infinity;
  const isDue = spentMs > 0 && atMs - storedMs >= storedEveryMs;
  const after = { usedHours, limitHours, timeZone };
  if (isNewDay || isReached || isDue) draft.setCpuUse({ record, countedMs: atMs, storedMs: atMs });
  else draft.set({ cpuUse: { record, countedMs: atMs, storedMs } });
  if (isNewDay || isReached) draft.markPlanStale();
  if (isReached) draft.note({ kind: "cpu-hours-used-up", ...after });
  const warned = limitHours * warnedShare;
  if (!isReached && before.usedHours < warned && usedHours >= warned) draft.note({ kind: "cpu-hours-low", ...after });
}

/** The cpus of running instances; unknown if the profile is no longer configured. */
function cpusOf({ instances, settings }: State): number {
  let milli = 0;
  for (const { state, profile } of instances.values()) {
    if (countsToLimit(state)) milli += cpusMilliOf(settings, profile);
  }
  return milli / 1_000;
}
