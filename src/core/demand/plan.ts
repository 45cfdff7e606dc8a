// What is launched now, and the verdicts that say so. Not here: on which host (placement/placement.ts).

import { assess, type Assessment, type BucketAssessment } from "./assess.ts";
import { markOtherCause } from "./demand.ts";
import { globalGate, type HeldBack, type LaunchBudget, launchBudget, profileGate } from "./gates.ts";
import { agentForHungBuilds } from "./hung_build.ts";
import { type Beside, besideOf, launchRegistration } from "./launch_registration.ts";
import { minIdleAgents } from "./min_idle.ts";
import { remarksOf } from "./remarks.ts";
import { reusableInstances, reusedFor } from "./reusable.ts";
import { isRoomless } from "./room.ts";
import type { DemandState, State, WantedAgents } from "../state.ts";
import type { LaunchGate, Remark } from "./reason.ts";
import type { BucketDemand } from "./verdict.ts";
import { environmentOf, type PlannedBucket, verdicts } from "./verdicts.ts";

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
  const beside = besideOf(assessment.buckets);
  const streaks = new Map(occasion === "poll" ? [] : state.demand.streaks);
  const seen = new Map(state.demand.seen);
  const reuse: string[] = [];
  const leaving = reusableInstances(state);
  const rows: PlannedBucket[] = [];
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
    const again = mayReuse ? reusedFor(state, { assessed, needs, leaving, taken: reuse, held }) : [];
    reuse.push(...again);
    const decision = decide(state, { assessed, beside, needs: needs - again.length, polls, gate, budget }, atMs);
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
function pausedProfiles(rows: readonly PlannedBucket[]): ReadonlySet<string | undefined> {
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

interface Question {
  readonly assessed: BucketAssessment;
  readonly beside: Beside;
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
  { assessed, beside, needs, polls, gate, budget }: Question,
  atMs: number,
): Decision {
  if (assessed.choice.kind !== "serves" || needs <= 0) return { gate: { kind: "go" }, wanted: 0 };
  const { profile } = assessed.choice;
  const { bucket } = assessed;
  if (gate.kind !== "go") return { gate, wanted: 0 };
  const attempts = state.settings.poller.attempts;
  if (polls <= attempts) return { gate: { kind: "held-attempts", polls, attempts }, wanted: 0 };
  const registration = launchRegistration(profile, assessed, { beside, rule: state.demand.backlog.resourceCase });
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
