// What is launched now, and the verdicts that say so. Not here: on which host (placement/placement.ts).

import { assess, type Assessment, type BucketAssessment } from "./assess.ts";
import { markOtherCause } from "./demand.ts";
import { globalGate, type HeldBack, type LaunchBudget, launchBudget, profileGate } from "./gates.ts";
import { agentForHungBuilds } from "./hung_build.ts";
import { launchRegistration } from "./launch_registration.ts";
import { canTake, capabilityFor } from "./matching.ts";
import { minIdleAgents } from "./min_idle.ts";
import { type Remarks, remarksOf } from "./remarks.ts";
import { hasResources } from "./profile_choice.ts";
import { isOfferless } from "../placement/roles.ts";
import { isRoomless, spareLeaving } from "./room.ts";
import type { AgentProfile } from "../settings.ts";
import type { DemandState, State, WantedAgents } from "../state.ts";
import type { Held, LaunchGate, OnItsWay, Reason, Remark, Unserved } from "./reason.ts";
import type { BucketDemand, JobVerdict } from "./verdict.ts";

/** The plan of the moment. */
export interface Plan {
  readonly demand: DemandState;
  /** Draining instances that new demand can use: enable them again. */
  readonly reuse: readonly string[];
  readonly assessment: Assessment;
  /** Agents that limits alone hold back, oldest job's bucket first. */
  readonly held: readonly HeldBack[];
}

/** Recomputes the plan. `occasion` "poll" counts this as one poll for the streaks; "replan" leaves them alone. */
export function makePlan(state: State, atMs: number, occasion: "poll" | "replan"): Plan {
  const assessment = assess(state, atMs);
  const gate = globalGate(state, atMs);
  const budget = launchBudget(state, atMs);
  const remarks = remarksOf(state, assessment);
  const streaks = new Map(occasion === "poll" ? [] : state.demand.streaks);
  const seen = new Map(state.demand.seen);
  const reuse: string[] = [];
  const rows: Row[] = [];
  const wanted: WantedAgents[] = [];
  const held: HeldBack[] = [];
  for (const assessed of inTurn(state, assessment.buckets, atMs)) {
    const { bucket } = assessed;
    // Between polls the list of jobs is old: what it shows as waiting may be taken by now.
    for (const locator of occasion === "poll" ? assessed.newlyPassed : []) {
      const memory = seen.get(locator);
      const cause = assessed.otherCauses.get(locator);
      if (memory !== undefined && cause !== undefined) seen.set(locator, markOtherCause(memory, cause, atMs));
    }
    const needs = assessed.choice.kind === "serves" ? assessed.rest : 0;
    const polls = needs === 0 ? 0 : (state.demand.streaks.get(bucket.key) ?? 0) + (occasion === "poll" ? 1 : 0);
    if (polls > 0) streaks.set(bucket.key, polls);
    // Frozen, nothing is launched, but what is there is used.
    const mayReuse = gate.kind === "go" || gate.kind === "held-frozen";
    const again = mayReuse ? reusable(state, { assessed, needs, taken: reuse, held }) : [];
    reuse.push(...again);
    const all = assessment.buckets;
    const decision = decide(state, { assessed, all, needs: needs - again.length, polls, gate, budget }, atMs);
    if (decision.entry !== undefined) wanted.push(decision.entry);
    if (decision.held !== undefined) held.push(decision.held);
    const bucketRemarks = remarks.ofBucket(assessed);
    rows.push({
      row: bucketRow(assessed, { ...decision, needs, polls, remarks: bucketRemarks }),
      assessed,
      gate: decision.gate,
      remarks: bucketRemarks,
    });
  }
  if (gate.kind === "go") {
    wanted.push(...minIdleAgents(state, { budget, reserved: pausedProfiles(rows).size }, atMs));
    wanted.push(...agentForHungBuilds(state, { budget, isAnyWanted: wanted.length > 0 }, atMs));
  }
  const jobs = verdicts(state, { rows, remarks }, atMs);
  return {
    assessment,
    reuse,
    held,
    demand: {
      ...state.demand,
      madeMs: atMs,
      isStale: false,
      streaks,
      seen,
      jobs,
      buckets: rows.map(({ row }) => row),
      wanted,
    },
  };
}

