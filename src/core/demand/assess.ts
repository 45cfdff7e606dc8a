// Assigns one verdict to every waiting job. How many agents may be launched is decided in plan.ts.

import type { Bucket } from "./backlog.ts";
import { type CapacityClass, capacityOf } from "./capacity.ts";
import { isZombie, markOtherCause, otherCauseUntilMs, withoutOtherCause } from "./demand.ts";
import type { AgentInstance } from "../instance.ts";
import { uuidOf } from "../life/phase.ts";
import { canTake, capabilityFor, capabilityOf } from "./matching.ts";
import { byGroup } from "./pipeline_groups.ts";
import { type ProfileChoice, type ProfileChooser, profileChooser } from "./profile_choice.ts";
import { shownForMs } from "../session/reading.ts";
import { maintenanceMode, type OtherCause } from "./reason.ts";
import type { PollerSettings } from "../settings.ts";
import type { SeenJob, State } from "../state.ts";
import { matchSupply } from "./supply.ts";

/**
 * The assessment of one bucket: its jobs are, oldest first, those named in `otherCauses`, then taken, coming, needing.
 */
export interface BucketAssessment {
  readonly bucket: Bucket;
  readonly choice: ProfileChoice;
  /** Locators of jobs that wait for another cause, with that cause. */
  readonly otherCauses: ReadonlyMap<string, OtherCause>;
  /** Among `otherCauses`: found now, because an idle agent does not get them; how they are remembered from now on. */
  readonly newlyPassed: ReadonlyMap<string, SeenJob>;
  /** Jobs that waited for another cause until a dead agent explained why; how they are remembered from now on. */
  readonly explained: ReadonlyMap<string, SeenJob>;
  readonly willBeTaken: number;
  readonly coming: number;
  /** The remaining jobs: they need an agent, or are unserved. */
  readonly rest: number;
  /** Names of idle agents and of coming instances that could take its jobs. */
  readonly idleNames: readonly string[];
  readonly comingNames: readonly string[];
}

/** The assessment of the whole backlog. */
export interface Assessment {
  readonly buckets: readonly BucketAssessment[];
  readonly capacity: readonly CapacityClass[];
  /** By class of `capacity`: units that waiting jobs will use. */
  readonly used: readonly number[];
}

/** Assesses the backlog of the last poll against the current capacity. */
export function assess(state: State, atMs: number): Assessment {
  const { backlog, seen } = state.demand;
  const rule = backlog.resourceCase;
  const capacity = capacityOf(state, rule, atMs);
  const chooser = profileChooser(state.settings.profiles, rule);
  const judged = backlog.buckets.map((bucket) => {
    const isRetried = bucket.jobs.some(({ locator }) => (seen.get(locator)?.otherCause?.untilMs ?? Infinity) <= atMs);
    // Either the job or these agents are the cause: the next attempt will show which.
    const classes = capacity.filter(({ isStale, capability }) =>
      !(isRetried && isStale === true) && canTake(capability, bucket.requirement)
    );
    const causes = otherCausesOf({ state, bucket, classes, seen }, atMs);
    return { bucket, classes, causes, count: bucket.jobs.length - causes.all.size };
  });
  const { served, used } = matchSupply(judged, capacity);
  const buckets = served.flatMap(({ demand: { bucket, classes, causes, count }, idle, coming }) => {
    const names = (kind: CapacityClass["kind"]): string[] =>
      classes.filter((each) => each.kind === kind).flatMap((each) => each.names);
    const whole = {
      bucket,
      otherCauses: causes.all,
      newlyPassed: causes.newly,
      explained: causes.explained,
      willBeTaken: idle,
      coming,
      rest: count - idle - coming,
      idleNames: names("idle"),
      comingNames: names("coming"),
    };
    return split(state, whole, chooser);
  });
  return { capacity, used, buckets: inOrder(state, buckets) };
}

/** The bucket with the oldest job first. */
function inOrder({ demand: { backlog } }: State, buckets: readonly BucketAssessment[]): readonly BucketAssessment[] {
  if (buckets.length === backlog.buckets.length) return buckets;
  const byFirst = new Map(
    buckets.flatMap((each) => each.bucket.jobs.slice(0, 1).map(({ locator }) => [locator, each] as const)),
  );
  return backlog.order.flatMap((locator) => byFirst.get(locator) ?? []);
}

/** By pipeline group, if groups are used. The server gives agents the oldest jobs first, of any group. */
function split(
  state: State,
  whole: Omit<BucketAssessment, "choice">,
  { choose }: ProfileChooser,
): readonly BucketAssessment[] {
  const { bucket, otherCauses, newlyPassed, explained } = whole;
  const groups = byGroup(state, bucket);
  const [only] = groups;
  if (groups.length === 1 && only !== undefined) {
    return [{ ...whole, bucket: only, choice: choose(bucket.requirement, only.pipelineGroup) }];
  }
  const open = bucket.jobs.map(({ locator }) => locator).filter((locator) => !otherCauses.has(locator));
  const taken = new Set(open.slice(0, whole.willBeTaken));
  const supplied = new Set(open.slice(0, whole.willBeTaken + whole.coming));
  return groups.map((part): BucketAssessment => {
    const locators = new Set(part.jobs.map(({ locator }) => locator));
    const own = <T>(all: ReadonlyMap<string, T>): Map<string, T> =>
      new Map([...all].filter(([locator]) => locators.has(locator)));
    const causes = own(otherCauses);
    const willBeTaken = locators.intersection(taken).size;
    const coming = locators.intersection(supplied).size - willBeTaken;
    return {
      ...whole,
      bucket: part,
      choice: choose(bucket.requirement, part.pipelineGroup),
      otherCauses: causes,
      newlyPassed: own(newlyPassed),
      explained: own(explained),
      willBeTaken,
      coming,
      rest: part.jobs.length - causes.size - willBeTaken - coming,
    };
  });
}

