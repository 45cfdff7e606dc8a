// How a request passes through the simulated GoCD server: faults, start, backup, maintenance, login, path, response.

import { refuseUnless, refuseUnlessV1 } from "./accept.ts";
import { accessTexts, authenticate, type Caller, refusal, withSession } from "./access.ts";
import { agentsAnswer } from "./agent_routes.ts";
import { answerInstead, type SimFault, spoilAnswer, takeFault } from "./faults.ts";
import { environmentsAnswer } from "./environment_routes.ts";
import { newFeedAnswer, oldFeedAnswer } from "./feed.ts";
import { answer, containerPage, pathOf, type SimRequest, type SimResponse } from "./http_message.ts";
import {
  drainInfoAnswer,
  elasticProfilesAnswer,
  elasticUsagesAnswer,
  healthAnswer,
  healthMessagesAnswer,
  maintenanceInfoAnswer,
  versionAnswer,
} from "./info_routes.ts";
import { countOne } from "./tally.ts";
import { backupAnswer, drainAnswer, maintenanceAnswer, startingAnswer } from "./unavailable.ts";
import type { GocdWorld } from "./state.ts";

/** Answers one request at the world's present time. */
export function answerRequest(world: GocdWorld, request: SimRequest): SimResponse {
  countOne(world.tally.requests, kindOf(world, request));
  const fault = takeFault(world, request);
  const instead = fault === undefined ? undefined : answerInstead(fault.what, request);
  const plain = instead ?? serve(world, request, fault);
  const response = fault === undefined ? plain : spoilAnswer(fault.what, plain);
  countOne(world.tally.statuses, response.status);
  return response;
}

function apiPath(world: GocdWorld, request: SimRequest): string | undefined {
  const path = pathOf(request);
  return path.startsWith(`${world.contextPath}/`) ? path.slice(world.contextPath.length) : undefined;
}

function kindOf(world: GocdWorld, request: SimRequest): string {
  const path = apiPath(world, request);
  if (path === undefined) return "outside";
  if (path.endsWith("/jobs/scheduled.xml")) return "feed";
  if (path === "/api/version") return "version";
  if (path === "/api/admin/environments") return "environments";
  if (path.startsWith("/api/admin/")) return "maintenance";
  if (path === "/api/agents") {
    return request.method === "GET" ? "agents.list" : `agents.bulk-${request.method.toLowerCase()}`;
  }
  if (path.startsWith("/api/agents/")) return `agents.${request.method.toLowerCase()}`;
  return path.replace(/^\/api\//, "").split("/")[0] ?? path;
}

function serve(world: GocdWorld, request: SimRequest, fault: SimFault | undefined): SimResponse {
  if (world.life === "starting") return startingAnswer(request);
  const path = apiPath(world, request);
  if (path === undefined) return outside(world, request);
  const isHealth = path === "/api/v1/health" && world.rules.healthApi;
  if (world.backup && !isHealth) return backupAnswer(request);
  if (world.maintenance !== undefined && isBlockedByMaintenance(request, path)) {
    return world.rules.pause === "drain" ? drainAnswer(request) : maintenanceAnswer(request);
  }
  if (isHealth) return healthAnswer();
  const caller = authenticate(world, request);
  if ("status" in caller) return caller;
  const isOpen = path === "/api/version" && world.rules.newSecurity;
  if (caller.kind === "anonymous" && !isOpen) {
    return withSession(world, request, caller, refusal(world, request, 401, accessTexts.notAuthenticated));
  }
  return withSession(world, request, caller, route(world, request, { caller, path, fault }));
}

/** Root leads to the landing page; anything else without the context path is the container's 404. */
function outside(world: GocdWorld, request: SimRequest): SimResponse {
  if (pathOf(request) === "/" || pathOf(request) === world.contextPath) {
    return answer(302, "", "", { location: `${world.contextPath}/home` });
  }
  return containerPage(404, "Not Found");
}

function isBlockedByMaintenance(request: SimRequest, path: string): boolean {
  if (request.method === "GET" || request.method === "HEAD") return false;
  const isAllowed = path.startsWith("/remoting/") || path.startsWith("/api/backups") ||
    path.startsWith("/api/admin/maintenance_mode/") || path.startsWith("/api/admin/drain_mode/") ||
    (path.startsWith("/api/stages/") && path.endsWith("/cancel"));
  return !isAllowed;
}

interface Routing {
  readonly caller: Caller;
  readonly path: string;
  readonly fault: SimFault | undefined;
}

function route(world: GocdWorld, request: SimRequest, routing: Routing): SimResponse {
  const { caller, path, fault } = routing;
  const { rules } = world;
  if (path === "/api/agents" || path.startsWith("/api/agents/")) return agentsAnswer(world, request, caller, fault);
  if (request.method !== "GET" && request.method !== "HEAD") return containerPage(404, "Not Found");
  if (path === "/api/jobs/scheduled.xml") return oldFeedAnswer(world, request, caller, fault);
  if (path === "/api/feed/jobs/scheduled.xml") return newFeedAnswer(world, request, caller, fault);
  if (path === "/api/version" && rules.versionApi) {
    return refuseUnlessV1(world, request, rules.sparkAgents) ?? versionAnswer(world, request);
  }
  if (path === "/api/admin/maintenance_mode/info" && rules.pause === "maintenance") {
    return refuseUnlessV1(world, request, true) ?? maintenanceInfoAnswer(world, request, caller);
  }
  if (path === "/api/admin/drain_mode/info" && rules.pause === "drain") {
    return refuseUnlessV1(world, request, true) ?? drainInfoAnswer(world, request, caller);
  }
  if (path === "/api/server_health_messages" && rules.healthMessages) {
    return refuseUnlessV1(world, request, true) ?? healthMessagesAnswer(world, request);
  }
  if (path === "/api/elastic/profiles" && rules.elasticProfiles !== "none") {
    return refuseUnless(world, request, [rules.elasticProfiles]) ?? elasticProfilesAnswer(world, request, caller);
  }
  if (path === "/api/admin/environments" && rules.environmentsApi.length > 0) {
    return environmentsAnswer(world, request, caller);
  }
  const profile = /^\/api\/internal\/elastic\/profiles\/([^/]+)\/usages$/.exec(path)?.[1];
  if (profile !== undefined && rules.elasticUsages) {
    return refuseUnlessV1(world, request, true) ?? elasticUsagesAnswer(world, caller, profile);
  }
  return containerPage(404, "Not Found");
}
