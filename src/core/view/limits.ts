// The usage of the limits of `scaling` other than max-agents, for people. They are applied in demand/ and placement/.

import { cpuHoursOf } from "../life/cpu_hours.ts";
import { launchedInMinute } from "../demand/limit_pace.ts";
import { clusterOf } from "../placement/cpu_share.ts";
import type { State } from "../state.ts";
import type { UsedLimitView } from "./view.ts";

/** The configured limits with their usage. */
export function usedLimits(state: State, atMs: number): readonly UsedLimitView[] {
  const { launchesPerMinute, maxCpuShare } = state.settings.scaling;
  const limits: UsedLimitView[] = [];
  if (launchesPerMinute !== undefined) {
    const used = launchedInMinute(state, atMs);
    limits.push({ key: "scaling.launches-per-minute", used, limit: launchesPerMinute, unit: "launches" });
  }
  if (maxCpuShare !== undefined) {
    const { usedMilli, clusterMilli } = clusterOf(state);
    const limit = Math.floor(maxCpuShare * clusterMilli) / 1_000;
    limits.push({ key: "scaling.max-cpu-share", used: usedMilli / 1_000, limit, unit: "cpus" });
  }
  const hours = cpuHoursOf(state, atMs);
  if (hours !== undefined) {
    const used = Math.round(hours.usedHours * 100) / 100;
    limits.push({ key: "scaling.cpu-hours-per-day", used, limit: hours.limitHours, unit: "cpu-hours" });
  }
  return limits;
}
