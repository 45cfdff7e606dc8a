// The configured pipelines and templates of the simulated GoCD server. Scheduling a job also configures it, unless its
// pipeline was configured explicitly.

import type { GocdWorld } from "./state.ts";
import type { SimJobRequest } from "./work.ts";

/** A job as configured: parameters are not resolved yet. */
export interface SimConfiguredJob {
  /** As configured, without a number. */
  readonly name: string;
  /** Default none. */
  readonly gocdResources?: readonly string[];
  /** The elastic agent profile. */
  readonly elasticProfile?: string;
  /** `all`, or the number of its instances per run. */
  readonly runInstanceCount?: string;
}

/** A stage as configured. */
export interface SimConfiguredStage {
  /** The stage's name. */
  readonly name: string;
  /** In order. */
  readonly jobs: readonly SimConfiguredJob[];
}

/** A pipeline as configured. */
export interface SimConfiguredPipeline {
  /** The pipeline's name. */
  readonly name: string;
  /** The template that defines its stages. */
  readonly template?: string;
  /** By name. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly stages: readonly SimConfiguredStage[];
  /** Default `gocd`. */
  readonly origin?: "gocd" | "config-repo";
}

/** A template as configured. */
export interface SimConfiguredTemplate {
  /** The template's name. */
  readonly name: string;
  readonly stages: readonly SimConfiguredStage[];
}

/** The configuration; keys in lower case. */
export interface SimConfiguration {
  /** Every pipeline that has had a job. */
  readonly pipelines: Map<string, SimConfiguredPipeline>;
  /** Explicitly configured pipelines: jobs do not change them. */
  readonly fixed: Set<string>;
  readonly templates: Map<string, SimConfiguredTemplate>;
  /** Groups of pipelines, as spelled; absent: the default group. */
  readonly groups: Map<string, string>;
}

/** The default group of a pipeline. */
const firstGroup = "defaultGroup";

/** The group of a pipeline. */
export function groupOf({ groups }: SimConfiguration, pipeline: string): string {
  return groups.get(pipeline.toLowerCase()) ?? firstGroup;
}

/** An empty configuration. */
export function emptyConfiguration(): SimConfiguration {
  return { pipelines: new Map(), fixed: new Set(), templates: new Map(), groups: new Map() };
}

/** Changes the configuration of the server, apart from jobs and agents. */
export interface SimConfigurator {
  /** Configures a pipeline. Its jobs are still scheduled as the caller specifies. */
  configurePipeline(pipeline: SimConfiguredPipeline): void;
  /** Moves a pipeline to a group. */
  setPipelineGroup(pipeline: string, group: string): void;
  /** The group of each pipeline. */
  pipelineGroups(): ReadonlyMap<string, string>;
  /** Adds or replaces a template. */
  configureTemplate(template: SimConfiguredTemplate): void;
  /** From now on it behaves like a version without the feed, which returns this status; undefined: with the feed. */
  setFeedGone(status: 404 | 410 | undefined): void;
  /** The dashboard is not ready yet (202). */
  setDashboardPending(isPending: boolean): void;
}

/** The functions to configure a server. */
export function configurator(world: GocdWorld): SimConfigurator {
  const { pipelines, fixed, templates, groups } = world.configuration;
  return {
    configurePipeline(pipeline): void {
      pipelines.set(pipeline.name.toLowerCase(), pipeline);
      fixed.add(pipeline.name.toLowerCase());
    },
    pipelineGroups: () =>
      new Map([...pipelines.values()].map(({ name }) => [name, groupOf(world.configuration, name)])),
    setPipelineGroup: (pipeline, name) => void groups.set(pipeline.toLowerCase(), name),
    configureTemplate: (template) => void templates.set(template.name.toLowerCase(), template),
    setFeedGone: (status) => void (world.feedGone = status),
    setDashboardPending: (isPending) => void (world.isDashboardPending = isPending),
  };
}

/** Adds a scheduled job to the configuration. */
export function configureJob({ configuration }: GocdWorld, request: SimJobRequest): void {
  const key = request.pipeline.toLowerCase();
  if (configuration.fixed.has(key)) return;
  const before = configuration.pipelines.get(key) ?? { name: request.pipeline, stages: [] };
  const stage = before.stages.find(({ name }) => name === request.stage) ?? { name: request.stage, jobs: [] };
  const job = configuredJob(request);
  const old = stage.jobs.find(({ name }) => name === job.name);
  if (old !== undefined && JSON.stringify(old) === JSON.stringify(job)) return;
  const next = { ...stage, jobs: [...stage.jobs.filter(({ name }) => name !== job.name), job] };
  const stages = [...before.stages.filter(({ name }) => name !== stage.name), next];
  configuration.pipelines.set(key, { ...before, stages });
}

function configuredJob(request: SimJobRequest): SimConfiguredJob {
  const [, name = request.job, kind] = /^(.+)-(runInstance|runOnAll)-\d+$/.exec(request.job) ?? [];
  return {
    name,
    gocdResources: request.elasticProfile === undefined ? request.gocdResources : [],
    ...(request.elasticProfile === undefined ? {} : { elasticProfile: request.elasticProfile }),
    ...(kind === undefined ? {} : { runInstanceCount: kind === "runOnAll" ? "all" : "2" }),
  };
}
