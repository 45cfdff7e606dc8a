// GET `/api/admin/pipelines/:name` (v10 and v11: 19.10 on) and `/api/admin/templates/:name` (v5 to v7: 19.9 on), as
// configured: with parameters, and without the stages of a template (GoCD PipelineConfigControllerV11,
// TemplateConfigControllerV7).

import { askedVersion, vendorType } from "./accept.ts";
import { accessTexts, type Caller, isAdmin } from "./access.ts";
import { answer, jsonMessage, jsonText, type SimRequest, type SimResponse, withEtag } from "./http_message.ts";
import type { SimConfiguredJob, SimConfiguredStage } from "./configuration.ts";
import type { GocdWorld } from "./state.ts";

/** The request. */
export interface ConfigPath {
  /** A pipeline or a template. */
  readonly kind: "pipelines" | "templates";
  /** Decoded. */
  readonly name: string;
}

/** The parts of such a path; nothing for other paths. */
export function configPathOf(path: string): ConfigPath | undefined {
  const [, kind, name] = /^\/api\/admin\/(pipelines|templates)\/([^/]+)$/.exec(path) ?? [];
  if (name === undefined) return undefined;
  return { kind: kind === "pipelines" ? "pipelines" : "templates", name: decodeURIComponent(name) };
}

/** The configuration of a pipeline, for administrators of its group, or of a template, for those who may view it. */
export function configAnswer(
  world: GocdWorld,
  request: SimRequest,
  caller: Caller,
  { kind, name }: ConfigPath,
): SimResponse {
  const { rules, configuration } = world;
  const isPipeline = kind === "pipelines";
  const served = isPipeline ? rules.pipelineApi : rules.templateApi;
  const version = askedVersion(world, request, { served, isSpark: true });
  if (typeof version !== "string") return version;
  const type = vendorType(version);
  const own = caller.kind === "user" ? (isPipeline ? caller.user.administers : caller.user.viewsTemplates) ?? [] : [];
  if (isPipeline && !configuration.pipelines.has(name.toLowerCase())) return notFound(type, "Pipeline", name);
  if (!isAdmin(caller) && !own.includes(name)) return jsonMessage(403, type, accessTexts.notAllowedAction);
  const body = isPipeline ? pipelineJson(world, name) : templateJson(world, name);
  return body === undefined ? notFound(type, "Template", name) : withEtag(request, answer(200, type, jsonText(body)));
}

function notFound(type: string, what: string, name: string): SimResponse {
  return jsonMessage(404, type, `${what} with name '${name}' was not found!`);
}

function pipelineJson({ configuration }: GocdWorld, name: string): Record<string, unknown> | undefined {
  const pipeline = configuration.pipelines.get(name.toLowerCase());
  if (pipeline === undefined) return undefined;
  const { template, parameters = {}, stages, origin = "gocd" } = pipeline;
  return {
    "label_template": "${COUNT}",
    "lock_behavior": "none",
    name: pipeline.name,
    template: template ?? null,
    group: "defaultGroup",
    origin: { type: origin === "gocd" ? "gocd" : "config_repo" },
    parameters: Object.entries(parameters).map(([key, value]) => ({ name: key, value })),
    "environment_variables": [{ secure: true, name: "TOKEN", "encrypted_value": "AES:abc" }],
    materials: [],
    stages: template === undefined ? stages.map(stageJson) : null,
    "tracking_tool": null,
    timer: null,
  };
}

function templateJson({ configuration }: GocdWorld, name: string): Record<string, unknown> | undefined {
  const template = configuration.templates.get(name.toLowerCase());
  return template === undefined ? undefined : { name: template.name, stages: template.stages.map(stageJson) };
}

function stageJson({ name, jobs }: SimConfiguredStage): Record<string, unknown> {
  return { name, "fetch_materials": true, approval: { type: "success" }, jobs: jobs.map(jobJson) };
}

function jobJson(
  { name, gocdResources = [], elasticProfile, runInstanceCount }: SimConfiguredJob,
): Record<string, unknown> {
  return {
    name,
    "run_instance_count": runInstanceCount ?? null,
    timeout: null,
    ...(elasticProfile === undefined ? {} : { "elastic_profile_id": elasticProfile }),
    "environment_variables": [],
    resources: gocdResources,
    tasks: [],
    tabs: [],
    artifacts: [],
  };
}
