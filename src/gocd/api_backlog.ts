// Reads the waiting jobs without the feed: dashboard → running stages → their jobs in state Scheduled → their needs,
// from the configuration. Each stage run is one request, and only the dashboard lists the runs.

import type { Finding } from "../core/event.ts";
import type { ScheduledJob } from "../core/gocd_records.ts";
import { GocdError } from "./api.ts";
import { apiFindings, type Untold } from "./api_findings.ts";
import type { Dashboard, DashboardMemory, RunningStage } from "./dashboard.ts";
import type { JobNeeds } from "./job_needs.ts";
import { createPipelineConfigs, type ReadPipeline } from "./pipeline_configs.ts";
import type { Requester } from "./request.ts";
import { jobsMax, type ScheduledJobsReading } from "./scheduled_jobs.ts";
import { readWaitingJobs, type WaitingJob } from "./stage_instance.ts";
import { newestType } from "./versions.ts";

/** Maximum number of optional requests for stages and configurations in one poll: 60 requests in total. */
export const requestsAimed = 54;
/** Maximum number of stages read in one poll; known data of the others is kept. */
export const stagesMax = 1_000;
/**
 * In a run without waiting jobs, jobs only wait again if an agent is lost with its build, which the dashboard does not
 * show. At least this share of such runs is read again in each poll.
 */
const quietShare = 0.1;

/** The waiting jobs, and the dashboard that showed which stages run. */
export interface ApiReading extends ScheduledJobsReading {
  readonly dashboard: Dashboard;
}

/** Reads the waiting jobs from the JSON APIs, and caches what does not have to be read again. */
export interface ApiBacklog {
  /** The jobs in the order of the feed, oldest first. Throws {@linkcode GocdError} if any part cannot be read. */
  read(signal: AbortSignal): Promise<ApiReading>;
}

/** The known data of a stage run. */
interface StageRun {
  readonly stage: RunningStage;
  /** The sequence number of its last read; 0: not read yet. */
  readonly readAt: number;
  /** `movedAt` when it was read. */
  readonly movedAt: number;
  readonly waiting: readonly WaitingJob[];
  /** Its pipeline's configuration, from when the first of its jobs was seen waiting. */
  readonly configured?: ReadPipeline;
  /** Why that cannot be read. */
  readonly unread?: string;
  /** Why the run itself cannot be read. */
  readonly refused?: string;
}

interface Reader {
  readonly requester: Requester;
  readonly configs: ReturnType<typeof createPipelineConfigs>;
  readonly runs: Map<string, StageRun>;
  reads: number;
}

/** Creates a reader; sends no request before the first read. */
export function createApiBacklog(
  requester: Requester,
  dashboards: DashboardMemory,
  nowMs: () => number,
): ApiBacklog {
  const reader: Reader = { requester, configs: createPipelineConfigs(requester, nowMs), runs: new Map(), reads: 0 };
  return {
    async read(signal): Promise<ApiReading> {
      const dashboard = await dashboards.read(signal);
      reader.configs.begin();
      keepRunning(reader, dashboard.running);
      await readRuns(reader, signal);
      return { ...readingOf([...reader.runs.values()], dashboard), dashboard };
    },
  };
}

/** Removes ended runs, and adds new ones. */
function keepRunning({ runs }: Reader, running: readonly RunningStage[]): void {
  const now = new Map(running.map((stage) => [locatorOf(stage), stage]));
  for (const key of [...runs.keys()]) {
    if (!now.has(key)) runs.delete(key);
  }
  for (const [key, stage] of now) {
    const known = runs.get(key);
    runs.set(key, known === undefined ? { stage, readAt: 0, movedAt: NaN, waiting: [] } : { ...known, stage });
  }
}

async function readRuns(reader: Reader, signal: AbortSignal): Promise<void> {
  const byAge = [...reader.runs].sort(([, a], [, b]) => a.readAt - b.readAt);
  const isQuiet = ({ readAt, movedAt, waiting, stage }: StageRun): boolean =>
    readAt > 0 && movedAt === stage.movedAt && waiting.length === 0;
  const due = byAge.filter(([, run]) => !isQuiet(run)).slice(0, stagesMax);
  for (const [key, run] of due) await readRun(reader, key, run, signal);
  const quiet = byAge.filter(([, run]) => isQuiet(run));
  const left = requestsAimed - due.length - reader.configs.requests;
  const many = Math.min(stagesMax - due.length, Math.max(left, Math.ceil(quiet.length * quietShare)));
  for (const [key, run] of quiet.slice(0, Math.max(0, many))) await readRun(reader, key, run, signal);
}

