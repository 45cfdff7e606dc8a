// `/api/agents` and below: reading and changing GocdAgents, by release (GoCD agents_controller.rb, AgentsControllerV7).

import { accessTexts, type Caller, isAdmin } from "./access.ts";
import { railsVersion, sparkVersion } from "./accept.ts";
import { bulkDelete, bulkUpdate, deleteOne, killTasks, legacyPost, updateOne } from "./agent_changes.ts";
import { type AgentsCall, contentType, messageAnswer, notFound } from "./agents_call.ts";
import { agentJson, agentListJson, type AgentWriting } from "./bodies.ts";
import type { SimFault } from "./faults.ts";
import {
  answer,
  baseUrl,
  containerPage,
  jsonText,
  pathOf,
  type SimRequest,
  type SimResponse,
  withEtag,
} from "./http_message.ts";
import type { GocdWorld } from "./state.ts";
import type { AgentsShape } from "./versions.ts";

/** Answers a request whose path begins with `/api/agents`. */
export function agentsAnswer(
  world: GocdWorld,
  request: SimRequest,
  caller: Caller,
  fault: SimFault | undefined,
): SimResponse {
  const [uuidPart, action, tooMuch] = pathOf(request).slice(world.contextPath.length).split("/").slice(3);
  const uuid = uuidPart === undefined || uuidPart === "" ? undefined : decodeSegment(uuidPart);
  if (tooMuch !== undefined) return containerPage(404, "Not Found");
  const shape = shapeFor(world, request, action);
  if (typeof shape !== "string") return shape;
  const writing: AgentWriting = { world, shape, baseUrl: baseUrl(world, request), caller };
  const call: AgentsCall = { world, request, caller, uuid, action, writing };
  if (request.method === "GET" || request.method === "HEAD") return read(call, fault);
  return refuseRights(call) ?? refuseBody(call) ?? change(call);
}

/** A malformed escape stays as it is: it names no agent. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function shapeFor(world: GocdWorld, request: SimRequest, action: string | undefined): AgentsShape | SimResponse {
  const { rules } = world;
  const served = rules.agentsShapes;
  const isLegacyPost = request.method === "POST" && action !== undefined && rules.legacyPosts !== "none";
  if (isLegacyPost) return "legacy";
  if (rules.sparkAgents) {
    const version = sparkVersion(world, request, served);
    if (typeof version !== "string") return version;
    const shape = version === "newest" ? rules.newestShape : served.find((candidate) => candidate === version);
    return shape ?? containerPage(404, "Not Found");
  }
  const version = railsVersion(request, served);
  if (version === undefined) return served.includes("legacy") ? "legacy" : containerPage(404, "Not Found");
  if (typeof version !== "string") return version;
  return served.find((candidate) => candidate === version) ?? containerPage(404, "Not Found");
}

function read(call: AgentsCall, fault: SimFault | undefined): SimResponse {
  const { world, uuid, request } = call;
  if (call.action !== undefined) return containerPage(404, "Not Found");
  const agents = fault?.snapshot?.agents ?? [...world.agents.values()];
  if (uuid !== undefined) {
    if (call.writing.shape === "legacy") return containerPage(404, "Not Found");
    const gocdAgent = agents.find((candidate) => candidate.uuid === uuid);
    if (gocdAgent === undefined) return notFound(call, uuid);
    return answer(200, contentType(call), jsonText(agentJson(call.writing, gocdAgent)));
  }
  const full = answer(200, contentType(call), jsonText(agentListJson(call.writing, agents)));
  const hasEtag = !world.rules.sparkAgents && (call.writing.shape === "v3" || call.writing.shape === "v4");
  return hasEtag ? withEtag(request, full) : full;
}

function refuseRights(call: AgentsCall): SimResponse | undefined {
  if (isAdmin(call.caller)) return undefined;
  return messageAnswer(call, call.world.rules.newSecurity ? 403 : 401, accessTexts.notAllowedAction);
}

/**
 * With a body PUT, POST and PATCH must be JSON, without one have a confirm header (ApiController.verifyContentType).
 */
function refuseBody(call: AgentsCall): SimResponse | undefined {
  const { request, writing, world } = call;
  if (request.method === "DELETE") return undefined;
  if (writing.shape === "legacy") {
    const isConfirmed = (request.headers["confirm"] ?? "").toLowerCase() === "true";
    return world.rules.legacyPosts === "confirm" && !isConfirmed ? containerPage(404, "Not Found") : undefined;
  }
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (request.body !== "" || request.method === "PATCH") {
    if (type === "application/json") return undefined;
    return messageAnswer(call, 415, "You must specify a 'Content-Type' of 'application/json'");
  }
  if ((request.headers["x-gocd-confirm"] ?? "").toLowerCase() === "true") return undefined;
  return messageAnswer(call, 400, "Missing required header 'X-GoCD-Confirm' with value 'true'");
}

function change(call: AgentsCall): SimResponse {
  const { request, uuid, action, world, writing } = call;
  if (writing.shape === "legacy") return legacyPost(call);
  if (action !== undefined) {
    const isKill = action === "kill_running_tasks" && request.method === "POST" && world.rules.killRunningTasks;
    return isKill && uuid !== undefined ? killTasks(call, uuid) : containerPage(404, "Not Found");
  }
  const hasBulk = world.rules.bulkAgents && writing.shape !== "v1";
  switch (request.method) {
    case "PATCH":
      if (uuid !== undefined) return updateOne(call, uuid);
      return hasBulk ? bulkUpdate(call) : containerPage(404, "Not Found");
    case "DELETE":
      if (uuid !== undefined) return deleteOne(call, uuid);
      return hasBulk ? bulkDelete(call) : containerPage(404, "Not Found");
    default:
      return containerPage(404, "Not Found");
  }
}
