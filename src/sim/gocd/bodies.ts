// How GoCD versions represent agents: four formats and the legacy array (GoCD agent_representer.rb, AgentRepresenter).

import type { Caller } from "./access.ts";
import { mayView } from "./access.ts";
import type { GocdWorld, SimGocdAgent, SimRuntimeStatus } from "./state.ts";
import type { AgentsShape } from "./versions.ts";

/** What the writers need in addition to the records. */
export interface AgentWriting {
  /** The server. */
  readonly world: GocdWorld;
  /** The requested format. */
  readonly shape: AgentsShape;
  /** `http://host:port/go` as the caller sees it. */
  readonly baseUrl: string;
  /** The caller: build details require permission to view the pipeline. */
  readonly caller: Caller;
}

/** The list: a bare array in the legacy format, otherwise under `_embedded`. */
export function agentListJson(writing: AgentWriting, gocdAgents: readonly SimGocdAgent[]): unknown {
  if (writing.shape === "legacy") return gocdAgents.map((gocdAgent) => legacyJson(gocdAgent));
  return {
    _links: { self: { href: `${writing.baseUrl}/api/agents` }, doc: docLink(writing, "agents") },
    _embedded: { agents: gocdAgents.map((gocdAgent) => agentJson(writing, gocdAgent)) },
  };
}

/** One agent in a versioned format. */
export function agentJson(writing: AgentWriting, gocdAgent: SimGocdAgent): Record<string, unknown> {
  const common = {
    _links: {
      self: { href: `${writing.baseUrl}/api/agents/${gocdAgent.uuid}` },
      doc: docLink(writing, "agents"),
      find: { href: `${writing.baseUrl}/api/agents/:uuid` },
    },
    uuid: gocdAgent.uuid,
    hostname: gocdAgent.hostname,
    "ip_address": gocdAgent.ipAddress,
  };
  // The server shows none for a lost agent (seen on 26.2).
  const freeSpace = gocdAgent.runtime === "LostContact" ? "unknown" : gocdAgent.freeSpace ?? "unknown";
  if (writing.shape === "v1") {
    return {
      ...common,
      enabled: gocdAgent.configState === "Enabled",
      sandbox: gocdAgent.sandbox,
      status: statusWord(gocdAgent),
      "operating_system": gocdAgent.operatingSystem,
      "free_space": freeSpace,
      resources: sortedResources(gocdAgent),
      environments: knownNames(writing.world, gocdAgent),
    };
  }
  return {
    ...common,
    sandbox: gocdAgent.sandbox,
    "operating_system": gocdAgent.operatingSystem,
    "agent_config_state": gocdAgent.configState,
    "agent_state": agentStateOf(gocdAgent.runtime),
    ...(writing.shape === "v7" ? versionsOf(writing.world, gocdAgent) : {}),
    environments: environmentsJson(writing, gocdAgent),
    "build_state": buildStateOf(gocdAgent.runtime),
    "free_space": freeSpace,
    ...buildDetails(writing, gocdAgent),
    ...elasticOrResources(writing.shape, gocdAgent),
  };
}

function docLink(writing: AgentWriting, anchor: string): { readonly href: string } {
  return { href: `${writing.world.rules.docUrl}#${anchor}` };
}

function versionsOf(world: GocdWorld, gocdAgent: SimGocdAgent): Record<string, string> {
  const isUnheard = gocdAgent.lastHeardMs === undefined || gocdAgent.freeSpace === undefined;
  const version = isUnheard || gocdAgent.configState === "Pending" ? "UNKNOWN" : `${world.rules.version}-1`;
  return { "agent_version": version, "agent_bootstrapper_version": version };
}

function elasticOrResources(shape: AgentsShape, gocdAgent: SimGocdAgent): Record<string, unknown> {
  if (gocdAgent.elastic === undefined || shape === "v2") return { resources: sortedResources(gocdAgent) };
  return { "elastic_plugin_id": gocdAgent.elastic.pluginId, "elastic_agent_id": gocdAgent.elastic.agentId };
}

/** By code unit, in every version. */
function sortedResources(gocdAgent: SimGocdAgent): readonly string[] {
  return [...gocdAgent.gocdResources].sort();
}

