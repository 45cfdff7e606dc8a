// What a job needs of an agent, from the configuration of its pipeline (GoCD api-pipeline-config-v10 and v11,
// api-template-config-v5 to v7): as configured, so with parameters still to be replaced.

import type { UnknownNeeds } from "../core/gocd_records.ts";
import { oneLine } from "../core/text.ts";
import { contentError } from "./content_problems.ts";
import { at, parseJson } from "./json.ts";
import { resourcesMax, textLengthMax } from "./scheduled_jobs.ts";

/** The needs of a job; `unknown`: why they are not known, because they must not be guessed. */
export type JobNeeds =
  | { readonly kind: "known"; readonly gocdResources: readonly string[]; readonly elasticProfile?: string }
  | ({ readonly kind: "unknown" } & UnknownNeeds);

/** One job as configured. */
export interface ConfiguredJob {
  readonly gocdResources: readonly string[];
  readonly elasticProfile?: string;
}

/** Jobs by stage and name, both in lower case: names in GoCD are case-insensitive. */
export type ConfiguredStages = ReadonlyMap<string, ReadonlyMap<string, ConfiguredJob>>;

/** A pipeline as configured. */
export interface ConfiguredPipeline {
  /** The template that has its stages. */
  readonly template?: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Empty with a template. */
  readonly stages: ConfiguredStages;
}

/** Reads the configuration of a pipeline; throws {@linkcode GocdError} (`unreadable`). */
export function readPipeline(text: string, source: string): ConfiguredPipeline {
  const body = parseJson(text, source);
  const template = at(body, "template");
  const listed = at(body, "parameters");
  const parameters: readonly unknown[] = Array.isArray(listed) ? listed : [];
  return {
    ...(typeof template === "string" && template !== "" ? { template } : {}),
    parameters: new Map(parameters.map((each) => [String(at(each, "name")), String(at(each, "value") ?? "")])),
    stages: typeof template === "string" && template !== "" ? new Map() : stagesOf(body, source),
  };
}

/** Reads the stages of a template; throws {@linkcode GocdError} (`unreadable`). */
export function readTemplate(text: string, source: string): ConfiguredStages {
  return stagesOf(parseJson(text, source), source);
}

function stagesOf(body: unknown, source: string): ConfiguredStages {
  const stages = at(body, "stages");
  if (!Array.isArray(stages)) {
    throw contentError(source, { kind: "other-shape", expected: "a configuration with stages" });
  }
  return new Map(
    stages.map((stage: unknown) => {
      const jobs = at(stage, "jobs");
      const entries: readonly unknown[] = Array.isArray(jobs) ? jobs : [];
      return [
        String(at(stage, "name")).toLowerCase(),
        new Map(entries.map((job) => [String(at(job, "name")).toLowerCase(), jobOf(job)])),
      ];
    }),
  );
}

function jobOf(job: unknown): ConfiguredJob {
  const resources = at(job, "resources");
  const profile = at(job, "elastic_profile_id");
  const names: readonly unknown[] = Array.isArray(resources) ? resources.slice(0, resourcesMax + 1) : [];
  return {
    gocdResources: names.map((name) => typeof name === "string" ? name : ""),
    ...(typeof profile === "string" && profile !== "" ? { elasticProfile: profile } : {}),
  };
}

/** The needs of a build with this name. `stages` are those of the pipeline, or of its template. */
export function needsOf(
  { pipeline, stages }: { readonly pipeline: ConfiguredPipeline; readonly stages: ConfiguredStages },
  stage: string,
  job: string,
): JobNeeds {
  const jobs = stages.get(stage.toLowerCase());
  const configured = jobs?.get(job.toLowerCase()) ?? jobs?.get(configuredName(job).toLowerCase());
  if (configured === undefined) return unknown(`${stage}/${job} is no longer in its configuration`);
  const resources = configured.gocdResources.map((name) => withParameters(name, pipeline.parameters));
  const profile = withParameters(configured.elasticProfile ?? "", pipeline.parameters);
  const names = resources.map((name) => name?.trim() ?? "");
  if (names.some((name) => name === "" || name.length > textLengthMax) || profile === undefined) {
    return unknown(`a resource or the elastic profile of ${stage}/${job} cannot be worked out`);
  }
  if (names.length > resourcesMax) return unknown(`${stage}/${job} has more than ${resourcesMax} resources`);
  return { kind: "known", gocdResources: names, ...(profile === "" ? {} : { elasticProfile: profile }) };
}

const causeLengthMax = 300;

function unknown(cause: string): JobNeeds {
  return { kind: "unknown", why: "unconfigured", cause: oneLine(cause, causeLengthMax) };
}

/** Source: GoCD RunMultipleInstance, RunOnAllAgents: builds of one job carry a number. */
function configuredName(job: string): string {
  return job.replace(/-(?:runInstance|runOnAll)-\d+$/, "");
}

/** Replaces `#{name}` and `##` as GoCD ParamStateMachine does; nothing if that fails. */
export function withParameters(text: string, parameters: ReadonlyMap<string, string>): string | undefined {
  if (!text.includes("#")) return text;
  let isKnown = true;
  const resolved = text.replace(/##|#\{([^}]*)\}|#/g, (found, name: string | undefined) => {
    if (found === "##") return "#";
    const value = name === undefined ? undefined : parameters.get(name);
    if (value === undefined) isKnown = false;
    return value ?? "";
  });
  return isKnown ? resolved : undefined;
}
