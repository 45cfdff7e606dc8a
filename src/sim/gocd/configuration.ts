// The configured pipelines and templates of the simulated GoCD server. A job that is scheduled is configured by it, unless
// its pipeline was configured on purpose.

import type { GocdWorld } from "./state.ts";
import type { SimJobRequest } from "./work.ts";

/** A job as configured: parameters are not replaced yet. */
export interface SimConfiguredJob {
  /** As the configuration has it, without number. */
  readonly name: string;
  /** Default none. */
  readonly gocdResources?: readonly string[];
  /** The elastic agent profile. */
  readonly elasticProfile?: string;
  /** `all`, or how many builds of it one run has. */
  readonly runInstanceCount?: string;
}

/** A stage as configured. */
export interface SimConfiguredStage {
  /** The stage's name. */
  readonly name: string;
  /** In their order. */
  readonly jobs: readonly SimConfiguredJob[];
}

/** A pipeline as configured. */
export interface SimConfiguredPipeline {
  /** The pipeline's name. */
  readonly name: string;
  /** The template with its stages, which are then not its own. */
  readonly template?: string;
  /** By name. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Its own stages. */
  readonly stages: readonly SimConfiguredStage[];
  /** Default `gocd`. */
  readonly origin?: "gocd" | "config-repo";
}

/** A template as configured. */
export interface SimConfiguredTemplate {
  /** The template's name. */
  readonly name: string;
  /** Its stages. */
  readonly stages: readonly SimConfiguredStage[];
}

/** What is configured; keys in lower case. */
export interface SimConfiguration {
  /** Every pipeline that has had a job. */
  readonly pipelines: Map<string, SimConfiguredPipeline>;
  /** Those configured on purpose: jobs do not change them. */
  readonly fixed: Set<string>;
  /** Templates. */
  readonly templates: Map<string, SimConfiguredTemplate>;
  /** Groups of pipelines, as spelled; absent: that of the start. */
  readonly groups: Map<string, string>;
}

/** The group of a pipeline of which nobody has said one. */
const firstGroup = "defaultGroup";

/** The group of a pipeline. */
export function groupOf({ groups }: SimConfiguration, pipeline: string): string {
  return groups.get(pipeline.toLowerCase()) ?? firstGroup;
}

/** Nothing is configured. */
export function emptyConfiguration(): SimConfiguration {
  return { pipelines: new Map(), fixed: new Set(), templates: new Map(), groups: new Map() };
}

/** Changes what the server has and shows, beside its jobs and agents. */
export interface SimConfigurator {
  /** Configures a pipeline. Its jobs are scheduled as the caller says, whatever stands here. */
  configurePipeline(pipeline: SimConfiguredPipeline): void;
  /** Moves a pipeline to a group. */
  setPipelineGroup(pipeline: string, group: string): void;
  /** The group of each pipeline. */
  pipelineGroups(): ReadonlyMap<string, string>;
  /** Adds or replaces a template. */
  configureTemplate(template: SimConfiguredTemplate): void;
  /** From now on it is a release without the feed, which answers with this status; undefined: with the feed. */
  setFeedGone(status: 404 | 410 | undefined): void;
  /** The dashboard is not made yet (202). */
  setDashboardPending(isPending: boolean): void;
}

/** The means to configure a server. */
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

/** Takes a job that is scheduled for configured. */
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
