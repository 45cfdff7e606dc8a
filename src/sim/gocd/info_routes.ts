// The small read-only paths: version, health, maintenance or drain mode, server health messages, elastic usages.

import { accessTexts, type Caller, callerName, isAdmin } from "./access.ts";
import {
  answer,
  baseUrl,
  isoTime,
  jsonMessage,
  jsonText,
  type SimRequest,
  type SimResponse,
  withEtag,
} from "./http_message.ts";
import { vendorType } from "./accept.ts";
import { scheduledJobs } from "./work.ts";
import type { GocdWorld, SimHealthMessage, SimJob } from "./state.ts";

/** GET `/api/version` (16.6 and later); it has no type since it was moved to Spark. */
export function versionAnswer(world: GocdWorld, request: SimRequest): SimResponse {
  const { version } = world.rules;
  const sha = "0".repeat(40);
  return answer(
    200,
    world.rules.sparkAgents ? "" : vendorType("v1"),
    jsonText({
      _links: {
        self: { href: `${baseUrl(world, request)}/api/version` },
        doc: { href: `${world.rules.docUrl}#version` },
      },
      version,
      "build_number": "00000",
      "git_sha": sha,
      "full_version": `${version} (00000-${sha})`,
      "commit_url": `https://github.com/gocd/gocd/commit/${sha}`,
    }),
  );
}

/** GET `/api/admin/maintenance_mode/info` (19.1 and later). */
export function maintenanceInfoAnswer(world: GocdWorld, request: SimRequest): SimResponse {
  const { maintenance } = world;
  const running = [...world.jobs.values()].filter((job) => job.state !== "Scheduled");
  const waiting = scheduledJobs(world);
  const body = {
    _links: {
      self: { href: `${baseUrl(world, request)}/api/admin/maintenance_mode/info` },
      doc: { href: `${world.rules.docUrl}#maintenance-mode-info` },
    },
    "is_maintenance_mode": maintenance !== undefined,
    metadata: metadataOf(world),
    ...(maintenance === undefined ? {} : {
      attributes: {
        "has_running_systems": running.length > 0,
        "running_systems": {
          "material_update_in_progress": [],
          "building_jobs": running.map(jobJson),
          "scheduled_jobs": waiting.map(jobJson),
        },
      },
    }),
  };
  return answer(200, vendorType("v1"), jsonText(body));
}

/** GET `/api/admin/drain_mode/info` (18.12 only). */
export function drainInfoAnswer(world: GocdWorld, request: SimRequest): SimResponse {
  const running = [...world.jobs.values()].filter((job) => job.state !== "Scheduled");
  const body = {
    _links: {
      self: { href: `${baseUrl(world, request)}/api/admin/drain_mode/info` },
      doc: { href: `${world.rules.docUrl}current/#drain-mode-info` },
    },
    _embedded: {
      "is_drain_mode": world.maintenance !== undefined,
      ...(world.maintenance === undefined ? { metadata: metadataOf(world) } : {
        "is_completely_drained": running.length === 0,
        metadata: metadataOf(world),
        "running_systems": { mdu: [], jobs: [...running, ...scheduledJobs(world)].map(jobJson) },
      }),
    },
  };
  return answer(200, vendorType("v1"), jsonText(body));
}

function metadataOf(world: GocdWorld): Record<string, string | null> {
  const { maintenance } = world;
  return {
    "updated_by": maintenance?.by ?? null,
    "updated_on": maintenance === undefined ? null : isoTime(maintenance.atMs),
  };
}

function jobJson(job: SimJob): Record<string, unknown> {
  return {
    "pipeline_name": job.pipeline,
    "pipeline_counter": job.counter,
    "stage_name": job.stage,
    "stage_counter": String(job.stageCounter),
    name: job.name,
    state: job.state,
    "scheduled_date": isoTime(job.scheduledMs),
    "agent_uuid": job.gocdAgentUuid ?? null,
  };
}

const unresponsiveAfterMs = 300_000;

/** GET `/api/server_health_messages` (18.2 and later); from 20.9 it names jobs unassigned for more than 5 minutes. */
export function healthMessagesAnswer(world: GocdWorld, request: SimRequest): SimResponse {
  const messages = [...world.healthMessages, ...unassignedMessages(world)].map((entry) => ({
    message: entry.message,
    detail: entry.detail,
    level: entry.level,
    time: isoTime(entry.atMs),
  }));
  return withEtag(request, answer(200, vendorType("v1"), jsonText(messages)));
}

