// The group of each pipeline, from the dashboard, if the configuration uses groups. If it cannot be read, nothing waits
// for it: the last known groups are used.

import type { Finding } from "../core/event.ts";
import type { ScheduledJob } from "../core/gocd_records.ts";
import { groupOfJob, type PipelineGroups, pipelineOf, unknownGroup } from "../core/demand/pipeline_groups.ts";
import { oneLine } from "../core/text.ts";
import { GocdError } from "./api.ts";
import type { Dashboard, DashboardMemory } from "./dashboard.ts";
import type { GocdDialect } from "./versions.ts";

/**
 * How long known groups stay valid: a pipeline that moves to another group is seen there after this time at the latest.
 */
export const groupsFreshMs = 5 * 60_000;
/** An unknown pipeline causes another read, but not more often than this. */
export const groupsAgainMs = 30_000;
/** A slow dashboard delays a poll by at most this. */
const groupsTimeoutMs = 10_000;
/** Maximum number of pipelines with unknown group that are listed and remembered. */
const shownMax = 20;
const namesMax = 10_000;
const nameLengthMax = 100;

/** What a poll has read before. */
export interface GroupsQuery {
  readonly jobs: readonly ScheduledJob[];
  readonly dialect: GocdDialect;
  /** Read in this poll already; absent: it was not. */
  readonly dashboard?: Dashboard;
}

/** The groups, and findings about them. */
export interface GroupsReading {
  /** The last known; absent: none were ever read. */
  readonly pipelineGroups?: PipelineGroups;
  readonly findings: readonly Finding[];
}

/** Remembers the groups of a server's pipelines. */
export interface GroupsMemory {
  /** The groups of now, or the last known. Throws only for `signal`. */
  read(query: GroupsQuery, signal: AbortSignal): Promise<GroupsReading>;
}

interface Known {
  readonly atMs: number;
  readonly version: string;
  readonly groups?: PipelineGroups;
  /** Pipelines with waiting jobs that it was asked for. */
  readonly asked: ReadonlySet<string>;
  /** Why the last read failed. */
  readonly failure?: string;
}

/** Creates a cache; sends no request before the first read. */
export function createGroupsMemory(dashboards: DashboardMemory, nowMs: () => number): GroupsMemory {
  let known: Known | undefined;
  return {
    async read(query, signal): Promise<GroupsReading> {
      const { jobs, dialect: { version, jobsApi } } = query;
      if (!jobsApi) return { findings: [tooOld(version)] };
      const missing = missingPipelines(jobs, known?.groups);
      if (query.dashboard !== undefined || isDue(known, { missing, version, atMs: nowMs() })) {
        known = { ...await read(dashboards, { query, before: known?.groups, missing }, signal), atMs: nowMs() };
      }
      return {
        ...(known?.groups === undefined ? {} : { pipelineGroups: known.groups }),
        findings: known === undefined ? [] : findingsOf(known, jobs),
      };
    },
  };
}

function isDue(
  known: Known | undefined,
  now: { readonly missing: ReadonlySet<string>; readonly version: string; readonly atMs: number },
): boolean {
  if (known === undefined || known.version !== now.version) return true;
  const ageMs = now.atMs - known.atMs;
  return ageMs >= groupsFreshMs || ageMs >= groupsAgainMs && !now.missing.isSubsetOf(known.asked);
}

interface ReadQuery {
  readonly query: GroupsQuery;
  readonly before: PipelineGroups | undefined;
  readonly missing: ReadonlySet<string>;
}

async function read(
  dashboards: DashboardMemory,
  { query: { jobs, dialect: { version }, dashboard }, before, missing }: ReadQuery,
  signal: AbortSignal,
): Promise<Omit<Known, "atMs">> {
  try {
    const { groups } = dashboard ?? await dashboards.read(signal, groupsTimeoutMs);
    return { version, groups, asked: missingPipelines(jobs, groups) };
  } catch (error) {
    if (!(error instanceof GocdError) || signal.aborted) throw error;
    const groups = before === undefined ? {} : { groups: before };
    return { version, ...groups, asked: missing, failure: error.problem.message };
  }
}

/** In lower case. */
function missingPipelines(
  jobs: readonly ScheduledJob[],
  groups: PipelineGroups | undefined,
): ReadonlySet<string> {
  const unknown = jobs.filter(({ locator }) => groupOfJob(groups, locator) === unknownGroup);
  return new Set(unknown.slice(0, namesMax).map(({ locator }) => pipelineOf(locator).toLowerCase()));
}

function findingsOf(known: Known, jobs: readonly ScheduledJob[]): readonly Finding[] {
  const { groups, failure, asked } = known;
  if (failure !== undefined) return [unread(failure, groups !== undefined)];
  const unknown = Map.groupBy(
    jobs.filter(({ locator }) =>
      groupOfJob(groups, locator) === unknownGroup && asked.has(pipelineOf(locator).toLowerCase())
    ),
    ({ locator }) => pipelineOf(locator),
  );
  return [...unknown].slice(0, shownMax).map(([pipeline, ofPipeline]): Finding => ({
    code: "gocd-group-unknown",
    message: `the group of pipeline ${oneLine(pipeline, nameLengthMax)} is unknown: the dashboard does not show it`,
    hint:
      "let the account of go-server view the pipeline, and let the view Default of its dashboard show all pipelines; " +
      "until then the jobs of such pipelines count as one unknown group",
    locators: ofPipeline.slice(0, shownMax).map(({ locator }) => locator),
    subject: oneLine(pipeline, nameLengthMax),
  }));
}

function unread(why: string, isAnyKnown: boolean): Finding {
  return {
    code: "gocd-groups-unread",
    message: `the groups of the pipelines cannot be read: ${why}`,
    hint: isAnyKnown
      ? "nothing to do at first: the last known groups count; check the dashboard of GoCD if it persists"
      : "check the dashboard of GoCD as the account of go-server; until then all pipelines count as one unknown group",
  };
}

function tooOld(version: string): Finding {
  return {
    code: "gocd-groups-unsupported",
    message: `the groups of the pipelines of GoCD ${version} cannot be read: that works from 20.1 on`,
    hint:
      'upgrade GoCD, or remove pipeline-groups and fair-share = "pipeline-group": until then all pipelines count as ' +
      "one unknown group",
  };
}
