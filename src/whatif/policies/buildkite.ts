// buildkite-agent-scaler as the Elastic CI Stack runs it: the size is scheduled plus running jobs; agents exit when
// they have been idle.

import { countOf, idleFor, nothing, type Policy, type Seen, unregisteredFor } from "./policy.ts";

/** `ScaleInIdlePeriod` of the Elastic CI Stack, passed to agents as disconnect-after-idle-timeout. */
const idleMs = 600_000;
/** Instances without an agent are detected after an hour. */
const danglingMs = 3_600_000;

/** The policy. */
export const buildkiteAgentScaler: Policy = {
  name: "buildkite-agent-scaler",
  source: "github.com/buildkite/buildkite-agent-scaler, README.md; github.com/buildkite/elastic-ci-stack-for-aws",
  leavesOut: "availability threshold, cooldowns, factors, buffer (none by default); one agent on an instance",
  everyMs: 10_000,
  isSingleUse: false,
  start: () => (seen) => {
    const end = [...idleFor(seen, idleMs), ...unregisteredFor(seen, danglingMs)];
    if (seen.waiting === undefined) return { ...nothing, end };
    return { launch: Math.max(0, desiredCount(seen) - (seen.agents.length - end.length)), end };
  },
};

/** Scheduled and running jobs, divided by the agents of an instance. */
export function desiredCount(seen: Seen, agentsPerInstance = 1): number {
  const jobs = (seen.waiting ?? []).length + countOf(seen, "building");
  return Math.min(seen.max, Math.ceil(jobs / agentsPerInstance));
}
