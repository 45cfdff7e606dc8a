// Which idle agents are kept, and by which schedule, in words.

import type { IdlePool } from "../demand/kept_idle.ts";
import type { Schedule } from "../settings.ts";
import { formatDuration } from "./phrases.ts";

/** A schedule by its times: `from 0 7 * * mon-fri to 0 19 * * mon-fri (Europe/Berlin)`. */
export function scheduleText({ from, to, timeZone }: Schedule): string {
  return `from ${from} to ${to} (${timeZone})`;
}

/** Follows the settings of a schedule; empty if there is none. */
export function bySchedule(schedule: Schedule | undefined): string {
  return schedule === undefined ? "" : ` by the schedule ${scheduleText(schedule)}`;
}

/** The settings of a schedule, as keys of the configuration. */
export function scheduleValues({ minIdle, minIdleOf, headroom, idleTimeoutMs }: Schedule): string {
  const floors = minIdleOf === undefined
    ? minIdle
    : `{ ${Object.entries(minIdleOf).map(([name, count]) => `${name === "" ? "none" : name} = ${count}`).join(", ")} }`;
  return [
    ...(floors === undefined ? [] : [`min-idle = ${floors}`]),
    ...(headroom === undefined
      ? []
      : [`headroom = ${headroom.kind === "count" ? headroom.agents : `${headroom.percent}%`}`]),
    ...(idleTimeoutMs === undefined ? [] : [`idle-timeout = ${formatDuration(idleTimeoutMs)}`]),
  ].join(", ");
}

/** Idle agents that are kept, as a clause. */
export function keptText({ count, environment, why }: IdlePool): string {
  const where = environment === undefined ? "" : ` in environment ${environment}`;
  const what = why.kind === "min-idle" ? "min-idle" : `headroom beside ${why.busy} busy`;
  return `${count} idle${where} (${what}${bySchedule(why.schedule)})`;
}
