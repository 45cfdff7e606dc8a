// Computes the verdicts on waiting jobs, each with its reason. Launches are decided in plan.ts.

import type { ScheduledJob } from "../gocd_records.ts";
import type { BucketAssessment } from "./assess.ts";
import { isClamp } from "./limit.ts";
import { environmentOf } from "./matching.ts";
import type { Held, LaunchGate, OnItsWay, Reason, Remark, Unserved } from "./reason.ts";
import type { Remarks } from "./remarks.ts";
import { isOfferless } from "../placement/roles.ts";
import { recentMiss } from "./room.ts";
import { shareHeldOf } from "../placement/cpu_share.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";
import type { BucketDemand, JobVerdict } from "./verdict.ts";

/** A bucket with the decision of the plan. */
export interface PlannedBucket {
  readonly row: BucketDemand;
  readonly assessed: BucketAssessment;
  readonly gate: LaunchGate;
  readonly remarks: readonly Remark[];
}

/** One verdict per job, in the order of the feed. */
export function verdicts(
  state: State,
  { rows, remarks }: { readonly rows: readonly PlannedBucket[]; readonly remarks: Remarks },
  atMs: number,
): JobVerdict[] {
  const judged: JobVerdict[] = state.demand.backlog.foreign.map(({ job, reason }) => ({
    ...describeJob(job),
    verdict: "not-ours",
    reason,
    firstSeenMs: state.demand.seen.get(job.locator)?.firstSeenMs ?? atMs,
  }));
  for (const { assessed, gate, row, remarks: ofBucket } of rows) {
    let taken = assessed.willBeTaken;
    let coming = assessed.coming;
    const { wanted } = row;
    const profileOfRow = chosenOf(assessed);
    const held = restOf(state, { assessed, gate, wanted }, atMs);
    // Agents that a limit allows are launched as usual: the oldest jobs wait for offers, and only the others for the
    // limit.
    let left = isClamp(gate) ? wanted : 0;
    const due = restOf(state, { assessed, gate: { kind: "go" }, wanted }, atMs);
    for (const job of assessed.bucket.jobs) {
      const firstSeenMs = state.demand.seen.get(job.locator)?.firstSeenMs ?? atMs;
      const cause = assessed.otherCauses.get(job.locator);
      const base = { ...describeJob(job), ...groupOf(assessed.bucket), ...profileOfRow, firstSeenMs };
      if (cause !== undefined) {
        const own = { verdict: "other-cause", reason: cause } as const;
        judged.push(withRemarks({ ...base, ...own }, [], remarks.ofJob(job.locator)));
      } else if (taken > 0) {
        taken--;
        judged.push({ ...base, verdict: "will-be-taken", reason: { kind: "idle-agent", names: assessed.idleNames } });
      } else if (coming > 0) {
        coming--;
        judged.push({ ...base, verdict: "coming", reason: { kind: "agent-coming", names: assessed.comingNames } });
      } else {
        const rest = left > 0 ? due : held;
        left--;
        judged.push(withRemarks({ ...base, ...rest }, ofBucket, remarks.ofJob(job.locator)));
      }
    }
  }
  const byLocator = new Map(judged.map((verdict) => [verdict.locator, verdict]));
  return state.demand.backlog.order.map((locator) => byLocator.get(locator)).filter((each) => each !== undefined);
}

/** The profile that serves a bucket, and why if there are several. */
function chosenOf({ choice }: BucketAssessment): Pick<JobVerdict, "profile" | "chosenBy"> {
  if (choice.kind !== "serves") return {};
  const { profile: { name }, by } = choice;
  return by === undefined ? { profile: name } : { profile: name, chosenBy: by };
}

function withRemarks(job: JobVerdict, ofBucket: readonly Remark[], ofJob: Remark | undefined): JobVerdict {
  if (ofBucket.length === 0 && ofJob === undefined) return job;
  return { ...job, remarks: [...ofBucket, ...(ofJob === undefined ? [] : [ofJob])] };
}

function describeJob(
  { locator, name, environment, gocdResources }: ScheduledJob,
): Pick<JobVerdict, "locator" | "name" | "environment" | "gocdResources"> {
  return { locator, name, ...environmentOf({ environment }), gocdResources };
}

/** The verdict on the jobs of a bucket without capacity. */
function restOf(
  state: State,
  { assessed, gate, wanted }: {
    readonly assessed: BucketAssessment;
    readonly gate: LaunchGate;
    readonly wanted: number;
  },
  atMs: number,
): { readonly verdict: "unserved" | "needs-agent"; readonly reason: Reason } {
  const { choice } = assessed;
  if (choice.kind !== "serves") return { verdict: "unserved", reason: unservedReason(assessed) };
  if (gate.kind !== "go") return { verdict: "needs-agent", reason: gate };
  if (wanted === 0) return { verdict: "needs-agent", reason: { kind: "enabling-again" } };
  return { verdict: "needs-agent", reason: offerReason(state, choice.profile, atMs) };
}

function unservedReason({ bucket, choice }: BucketAssessment): Unserved {
  if (choice.kind !== "lacks") return { kind: "no-profile" };
  const { missingResources, lacksEnvironment } = choice.match;
  const nearest = choice.profile.name;
  const pipelineGroup = bucket.pipelineGroup ?? "";
  const group = choice.match.lacksGroup === true ? { pipelineGroup } : {};
  if (missingResources.length === 0 && !lacksEnvironment) return { kind: "no-profile-group", nearest, pipelineGroup };
  if (missingResources.length === 0) return { kind: "no-profile-environment", nearest, ...group };
  const missing = missingResources.map((folded) =>
    bucket.gocdResources.find((name) => name.toLowerCase() === folded.toLowerCase()) ?? folded
  );
  const { isElsewhere } = choice;
  return { kind: "no-profile-resources", nearest, missing, lacksEnvironment, isElsewhere, ...group };
}

function offerReason(state: State, profile: AgentProfile, atMs: number): OnItsWay | Held {
  const { session } = state;
  if (session.kind !== "subscribed") {
    const { reason, hint } = session;
    return {
      kind: "held-no-session",
      ...(reason === undefined ? {} : { why: reason }),
      ...(hint === undefined ? {} : { hint }),
    };
  }
  const share = shareHeldOf(state, profile.name, atMs);
  if (share !== undefined) {
    const { usedMilli, clusterMilli } = share;
    const { maxCpuShare = 1 } = state.settings.scaling;
    return { kind: "held-share", share: maxCpuShare, usedCpus: usedMilli / 1000, clusterCpus: clusterMilli / 1000 };
  }
  const miss = recentMiss(state, profile.name, atMs);
  if (miss !== undefined) return { kind: "no-fitting-offer", miss: miss.miss };
  return isOfferless(state, profile.role, atMs) ? { kind: "no-offer", role: profile.role } : { kind: "launching" };
}

/** The pipeline group, if groups are used. */
export function groupOf({ pipelineGroup }: { readonly pipelineGroup?: string }): { readonly pipelineGroup?: string } {
  return pipelineGroup === undefined ? {} : { pipelineGroup };
}
