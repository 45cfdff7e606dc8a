// `/api/agents` and below: reading and changing GocdAgents, by version (GoCD agents_controller.rb, AgentsControllerV7).

import { accessTexts, type Caller, isAdmin } from "./access.ts";
import { askedVersion, railsVersion } from "./accept.ts";
import { bulkDelete, bulkUpdate, deleteOne, killTasks, legacyPost, updateOne } from "./agent_changes.ts";
import { type AgentsCall, contentType, messageAnswer, notFound } from "./agents_call.ts";
import { agentJson, agentListJson, type AgentWriting } from "./bodies.ts";
import type { SimFault } from "./faults.ts";
import {
  answer,
  baseUrl,
  jsonText,
  noRoute,
  pathOf,
  type SimRequest,
  type SimResponse,
  unknownPath,
  withEtag,
} from "./http_message.ts";
import type { GocdWorld } from "./state.ts";
import type { AgentsShape } from "./versions.ts";

/** Handles a request whose path starts with `/api/agents`. */
export function agentsAnswer(
  world: GocdWorld,
  request: SimRequest,
  caller: Caller,
  fault: SimFault | undefined,
): SimResponse {
  const [uuidPart, action, tooMuch] = pathOf(request).slice(world.contextPath.length).split("/").slice(3);
  const uuid = uuidPart === undefined || uuidPart === "" ? undefined : decodeSegment(uuidPart);
  const shape = shapeFor(world, request, action);
  if (typeof shape !== "string") return shape;
  const writing: AgentWriting = { world, shape, baseUrl: baseUrl(world, request), caller };
  const call: AgentsCall = { world, request, caller, uuid, action, writing };
  const isRead = request.method === "GET" || request.method === "HEAD";
  const refused = isRead ? undefined : refuseRights(call);
  if (refused !== undefined) return refused;
  // Spark treats a trailing slash as an empty uuid.
  if (tooMuch !== undefined || uuidPart === "" && world.rules.sparkAgents) return nothingHere(call);
  return isRead ? read(call, fault) : refuseBody(call) ?? change(call);
}

/** No such path or method. */
function nothingHere(call: AgentsCall): SimResponse {
  return call.world.rules.sparkAgents ? noRoute(contentType(call)) : unknownPath(call.world, call.request);
}

/** A malformed escape is kept: it names no agent. */
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
  if (served.includes("legacy") && railsVersion(request, served) === undefined) return "legacy";
  const version = askedVersion(world, request, { served, isSpark: rules.sparkAgents });
  return typeof version !== "string" ? version : served.find((shape) => shape === version) ?? noRoute();
}

function read(call: AgentsCall, fault: SimFault | undefined): SimResponse {
  const { world, uuid, request } = call;
  if (call.action !== undefined) return nothingHere(call);
  const agents = fault?.snapshot?.agents ?? [...world.agents.values()];
  if (uuid !== undefined) {
    if (call.writing.shape === "legacy") return nothingHere(call);
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
 * Rails requires PATCH and POST with a body to be JSON (verify_content_type_on_post). Spark requires this only for
 * killing running tasks, and a confirm header if there is no body (ApiController.verifyContentType); it treats any
 * PATCH as JSON.
 */
function refuseBody(call: AgentsCall): SimResponse | undefined {
  const { request, writing, world } = call;
  if (request.method === "DELETE") return undefined;
  if (writing.shape === "legacy") {
    const isConfirmed = (request.headers["confirm"] ?? "").toLowerCase() === "true";
    return world.rules.legacyPosts === "confirm" && !isConfirmed ? nothingHere(call) : undefined;
  }
  if (world.rules.sparkAgents && call.action === undefined) return undefined;
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (request.body.trim() !== "") {
    if (type === "application/json") return undefined;
    return messageAnswer(call, 415, "You must specify a 'Content-Type' of 'application/json'");
  }
  if (!world.rules.sparkAgents || "x-gocd-confirm" in request.headers) return undefined;
  return messageAnswer(call, 400, "Missing required header 'X-GoCD-Confirm' with value 'true'");
}

function change(call: AgentsCall): SimResponse {
  const { request, uuid, action, world, writing } = call;
  if (writing.shape === "legacy") return legacyPost(call);
  if (action !== undefined) {
    const isKill = action === "kill_running_tasks" && request.method === "POST" && world.rules.killRunningTasks;
    return isKill && uuid !== undefined ? killTasks(call, uuid) : nothingHere(call);
  }
  const hasBulk = world.rules.bulkAgents && writing.shape !== "v1";
  switch (request.method) {
    case "PATCH":
      if (uuid !== undefined) return updateOne(call, uuid);
      return hasBulk ? bulkUpdate(call) : nothingHere(call);
    case "DELETE":
      if (uuid !== undefined) return deleteOne(call, uuid);
      return hasBulk ? bulkDelete(call) : nothingHere(call);
    default:
      return nothingHere(call);
  }
}
