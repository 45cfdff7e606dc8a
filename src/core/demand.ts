// What we remember of waiting jobs from poll to poll. Not here: the verdicts (assess.ts), the launches (plan.ts).
// The feed has no clock, so ages, breaks and being passed over are our own memory. Called by core/polled.ts.

import type { Backlog } from "./backlog.ts";
import { isFree } from "./capacity.ts";
import type { GocdAgent } from "./gocd_records.ts";
import { canTake, capabilityOf } from "./matching.ts";
import type { SeenJob } from "./state.ts";

/** A job judged to wait for another cause stays so for this long, doubled each time. */
export const otherCauseMs = 30 * 60_000;
const otherCauseMaxMs = 4 * 3_600_000;

/** How often a job must have been passed over before it counts as a zombie. */
export const passedOverMin = 2;

/** Stands for the bucket of a job that is not ours; no bucket has this key. */
const noBucket = "";

/** What has changed in the feed since the poll before. */
export interface FeedChange {
  readonly seen: ReadonlyMap<string, SeenJob>;
  /** Buckets out of which a job has left: somebody takes their jobs. */
  readonly movingBuckets: ReadonlySet<string>;
}

/** Carries the memory of waiting jobs over to a new poll. */
export function followJobs(before: ReadonlyMap<string, SeenJob>, backlog: Backlog, atMs: number): FeedChange {
  const here = new Set<string>();
  for (const locator of backlog.order) here.add(locator);
  const lastLeft = new Map<string, number>();
  const resolved = new Set<string>();
  for (const [locator, seen] of before) {
    if (here.has(locator)) continue;
    lastLeft.set(seen.bucketKey, Math.max(lastLeft.get(seen.bucketKey) ?? -1, seen.order));
    if (seen.otherCause !== undefined) resolved.add(seen.bucketKey);
  }
  const order = new Map(backlog.order.map((locator, index) => [locator, index]));
  const seen = new Map<string, SeenJob>();
  for (const bucket of backlog.buckets) {
    for (const { locator } of bucket.jobs) {
      const old = before.get(locator);
      const isPassed = old !== undefined && old.order < (lastLeft.get(bucket.key) ?? -1);
      const otherCause = resolved.has(bucket.key) ? undefined : old?.otherCause;
      seen.set(locator, {
        firstSeenMs: old?.firstSeenMs ?? atMs,
        bucketKey: bucket.key,
        order: order.get(locator) ?? 0,
        passedOver: (old?.passedOver ?? 0) + (isPassed ? 1 : 0),
        otherCauseCount: old?.otherCauseCount ?? 0,
        ...(otherCause === undefined ? {} : { otherCause }),
      });
    }
  }
  for (const { job: { locator } } of backlog.foreign) {
    const firstSeenMs = before.get(locator)?.firstSeenMs ?? atMs;
    seen.set(locator, { firstSeenMs, bucketKey: noBucket, order: 0, passedOver: 0, otherCauseCount: 0 });
  }
  lastLeft.delete(noBucket);
  return { seen, movingBuckets: new Set(lastLeft.keys()) };
}

/** Marks a job as waiting for another cause, for longer each time. */
export function markOtherCause(seen: SeenJob, atMs: number): SeenJob {
  const pauseMs = Math.min(otherCauseMs * 2 ** Math.min(seen.otherCauseCount, 10), otherCauseMaxMs);
  return {
    ...seen,
    otherCause: { sinceMs: atMs, untilMs: atMs + pauseMs },
    otherCauseCount: seen.otherCauseCount + 1,
  };
}

/** What idleness is remembered from. */
export interface IdleMemory {
  readonly before: ReadonlyMap<string, number>;
  readonly agents: readonly GocdAgent[];
  readonly backlog: Backlog;
  /** Empty for a read between polls. */
  readonly movingBuckets: ReadonlySet<string>;
  readonly previousBacklog: Backlog;
}

/**
 * Since when each free GocdAgent has been idle without a break. An agent that could take jobs of a bucket out of which
 * jobs have left may have built in between: its clock starts again.
 */
export function followIdle(memory: IdleMemory, atMs: number): Map<string, number> {
  const rule = memory.backlog.resourceCase;
  const moving = [...memory.backlog.buckets, ...memory.previousBacklog.buckets]
    .filter((bucket) => memory.movingBuckets.has(bucket.key));
  const idleSinceMs = new Map<string, number>();
  for (const gocdAgent of memory.agents) {
    if (!isFree(gocdAgent)) continue;
    const since = memory.before.get(gocdAgent.uuid);
    const capability = since === undefined || moving.length === 0 ? undefined : capabilityOf(gocdAgent, rule);
    const mayHaveBuilt = capability !== undefined &&
      moving.some((bucket) => canTake(capability, bucket.requirement));
    idleSinceMs.set(gocdAgent.uuid, since === undefined || mayHaveBuilt ? atMs : since);
  }
  return idleSinceMs;
}
