// Reports each change of the demand once.

import type { Draft } from "../draft.ts";
import type { DemandState } from "../state.ts";
import type { LaunchGate } from "./reason.ts";
import { type BucketDemand, type DemandTotals, verdictTraits } from "./verdict.ts";

/** Maximum number of kinds of jobs with a separate note in one poll. */
const linesMax = 20;

/** Maximum number of gates named in the summary. */
const gatesMax = 3;

/**
 * One summary note if the sums have changed, and one note for each kind of jobs that has changed or is newly unserved.
 */
export function noteDemand(draft: Draft, before: DemandState, after: DemandState): void {
  const old = new Map(before.buckets.map((bucket) => [bucket.key, bucket]));
  const changed = after.buckets.filter((bucket) => !isSame(old.get(bucket.key), bucket));
  const kinds = after.buckets.length;
  const only = kinds === 1 ? after.buckets[0] : undefined;
  const totals = demandTotals(after.buckets);
  if (kinds === 0) {
    if (before.buckets.length > 0) draft.note({ kind: "demand-none" });
  } else if (only === undefined ? !hasSameTotals(demandTotals(before.buckets), totals) : changed.length > 0) {
    const gates = gatesOf(after.buckets);
    draft.note({ kind: "demand-changed", totals, kinds, gates, ...(only === undefined ? {} : { only }) });
  }
  for (const bucket of changed.slice(0, linesMax)) draft.note({ kind: "bucket-changed", bucket });
  noteUnserved(draft, after);
}

function gatesOf(buckets: readonly BucketDemand[]): readonly LaunchGate[] {
  const held = buckets.filter(({ gate }) => gate.kind !== "go");
  return [...new Map(held.map(({ gate }) => [JSON.stringify(gate), gate])).values()].slice(0, gatesMax);
}

function demandTotals(buckets: readonly DemandTotals[]): DemandTotals {
  const sum = (name: keyof DemandTotals): number => buckets.reduce((total, bucket) => total + bucket[name], 0);
  return {
    waiting: sum("waiting"),
    willBeTaken: sum("willBeTaken"),
    coming: sum("coming"),
    otherCause: sum("otherCause"),
    needsAgent: sum("needsAgent"),
    unserved: sum("unserved"),
    wanted: sum("wanted"),
  };
}

function noteUnserved(draft: Draft, after: DemandState): void {
  const told = new Set<string>();
  for (const job of after.jobs) {
    const { note } = verdictTraits[job.verdict];
    if (note === undefined) continue;
    const { reason } = job;
    // What an unserved job lacks may change with the configuration, and is then reported again.
    const cause = job.verdict === "unserved" ? JSON.stringify(reason) : reason.kind;
    const key = `${cause} ${job.environment ?? ""} ${job.gocdResources.join(",")}`;
    if (told.has(key) || told.size >= linesMax || reason.kind === "maintenance") continue;
    told.add(key);
    draft.note({ kind: note, job, onceKey: key });
  }
}

function isSame(a: BucketDemand | undefined, b: BucketDemand): boolean {
  return a !== undefined && hasSameTotals(a, b) && a.limitedTo === b.limitedTo;
}

function hasSameTotals(a: DemandTotals, b: DemandTotals): boolean {
  return JSON.stringify(demandTotals([a])) === JSON.stringify(demandTotals([b]));
}
