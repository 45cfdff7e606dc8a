// What is to be launched now, and the verdicts that say so. Not here: where (placement/placement.ts), judging supply (assess.ts).
// "launch 2 of linux: 3 jobs waited in 6 polls, 1 agent is coming".

import { assess, type Assessment, type BucketAssessment } from "./assess.ts";
import { markOtherCause } from "./demand.ts";
import { globalGate, type HeldBack, type LaunchBudget, launchBudget, profileGate } from "./gates.ts";
import { agentForHungBuilds } from "./hung_build.ts";
import { launchRegistration } from "./launch_registration.ts";
import { canTake, capabilityFor } from "./matching.ts";
import { minIdleAgents } from "./min_idle.ts";
import { describeNeed, gateText, type LaunchGate, otherCauseText, unservedText } from "../words/reason.ts";
import { type Remarks, remarksOf } from "./remarks.ts";
import { isOfferless, offerlessText } from "../placement/roles.ts";
import { isRoomless, spareLeaving } from "./room.ts";
import type { AgentProfile } from "../settings.ts";
import type { DemandState, State, WantedAgents } from "../state.ts";
import type { BucketDemand, JobRemark, JobVerdict } from "./verdict.ts";

/** The plan of the moment. */
export interface Plan {
  readonly demand: DemandState;
  /** Draining instances that new demand can use: enable them again. */
  readonly reuse: readonly string[];
  readonly assessment: Assessment;
  /** Agents that limits alone hold back, oldest job's bucket first. */
  readonly held: readonly HeldBack[];
}

/** Makes the plan anew. `occasion` "poll" counts this as one poll for the streaks; "replan" leaves them alone. */
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
    const mayReuse = gate.kind === "go" || gate.kind === "frozen";
    const again = mayReuse ? reusable(state, { assessed, needs, taken: reuse, held }) : [];
    reuse.push(...again);
    const all = assessment.buckets;
    const decision = decide(state, { assessed, all, needs: needs - again.length, polls, gate, budget }, atMs);
    if (decision.entry !== undefined) wanted.push(decision.entry);
    if (decision.held !== undefined) held.push(decision.held);
    const bucketRemarks = remarks.ofBucket(assessed);
    rows.push({
      row: bucketRow(assessed, { ...decision, needs, polls, remarks: bucketRemarks }, atMs),
      assessed,
      gate: decision.gate,
      remarks: bucketRemarks,
    });
  }
  if (gate.kind === "go") {
    const paused = rows.flatMap(({ row, gate: { kind } }) =>
      (kind === "breaker" || kind === "probe") && row.wanted === 0 ? [row.profile] : []
    );
    wanted.push(...minIdleAgents(state, { budget, reserved: new Set(paused).size }, atMs));
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
  readonly remarks: readonly JobRemark[];
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
  if (polls <= attempts) return { gate: { kind: "attempts", polls, attempts }, wanted: 0 };
  const registration = launchRegistration(profile, assessed, { all, rule: state.demand.backlog.resourceCase });
  const clamp = profileGate(state, { profile, needs, budget, registration }, atMs);
  const count = Math.min(needs, clamp.allowed);
  const held = clamp.held === undefined ? {} : { held: clamp.held };
  if (count <= 0) return { gate: clamp.gate, wanted: 0, ...held };
  budget.take(profile.name, count);
  const waited = `${bucket.jobs.length} job${bucket.jobs.length === 1 ? "" : "s"} (${
    describeNeed(bucket.gocdResources, bucket.environment)
  }) waited in ${polls} poll${polls === 1 ? "" : "s"}`;
  const coming = assessed.coming === 0 ? "" : `, ${assessed.coming} coming`;
  return {
    gate: clamp.gate,
    wanted: count,
    ...held,
    entry: {
      bucketKey: bucket.key,
      profile: profile.name,
      ...registration,
      count,
      reason: `${waited}${coming}`,
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
    readonly remarks: readonly JobRemark[];
  },
  atMs: number,
): BucketDemand {
  const { bucket, choice } = assessed;
  const isLimited = decision.gate.kind === "limit" || decision.gate.kind === "rate" || decision.gate.kind === "probe";
  const parts = [
    assessed.willBeTaken > 0 ? `${assessed.willBeTaken} will be taken by idle agents` : "",
    assessed.coming > 0 ? `${assessed.coming} will be taken by agents that are coming` : "",
    assessed.otherCauses.size > 0
      ? `${assessed.otherCauses.size} wait${assessed.otherCauses.size === 1 ? "s" : ""} for another cause`
      : "",
    decision.needs > 0 ? `${decision.needs} need${decision.needs === 1 ? "s" : ""} an agent` : "",
    choice.kind !== "serves" && assessed.rest > 0 ? `${assessed.rest} unserved` : "",
    gateText(decision.gate, atMs),
    ...decision.remarks.map(({ text }) => text),
  ].filter((part) => part !== "");
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
    pollsInARow: decision.polls,
    ...(isLimited ? { limitedTo: decision.wanted } : {}),
    wanted: decision.wanted,
    reason: parts.join("; "),
  };
}

