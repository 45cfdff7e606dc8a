// Caches the configuration of pipelines and templates, with ETags. It is read when a stage has started: the needs of
// its jobs are fixed then, and later changes of the configuration do not affect them (GoCD JobPlan).

import { GocdError } from "./api.ts";
import {
  type ConfiguredPipeline,
  type ConfiguredStages,
  type JobNeeds,
  needsOf,
  readPipeline,
  readTemplate,
} from "./job_needs.ts";
import type { Requester } from "./request.ts";
import { newestType } from "./versions.ts";

/** How long an unreadable configuration is not requested again. */
export const unreadAgainMs = 60_000;
/** Maximum number of cached configurations. */
const keptMax = 5_000;

/** What the jobs of a pipeline need, as configured when it was read. */
export interface ReadPipeline {
  needsOf(stage: string, job: string): JobNeeds;
}

/** Why a configuration could not be read. */
export interface UnreadPipeline {
  readonly unread: string;
}

/** A cache of configurations. */
export interface PipelineConfigs {
  /** Starts a poll: each configuration is requested at most once in it. */
  begin(): void;
  /** Requests sent since {@linkcode PipelineConfigs.begin}. */
  readonly requests: number;
  /**
   * The configuration of a pipeline of now, or why our account cannot read it. Throws {@linkcode GocdError} if the
   * server does not answer.
   */
  read(pipeline: string, signal: AbortSignal): Promise<ReadPipeline | UnreadPipeline>;
}

/** The cached data of one path. */
type Known<T> =
  | { readonly round: number; readonly etag?: string; readonly value: T }
  | { readonly round: number; readonly atMs: number; readonly unread: string };

interface Memory<T> {
  readonly parse: (text: string, source: string) => T;
  readonly known: Map<string, Known<T>>;
}

interface Configs {
  readonly requester: Requester;
  readonly nowMs: () => number;
  round: number;
  requests: number;
}

/** Creates a cache; sends no request before the first read. */
export function createPipelineConfigs(requester: Requester, nowMs: () => number): PipelineConfigs {
  const pipelines: Memory<ConfiguredPipeline> = { parse: readPipeline, known: new Map() };
  const templates: Memory<ConfiguredStages> = { parse: readTemplate, known: new Map() };
  const configs: Configs = { requester, nowMs, round: 0, requests: 0 };
  return {
    begin(): void {
      configs.round++;
      configs.requests = 0;
    },
    get requests(): number {
      return configs.requests;
    },
    async read(name, signal): Promise<ReadPipeline | UnreadPipeline> {
      const path = `/api/admin/pipelines/${encodeURIComponent(name)}`;
      const found = await current(configs, pipelines, path, signal);
      if ("unread" in found) return { unread: found.unread };
      const pipeline = found.value;
      if (pipeline.template === undefined) return readWith(pipeline, pipeline.stages);
      const from = `/api/admin/templates/${encodeURIComponent(pipeline.template)}`;
      const template = await current(configs, templates, from, signal);
      return "unread" in template ? { unread: template.unread } : readWith(pipeline, template.value);
    },
  };
}

/** What is configured now; in the same poll, and soon after a refusal, without another request. */
async function current<T>(configs: Configs, memory: Memory<T>, path: string, signal: AbortSignal): Promise<Known<T>> {
  const { round, nowMs, requester } = configs;
  const before = memory.known.get(path);
  if (before?.round === round) return before;
  if (before !== undefined && "unread" in before && nowMs() - before.atMs < unreadAgainMs) return before;
  configs.requests++;
  const old = before !== undefined && "value" in before ? before : undefined;
  const etag = old?.etag === undefined ? {} : { etag: old.etag };
  const now = await requester.exchange(
    { method: "GET", path, accept: newestType, ...etag },
    signal,
    async (answer): Promise<Known<T>> => {
      if (answer.isSame && old !== undefined) return { ...old, round };
      const value = memory.parse(await answer.text(), answer.source);
      return { round, value, ...(answer.etag === undefined ? {} : { etag: answer.etag }) };
    },
  ).catch((error: unknown): Known<T> => ({ round, atMs: nowMs(), unread: refusalOf(error) }));
  memory.known.delete(path);
  memory.known.set(path, now);
  const [oldest] = memory.known.size > keptMax ? memory.known.keys() : [];
  if (oldest !== undefined) memory.known.delete(oldest);
  return now;
}

function readWith(pipeline: ConfiguredPipeline, stages: ConfiguredStages): ReadPipeline {
  return { needsOf: (stage, job) => needsOf({ pipeline, stages }, stage, job) };
}

/** The response of GoCD itself about one configuration; anything else is a failure of the whole poll. */
function refusalOf(error: unknown): string {
  if (!(error instanceof GocdError) || error.refusal?.isOwn !== true) throw error;
  const { status } = error.refusal;
  if (status !== 403 && status !== 404 && status !== 422 && status !== 500) throw error;
  return error.problem.message;
}
