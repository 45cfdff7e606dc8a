// Remembers waiting jobs between polls. The feed has no timestamps, so ages, gaps and skipped jobs are tracked here.

import type { Backlog } from "./backlog.ts";
import { isFree, staleIdleMs } from "./capacity.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { canTake, capabilityOf } from "./matching.ts";
import type { OtherCause } from "./reason.ts";
import type { PollerSettings } from "../settings.ts";
import type { SeenJob } from "../state.ts";
import { type Departure, takenOf, type Takings } from "./taken_jobs.ts";

/** How long a job counts as waiting for another cause, doubled each time. */
const otherCauseMs: number = staleIdleMs;
const otherCauseMaxMs = 4 * 3_600_000;

/** How often a job must have been skipped before it counts as a zombie. */
const passedOverMin = 2;

/** The bucket key of a job that is not ours; no bucket has this key. */
const noBucket = "";

/** Changes of the feed since the previous poll. */
export interface FeedChange {
  readonly seen: ReadonlyMap<string, SeenJob>;
  /** Buckets from which a job has left to an unknown agent: any matching agent may have built it. */
  readonly movingBuckets: ReadonlySet<string>;
  /** By bucket: the jobs that have left without a build of an agent that explains it. */
  readonly unexplained: ReadonlyMap<string, readonly Departure[]>;
}

/** The jobs of a new poll. */
export interface FeedNews {
  readonly backlog: Backlog;
  /** The backlog of the previous poll. */
  readonly previous: Backlog;
  readonly takings: Takings;
}

/** Updates the memory of waiting jobs for a new poll. */
export function trackJobs(before: ReadonlyMap<string, SeenJob>, news: FeedNews, atMs: number): FeedChange {
  const { backlog, previous, takings } = news;
  const departures = departuresFrom(before, backlog);
  const taken = takenOf(departures, takings, previous);
  const here = new Set(backlog.order);
  const resolved = new Set(
    [...before].filter(([locator, { otherCause }]) => otherCause !== undefined && !here.has(locator))
      .map(([, { bucketKey }]) => bucketKey),
  );
  const bucketOf = new Map(
    backlog.buckets.flatMap(({ key, jobs }) => {
      const lastTaken = Math.max(-1, ...(taken.get(key) ?? []).map((each) => each.order));
      return jobs.map(({ locator }) => [locator, { key, lastTaken }] as const);
    }),
  );
  const seen = new Map<string, SeenJob>();
  for (const [order, locator] of backlog.order.entries()) {
    const old = before.get(locator);
    const firstSeenMs = old?.firstSeenMs ?? atMs;
    const bucket = bucketOf.get(locator);
    // The place of a foreign job counts if it becomes ours: the next poll may show that older jobs have been taken.
    if (bucket === undefined) {
      seen.set(locator, { firstSeenMs, bucketKey: noBucket, order, passedOver: 0, otherCauseCount: 0 });
      continue;
    }
    const isPassed = old !== undefined && old.order < bucket.lastTaken;
    const otherCause = resolved.has(bucket.key) ? undefined : old?.otherCause;
    seen.set(locator, {
      firstSeenMs,
      bucketKey: bucket.key,
      order,
      passedOver: (old?.passedOver ?? 0) + (isPassed ? 1 : 0),
      otherCauseCount: old?.otherCauseCount ?? 0,
      ...(otherCause === undefined ? {} : { otherCause }),
    });
  }
  const moving = [...departures].filter(([, departed]) => departed.some((each) => !takings.locators.has(each.locator)));
  const unexplained = new Map(
    [...departures].flatMap(([key, departed]) => {
      const others = departed.filter((each) => taken.get(key)?.includes(each) !== true);
      return others.length === 0 ? [] : [[key, others] as const];
    }),
  );
  return { seen, movingBuckets: new Set(moving.map(([key]) => key)), unexplained };
}

/** By bucket: the jobs that are no longer in the feed. */
function departuresFrom(
  before: ReadonlyMap<string, SeenJob>,
  backlog: Backlog,
): ReadonlyMap<string, readonly Departure[]> {
  const here = new Set(backlog.order);
  const departures = new Map<string, Departure[]>();
  for (const [locator, { bucketKey, order }] of before) {
    if (here.has(locator) || bucketKey === noBucket) continue;
    const departed = departures.get(bucketKey) ?? [];
    departed.push({ locator, order });
    departures.set(bucketKey, departed);
  }
  return departures;
}

/** Whether newer jobs of its bucket are repeatedly given to agents while it waits. */
export function isZombie(seen: SeenJob, { zombieAfterMs }: PollerSettings, atMs: number): boolean {
  return atMs - seen.firstSeenMs >= zombieAfterMs && seen.passedOver >= passedOverMin;
}

/** Until when a job that now counts as waiting for another cause is not tried again. */
export function otherCauseUntilMs({ otherCauseCount }: SeenJob, atMs: number): number {
  return atMs + Math.min(otherCauseMs * 2 ** otherCauseCount, otherCauseMaxMs);
}

/** Marks a job as waiting for another cause, longer each time; afterwards the evidence for a zombie is reset. */
export function markOtherCause(seen: SeenJob, cause: OtherCause, atMs: number): SeenJob {
  const untilMs = otherCauseUntilMs(seen, atMs);
  return {
    ...seen,
    passedOver: cause.kind === "zombie" ? 0 : seen.passedOver,
    otherCause: {
      sinceMs: atMs,
      untilMs,
      ...(cause.kind === "zombie" ? { passedOver: cause.passedOver } : {}),
    },
    otherCauseCount: seen.otherCauseCount + 1,
  };
}

/** A job that did wait for an agent: the idle one was dead. Kept, because nothing shows that later. */
export function withoutOtherCause({ otherCause: _, ...seen }: SeenJob): SeenJob {
  return { ...seen, otherCauseCount: Math.max(0, seen.otherCauseCount - 1) };
}

/** The input for tracking idle agents. */
export interface IdleMemory {
  readonly before: ReadonlyMap<string, number>;
  readonly agents: readonly GocdAgent[];
  readonly backlog: Backlog;
  /** Empty for a read between polls. */
  readonly movingBuckets: ReadonlySet<string>;
  readonly previousBacklog: Backlog;
}

/**
 * Since when each free GocdAgent has been idle without interruption. If jobs have left a bucket, an agent that matches
 * it may have built in between: its clock is reset.
 */
export function trackIdle(memory: IdleMemory, atMs: number): Map<string, number> {
  const rule = memory.backlog.resourceCase;
  const moving = [...memory.backlog.buckets, ...memory.previousBacklog.buckets]
    .filter((bucket) => memory.movingBuckets.has(bucket.key));
  const idleSinceMs = new Map<string, number>();
  for (const gocdAgent of memory.agents) {
    if (!isFree(gocdAgent)) continue;
    const sinceMs = memory.before.get(gocdAgent.uuid) ?? atMs;
    const capability = capabilityOf(gocdAgent, rule);
    const mayHaveBuilt = moving.some((bucket) => canTake(capability, bucket.requirement));
    idleSinceMs.set(gocdAgent.uuid, mayHaveBuilt ? atMs : sinceMs);
  }
  return idleSinceMs;
}