/** Those that would launch, and wait for the end of a pause. */
function pausedProfiles(rows: readonly Row[]): ReadonlySet<string | undefined> {
  return new Set(
    rows.flatMap(({ row, gate: { kind } }) =>
      (kind === "held-breaker" || kind === "held-probe") && row.wanted === 0 ? [row.profile] : []
    ),
  );
}

/**
 * Those with the oldest job first; but one that no offer fits comes last, or what it may launch and cannot, by the limits
 * and the rate of a slow server, would be denied to the others for as long.
 */
function inTurn(state: State, buckets: readonly BucketAssessment[], atMs: number): readonly BucketAssessment[] {
  const isStuck = ({ choice }: BucketAssessment): boolean =>
    choice.kind === "serves" && isRoomless(state, choice.profile, atMs);
  const stuck = buckets.filter(isStuck);
  return stuck.length === 0 ? buckets : [...buckets.filter((each) => !stuck.includes(each)), ...stuck];
}

interface Row {
  readonly row: BucketDemand;
  readonly assessed: BucketAssessment;
  readonly gate: LaunchGate;
  readonly remarks: readonly Remark[];
}

interface Question {
  readonly assessed: BucketAssessment;
  readonly all: readonly BucketAssessment[];
  readonly needs: number;
  readonly polls: number;
  readonly gate: LaunchGate;
  readonly budget: LaunchBudget;
}

interface Decision {
  readonly gate: LaunchGate;
  readonly wanted: number;
  readonly entry?: WantedAgents;
  readonly held?: HeldBack;
}

/** How many of a bucket's missing agents may be launched now, and what holds the others back. */
function decide(
  state: State,
  { assessed, all, needs, polls, gate, budget }: Question,
  atMs: number,
): Decision {
  if (assessed.choice.kind !== "serves" || needs <= 0) return { gate: { kind: "go" }, wanted: 0 };
  const { profile } = assessed.choice;
  const { bucket } = assessed;
  if (gate.kind !== "go") return { gate, wanted: 0 };
  const attempts = state.settings.poller.attempts;
  if (polls <= attempts) return { gate: { kind: "held-attempts", polls, attempts }, wanted: 0 };
  const registration = launchRegistration(profile, assessed, { all, rule: state.demand.backlog.resourceCase });
  const clamp = profileGate(state, { profile, needs, budget, registration }, atMs);
  const count = Math.min(needs, clamp.allowed);
  const held = clamp.held === undefined ? {} : { held: clamp.held };
  if (count <= 0) return { gate: clamp.gate, wanted: 0, ...held };
  budget.take(profile.name, count);
  return {
    gate: clamp.gate,
    wanted: count,
    ...held,
    entry: {
      bucketKey: bucket.key,
      profile: profile.name,
      ...registration,
      count,
      reason: {
        kind: "jobs",
        jobs: bucket.jobs.length,
        gocdResources: bucket.gocdResources,
        ...environmentOf(bucket),
        polls,
        coming: assessed.coming,
      },
    },
  };
}

function environmentOf({ environment }: { readonly environment?: string }): { readonly environment?: string } {
  return environment === undefined ? {} : { environment };
}

interface ReuseQuestion {
  readonly assessed: BucketAssessment;
  readonly needs: number;
  /** For older jobs. */
  readonly taken: readonly string[];
  /** Older jobs that wait for the places of such instances. */
  readonly held: readonly HeldBack[];
}

/** Draining instances, not building, that could take this bucket's jobs after all. */
function reusable(state: State, { assessed, needs, taken, held }: ReuseQuestion): string[] {
  const found: string[] = [];
  for (const instance of state.instances.values()) {
    if (found.length >= needs) break;
    if (held.length > 0 && spareLeaving(state, held, instance.profile) <= taken.length + found.length) continue;
    if (instance.state !== "draining" || instance.retire !== undefined || taken.includes(instance.taskId)) continue;
    // Lost to the server, disabled by somebody, registered amiss: enabled again it would take nothing.
    if (instance.reason === "surplus") continue;
    if (instance.step.kind !== "confirming" && instance.step.kind !== "disabling") continue;
    const capability = capabilityFor(instance, state.demand.backlog.resourceCase);
    if (canTake(capability, assessed.bucket.requirement)) found.push(instance.taskId);
  }
  return found;
}

