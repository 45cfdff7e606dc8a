// Decides what is launched now, with the verdicts. Hosts are selected in placement/placement.ts.

import { assess, type Assessment, type BucketAssessment } from "./assess.ts";
import { canaryAgents } from "./canary.ts";
import { type Ask, type Decided, type Decisions, oneAfterTheOther } from "./decide.ts";
import { inFairTurn } from "./fair_share.ts";
import { gateDespiteFreeze, globalGate, type HeldBack, type LaunchBudget, launchBudget } from "./gates.ts";
import { agentForHungBuilds } from "./hung_build.ts";
import { besideOf, launchRegistration } from "./launch_registration.ts";
import { isClamp } from "./limit.ts";
import { minIdleAgents } from "./min_idle.ts";
import { streakOf } from "./pipeline_groups.ts";
import { remarksOf } from "./remarks.ts";
import { reusableInstances } from "./reusable.ts";
import { isRoomless, lacksResources } from "./room.ts";
import type { DemandState, State, WantedAgents } from "../state.ts";
import type { LaunchGate, Remark } from "./reason.ts";
import type { BucketDemand } from "./verdict.ts";
import { environmentOf } from "./matching.ts";
import { groupOf, type PlannedBucket, verdicts } from "./verdicts.ts";

/** The current plan. */
export interface Plan {
  readonly demand: DemandState;
  /** Draining instances to enable again because of new demand. */
  readonly reuse: readonly string[];
  readonly assessment: Assessment;
  /** Agents held back only by limits, oldest job's bucket first. */
  readonly held: readonly HeldBack[];
}

/** Recomputes the plan. `occasion` "poll" counts this as one poll for the streaks; "replan" does not change them. */
export function makePlan(state: State, atMs: number, occasion: "poll" | "replan"): Plan {
  const assessment = assess(state, atMs);
  const gate = globalGate(state, atMs);
  const budget = launchBudget(state, atMs);
  const remarks = remarksOf(state, assessment);
  const streaks = new Map(occasion === "poll" ? [] : state.demand.streaks);
  const seen = new Map(state.demand.seen);
  const asks: Ask[] = [];
  for (const assessed of inTurn(state, assessment.buckets, atMs)) {
    const { bucket } = assessed;
    // Between polls the list of jobs is outdated: a job that it shows as waiting may have been taken.
    if (occasion === "poll") assessed.newlyPassed.forEach((memory, locator) => seen.set(locator, memory));
    assessed.explained.forEach((memory, locator) => seen.set(locator, memory));
    const needs = assessed.choice.kind === "serves" ? assessed.rest : 0;
    const polls = needs === 0 ? 0 : streakOf(state.demand.streaks, bucket) + (occasion === "poll" ? 1 : 0);
    if (polls > 0) streaks.set(bucket.key, polls);
    asks.push({ assessed, needs, polls });
  }
  const { decided, held, reuse, wanted: forJobs } = decideAll(state, { assessment, asks, gate, budget }, atMs);
  const rows = decided.map(({ ask: { assessed, needs, polls }, ...decision }): PlannedBucket => {
    const bucketRemarks = remarks.ofBucket(assessed);
    const row = bucketRow(assessed, { ...decision, needs, polls, remarks: bucketRemarks });
    return { row, assessed, gate: decision.gate, remarks: bucketRemarks };
  });
  const beside = besideJobs(state, { gate, budget, rows, forJobs }, atMs);
  const wanted: readonly WantedAgents[] = [...forJobs, ...beside];
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

interface Asked {
  readonly assessment: Assessment;
  readonly asks: readonly Ask[];
  readonly gate: LaunchGate;
  readonly budget: LaunchBudget;
}

function decideAll(state: State, { assessment, asks, gate, budget }: Asked, atMs: number): Decided {
  const beside = besideOf(assessment.buckets);
  const rule = state.demand.backlog.resourceCase;
  const made = new Map<BucketAssessment, ReturnType<typeof launchRegistration>>();
  const all: Decisions = {
    state,
    atMs,
    asks,
    gate,
    budget,
    leaving: reusableInstances(state),
    // During a freeze nothing is launched, but existing agents are used.
    mayReuse: gateDespiteFreeze(state, atMs).kind === "go",
    registrationOf: (profile, assessed) => {
      const known = made.get(assessed) ?? launchRegistration(profile, assessed, { beside, rule });
      made.set(assessed, known);
      return known;
    },
  };
  const { fairShare } = state.settings.scaling;
  return fairShare === undefined ? oneAfterTheOther(all) : inFairTurn(all, fairShare);
}

/** Agents that no waiting job needs. */
function besideJobs(
  state: State,
  { gate, budget, rows, forJobs }: {
    readonly gate: LaunchGate;
    readonly budget: LaunchBudget;
    readonly rows: readonly PlannedBucket[];
    readonly forJobs: readonly WantedAgents[];
  },
  atMs: number,
): readonly WantedAgents[] {
  // A freeze does not apply to launches that the operator has requested.
  const canaries = gateDespiteFreeze(state, atMs).kind === "go" ? canaryAgents(state, { budget }, atMs) : [];
  if (gate.kind !== "go") return canaries;
  const ready = minIdleAgents(state, { budget, reserved: pausedProfiles(rows).size }, atMs);
  // One that finds no room may be wanted for hours.
  const isAnyWanted = [...forJobs, ...canaries, ...ready].some(({ profile }) => !lacksResources(state, profile, atMs));
  return [...canaries, ...ready, ...agentForHungBuilds(state, { budget, isAnyWanted }, atMs)];
}

/** Buckets that would launch, but wait for the end of a pause. */
function pausedProfiles(rows: readonly PlannedBucket[]): ReadonlySet<string | undefined> {
  return new Set(
    rows.flatMap(({ row, gate: { kind } }) =>
      (kind === "held-breaker" || kind === "held-probe") && row.wanted === 0 ? [row.profile] : []
    ),
  );
}

/**
 * Buckets with the oldest job first, apart from jobs that wait for another cause; but one that no offer fits comes last,
 * otherwise its unusable share of the limits and of the launch rate of a slow server would be unavailable to the others.
 */
function inTurn(state: State, buckets: readonly BucketAssessment[], atMs: number): readonly BucketAssessment[] {
  const isStuck = ({ choice }: BucketAssessment): boolean =>
    choice.kind === "serves" && isRoomless(state, choice.profile, atMs);
  const stuck = new Set(buckets.filter(isStuck));
  const sorted = byOldestOpen(state, buckets);
  return [...sorted.filter((each) => !stuck.has(each)), ...sorted.filter((each) => stuck.has(each))];
}

/** They are in the order of their oldest job, whatever it waits for. */
function byOldestOpen(
  { demand: { backlog } }: State,
  buckets: readonly BucketAssessment[],
): readonly BucketAssessment[] {
  if (buckets.every(({ otherCauses }) => otherCauses.size === 0)) return buckets;
  const order = new Map<string | undefined, number>(backlog.order.map((locator, index) => [locator, index]));
  const placed = buckets.map((each) => {
    const open = each.bucket.jobs.find(({ locator }) => !each.otherCauses.has(locator));
    return { each, at: order.get(open?.locator) ?? order.size };
  });
  return placed.toSorted((a, b) => a.at - b.at).map(({ each }) => each);
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
  const isLimited = isClamp(decision.gate) || kind === "held-probe";
  return {
    key: bucket.key,
    ...environmentOf(bucket),
    ...groupOf(bucket),
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
