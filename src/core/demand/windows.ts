// Schedules: which windows are open, passed in with each tick by the program around the core (calendars and time zones
// are in config/cron.ts), and the idle agent settings of a profile while one is open.

import type { Draft } from "../draft.ts";
import type { AgentProfile, Schedule } from "../settings.ts";
import type { State } from "../state.ts";

/** The active window of a profile. Times in ms since the epoch. */
export interface OpenWindow {
  readonly profile: string;
  readonly schedule: Schedule;
  readonly sinceMs: number;
  /** When it ends; absent: its `to` never matches again. */
  readonly untilMs?: number;
}

/** Stores the open windows, at most one per profile. Absent: none. */
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

/** The profile with the idle agent settings of its open window. */
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

/** Whether only a reload has happened: the same settings, since the same time. */
function isSame(one: OpenWindow | undefined, other: OpenWindow): boolean {
  if (one === other) return true;
  return one !== undefined && one.sinceMs === other.sinceMs &&
    JSON.stringify(one.schedule) === JSON.stringify(other.schedule);
}
