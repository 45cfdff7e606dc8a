// Jobs that an agent took after the feed was read. If they counted as waiting, two agents would be launched for each.

import { isBuilding } from "../life/activity.ts";
import type { Backlog } from "./backlog.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { canTake, capabilityOf } from "./matching.ts";

/**
 * Locators that agents got since the previous list. If its agent had a job by then and a later feed still lists it, it
 * waits again: a lost build is rescheduled under the same locator (GoCD JobInstance.reschedule).
 */
export function takenSince(before: readonly GocdAgent[], agents: readonly GocdAgent[]): ReadonlySet<string> {
  const had = new Map(before.map(({ uuid, buildLocator }) => [uuid, buildLocator]));
  return new Set(
    agents.filter(isBuilding).flatMap(({ uuid, buildLocator }) =>
      buildLocator === undefined || had.get(uuid) === buildLocator ? [] : [buildLocator]
    ),
  );
}

/** The backlog without these jobs. */
export function withoutTaken(backlog: Backlog, taken: ReadonlySet<string>): Backlog {
  if (!backlog.order.some((locator) => taken.has(locator))) return backlog;
  return {
    ...backlog,
    buckets: backlog.buckets.flatMap((bucket) => {
      const jobs = bucket.jobs.filter(({ locator }) => !taken.has(locator));
      return jobs.length === 0 ? [] : [{ ...bucket, jobs }];
    }),
    foreign: backlog.foreign.filter(({ job }) => !taken.has(job.locator)),
    order: backlog.order.filter((locator) => !taken.has(locator)),
  };
}

/**
 * Uuids of agents that have started building since the last poll, if the server does not report the job: each has most
 * likely taken a job of that poll. `begunBefore` is the result for `before`.
 */
export function newlyBuilding(
  before: readonly GocdAgent[],
  agents: readonly GocdAgent[],
  begunBefore: ReadonlySet<string>,
): ReadonlySet<string> {
  const wereBuilding = new Set(before.filter(isBuilding).map(({ uuid }) => uuid));
  return new Set(
    agents.filter((each) =>
      isBuilding(each) && each.buildLocator === undefined &&
      (begunBefore.has(each.uuid) || !wereBuilding.has(each.uuid))
    ).map(({ uuid }) => uuid),
  );
}

/** Evidence that agents have taken jobs since the last poll. */
export interface Takings {
  /** Locators that agents were seen to build. */
  readonly locators: ReadonlySet<string>;
  /** Agents that have started building an unknown job. */
  readonly unnamed: readonly GocdAgent[];
}

/** Locators that agents are building, together with those seen before. */
export function builtSince(agents: readonly GocdAgent[], before: ReadonlySet<string>): ReadonlySet<string> {
  const building = agents.flatMap((each) =>
    isBuilding(each) && each.buildLocator !== undefined ? [each.buildLocator] : []
  );
  return building.length === 0 ? before : new Set([...before, ...building]);
}

/** The evidence of a list, together with that of the lists since the last poll. */
export function takingsOf(
  server: {
    readonly agents: readonly GocdAgent[];
    readonly built: ReadonlySet<string>;
    readonly begun: ReadonlySet<string>;
  },
  agents: readonly GocdAgent[],
): Takings {
  const begun = newlyBuilding(server.agents, agents, server.begun);
  return { locators: builtSince(agents, server.built), unnamed: agents.filter(({ uuid }) => begun.has(uuid)) };
}

/** A job that has left the feed. */
export interface Departure {
  readonly locator: string;
  readonly order: number;
}

/**
 * Of the jobs of each bucket that have left the feed, those that an agent's build explains. This excludes cancelled
 * jobs and builds that were shorter than the interval between two reads.
 */
export function takenOf(
  departures: ReadonlyMap<string, readonly Departure[]>,
  { locators, unnamed }: Takings,
  backlog: Backlog,
): ReadonlyMap<string, readonly Departure[]> {
  const left = unnamed.map((each) => capabilityOf(each, backlog.resourceCase));
  const taken = new Map<string, readonly Departure[]>();
  for (const [key, departed] of departures) {
    const named = departed.filter(({ locator }) => locators.has(locator));
    const requirement = backlog.buckets.find((bucket) => bucket.key === key)?.requirement;
    const others: Departure[] = [];
    // The server gives the oldest job first.
    const doubtful = departed.filter(({ locator }) => !locators.has(locator)).sort((a, b) => a.order - b.order);
    for (const departure of doubtful) {
      const index = requirement === undefined ? -1 : left.findIndex((each) => canTake(each, requirement));
      if (index < 0) break;
      left.splice(index, 1);
      others.push(departure);
    }
    if (named.length + others.length > 0) taken.set(key, [...named, ...others]);
  }
  return taken;
}
