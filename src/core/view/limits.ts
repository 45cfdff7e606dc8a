// The usage of the limits of `scaling` other than max-agents, for people. They are applied in demand/ and placement/.

import { launchLimits, type LimitUsage } from "../demand/limit.ts";
import { clusterOf } from "../placement/cpu_share.ts";
import type { State } from "../state.ts";

/** The configured limits with their usage. */
export function usedLimits(state: State, atMs: number): readonly LimitUsage[] {
  return [...launchLimits(state, atMs).map(({ usage }) => usage), ...shareUsage(state)];
}

function shareUsage(state: State): readonly LimitUsage[] {
  const { maxCpuShare } = state.settings.scaling;
  if (maxCpuShare === undefined) return [];
  const { usedMilli, clusterMilli } = clusterOf(state);
  const limit = Math.floor(maxCpuShare * clusterMilli) / 1_000;
  return [{ key: "scaling.max-cpu-share", used: usedMilli / 1_000, limit, unit: "cpus" }];
}
