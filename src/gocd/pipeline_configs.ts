// Remembers the configuration of pipelines and templates, with ETags. It is read when a stage has begun: what its jobs
// need is fixed then, and a later change of the configuration does not concern them (GoCD JobPlan).

import { GocdError } from "./api.ts";
import {
  type ConfiguredPipeline,
  type ConfiguredStages,
  type JobNeeds,
  needsOf,
  readPipeline,
  readTemplate,
} from "./job_needs.ts";
import type { GocdRequest, Requester } from "./request.ts";
import { newestType } from "./versions.ts";

/** So long the configuration that could not be read is not asked for again. */
export const unreadAgainMs = 60_000;
/** Configurations kept at most. */
const keptMax = 5_000;

/** What the jobs of a pipeline need, as configured when it was read. */
export interface ReadPipeline {
  needsOf(stage: string, job: string): JobNeeds;
}

/** Why a configuration could not be read. */
export interface UnreadPipeline {
  readonly unread: string;
}

/** Remembers configurations. */
export interface PipelineConfigs {
  /** Begins a poll: each configuration is asked for once in it at most. */
  begin(): void;
  /** Requests sent since {@linkcode PipelineConfigs.begin}. */
  readonly requests: number;
  /**
   * The configuration of a pipeline of now, or why our account cannot read it. Throws {@linkcode GocdError} if the server
   * does not answer.
   */
  read(pipeline: string, signal: AbortSignal): Promise<ReadPipeline | UnreadPipeline>;
}

/** What is known of one path. */
type Known<T> =
  | { readonly round: number; readonly etag?: string; readonly value: T }
  | { readonly round: number; readonly atMs: number; readonly unread: string };

interface Memory<T> {
  readonly parse: (text: string, source: string) => T;
  readonly known: Map<string, Known<T>>;
}

/** Creates a memory; nothing is asked before the first read. */
export function createPipelineConfigs(requester: Requester, nowMs: () => number): PipelineConfigs {
  const pipelines: Memory<ConfiguredPipeline> = { parse: readPipeline, known: new Map() };
  const templates: Memory<ConfiguredStages> = { parse: readTemplate, known: new Map() };
  let round = 0;
  let requests = 0;

  async function current<T>(memory: Memory<T>, path: string, signal: AbortSignal): Promise<Known<T>> {
    const before = memory.known.get(path);
    if (before?.round === round) return before;
    if (before !== undefined && "unread" in before && nowMs() - before.atMs < unreadAgainMs) return before;
    requests++;
    const now = await ask({ memory, path, before, round }, signal).catch((error: unknown): Known<T> => {
      return { round, atMs: nowMs(), unread: refusalOf(error) };
    });
    memory.known.delete(path);
    memory.known.set(path, now);
    const [oldest] = memory.known.size > keptMax ? memory.known.keys() : [];
    if (oldest !== undefined) memory.known.delete(oldest);
    return now;
  }

  async function ask<T>(
    { memory, path, before, round }: {
      readonly memory: Memory<T>;
      readonly path: string;
      readonly before: Known<T> | undefined;
      readonly round: number;
    },
    signal: AbortSignal,
  ): Promise<Known<T>> {
    const old = before !== undefined && "value" in before ? before : undefined;
    const request: GocdRequest = {
      method: "GET",
      path,
      accept: newestType,
      ...(old?.etag === undefined ? {} : { etag: old.etag }),
    };
    return await requester.exchange(request, signal, async (answer) => {
      if (answer.isSame && old !== undefined) return { ...old, round };
      const value = memory.parse(await answer.text(), answer.source);
      return { round, value, ...(answer.etag === undefined ? {} : { etag: answer.etag }) };
    });
  }

  return {
    begin(): void {
      round++;
      requests = 0;
    },
    get requests(): number {
      return requests;
    },
    async read(name, signal): Promise<ReadPipeline | UnreadPipeline> {
      const found = await current(pipelines, `/api/admin/pipelines/${encodeURIComponent(name)}`, signal);
      if ("unread" in found) return { unread: found.unread };
      const pipeline = found.value;
      if (pipeline.template === undefined) return readWith(pipeline, pipeline.stages);
      const path = `/api/admin/templates/${encodeURIComponent(pipeline.template)}`;
      const template = await current(templates, path, signal);
      return "unread" in template ? { unread: template.unread } : readWith(pipeline, template.value);
    },
  };
}

function readWith(pipeline: ConfiguredPipeline, stages: ConfiguredStages): ReadPipeline {
  return { needsOf: (stage, job) => needsOf({ pipeline, stages }, stage, job) };
}

/** What GoCD itself answers about one configuration; anything else is a failure of the whole poll. */
function refusalOf(error: unknown): string {
  if (!(error instanceof GocdError) || error.refusal?.isOwn !== true) throw error;
  const { status } = error.refusal;
  if (status !== 403 && status !== 404 && status !== 422 && status !== 500) throw error;
  return error.problem.message;
}