function verdicts(
  state: State,
  { rows, remarks }: { readonly rows: readonly Row[]; readonly remarks: Remarks },
  atMs: number,
): JobVerdict[] {
  const order = new Map(state.demand.backlog.order.map((locator, index) => [locator, index]));
  const judged: JobVerdict[] = state.demand.backlog.foreign.map(({ job, reason, reasonCode }) => ({
    ...describeJob(job),
    verdict: "not-ours",
    reason,
    reasonCode,
    firstSeenMs: state.demand.seen.get(job.locator)?.firstSeenMs ?? atMs,
  }));
  for (const { assessed, gate, row, remarks: ofBucket } of rows) {
    let taken = assessed.willBeTaken;
    let coming = assessed.coming;
    const words = bucketWords(state, assessed, gate, row, atMs);
    for (const job of assessed.bucket.jobs) {
      const firstSeenMs = state.demand.seen.get(job.locator)?.firstSeenMs ?? atMs;
      const cause = assessed.otherCauses.get(job.locator);
      const profile = row.profile === undefined ? {} : { profile: row.profile };
      const base = { ...describeJob(job), ...profile, firstSeenMs };
      if (cause !== undefined) {
        const own = { verdict: "other-cause", reason: otherCauseText(cause, atMs), reasonCode: cause.kind } as const;
        judged.push(withRemarks({ ...base, ...own }, [], remarks.ofJob(job.locator)));
      } else if (taken > 0) {
        taken--;
        judged.push({ ...base, verdict: "will-be-taken", reason: words.taken, reasonCode: "idle-agent" });
      } else if (coming > 0) {
        coming--;
        judged.push({ ...base, verdict: "coming", reason: words.coming, reasonCode: "agent-coming" });
      } else {
        judged.push(withRemarks({ ...base, ...words.rest }, ofBucket, remarks.ofJob(job.locator)));
      }
    }
  }
  return judged.sort((a, b) => (order.get(a.locator) ?? 0) - (order.get(b.locator) ?? 0));
}

/** Remarks stand behind the reason, as part of its sentence. */
function withRemarks(job: JobVerdict, ofBucket: readonly JobRemark[], ofJob: JobRemark | undefined): JobVerdict {
  if (ofBucket.length === 0 && ofJob === undefined) return job;
  const remarks = [...ofBucket, ...(ofJob === undefined ? [] : [ofJob])];
  return { ...job, reason: [job.reason, ...remarks.map(({ text }) => text)].join("; "), remarks };
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

function bucketWords(
  state: State,
  assessed: BucketAssessment,
  gate: LaunchGate,
  row: BucketDemand,
  atMs: number,
): {
  readonly taken: string;
  readonly coming: string;
  readonly rest: Pick<JobVerdict, "verdict" | "reason" | "reasonCode">;
} {
  const { bucket, choice, idleNames, comingNames } = assessed;
  const taken = `an idle agent is free for it: ${listNames(idleNames)}`;
  const coming = `an agent is coming for it: ${listNames(comingNames)}`;
  if (choice.kind !== "serves") {
    const nearest = choice.kind === "lacks" ? choice : undefined;
    const need = { gocdResources: bucket.gocdResources, ...environmentOf(bucket) };
    const code = nearest === undefined
      ? "no-profile"
      : nearest.match.missingResources.length > 0
      ? "no-profile-resources"
      : "no-profile-environment";
    return {
      taken,
      coming,
      rest: {
        verdict: "unserved",
        reason: unservedText({ ...need, profiles: state.settings.profiles }, nearest),
        reasonCode: code,
      },
    };
  }
  const held = gateText(gate, atMs);
  const { code: reasonCode, text } = gate.kind !== "go"
    ? { code: `held-${gate.kind}`, text: held }
    : row.wanted > 0
    ? offerWords(state, choice.profile, atMs)
    : { code: "enabling-again", text: "a drained agent is enabled again" };
  const reason = `profile ${choice.profile.name} must launch one: ${text}`;
  return { taken, coming, rest: { verdict: "needs-agent", reason, reasonCode } };
}

function offerWords(
  state: State,
  profile: AgentProfile,
  atMs: number,
): { readonly code: string; readonly text: string } {
  if (state.session.kind !== "subscribed") {
    const reason = state.session.reason ?? "connecting";
    return { code: "held-no-session", text: gateText({ kind: "no-session", reason }, atMs) };
  }
  const miss = state.offers.nearestMiss.get(profile.name);
  if (miss !== undefined && atMs - miss.atMs < 120_000) {
    return { code: "no-fitting-offer", text: `no offer of Mesos fits: ${miss.text}` };
  }
  return isOfferless(state, profile.role, atMs)
    ? { code: "no-offer", text: offerlessText(profile.role) }
    : { code: "launching", text: "waiting for an offer of Mesos" };
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
