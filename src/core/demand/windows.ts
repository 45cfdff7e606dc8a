// Schedules: which windows are open, as the program around the core tells with each tick (it knows calendars and time
// zones, config/cron.ts), and what a profile says of its idle agents while one is.

import type { Draft } from "../draft.ts";
import type { AgentProfile, Schedule } from "../settings.ts";
import type { State } from "../state.ts";

/** The window of a profile that is in force. Times in ms since the epoch. */
export interface OpenWindow {
  readonly profile: string;
  readonly schedule: Schedule;
  readonly sinceMs: number;
  /** When it ends; absent: its `to` never matches again. */
  readonly untilMs?: number;
}

/** Takes over which windows are open, at most one of each profile. Absent: none is. */
export function windowsTold(draft: Draft, windows: readonly OpenWindow[] = []): void {
  const before = draft.state.windows;
  const now = new Map(windows.map((each) => [each.profile, each]));
  const begun = windows.filter((each) => !isSame(before.get(each.profile), each));
  const ended = [...before.values()].filter((each) => !isSame(now.get(each.profile), each));
  if (begun.length + ended.length === 0) return;
  draft.set({ windows: now });
  draft.markPlanStale();
  for (const { profile, schedule } of ended) {
    if (!now.has(profile)) draft.note({ kind: "schedule-over", profile, schedule });
  }
  for (const { profile, schedule, untilMs } of begun) {
    draft.note({
      kind: "schedule-in-force",
      profile,
      schedule,
      ...(untilMs === undefined ? {} : { forMs: untilMs - draft.atMs }),
    });
  }
}

/** The profile with what its open window says of idle agents. */
export function profileNow({ windows }: Pick<State, "windows">, profile: AgentProfile): AgentProfile {
  const schedule = windows.get(profile.name)?.schedule;
  if (schedule === undefined) return profile;
  const { minIdle, minIdleOf, headroom, idleTimeoutMs } = schedule;
  const { minIdleOf: floors, ...rest } = profile;
  const isFloorSaid = minIdle !== undefined || minIdleOf !== undefined;
  const ownFloors = floors === undefined ? {} : { minIdleOf: floors };
  return {
    ...rest,
    ...(isFloorSaid ? { minIdle: minIdle ?? 0, ...(minIdleOf === undefined ? {} : { minIdleOf }) } : ownFloors),
    ...(headroom === undefined ? {} : { headroom }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
  };
}

/** Whether nothing but a reload has happened: the same words, since the same time. */
function isSame(one: OpenWindow | undefined, other: OpenWindow): boolean {
  return one !== undefined && one.sinceMs === other.sinceMs &&
    JSON.stringify(one.schedule) === JSON.stringify(other.schedule);
}
