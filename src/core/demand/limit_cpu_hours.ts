// `scaling.cpu-hours-per-day`: nothing is launched once the agents have used this many. Running agents may continue.

import type { LaunchLimit } from "./limit.ts";
import { cpuHoursOf } from "../life/cpu_hours.ts";
import type { State } from "../state.ts";

/** The limit on cpu-hours per day; absent: not configured. */
export function cpuHoursLimit(state: State, atMs: number): LaunchLimit | undefined {
  const budget = cpuHoursOf(state, atMs);
  if (budget === undefined) return undefined;
  const { usedHours, limitHours, timeZone } = budget;
  const used = Math.round(usedHours * 100) / 100;
  return {
    usage: { key: "scaling.cpu-hours-per-day", used, limit: limitHours, unit: "cpu-hours" },
    room: () => usedHours < limitHours ? Infinity : 0,
    take: () => {},
    gate: () => ({ kind: "held-cpu-hours", usedHours, limitHours, timeZone }),
  };
}
