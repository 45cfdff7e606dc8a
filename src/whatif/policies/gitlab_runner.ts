// GitLab Runner with its instance autoscaler (fleeting, taskscaler): capacity is reserved for each job, idle instances
// are kept as the policy specifies and removed after idle_time.

import { countOf, idleFor, nothing, type Policy, type Seen } from "./policy.ts";

/** As in the examples of the documentation, without idle instances: `idle_count = 0`, `idle_time = "20m0s"`. */
const idleCount = 0;
const idleMs = 20 * 60_000;

/** The policy. */
export const gitlabRunner: Policy = {
  name: "GitLab Runner autoscaler",
  source: "docs.gitlab.com/runner/configuration/advanced-configuration, [runners.autoscaler.policy]",
  leavesOut:
    "periods, scale_factor, preemptive_mode; capacity_per_instance = 1, no max_use_count; jobs asked for every 3 s",
  everyMs: 3_000,
  isSingleUse: false,
  start: () => (seen) => {
    if (seen.waiting === undefined) return nothing;
    const idle = idleFor(seen, idleMs);
    const surplus = Math.max(0, countOf(seen, "idle") - seen.waiting.length - idleCount);
    const end = idle.slice(0, surplus);
    const launch = Math.max(0, requiredInstances(seen, idleCount) - (seen.agents.length - end.length));
    return { launch, end };
  },
};

/** Used or reserved instances plus idle ones; at most max_instances. */
export function requiredInstances(seen: Seen, idle: number): number {
  const inUse = countOf(seen, "building") + (seen.waiting ?? []).length;
  return Math.min(seen.max, inUse + idle);
}
