// Finds jobs of elastic profiles, which the feed does not distinguish from jobs without resources. Source: GoCD
// ElasticProfileService: usages reflect the current configuration, templates expanded, jobs by their configured names.

import type { Finding } from "../core/event.ts";
import type { GocdAgent, ScheduledJob } from "../core/gocd_records.ts";
import { GocdError } from "./api.ts";
import { at, isRecord, parseJson } from "./json.ts";
import { contentError } from "./content_problems.ts";
import { firstSupported } from "./first_supported.ts";
import type { GocdAnswer, Requester } from "./request.ts";
import { type GocdDialect, mediaType } from "./versions.ts";

/** How long usages stay valid. */
export const usagesFreshMs = 10 * 60_000;
/** An unknown job causes another read, but not more often than this. */
export const usagesAgainMs = 60_000;
/** Maximum number of profiles whose usages are read, one request each. */
const profilesMax = 100;
const namesMax = 100_000;

/** Jobs with their elastic profiles, and findings about them. */
export interface ElasticReading {
  /** The same jobs in the same order. */
  readonly jobs: readonly ScheduledJob[];
  /** Why elastic jobs could not be recognized, if so. */
  readonly findings: readonly Finding[];
}

/** Data already read by the poll. */
export interface ReadLists {
  readonly jobs: readonly ScheduledJob[];
  readonly agents: readonly GocdAgent[];
  /** Whether the server has shown that our account is not an administrator. */
  readonly isNoAdmin: boolean;
}

/** Remembers a server's elastic profiles. */
export interface ElasticMemory {
  /**
   * Names the elastic profile of each job that has one. Sends requests only while jobs without resources wait; throws
   * only for `signal`.
   */
  mark(lists: ReadLists, dialect: GocdDialect, signal: AbortSignal): Promise<ElasticReading>;
}

