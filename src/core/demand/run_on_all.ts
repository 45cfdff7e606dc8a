// Run-on-all jobs that an agent of ours may take. GoCD pins each to one agent, but a job rescheduled from a dead agent
// loses its pin (JobInstance.reschedule), and the feed does not show pins.

import { requirementOf } from "./backlog.ts";
import type { GocdAgent, ResourceCase, ScheduledJob } from "../gocd_records.ts";
import { canTake, capabilityOf } from "./matching.ts";
import type { SeenJob } from "../state.ts";

/** Source: GoCD RunOnAllAgents.java: the name of each build of a run-on-all-agents job. */
const runOnAllName = /-runOnAll-\d+$/;

/**
 * How long a job waits without a matching agent before one is launched for it: it may have lost its pin or its agent.
 */
const pinGraceMs = 600_000;
/** A job that left the feed this long ago was not rescheduled. */
const rememberMs = 3_600_000;

/** Whether a job is one of those that GoCD creates for each agent. */
export function isRunOnAll({ name }: Pick<ScheduledJob, "name">): boolean {
  return runOnAllName.test(name);
}

/** Run-on-all jobs known to have no pin, with the time at which each was last seen. */
export type Unpinned = ReadonlyMap<string, number>;

/** A job that an agent has, or had when it was lost, and that waits later was rescheduled, without its pin. */
export function trackUnpinned(before: Unpinned, agents: readonly GocdAgent[], atMs: number): Unpinned {
  const had = agents.flatMap(({ buildLocator }) =>
    buildLocator !== undefined && runOnAllName.test(buildLocator) ? [[buildLocator, atMs] as const] : []
  );
  return had.length === 0 ? before : new Map([...before, ...had]);
}

/** The input from a poll. */
export interface PolledJobs {
  readonly jobs: readonly ScheduledJob[];
  readonly agents: readonly GocdAgent[];
  readonly rule: ResourceCase;
  readonly seen: ReadonlyMap<string, SeenJob>;
}

/**
 * Jobs that are known to be rescheduled because an agent had them, and one job of each kind that has waited for long
 * without a running agent that it could be pinned to and that could still take it. A wrong guess costs one idle agent;
 * the job then counts as waiting for another cause, like any job, and is tried again after increasing pauses.
 */
export function unpinnedAt(before: Unpinned, { jobs, agents, rule, seen }: PolledJobs, atMs: number): Unpinned {
  const waiting = jobs.filter(isRunOnAll);
  const known = trackUnpinned(before, agents, atMs);
  const unpinned = new Map([...known].filter(([, lastMs]) => atMs - lastMs < rememberMs));
  for (const { locator } of waiting) {
    if (known.has(locator)) unpinned.set(locator, atMs);
  }
  const keyOf = (job: ScheduledJob): string => JSON.stringify(requirementOf(job, rule));
  const served = new Set(waiting.filter(({ locator }) => unpinned.has(locator)).map(keyOf));
  const able = agents.filter(mayTakeSoon).map((each) => capabilityOf(each, rule));
  for (const job of waiting) {
    const waitedMs = atMs - (seen.get(job.locator)?.firstSeenMs ?? atMs);
    if (waitedMs < pinGraceMs || served.has(keyOf(job))) continue;
    served.add(keyOf(job));
    const requirement = requirementOf(job, rule);
    if (able.some((capability) => canTake(capability, requirement))) continue;
    unpinned.set(job.locator, atMs);
  }
  return unpinned;
}

/** Whether it may still take a job that is pinned to it; a cancelled build lasts seconds, or hangs permanently. */
function mayTakeSoon({ elastic, configState, agentState, buildState }: GocdAgent): boolean {
  return !elastic && configState === "Enabled" &&
    (agentState === "Idle" || agentState === "Building" && buildState !== "Cancelled");
}
