// The dashboard: which stages run, and which environment and group each pipeline is in (GoCD DashboardControllerV4,
// 19.5 to 26.2).

import { GocdError } from "./api.ts";
import { contentError } from "./content_problems.ts";
import { at, parseJson } from "./json.ts";
import type { GocdAnswer, Requester } from "./request.ts";
import { newestType } from "./versions.ts";

/** A running stage. */
export interface RunningStage {
  readonly pipeline: string;
  readonly counter: string;
  readonly stage: string;
  readonly stageCounter: string;
  /**
   * The time stamp of its pipeline's entry. It changes when a stage starts, when a job ends and when the configuration
   * changes, but neither when a job is assigned nor when it is rescheduled (GoCD StageService, ScheduleService).
   */
  readonly movedAt: number;
}

/** What the dashboard shows to our account. */
export interface Dashboard {
  readonly running: readonly RunningStage[];
  /** Environment by pipeline, in lower case. */
  readonly environments: ReadonlyMap<string, string>;
  /** Group by pipeline, in lower case. */
  readonly groups: ReadonlyMap<string, string>;
  /** The account has its own views, which may hide pipelines. */
  readonly isPersonal: boolean;
}

/** Caches a server's dashboard: if nothing has changed, the server returns 304. */
export interface DashboardMemory {
  /** The current dashboard, after at most `timeoutMs` if given. Throws {@linkcode GocdError}. */
  read(signal: AbortSignal, timeoutMs?: number): Promise<Dashboard>;
}

/** Creates a cache; sends no request before the first read. */
export function createDashboardMemory(requester: Requester): DashboardMemory {
  let known: { readonly etag: string; readonly dashboard: Dashboard } | undefined;
  const request = { method: "GET", path: "/api/dashboard", accept: newestType } as const;
  return {
    async read(signal, timeoutMs): Promise<Dashboard> {
      const before = known;
      const asked = {
        ...request,
        ...(before === undefined ? {} : { etag: before.etag }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      };
      return await requester.exchange(asked, signal, async (answer: GocdAnswer) => {
        if (answer.isSame && before !== undefined) return before.dashboard;
        const dashboard = readDashboard(await answer.text(), answer.source);
        known = answer.etag === undefined ? undefined : { etag: answer.etag, dashboard };
        return dashboard;
      });
    },
  };
}

/**
 * What `_personalization` is for an account that has never changed its dashboard: SHA-256 of
 * `{"filters":[{"name":"Default","state":[],"pipelines":[],"type":"blacklist"}]}` (GoCD PipelineSelections; seen on
 * 26.2).
 */
const noViews = "2356e5d4241f22987d8f8cb8920913fda237385b423bd7eec7e97b2a9eb1be1a";
/** States of a stage that does not run (GoCD StageState); any other one, also one of a later release, does. */
const resting: ReadonlySet<unknown> = new Set(["Unknown", "Passed", "Failed", "Cancelled"]);

/**
 * Reads a dashboard. Throws {@linkcode GocdError} for everything but a whole one: `starting` while the server is still
 * making it (202), and `unreadable` for an entry that cannot be read, which might be the one with the waiting jobs.
 */
export function readDashboard(text: string, source: string): Dashboard {
  const body = parseJson(text, source);
  const message = at(body, "message");
  if (typeof message === "string" && /being processed/i.test(message)) {
    throw new GocdError({
      code: "gocd-starting",
      kind: "starting",
      message: `${source} is not ready: the GoCD server still prepares its dashboard`,
      hint: "nothing to do: the GoCD server is starting",
    });
  }
  const personal = at(body, "_personalization");
  return {
    running: listAt(body, source, "_embedded", "pipelines").flatMap((entry) => runningStages(entry, source)),
    environments: environmentsOf(body, source),
    groups: groupsOf(body),
    isPersonal: typeof personal === "string" && personal !== noViews,
  };
}

function listAt(value: unknown, source: string, ...keys: readonly string[]): readonly unknown[] {
  const list = at(value, ...keys);
  if (!Array.isArray(list)) throw otherShape(source);
  return list;
}

function runningStages(entry: unknown, source: string): readonly RunningStage[] {
  const pipeline = nameAt(entry, source, "name");
  const stamp = at(entry, "last_updated_timestamp");
  return listAt(entry, source, "_embedded", "instances").flatMap((instance) =>
    listAt(instance, source, "_embedded", "stages").flatMap((stage) => {
      if (resting.has(at(stage, "status"))) return [];
      return [{
        pipeline,
        counter: nameAt(instance, source, "counter"),
        stage: nameAt(stage, source, "name"),
        stageCounter: nameAt(stage, source, "counter"),
        movedAt: typeof stamp === "number" ? stamp : NaN,
      }];
    })
  );
}

/** A pipeline is in one environment at most (GoCD EnvironmentsConfig). */
function environmentsOf(body: unknown, source: string): ReadonlyMap<string, string> {
  const environments = new Map<string, string>();
  for (const entry of listAt(body, source, "_embedded", "environments")) {
    const name = nameAt(entry, source, "name");
    for (const pipeline of listAt(entry, source, "pipelines")) {
      if (typeof pipeline !== "string") throw otherShape(source);
      environments.set(pipeline.toLowerCase(), name);
    }
  }
  return environments;
}

/** An unreadable group is omitted: its pipelines still have all their jobs. */
function groupsOf(body: unknown): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const entry of knownList(body, "_embedded", "pipeline_groups")) {
    const name = at(entry, "name");
    for (const pipeline of knownList(entry, "pipelines")) {
      if (typeof pipeline === "string" && typeof name === "string") groups.set(pipeline.toLowerCase(), name);
    }
  }
  return groups;
}

function knownList(value: unknown, ...keys: readonly string[]): readonly unknown[] {
  const list = at(value, ...keys);
  return Array.isArray(list) ? list : [];
}

function nameAt(value: unknown, source: string, key: string): string {
  const name = at(value, key);
  if (typeof name === "number" && Number.isSafeInteger(name)) return String(name);
  if (typeof name !== "string" || name === "") throw otherShape(source);
  return name;
}

function otherShape(source: string): GocdError {
  return contentError(source, { kind: "other-shape", expected: "a dashboard" });
}