/** What was read last. */
interface Known {
  readonly atMs: number;
  readonly version: string;
  /** Profile by `pipeline/stage/job`, in lower case. */
  readonly profiles: ReadonlyMap<string, string>;
  /** Jobs without resources at that time. */
  readonly checkedPaths: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

/** Creates a cache; sends no request before the first job without resources. */
export function createElasticMemory(requester: Requester, nowMs: () => number): ElasticMemory {
  let known: Known | undefined;
  return {
    async mark({ jobs, agents, isNoAdmin }, dialect, signal): Promise<ElasticReading> {
      const paths = new Set(jobs.filter((job) => job.gocdResources.length === 0).map(configuredPath));
      if (paths.size === 0) return { jobs, findings: [] };
      if (dialect.elasticProfiles.length === 0) return { jobs, findings: withoutList(dialect, agents) };
      if (isDue(known, { paths, version: dialect.version, atMs: nowMs() })) {
        known = await read({ requester, dialect, isNoAdmin, signal }, { known, paths, nowMs });
      }
      const { profiles = new Map<string, string>(), findings = [] } = known ?? {};
      return { jobs: profiles.size === 0 ? jobs : jobs.map((job) => withProfile(job, profiles)), findings };
    },
  };
}

/** 16.8 to 16.10 have elastic jobs, but no list of profiles; only an elastic agent shows that there may be some. */
function withoutList({ version }: GocdDialect, agents: readonly GocdAgent[]): readonly Finding[] {
  return agents.some(({ elastic }) => elastic) ? [cannotTell(`GoCD ${version} has no list of elastic profiles`)] : [];
}

/** `pipeline/stage/job` as configured: instances of one job carry a number. Source: GoCD RunMultipleInstance. */
function configuredPath({ locator }: ScheduledJob): string {
  const [pipeline, , stage, , job] = locator.split("/");
  return `${pipeline}/${stage}/${job?.replace(/-runInstance-\d+$/, "")}`.toLowerCase();
}

function withProfile(job: ScheduledJob, profiles: ReadonlyMap<string, string>): ScheduledJob {
  const elasticProfile = job.gocdResources.length > 0 ? undefined : profiles.get(configuredPath(job));
  return elasticProfile === undefined ? job : { ...job, elasticProfile };
}

function isDue(
  known: Known | undefined,
  now: { readonly paths: ReadonlySet<string>; readonly version: string; readonly atMs: number },
): boolean {
  if (known === undefined || known.version !== now.version) return true;
  const ageMs = now.atMs - known.atMs;
  if (ageMs >= usagesFreshMs) return true;
  return ageMs >= usagesAgainMs && [...now.paths].some((path) => !known.checkedPaths.has(path));
}

interface ReadContext {
  readonly requester: Requester;
  readonly dialect: GocdDialect;
  readonly isNoAdmin: boolean;
  readonly signal: AbortSignal;
}

async function read(
  context: ReadContext,
  { known, paths, nowMs }: {
    readonly known: Known | undefined;
    readonly paths: ReadonlySet<string>;
    readonly nowMs: () => number;
  },
): Promise<Known> {
  const { dialect: { version }, signal } = context;
  const before = known?.version === version ? known : undefined;
  const checkedPaths = new Set([...paths, ...(before?.checkedPaths ?? [])].slice(0, namesMax));
  try {
    const { profiles, findings } = await readProfiles(context);
    return { atMs: nowMs(), version, profiles, checkedPaths, findings };
  } catch (error) {
    if (!(error instanceof GocdError) || signal.aborted) throw error;
    // What was read before is still the best we have.
    const profiles = before?.profiles ?? new Map<string, string>();
    return { atMs: nowMs(), version, profiles, checkedPaths, findings: [cannotTell(error.problem.message)] };
  }
}

async function readProfiles(context: ReadContext): Promise<Pick<Known, "profiles" | "findings">> {
  const ids = await readIds(context);
  const profiles = new Map<string, string>();
  if (ids.length === 0) return { profiles, findings: context.isNoAdmin ? [hidden] : [] };
  if (!context.dialect.elasticUsages) {
    return {
      profiles,
      findings: [cannotTell(`GoCD ${context.dialect.version} does not report which jobs use a profile`)],
    };
  }
  for (const id of ids.slice(0, profilesMax)) {
    for (const path of await readUsages(context, id)) profiles.set(path, id);
  }
  const findings = ids.length > profilesMax
    ? [cannotTell(`only ${profilesMax} of ${ids.length} elastic profiles were read`)]
    : context.isNoAdmin
    ? [hidden]
    : [];
  return { profiles, findings };
}

/** 19.3 introduced a new media type for the list, together with cluster profiles; around it, either may be right. */
async function readIds({ requester, dialect, signal }: ReadContext): Promise<readonly string[]> {
  return await firstSupported(
    dialect.elasticProfiles,
    (accept) => requester.exchange({ method: "GET", path: "/api/elastic/profiles", accept }, signal, idsOf),
  );
}

async function idsOf(answer: GocdAnswer): Promise<readonly string[]> {
  const body = parseJson(await answer.text(), answer.source);
  const entries = at(body, "_embedded", "profiles");
  if (!Array.isArray(entries)) {
    throw contentError(answer.source, { kind: "other-shape", expected: "a list of elastic profiles" });
  }
  return entries.slice(0, namesMax).map((entry) => at(entry, "id")).filter((id) => typeof id === "string")
    .filter((id) => id !== "");
}

async function readUsages({ requester, signal }: ReadContext, id: string): Promise<readonly string[]> {
  const path = `/api/internal/elastic/profiles/${encodeURIComponent(id)}/usages`;
  try {
    return await requester.exchange({ method: "GET", path, accept: mediaType(1) }, signal, pathsOf);
  } catch (error) {
    // Deleted between the list and this: 422 from GoCD 26.2, 404 from others.
    const kind = error instanceof GocdError ? error.problem.kind : undefined;
    if (kind === "missing" || kind === "conflict") return [];
    throw error;
  }
}

async function pathsOf(answer: GocdAnswer): Promise<readonly string[]> {
  const body = parseJson(await answer.text(), answer.source);
  if (!Array.isArray(body)) {
    throw contentError(answer.source, { kind: "other-shape", expected: "a list of usages of an elastic profile" });
  }
  const entries: readonly unknown[] = body;
  return entries.slice(0, namesMax).filter(isRecord).map((entry) =>
    ["pipeline_name", "stage_name", "job_name"].map((key) => String(entry[key] ?? "")).join("/").toLowerCase()
  );
}

function cannotTell(why: string): Finding {
  return {
    code: "gocd-elastic-untold",
    message: `jobs of elastic profiles cannot be distinguished from jobs without resources: ${why}`,
    hint: 'if there are such jobs, name them in poller.ignore, or set poller.resourceless-jobs = "ignore"',
  };
}

/**
 * GoCD silently omits profiles that an account may not see: for most accounts without the administrator role, all of
 * them.
 */
const hidden = cannotTell("the account is not an administrator, and GoCD shows only profiles that it may view");
