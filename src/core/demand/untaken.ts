// Jobs that leave the feed although no agent could have taken them: from 20.9 on GoCD cancels a job that waits longer
// than its job timeout (ConsoleActivityMonitor.cancelUnresponsiveJobs, gocd/gocd#8585).

import { isBuilding } from "../life/activity.ts";
import type { Bucket } from "./backlog.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import { canTake, capabilityOf, registrationOf } from "./matching.ts";
import type { Departure } from "./taken_jobs.ts";
import type { JobVerdict } from "./verdict.ts";

/** The first occasion may be a person who cancels a stage; it is reported from this one on. */
const occasionsMin = 2;
/** Occasions further apart are unrelated. */
const rememberMs = 24 * 3_600_000;
/** Maximum number of remembered locators of each bucket, to detect that they come back. */
const locatorsMax = 50;
/** Maximum number of remembered buckets. */
const bucketsMax = 1_000;

/** Memory of jobs that left untaken. */
export interface Untaken {
  readonly byBucket: ReadonlyMap<string, UntakenBucket>;
  /** Number of jobs since the start of the program, by the code of their last reason for waiting. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Jobs of one bucket that left untaken. */
export interface UntakenBucket {
  /** Polls in which some left. */
  readonly occasions: number;
  readonly jobs: number;
  readonly lastMs: number;
  /** The minimum time that they had waited, as far as polls show. */
  readonly waitedMs: number;
  readonly locators: readonly string[];
}

/** None so far. */
export const noneUntaken: Untaken = { byBucket: new Map(), counts: new Map() };

/** The data of a poll and of the previous poll. */
export interface UntakenQuestion {
  /** By bucket: jobs that have left without an observed build. */
  readonly unexplained: ReadonlyMap<string, readonly Departure[]>;
  /** Of the poll before. */
  readonly buckets: readonly Bucket[];
  readonly verdicts: readonly JobVerdict[];
  readonly firstSeenMs: (locator: string) => number | undefined;
  /** Agents of the previous list and of this one. */
  readonly before: readonly GocdAgent[];
  readonly now: readonly GocdAgent[];
  readonly rule: ResourceCase;
  /** Locators of jobs that wait now. */
  readonly here: ReadonlySet<string>;
}

/** Counts jobs that have left although no agent could have taken them, and reports repeated occurrences. */
export function watchUntaken(draft: Draft, question: UntakenQuestion): void {
  const { untaken } = draft.state.demand;
  const { atMs } = draft;
  const byBucket = new Map(
    [...untaken.byBucket].filter(([, each]) =>
      atMs - each.lastMs < rememberMs && !each.locators.some((locator) => question.here.has(locator))
    ),
  );
  const counts = new Map(untaken.counts);
  const verdictOf = new Map(question.verdicts.map((each) => [each.locator, each]));
  for (const [key, departed] of question.unexplained) {
    const bucket = question.buckets.find((each) => each.key === key);
    if (bucket === undefined || couldAnyTake(bucket, question)) continue;
    const judged = departed.flatMap(({ locator }) => verdictOf.get(locator) ?? []);
    const [first] = judged;
    if (first === undefined) continue;
    for (const { reason: { kind } } of judged) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const before = byBucket.get(key);
    const since = departed.map(({ locator }) => question.firstSeenMs(locator)).filter((ms) => ms !== undefined);
    const now: UntakenBucket = {
      occasions: (before?.occasions ?? 0) + 1,
      jobs: (before?.jobs ?? 0) + departed.length,
      lastMs: atMs,
      waitedMs: Math.min(before?.waitedMs ?? Infinity, ...since.map((ms) => atMs - ms)),
      locators: [...before?.locators ?? [], ...departed.map(({ locator }) => locator)].slice(-locatorsMax),
    };
    byBucket.delete(key);
    byBucket.set(key, now);
    if (now.occasions >= occasionsMin) tell(draft, bucket, { now, last: first });
  }
  for (const key of [...byBucket.keys()].slice(0, Math.max(0, byBucket.size - bucketsMax))) byBucket.delete(key);
  draft.patch("demand", { untaken: { byBucket, counts } });
}

/**
 * Whether some agent may have built one of them between two reads: not if it was unavailable in both, or had the same
 * build in both. An elastic agent may, unless the server reports which jobs belong to its plugin.
 */
function couldAnyTake({ requirement, jobs }: Bucket, { before, now, rule }: UntakenQuestion): boolean {
  const old = new Map(before.map((each) => [each.uuid, each]));
  const mayBeElastic = jobs.some(({ gocdResources }) => gocdResources.length === 0);
  const couldTake = (gocdAgent: GocdAgent, other: GocdAgent | undefined): boolean => {
    if (gocdAgent.elastic) return mayBeElastic;
    if (!isInUse(gocdAgent) && (other === undefined || !isInUse(other))) return false;
    if (isBuilding(gocdAgent) && other !== undefined && isBuilding(other) && gocdAgent.buildLocator !== undefined) {
      if (gocdAgent.buildLocator === other.buildLocator) return false;
    }
    return canTake(capabilityOf(gocdAgent, rule), requirement);
  };
  const seen = new Set(now.map(({ uuid }) => uuid));
  return now.some((each) => couldTake(each, old.get(each.uuid))) ||
    before.some((each) => !seen.has(each.uuid) && couldTake(each, undefined));
}

function isInUse({ configState, agentState }: GocdAgent): boolean {
  return configState === "Enabled" && agentState !== "LostContact" && agentState !== "Missing";
}

/** Whether a server of this version cancels jobs that wait too long (20.9 and later). */
export function cancelsWaitingJobs(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  return major > 20 || (major === 20 && minor >= 9);
}

function tell(
  draft: Draft,
  bucket: Bucket,
  { now, last }: { readonly now: UntakenBucket; readonly last: JobVerdict },
): void {
  const { server, settings: { poller: { attempts, intervalMs } } } = draft.state;
  if (!cancelsWaitingJobs(server.info?.version)) return;
  draft.note({
    kind: "jobs-left-untaken",
    jobs: now.jobs,
    polls: now.occasions,
    need: registrationOf(bucket),
    waitedMs: now.waitedMs,
    last,
    attempts,
    intervalMs,
    onceKey: `${bucket.key} ${last.reason.kind}`,
  });
}