interface CauseQuestion {
  readonly state: State;
  readonly bucket: Bucket;
  /** Capacity that could take the bucket's jobs. */
  readonly classes: readonly CapacityClass[];
  readonly seen: ReadonlyMap<string, SeenJob>;
}

interface Causes {
  readonly all: ReadonlyMap<string, OtherCause>;
  readonly newly: ReadonlyMap<string, SeenJob>;
  readonly explained: ReadonlyMap<string, SeenJob>;
}

function otherCausesOf(question: CauseQuestion, atMs: number): Causes {
  const { state, bucket, classes, seen } = question;
  const { assignGraceMs, zombieAfterMs } = state.settings.poller;
  const all = new Map<string, OtherCause>();
  const newly = new Map<string, SeenJob>();
  const explained = new Map<string, SeenJob>();
  if (state.server.info?.maintenance === "on") {
    const mode = maintenanceMode(state.server.info.version);
    for (const job of bucket.jobs) all.set(job.locator, { kind: "maintenance", mode });
    return { all, newly, explained };
  }
  // A server that did not respond may not have assigned anything either.
  const unused = classes.flatMap(({ names: [host], idleSinceMs }) =>
    idleSinceMs === undefined ? [] : [{ host, idleMs: shownForMs(state, idleSinceMs) }]
  ).find(({ idleMs }) => idleMs >= assignGraceMs);
  let lostMs: number | undefined;
  for (const { locator } of bucket.jobs) {
    const memory = seen.get(locator);
    if (memory === undefined) continue;
    const { otherCause: before } = memory;
    const waitedMs = atMs - memory.firstSeenMs;
    const find = (cause: OtherCause): void => {
      all.set(locator, cause);
      if ((before?.untilMs ?? 0) <= atMs) newly.set(locator, markOtherCause(memory, cause, atMs));
    };
    const zombie = zombieOf(memory, state.settings.poller, atMs);
    if (zombie !== undefined) {
      find({ kind: "zombie", waitedMs, limitMs: zombieAfterMs, ...zombie });
    } else if (unused !== undefined && waitedMs >= assignGraceMs) {
      find({ kind: "idle-unused", ...unused });
    } else if (before !== undefined && before.untilMs > atMs) {
      if (lostMs === undefined) lostMs = lastLostMs(state, bucket);
      if (lostMs < before.sinceMs) all.set(locator, { kind: "left-before", untilMs: before.untilMs });
      else explained.set(locator, withoutOtherCause(memory));
    }
  }
  return { all, newly, explained };
}

/** A zombie, now or recently; afterwards it is tried again. */
function zombieOf(
  memory: SeenJob,
  poller: PollerSettings,
  atMs: number,
): { readonly passedOver: number; readonly untilMs: number } | undefined {
  const { otherCause } = memory;
  if (otherCause?.passedOver !== undefined && otherCause.untilMs > atMs) {
    return { passedOver: otherCause.passedOver, untilMs: otherCause.untilMs };
  }
  if (!isZombie(memory, poller, atMs)) return undefined;
  return { passedOver: memory.passedOver, untilMs: otherCauseUntilMs(memory, atMs) };
}

/**
 * When an agent that matches the bucket was last found lost, or ended according to Mesos; 0: never. It looked idle for
 * 300 s after its death (GoCD AgentInstance.refresh), which explains why it took no job.
 */
function lastLostMs({ server: { agents, lostSinceMs }, demand, instances }: State, bucket: Bucket): number {
  const rule = demand.backlog.resourceCase;
  const matching = agents.filter((gocdAgent) =>
    !gocdAgent.elastic && gocdAgent.configState === "Enabled" && gocdAgent.agentState === "LostContact" &&
    canTake(capabilityOf(gocdAgent, rule), bucket.requirement)
  );
  // The record of one of ours may be disabled and deleted before any list shows that it is lost.
  const ended = [...instances.values()].filter((instance) =>
    hasDied(instance) && canTake(capabilityFor(instance, rule), bucket.requirement)
  );
  return Math.max(
    0,
    ...matching.map(({ uuid }) => lostSinceMs.get(uuid)).filter((ms) => ms !== undefined),
    ...ended.map(({ sinceMs }) => sinceMs),
  );
}

/** Its agent had registered, and we have not stopped it. */
function hasDied(instance: AgentInstance): boolean {
  if (uuidOf(instance) === undefined) return false;
  return instance.state === "unreachable" || instance.state === "gone" && instance.cause !== "stopped";
}
