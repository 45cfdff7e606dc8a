// The feed and the list of agents of the simulated GoCD server as seen by our account, by version, in the core's types.

import type { GocdProblem } from "../../src/core/event.ts";
import type { GocdAgent, GocdAgentEnvironment, ScheduledJob } from "../../src/core/gocd_records.ts";
import { agentStateOf, buildStateOf } from "../../src/sim/gocd/bodies.ts";
import { problemOf } from "./gocd_port.ts";
import { groupOfPipeline } from "./scenario_groups.ts";
import { type GocdRules, gocdRules } from "../../src/sim/gocd/versions.ts";
import type { SimGocdAgent, SimJob } from "../../src/sim/gocd/state.ts";
import type { GocdLists, World } from "./world_state.ts";

/** Pipelines that our account still sees when it is not an administrator. */
export const seenWithoutRights = "p-none-w0j0";

/** Why a list is currently refused. */
export function readRefusal(
  world: World,
  what: "feed" | "agents",
): { readonly problem: GocdProblem } | undefined {
  if (world.nowMs < world.weather.gocdStartsUntilMs) return problemOf("gocd-starting", "starting");
  if (world.weather.isGocdInBackup) return problemOf("gocd-backup", "maintenance");
  const isOldFeed = what === "feed" && !usesNewFeed(world);
  return isOldFeed && !world.weather.hasRights ? problemOf("gocd-forbidden", "refused") : undefined;
}

function usesNewFeed(world: World): boolean {
  // 20.1 to 20.8 have both; the program uses the new one.
  return Number(world.gocd.version.split(".")[0]) >= 20;
}

function listsOf(world: World): GocdLists {
  return world.weather.stale ?? { jobs: world.gocd.jobs(), agents: world.gocd.agents() };
}

/** One in this many seeds has no feed, if the version has the APIs that replace it. */
const oneInFeedless = 11;
/** Maximum number of requests for stage runs. */
const groupsMax = 4;

/** Whether the jobs are read stage by stage. */
export function isFeedless(world: World): boolean {
  return world.scenario.seed % oneInFeedless === 2 && usesNewFeed(world);
}

/** The groups of the dashboard; it is not read on versions before 20.1. */
export function listGroups(world: World): ReadonlyMap<string, string> | undefined {
  if (!usesNewFeed(world)) return undefined;
  const { scenario: { seed }, weather: { hasRights, otherGocd } } = world;
  const pipelines = otherGocd === undefined ? [...world.gocd.pipelineGroups()] : [];
  return new Map(
    pipelines.flatMap(([pipeline, group]) => {
      const isHidden = groupOfPipeline(seed, pipeline) === undefined || !hasRights && pipeline !== seenWithoutRights;
      return isHidden ? [] : [[pipeline.toLowerCase(), group] as const];
    }),
  );
}

/** A job, and the position of its build among all. */
export interface ListedJob {
  readonly id: number;
  readonly job: ScheduledJob;
}

/** The feed: jobs in state Scheduled, oldest first. */
export function listJobs(world: World, rules: GocdRules): readonly ScheduledJob[] {
  return visibleJobs(world, rules).flatMap((job) => job.state === "Scheduled" ? [scheduled(world, job)] : []);
}

/** The running stages of the dashboard, in groups that are read together. */
export function runningStages(world: World): readonly ReadonlySet<string>[] {
  const groups: Set<string>[] = [];
  for (const job of visibleJobs(world, gocdRules(world.gocd.version))) {
    const stage = stageOf(job);
    if (groups.some((group) => group.has(stage))) continue;
    const group = groups.length < groupsMax ? new Set<string>() : groups[stage.length % groupsMax] ?? new Set<string>();
    group.add(stage);
    if (groups.length < groupsMax) groups.push(group);
  }
  return groups;
}

/** The waiting jobs of these stages. */
export function listJobsOf(world: World, stages: ReadonlySet<string>): readonly ListedJob[] {
  return visibleJobs(world, gocdRules(world.gocd.version)).flatMap((job) =>
    job.state === "Scheduled" && stages.has(stageOf(job)) ? [{ id: job.id, job: scheduled(world, job) }] : []
  );
}

function stageOf({ locator }: Pick<SimJob, "locator">): string {
  return locator.slice(0, locator.lastIndexOf("/"));
}

function visibleJobs(world: World, rules: GocdRules): readonly SimJob[] {
  if (world.weather.otherGocd !== undefined) return [];
  const isHidden = (rules.feedHidesPipelines || isFeedless(world)) && !world.weather.hasRights;
  const { jobs } = listsOf(world);
  return isHidden ? jobs.filter(({ pipeline }) => pipeline === seenWithoutRights) : jobs;
}

function scheduled(world: World, job: SimJob): ScheduledJob {
  const environment = world.gocd.environmentOf(job.pipeline);
  return {
    locator: decodeURIComponent(job.locator),
    name: job.name,
    ...(environment === undefined ? {} : { environment }),
    gocdResources: job.gocdResources,
  };
}

/** The list of agents. */
export function listAgents(world: World, rules: GocdRules): readonly GocdAgent[] {
  const { hidden, otherGocd } = world.weather;
  if (otherGocd !== undefined) return otherGocd;
  return listsOf(world).agents.filter(({ uuid }) => hidden?.has(uuid) !== true).map((record) => ({
    uuid: record.uuid,
    hostname: record.hostname,
    ...statesOf(record, rules),
    gocdResources: record.elastic === undefined ? record.gocdResources : [],
    environments: environmentsOf(world, record, rules),
    elastic: record.elastic !== undefined,
    ipAddress: record.ipAddress,
    ...buildOf(world, record, rules),
  }));
}

/** Not reported by v2 and v3, nor for a pipeline that our account may not view. */
function buildOf(world: World, record: SimGocdAgent, rules: GocdRules): Pick<GocdAgent, "buildLocator"> {
  const shape = rules.agentsShapes[rules.agentsShapes.length - 1];
  const { buildLocator } = record;
  if (buildLocator === undefined || shape === "v2" || shape === "v3" || !world.weather.hasRights) return {};
  return { buildLocator: decodeURIComponent(buildLocator) };
}

/**
 * 15.2 hides the runtime state of agents that are not enabled; its older list shows whether a disabled agent is
 * building.
 */
function statesOf(
  record: SimGocdAgent,
  rules: GocdRules,
): Pick<GocdAgent, "configState" | "agentState" | "buildState"> {
  const { configState, runtime } = record;
  const isV1 = rules.agentsShapes.every((shape) => shape === "legacy" || shape === "v1");
  if (isV1 && configState === "Disabled") {
    const word = record.buildLocator === undefined ? "Idle" : "Building";
    return { configState, agentState: word, buildState: word };
  }
  if (isV1 && configState === "Pending") return { configState, agentState: "Unknown", buildState: "Unknown" };
  return { configState, agentState: agentStateOf(runtime), buildState: buildStateOf(runtime) };
}

/** Up to 19.2 names of existing environments only; from 19.9 on unknown ones are marked. */
function environmentsOf(world: World, record: SimGocdAgent, rules: GocdRules): readonly GocdAgentEnvironment[] {
  const shape = rules.agentsShapes[rules.agentsShapes.length - 1];
  return record.environments.flatMap((name): GocdAgentEnvironment[] => {
    const isKnown = world.gocd.hasEnvironment(name);
    if (shape === "v6" || shape === "v7") return [{ name, origin: isKnown ? "gocd" : "unknown" }];
    if (!isKnown) return [];
    return [{ name, origin: shape === "v5" ? "gocd" : "unstated" }];
  });
}
