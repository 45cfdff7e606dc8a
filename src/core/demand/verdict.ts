// The verdicts on waiting jobs and buckets, as people and programs read them.

import type { ChosenBy } from "./profile_choice.ts";
import type { LaunchGate, Reason, Remark } from "./reason.ts";

/** What a waiting job needs; exactly one per job. */
export type VerdictKind = "not-ours" | "unserved" | "will-be-taken" | "coming" | "other-cause" | "needs-agent";

/** A waiting job with its verdict. */
export interface JobVerdict {
  readonly locator: string;
  readonly name: string;
  readonly environment?: string;
  readonly gocdResources: readonly string[];
  /** Its pipeline's group, `""` if it is not known; absent: groups do not matter. */
  readonly pipelineGroup?: string;
  readonly verdict: VerdictKind;
  /** The profile that serves its bucket, where one does. */
  readonly profile?: string;
  /** Why it is this profile; absent: no other one serves. */
  readonly chosenBy?: ChosenBy;
  readonly reason: Reason;
  /** What else is to be known of it; absent: nothing. */
  readonly remarks?: readonly Remark[];
  /** When we first saw it waiting (the feed has no clock of its own). */
  readonly firstSeenMs: number;
}

/** How many jobs have which verdict. */
export interface DemandTotals {
  /** Jobs in the feed. */
  readonly waiting: number;
  readonly willBeTaken: number;
  readonly coming: number;
  readonly otherCause: number;
  readonly needsAgent: number;
  /** Jobs that no profile serves. */
  readonly unserved: number;
  /** How many instances are to be launched as soon as offers allow. */
  readonly wanted: number;
}

/** One bucket of jobs (environment, set of GoCD resources) and what is to be done for it. */
export interface BucketDemand extends DemandTotals {
  /** Stable key of the bucket. */
  readonly key: string;
  readonly environment?: string;
  /** See {@linkcode JobVerdict.pipelineGroup}. */
  readonly pipelineGroup?: string;
  readonly gocdResources: readonly string[];
  readonly profile?: string;
  /** Polls in a row that found `needsAgent > 0`. */
  readonly pollsInARow: number;
  /** How many of `needsAgent` the limits allow now; absent where no limit binds. */
  readonly limitedTo?: number;
  /** What holds back those that are not launched. */
  readonly gate: LaunchGate;
  readonly remarks: readonly Remark[];
}