/** The value of the runtime status in `agent_state`. */
export function agentStateOf(runtime: SimRuntimeStatus): string {
  return runtime === "Cancelled" ? "Building" : runtime;
}

/** The value of the runtime status in `build_state`. */
export function buildStateOf(runtime: SimRuntimeStatus): string {
  return runtime === "Idle" || runtime === "Building" || runtime === "Cancelled" ? runtime : "Unknown";
}

/** The single value in the legacy array and v1: the configured state hides the runtime state. */
function statusWord(gocdAgent: SimGocdAgent): string {
  if (gocdAgent.configState !== "Enabled") return gocdAgent.configState;
  return gocdAgent.runtime === "Cancelled" ? "Building (Cancelled)" : gocdAgent.runtime;
}

function knownNames(world: GocdWorld, gocdAgent: SimGocdAgent): readonly string[] {
  return gocdAgent.environments.flatMap((name) => {
    const known = world.environments.get(name.toLowerCase());
    return known === undefined ? [] : [known.name];
  });
}

/** Up to v5 as the configuration spells them, later as they are stored with the agent. */
function environmentsJson(writing: AgentWriting, gocdAgent: SimGocdAgent): unknown {
  const { shape, world } = writing;
  if (shape === "v2" || shape === "v3" || shape === "v4") return knownNames(world, gocdAgent);
  const sorted = [...gocdAgent.environments].sort();
  return sorted.flatMap((stored): unknown[] => {
    const known = world.environments.get(stored.toLowerCase());
    if (known === undefined) return shape === "v5" ? [] : [{ name: stored, origin: { type: "unknown" } }];
    const name = shape === "v5" ? known.name : stored;
    if (known.origin === "gocd") {
      const links = {
        self: { href: `${writing.baseUrl}/admin/config_xml` },
        doc: docLink(writing, "get-configuration"),
      };
      return [{ name, origin: { type: "gocd", _links: links } }];
    }
    const links = {
      self: { href: `${writing.baseUrl}/api/admin/config_repos/foo` },
      doc: docLink(writing, "config-repos"),
      find: { href: `${writing.baseUrl}/api/admin/config_repos/:id` },
    };
    return [{ name, origin: { type: "config-repo", _links: links } }];
  });
}

/** Also present for a LostContact agent that was building; absent if the caller may not view the pipeline. */
function buildDetails(writing: AgentWriting, gocdAgent: SimGocdAgent): Record<string, unknown> {
  const { shape, baseUrl } = writing;
  const locator = gocdAgent.buildLocator;
  if (locator === undefined || shape === "v2" || shape === "v3") return {};
  const [pipeline = "", counter = "", stage = "", stageCounter = "", job = ""] = locator.split("/");
  if (!mayView(writing.caller, pipeline)) return {};
  const history = shape === "v7"
    ? `${baseUrl}/pipeline/activity/${pipeline}`
    : `${baseUrl}/tab/pipeline/history/${pipeline}`;
  return {
    "build_details": {
      _links: {
        job: { href: `${baseUrl}/tab/build/detail/${locator}` },
        stage: { href: `${baseUrl}/pipelines/${pipeline}/${counter}/${stage}/${stageCounter}` },
        pipeline: { href: history },
      },
      "pipeline_name": pipeline,
      "stage_name": stage,
      "job_name": job,
    },
  };
}

function legacyJson(gocdAgent: SimGocdAgent): unknown {
  return {
    uuid: gocdAgent.uuid,
    "agent_name": gocdAgent.hostname,
    "ip_address": gocdAgent.ipAddress,
    sandbox: gocdAgent.sandbox,
    status: statusWord(gocdAgent),
    "build_locator": gocdAgent.buildLocator ?? "",
    os: gocdAgent.operatingSystem,
    "free_space": gocdAgent.freeSpace === undefined ? "Unknown" : diskText(gocdAgent.freeSpace),
    resources: sortedResources(gocdAgent),
    environments: gocdAgent.environments,
  };
}

function diskText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.round(value * 10) / 10} ${units[unit]}`;
}
