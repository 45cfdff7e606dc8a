// KEDA's ScaledJob with a CI scaler: one Kubernetes Job for each job in the queue, by its scaling strategies.

import { countOf, nothing, type Policy, type Seen } from "./policy.ts";

/** The input of a strategy. */
export interface KedaCounts {
  /** `min(maxReplicaCount, queue length / target)`. */
  readonly maxScale: number;
  /** Jobs of Kubernetes that have not ended, pending ones included. */
  readonly running: number;
  readonly pending: number;
  /** `maxReplicaCount`. */
  readonly max: number;
}

/** The strategies of `scalingStrategy.strategy`: how many jobs are created. */
export const kedaStrategies = {
  default: ({ maxScale, running }: KedaCounts): number => maxScale - running,
  accurate: ({ maxScale, running, pending, max }: KedaCounts): number =>
    maxScale + running > max ? max - running : maxScale - pending,
} as const;

const shared = {
  source: "keda.sh/docs, ScaledJob specification: scalingStrategy, pollingInterval = 30",
  leavesOut: "eager and custom strategies, rollouts, backoffLimit; a job whose agent never registers counts forever",
  everyMs: 30_000,
  isSingleUse: true,
} as const;

/** `default`: for scalers that also count running jobs, such as that of GitHub runners. */
export const kedaDefault: Policy = {
  ...shared,
  name: "KEDA ScaledJob, default",
  start: () => (seen) => scaled(seen, "default", (seen.waiting ?? []).length + countOf(seen, "building")),
};

/** `accurate`: for queues that a job leaves when it starts. */
export const kedaAccurate: Policy = {
  ...shared,
  name: "KEDA ScaledJob, accurate",
  start: () => (seen) => scaled(seen, "accurate", (seen.waiting ?? []).length),
};

function scaled(seen: Seen, strategy: "default" | "accurate", queue: number): ReturnType<ReturnType<Policy["start"]>> {
  const { waiting, agents, max } = seen;
  if (waiting === undefined) return nothing;
  const pending = countOf(seen, "booting");
  const counts = { maxScale: Math.min(max, queue), running: agents.length, pending, max };
  return { launch: Math.max(0, kedaStrategies[strategy](counts)), end: [] };
}
