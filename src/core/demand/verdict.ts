// The verdicts on waiting jobs and buckets, for people and programs.

import type { ChosenBy } from "./profile_choice.ts";
import type { LaunchGate, Reason, Remark } from "./reason.ts";

/** The verdict on a waiting job; exactly one per job. */
export type VerdictKind = "not-ours" | "unserved" | "will-be-taken" | "coming" | "other-cause" | "needs-agent";

/** A waiting job with its verdict. */
export interface JobVerdict {
  readonly locator: string;
  readonly name: string;
  readonly environment?: string;
  readonly gocdResources: readonly string[];
  /** Its pipeline's group, `""` if unknown; absent: groups are not used. */
  readonly pipelineGroup?: string;
  readonly verdict: VerdictKind;
  /** The profile that serves its bucket, if any. */
  readonly profile?: string;
  /** Why this profile was selected; absent: no other one serves the bucket. */
  readonly chosenBy?: ChosenBy;
  readonly reason: Reason;
  /** Additional remarks; absent: none. */
  readonly remarks?: readonly Remark[];
  /** When we first saw it waiting (the feed has no timestamps). */
  readonly firstSeenMs: number;
}

/** What follows from a verdict, apart from its words (words/verdicts.ts). */
export interface VerdictTraits {
  /** The note that says why each kind of such jobs waits; absent: those of the demand do. */
  readonly note?: "job-unserved" | "job-other-cause";
  /** Agents of the profile that serves the job are launched, or would be if nothing held them back. */
  readonly needsProfile: boolean;
  /** A long wait is reported; not of jobs of others, and of those that are reported from the start. */
  readonly reportsLongWait: boolean;
}

/** By verdict. */
export const verdictTraits: Readonly<Record<VerdictKind, VerdictTraits>> = {
  "needs-agent": { needsProfile: true, reportsLongWait: true },
  "coming": { needsProfile: true, reportsLongWait: true },
  "will-be-taken": { needsProfile: false, reportsLongWait: true },
  "other-cause": { note: "job-other-cause", needsProfile: false, reportsLongWait: true },
  "unserved": { note: "job-unserved", needsProfile: false, reportsLongWait: false },
  "not-ours": { needsProfile: false, reportsLongWait: false },
};

/** The total that a job of ours is counted in, by its verdict. */
export const totalOfVerdict = {
  "needs-agent": "needsAgent",
  "coming": "coming",
  "will-be-taken": "willBeTaken",
  "other-cause": "otherCause",
  "unserved": "unserved",
} as const satisfies Readonly<Record<Exclude<VerdictKind, "not-ours">, keyof DemandTotals>>;

/** The totals of jobs with one verdict. */
export type VerdictTotal = typeof totalOfVerdict[keyof typeof totalOfVerdict];

/** Number of jobs by verdict. */
export interface DemandTotals {
  /** Jobs in the feed. */
  readonly waiting: number;
  readonly willBeTaken: number;
  readonly coming: number;
  readonly otherCause: number;
  readonly needsAgent: number;
  /** Jobs that no profile serves. */
  readonly unserved: number;
  /** How many instances will be launched as soon as offers allow. */
  readonly wanted: number;
}

/** One bucket of jobs (environment, set of GoCD resources) and what is done for it. */
export interface BucketDemand extends DemandTotals {
  /** Stable key of the bucket. */
  readonly key: string;
  readonly environment?: string;
  /** See {@linkcode JobVerdict.pipelineGroup}. */
  readonly pipelineGroup?: string;
  readonly gocdResources: readonly string[];
  readonly profile?: string;
  /** Consecutive polls with `needsAgent > 0`. */
  readonly pollsInARow: number;
  /** How many of `needsAgent` the limits allow now; absent if no limit is reached. */
  readonly limitedTo?: number;
  /** What holds back the others. */
  readonly gate: LaunchGate;
  readonly remarks: readonly Remark[];
}
