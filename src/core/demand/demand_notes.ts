// Reports what has changed in the demand, once.

import type { Draft } from "../draft.ts";
import type { DemandState } from "../state.ts";
import type { BucketDemand } from "./verdict.ts";

/** Buckets that get a line of their own in one poll; the others are summed up. */
const linesMax = 20;

/** One note per bucket whose picture has changed, and one per job that is newly unserved. */
export function noteDemand(draft: Draft, before: DemandState, after: DemandState): void {
  const old = new Map(before.buckets.map((bucket) => [bucket.key, bucket]));
  const changed = after.buckets.filter((bucket) => !isSame(old.get(bucket.key), bucket));
  for (const bucket of changed.slice(0, linesMax)) draft.note({ kind: "demand-changed", bucket });
  if (changed.length > linesMax) draft.note({ kind: "demand-changed-more", kinds: changed.length - linesMax });
  if (after.buckets.length === 0 && before.buckets.length > 0) draft.note({ kind: "demand-none" });
  noteUnserved(draft, after);
}

function noteUnserved(draft: Draft, after: DemandState): void {
  const told = new Set<string>();
  for (const job of after.jobs) {
    if (job.verdict !== "unserved" && job.verdict !== "other-cause") continue;
    const { reason } = job;
    // What an unserved job lacks changes with the configuration, and is then reported again.
    const cause = job.verdict === "unserved" ? JSON.stringify(reason) : reason.kind;
    const key = `${cause} ${job.environment ?? ""} ${job.gocdResources.join(",")}`;
    if (told.has(key) || told.size >= linesMax || reason.kind === "maintenance") continue;
    told.add(key);
    draft.note({ kind: `job-${job.verdict}`, job, onceKey: key });
  }
}

function isSame(a: BucketDemand | undefined, b: BucketDemand): boolean {
  return a !== undefined && a.waiting === b.waiting && a.willBeTaken === b.willBeTaken && a.coming === b.coming &&
    a.otherCause === b.otherCause && a.needsAgent === b.needsAgent && a.wanted === b.wanted &&
    a.limitedTo === b.limitedTo;
}