function bucketRow(
  assessed: BucketAssessment,
  decision: {
    readonly needs: number;
    readonly polls: number;
    readonly gate: LaunchGate;
    readonly wanted: number;
    readonly remarks: readonly Remark[];
  },
): BucketDemand {
  const { bucket, choice } = assessed;
  const { kind } = decision.gate;
  const isLimited = kind === "held-limit" || kind === "held-rate" || kind === "held-probe";
  return {
    key: bucket.key,
    ...environmentOf(bucket),
    gocdResources: bucket.gocdResources,
    ...(choice.kind === "serves" ? { profile: choice.profile.name } : {}),
    waiting: bucket.jobs.length,
    willBeTaken: assessed.willBeTaken,
    coming: assessed.coming,
    otherCause: assessed.otherCauses.size,
    needsAgent: decision.needs,
    unserved: choice.kind === "serves" ? 0 : assessed.rest,
    pollsInARow: decision.polls,
    ...(isLimited ? { limitedTo: decision.wanted } : {}),
    wanted: decision.wanted,
    gate: decision.gate,
    remarks: decision.remarks,
  };
}

function verdicts(
  state: State,
  { rows, remarks }: { readonly rows: readonly Row[]; readonly remarks: Remarks },
  atMs: number,
): JobVerdict[] {
  const order = new Map(state.demand.backlog.order.map((locator, index) => [locator, index]));
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
    // What a limit leaves is on its way as any other: the oldest jobs wait for offers, and only the others for the limit.
    const isLimit = gate.kind === "held-limit" || gate.kind === "held-rate";
    let left = isLimit ? wanted : 0;
    const due = left > 0 ? restOf(state, { assessed, gate: { kind: "go" }, wanted }, atMs) : held;
    for (const job of assessed.bucket.jobs) {
      const firstSeenMs = state.demand.seen.get(job.locator)?.firstSeenMs ?? atMs;
      const cause = assessed.otherCauses.get(job.locator);
      const base = { ...describeJob(job), ...profileOfRow, firstSeenMs };
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
  return judged.sort((a, b) => (order.get(a.locator) ?? 0) - (order.get(b.locator) ?? 0));
}

/** The profile that serves a bucket, and why where there are several. */
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
  job: { locator: string; name: string; environment?: string; gocdResources: readonly string[] },
): Pick<
  JobVerdict,
  "locator" | "name" | "environment" | "gocdResources"
> {
  return {
    locator: job.locator,
    name: job.name,
    ...environmentOf(job),
    gocdResources: job.gocdResources,
  };
}

/** The verdict on the jobs of a bucket that nothing is there for. */
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
  if (choice.kind !== "serves") return { verdict: "unserved", reason: unservedReason(state, assessed) };
  if (gate.kind !== "go") return { verdict: "needs-agent", reason: gate };
  if (wanted === 0) return { verdict: "needs-agent", reason: { kind: "enabling-again" } };
  return { verdict: "needs-agent", reason: offerReason(state, choice.profile, atMs) };
}

function unservedReason({ settings }: State, { bucket, choice }: BucketAssessment): Unserved {
  if (choice.kind !== "lacks") return { kind: "no-profile" };
  const { missingResources, lacksEnvironment } = choice.match;
  const nearest = choice.profile.name;
  if (missingResources.length === 0) return { kind: "no-profile-environment", nearest };
  const missing = missingResources.map((folded) =>
    bucket.gocdResources.find((name) => name.toLowerCase() === folded.toLowerCase()) ?? folded
  );
  const isElsewhere = settings.profiles.some((profile) => hasResources(profile, missing));
  return { kind: "no-profile-resources", nearest, missing, lacksEnvironment, isElsewhere };
}

/** A miss that is older says nothing of now. */
const missMaxMs = 120_000;

function offerReason(state: State, profile: AgentProfile, atMs: number): OnItsWay | Held {
  const { session, offers } = state;
  if (session.kind !== "subscribed") {
    const { reason, hint } = session;
    return {
      kind: "held-no-session",
      ...(reason === undefined ? {} : { why: reason }),
      ...(hint === undefined ? {} : { hint }),
    };
  }
  const miss = offers.nearestMiss.get(profile.name);
  if (miss !== undefined && atMs - miss.atMs < missMaxMs) return { kind: "no-fitting-offer", miss: miss.miss };
  return isOfferless(state, profile.role, atMs) ? { kind: "no-offer", role: profile.role } : { kind: "launching" };
}
