// The judgement on every waiting job and every bucket of jobs, as people and programs read it. Not here: judging (assess.ts).
// Made by core/demand/assess.ts and core/demand/plan.ts; printed by cli/plan.ts, shown by web/.

/** What a waiting job needs; exactly one per job. */
export type VerdictKind = "not-ours" | "unserved" | "will-be-taken" | "coming" | "other-cause" | "needs-agent";

/** Something beside the verdict that an operator should know. */
export interface JobRemark {
  /** Stable, e.g. `agents-disabled`; at most a few dozen, so that it can label a metric. */
  readonly code: string;
  /** A clause for people. */
  readonly text: string;
}

/** A waiting job with its verdict. */
export interface JobVerdict {
  readonly locator: string;
  readonly name: string;
  readonly environment?: string;
  readonly gocdResources: readonly string[];
  readonly verdict: VerdictKind;
  /** The profile that serves its bucket, where one does. */
  readonly profile?: string;
  /** One sentence for people: what is missing, what is coming, which key to change; with the remarks. */
  readonly reason: string;
  /** Stable code of the reason, e.g. `no-profile-resources`; at most a few dozen, so that it can label a metric. */
  readonly reasonCode: string;
  /** What `reason` says beside the verdict's own reason; absent: nothing. */
  readonly remarks?: readonly JobRemark[];
  /** When we first saw it waiting (the feed has no clock of its own). */
  readonly firstSeenMs: number;
}

/** One bucket of jobs (environment, set of GoCD resources) and what is to be done for it. */
export interface BucketDemand {
  /** Stable key of the bucket. */
  readonly key: string;
  readonly environment?: string;
  readonly gocdResources: readonly string[];
  readonly profile?: string;
  /** Jobs in the feed. */
  readonly waiting: number;
  readonly willBeTaken: number;
  readonly coming: number;
  readonly otherCause: number;
  readonly needsAgent: number;
  /** Polls in a row that found `needsAgent > 0`. */
  readonly pollsInARow: number;
  /** How many of `needsAgent` the limits allow now; absent where no limit binds. */
  readonly limitedTo?: number;
  /** How many instances are to be launched as soon as offers allow. */
  readonly wanted: number;
  readonly reason: string;
}