async function readRun(reader: Reader, key: string, before: StageRun, signal: AbortSignal): Promise<void> {
  const { stage } = before;
  const read = { readAt: ++reader.reads, movedAt: stage.movedAt };
  const answer = await waitingJobs(reader.requester, stage, signal);
  if (typeof answer === "string") {
    reader.runs.set(key, { stage, ...read, waiting: [], refused: answer });
    return;
  }
  const { configured } = before;
  const run: StageRun = { stage, ...read, waiting: answer, ...(configured === undefined ? {} : { configured }) };
  reader.runs.set(key, run);
  if (answer.length === 0 || configured !== undefined) return;
  const config = await reader.configs.read(stage.pipeline, signal);
  reader.runs.set(key, "unread" in config ? { ...run, unread: config.unread } : { ...run, configured: config });
}

/** The waiting jobs of a run; a text: why GoCD does not show it, although its dashboard does. */
async function waitingJobs(
  requester: Requester,
  { pipeline, counter, stage, stageCounter }: RunningStage,
  signal: AbortSignal,
): Promise<readonly WaitingJob[] | string> {
  const path = `/api/stages/${[pipeline, counter, stage, stageCounter].map(encodeURIComponent).join("/")}`;
  try {
    return await requester.exchange(
      { method: "GET", path, accept: newestType },
      signal,
      async (answer) => readWaitingJobs(await answer.text(), answer.source),
    );
  } catch (error) {
    const refusal = error instanceof GocdError ? error.refusal : undefined;
    if (refusal?.isOwn !== true || refusal.status !== 404 && refusal.status !== 403 || isNoRoute(error)) throw error;
    return error instanceof GocdError ? error.problem.message : "";
  }
}

/** If the run does not exist, GoCD responds in JSON; otherwise the path does not exist, and nothing can be read. */
function isNoRoute(error: unknown): boolean {
  return error instanceof GocdError && error.refusal?.status === 404 && error.refusal.isJson !== true;
}

function locatorOf({ pipeline, counter, stage, stageCounter }: RunningStage): string {
  return `${pipeline}/${counter}/${stage}/${stageCounter}`;
}

function readingOf(runs: readonly StageRun[], dashboard: Dashboard): ScheduledJobsReading {
  const untold: Untold[] = [];
  const jobs = runs.flatMap((run) =>
    run.waiting.map(({ name, scheduledMs }) => {
      const locator = `${locatorOf(run.stage)}/${name}`;
      const needs = needsIn(run, name);
      const { pipeline } = run.stage;
      if (needs.kind === "unknown") untold.push({ pipeline, locator, needs });
      return { job: jobOf({ locator, name, needs }, dashboard.environments.get(pipeline.toLowerCase())), scheduledMs };
    })
  ).sort((a, b) => a.scheduledMs - b.scheduledMs).map(({ job }) => job);
  const findings: readonly Finding[] = apiFindings({
    untold,
    refused: runs.flatMap(({ stage, refused }) =>
      refused === undefined ? [] : [{ run: locatorOf(stage), cause: refused }]
    ),
    unreadStages: runs.filter(({ readAt }) => readAt === 0).length,
    leftOut: Math.max(0, jobs.length - jobsMax),
    isPersonal: dashboard.isPersonal,
  });
  return { jobs: jobs.slice(0, jobsMax), findings };
}

function needsIn({ configured, unread, stage: { stage } }: StageRun, name: string): JobNeeds {
  if (configured !== undefined) return configured.needsOf(stage, name);
  return { kind: "unknown", why: "unread", cause: unread ?? "its configuration was not read" };
}

function jobOf(
  { locator, name, needs }: { readonly locator: string; readonly name: string; readonly needs: JobNeeds },
  environment: string | undefined,
): ScheduledJob {
  const place = { locator, name, ...(environment === undefined ? {} : { environment }) };
  if (needs.kind === "unknown") {
    const { why, cause } = needs;
    return { ...place, gocdResources: [], unknownNeeds: { why, cause } };
  }
  const { gocdResources, elasticProfile } = needs;
  return { ...place, gocdResources, ...(elasticProfile === undefined ? {} : { elasticProfile }) };
}
