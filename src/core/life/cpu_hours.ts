// Counts the cpu-hours of a day (`scaling.cpu-hours-per-day`): cpus of the profiles of living instances times watched
// time. Not here: what follows from it (demand/limit_cpu_hours.ts).

import { countsToLimit } from "../demand/gates.ts";
import { dayAt } from "./day.ts";
import type { Draft } from "../draft.ts";
import { profileOf } from "../profile_of.ts";
import type { CpuUse } from "../record.ts";
import { watchedMs } from "../session/watched.ts";
import type { State } from "../state.ts";

/** What has been used is stored at least so often: a crash forgets no more. */
const storedEveryMs = 60_000;

/** From this share of the limit on it is told that it will be reached. */
export const warnedShare = 0.8;

const hourMs = 3_600_000;

/** The use of the day so far. */
export interface CpuHours {
  readonly usedHours: number;
  readonly limitHours: number;
  readonly timeZone: string;
  /** `2026-11-28`. */
  readonly day: string;
}

/** The use of today; absent: there is no limit. */
export function cpuHoursOf({ settings, cpuUse }: State, atMs: number): CpuHours | undefined {
  const { cpuHoursPerDay: limitHours, timeZone = "UTC" } = settings.scaling;
  if (limitHours === undefined) return undefined;
  const day = dayAt(atMs, timeZone);
  // A day that lies ahead was counted before the clock was set back.
  const isOver = cpuUse === undefined || cpuUse.record.day < day;
  return { usedHours: isOver ? 0 : cpuUse.record.cpuMs / hourMs, limitHours, timeZone, day };
}

/** Counts up to now; stores it now and then, when the limit is reached, and when the day ends. To be called at each tick. */
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

/** The cpus that living instances have; of one that has outlived its profile none are known. */
function cpusOf({ instances, settings }: State): number {
  let milli = 0;
  for (const { state, profile } of instances.values()) {
    if (countsToLimit(state)) milli += profileOf(settings, profile)?.mesosResources.cpusMilli ?? 0;
  }
  return milli / 1_000;
}
