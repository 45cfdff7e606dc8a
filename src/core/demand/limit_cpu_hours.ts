// `scaling.cpu-hours-per-day`: nothing is launched once the agents have used this many. Running agents may continue.

import type { LaunchLimit } from "./limit.ts";
import { cpuHoursOf } from "../life/cpu_hours.ts";
import type { State } from "../state.ts";

/** The limit on cpu-hours per day; absent: not configured, or not reached. */
export function cpuHoursLimit(state: State, atMs: number): LaunchLimit | undefined {
  const budget = cpuHoursOf(state, atMs);
  if (budget === undefined || budget.usedHours < budget.limitHours) return undefined;
  return {
    room: () => 0,
    take: () => {},
    gate: () => {
      const { usedHours, limitHours, timeZone } = budget;
      return { kind: "held-cpu-hours", usedHours, limitHours, timeZone };
    },
  };
}
