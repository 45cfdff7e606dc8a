// actions-runner-controller with runner scale sets: as many runners as assigned jobs, plus minRunners; each ends with
// its job.

import { countOf, nothing, type Policy } from "./policy.ts";

/** The policy. */
export const actionsRunnerController: Policy = {
  name: "actions-runner-controller",
  source: "github.com/actions/actions-runner-controller, docs/adrs/2023-11-02-min-runners-semantics.md, scaler.go",
  leavesOut: "the back-off of failed runners; a runner that never registers counts forever",
  // Messages arrive by long polling: assignments are known within seconds.
  everyMs: 2_000,
  isSingleUse: true,
  start: () => (seen) => {
    const { waiting, agents, max } = seen;
    if (waiting === undefined) return nothing;
    const target = targetRunners({ min: 0, max, assigned: waiting.length + countOf(seen, "building") });
    return { launch: Math.max(0, target - agents.length), end: [] };
  },
};

/** `min(minRunners + assigned, maxRunners)`. */
export function targetRunners(
  { min, max, assigned }: { readonly min: number; readonly max: number; readonly assigned: number },
): number {
  return Math.min(min + assigned, max);
}