function unassignedMessages(world: GocdWorld): readonly SimHealthMessage[] {
  if (!world.rules.watchesUnassignedJobs) return [];
  return scheduledJobs(world).flatMap((job): SimHealthMessage[] => {
    const silentMs = world.nowMs - job.scheduledMs;
    if (silentMs < unresponsiveAfterMs) return [];
    const name = `${job.pipeline}/${job.stage}/${job.name}`;
    const detail =
      `Job <a href='${world.contextPath}/tab/build/detail/${job.locator}'>${name}</a> is currently running ` +
      `but it has not been assigned an agent in the last ${
        Math.floor(silentMs / 60_000)
      } minute(s). This job may be hung.`;
    return [{ message: `Job '${name}' is not responding`, detail, level: "WARNING", atMs: world.nowMs }];
  });
}

/** GET `/api/v1/health` (17.11 and later): open to all. */
export function healthAnswer(): SimResponse {
  return answer(200, vendorType("v1"), jsonText({ health: "OK" }));
}

/** GET `/api/elastic/profiles` (16.11 and later): profiles used by a job; none for callers without a policy. */
export function elasticProfilesAnswer(
  world: GocdWorld,
  request: SimRequest,
  caller: Caller,
): SimResponse {
  const version = world.rules.elasticProfiles;
  if (!isAdmin(caller) && !world.rules.policies) return notAllowed(version);
  const path = `${baseUrl(world, request)}/api/elastic/profiles`;
  const profiles = (isAdmin(caller) ? [...elasticProfilesOf(world)] : []).map((id) => ({
    _links: {
      self: { href: `${path}/${encodeURIComponent(id)}` },
      doc: { href: `${world.rules.docUrl}#elastic-agent-profiles` },
      find: { href: `${path}/:profile_id` },
    },
    id,
    ...(version === "v2" ? { "cluster_profile_id": "cluster" } : { "plugin_id": "cd.go.contrib.elastic-agent.docker" }),
    properties: [],
  }));
  const doc = { href: `${world.rules.docUrl}#elastic-agent-profiles` };
  const links = { self: { href: path }, doc, find: { href: `${path}/:profile_id` } };
  return answer(200, vendorType(version), jsonText({ _links: links, _embedded: { profiles } }));
}

function notAllowed(version: string): SimResponse {
  return jsonMessage(403, vendorType(version), accessTexts.notAllowedAction);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function elasticProfilesOf(world: GocdWorld): Set<string> {
  return new Set([...world.jobs.values()].flatMap(({ elasticProfile }) => elasticProfile ?? []));
}

/**
 * GET `/api/internal/elastic/profiles/:id/usages` (19.1 and later): the jobs of a profile by their configured names.
 * The configuration of the model consists of its jobs.
 */
export function elasticUsagesAnswer(world: GocdWorld, caller: Caller, encoded: string): SimResponse {
  const profile = decoded(encoded);
  const { policies } = world.rules;
  if (!isAdmin(caller) && !policies) return notAllowed("v1");
  if (!elasticProfilesOf(world).has(profile)) {
    // For any caller the profile is looked up for the policy first, and its exception is reported as 422.
    const broken =
      'Cannot invoke "com.thoughtworks.go.config.elastic.ElasticProfile.getId()" because "profile" is null';
    return policies
      ? jsonMessage(422, vendorType("v1"), broken)
      : jsonMessage(404, vendorType("v1"), `Elastic agent profile with id '${profile}' was not found!`);
  }
  if (!isAdmin(caller)) {
    const message = `User '${
      callerName(caller)
    }' does not have permissions to view '${profile}' elastic_agent_profile(s).`;
    return jsonMessage(403, vendorType("v1"), message);
  }
  const usages = new Map<string, Record<string, unknown>>();
  for (const job of world.jobs.values()) {
    if (job.elasticProfile !== profile) continue;
    const name = job.name.replace(/-runInstance-\d+$/, "");
    usages.set(`${job.pipeline}/${job.stage}/${name}`, {
      "pipeline_name": job.pipeline,
      "stage_name": job.stage,
      "job_name": name,
      "pipeline_config_origin": "gocd",
    });
  }
  return answer(200, vendorType("v1"), jsonText([...usages.values()]));
}
