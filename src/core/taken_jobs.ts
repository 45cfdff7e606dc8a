// Jobs that an agent has been given since the feed was read. Counted as waiting, each would be launched for a second time.
// Not here: the memory of jobs (demand.ts), other capacity (capacity.ts). Called by core/polled.ts and core/capacity.ts.

import type { Backlog } from "./backlog.ts";
import type { GocdAgent } from "./gocd_records.ts";

/**
 * Locators that agents have got since the list before. A job that its agent had by then, and that a later feed lists all
 * the same, waits again: a build that was lost is scheduled under the same locator (facts: gocd 4.4).
 */
export function takenSince(before: readonly GocdAgent[], agents: readonly GocdAgent[]): ReadonlySet<string> {
  const building = agents.filter((each) => each.agentState === "Building" && each.buildLocator !== undefined);
  if (building.length === 0) return new Set();
  const had = new Map(before.map(({ uuid, buildLocator }) => [uuid, buildLocator]));
  return new Set(
    building.flatMap(({ uuid, buildLocator }) =>
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
 * Uuids of agents that have begun to build since the last poll, where the server does not tell what: each has most likely
 * taken a job of that poll. `begunBefore` is what this gave for `before`.
 */
export function begunSince(
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

function isBuilding({ agentState }: GocdAgent): boolean {
  return agentState === "Building";
}
