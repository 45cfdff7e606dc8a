// The source of the waiting jobs: the feed or, if the server no longer has it, the remaining JSON APIs. GoCD 25.4
// declares the feed deprecated "without replacement". A feed that cannot be read does not count as gone: only the
// server's own "no such path" does, and only if the JSON APIs respond.

import type { Finding } from "../core/event.ts";
import { type GocdConnection, GocdError, type JobSource } from "./api.ts";
import { type ApiBacklog, createApiBacklog } from "./api_backlog.ts";
import type { Dashboard, DashboardMemory } from "./dashboard.ts";
import { firstSupported } from "./first_supported.ts";
import type { Requester } from "./request.ts";
import { readScheduledJobs, type ScheduledJobsReading } from "./scheduled_jobs.ts";
import type { GocdDialect } from "./versions.ts";

/** How long after the feed was found gone it is not tried again, unless the server's version changes. */
export const feedAgainMs = 3_600_000;

/** The waiting jobs, and how they were read. */
export interface SourcedJobs extends ScheduledJobsReading {
  /** The path of the feed that answered; absent: the JSON APIs did. */
  readonly feedPath?: string;
  /** Read for them; absent: the feed did. */
  readonly dashboard?: Dashboard;
}

/** Those of the feed. */
export interface FedJobs extends ScheduledJobsReading {
  /** The path that answered. */
  readonly feedPath: string;
}

/** Reads the waiting jobs. */
export interface JobReader {
  /** The current source. Throws {@linkcode GocdError}. */
  read(dialect: GocdDialect, signal: AbortSignal): Promise<SourcedJobs>;
  /** The feed, regardless of the setting. */
  readFeed(dialect: GocdDialect, signal: AbortSignal): Promise<FedJobs>;
  /**
   * Makes a poll. If it fails because the server has no feed, it is repeated without the feed, and if that works, the
   * next ones also skip it.
   */
  poll<T>(poll: () => Promise<T>): Promise<T>;
}

interface Source {
  readonly wanted: JobSource;
  readonly requester: Requester;
  readonly nowMs: () => number;
  readonly api: ApiBacklog;
  /** The version without the feed, and when that was found. */
  gone: { readonly version: string; readonly sinceMs: number } | undefined;
  /** The last response about the feed in this poll: GoCD itself reported that there is none. */
  isDenied: boolean;
  /** The poll is tried without it; then with which release. */
  trying: { version?: string } | undefined;
  /** The version for which it was reported. */
  told: string | undefined;
}

/** Creates a reader of one server. */
export function createJobReader(
  { jobSource = "auto" }: Pick<GocdConnection, "jobSource">,
  { requester, dashboards }: { readonly requester: Requester; readonly dashboards: DashboardMemory },
  nowMs: () => number,
): JobReader {
  const source: Source = {
    wanted: jobSource,
    requester,
    nowMs,
    api: createApiBacklog(requester, dashboards, nowMs),
    gone: undefined,
    isDenied: false,
    trying: undefined,
    told: undefined,
  };
  return {
    readFeed: (dialect, signal) => readFeed(source, dialect, signal),
    read: (dialect, signal) =>
      isFed(source, dialect) ? readFeed(source, dialect, signal) : readWithout(source, dialect, signal),
    poll: (poll) => pollEither(source, poll),
  };
}

function isFed({ wanted, gone, trying, nowMs }: Source, { version }: GocdDialect): boolean {
  if (wanted !== "auto") return wanted === "feed";
  return trying === undefined && !(gone?.version === version && nowMs() - gone.sinceMs < feedAgainMs);
}

async function readFeed(source: Source, dialect: GocdDialect, signal: AbortSignal): Promise<FedJobs> {
  source.isDenied = false;
  try {
    return await firstSupported(dialect.feedPaths, async (feedPath) => {
      const reading = await source.requester.exchange(
        { method: "GET", path: feedPath, accept: "application/xml" },
        signal,
        (answer) => readScheduledJobs(answer.chunks, answer.source),
      );
      return { ...reading, feedPath };
    });
  } catch (error) {
    const refusal = error instanceof GocdError ? error.refusal : undefined;
    source.isDenied = refusal?.isOwn === true && (refusal.status === 404 || refusal.status === 410);
    if (source.wanted !== "feed" || !source.isDenied || !dialect.jobsApi || !(error instanceof GocdError)) throw error;
    throw new GocdError({ ...error.problem, hint: `set poller.source = "auto", or ${error.problem.hint}` }, error);
  }
}

async function readWithout(source: Source, dialect: GocdDialect, signal: AbortSignal): Promise<SourcedJobs> {
  if (!dialect.jobsApi) throw tooOld(dialect);
  const reading = await source.api.read(signal);
  if (source.trying === undefined) return reading;
  source.trying.version = dialect.version;
  if (source.told === dialect.version) return reading;
  return { ...reading, findings: [feedGone(dialect), ...reading.findings] };
}

async function pollEither<T>(source: Source, poll: () => Promise<T>): Promise<T> {
  source.isDenied = false;
  try {
    return await poll();
  } catch (error) {
    if (source.wanted !== "auto" || !source.isDenied) throw error;
    source.trying = {};
    try {
      const done = await poll();
      const { version } = source.trying;
      if (version !== undefined) {
        source.gone = { version, sinceMs: source.nowMs() };
        source.told = version;
      }
      return done;
    } catch (second) {
      // If nothing is found at all, the address is wrong; an old server always has its feed.
      const isLost = second instanceof GocdError &&
        (second.problem.kind === "missing" || second.problem.code === tooOldCode);
      throw isLost ? error : second;
    } finally {
      source.trying = undefined;
    }
  }
}

const tooOldCode = "gocd-api-too-old";

function tooOld({ version }: GocdDialect): GocdError {
  return new GocdError({
    code: tooOldCode,
    kind: "refused",
    message: `the waiting jobs of GoCD ${version} cannot be read from its JSON APIs: that works from 20.1 on`,
    hint: 'set poller.source = "auto"',
  });
}

function feedGone({ version }: GocdDialect): Finding {
  return {
    code: "gocd-feed-gone",
    message: `GoCD ${version} has no feed of scheduled jobs: they are read from its dashboard, its stages and the ` +
      "configuration of its pipelines",
    hint: "nothing to do if the account is an administrator: it sees the same jobs",
  };
}
