// How a request passes through the simulated GoCD server: faults, start, backup, maintenance, login, path, response.

import { askedVersion, wrongUrl } from "./accept.ts";
import { accessTexts, authenticate, type Caller, isAdmin, refusal, withSession } from "./access.ts";
import { agentsAnswer } from "./agent_routes.ts";
import { configAnswer, configPathOf } from "./config_routes.ts";
import { dashboardAnswer } from "./dashboard_routes.ts";
import { answerInstead, type SimFault, spoilAnswer, takeFault } from "./faults.ts";
import { environmentsAnswer } from "./environment_routes.ts";
import { newFeedAnswer, oldFeedAnswer } from "./feed.ts";
import { answer, baseUrl, pathOf, type SimRequest, type SimResponse, unknownPath } from "./http_message.ts";
import {
  drainInfoAnswer,
  elasticProfilesAnswer,
  elasticUsagesAnswer,
  healthAnswer,
  healthMessagesAnswer,
  maintenanceInfoAnswer,
  versionAnswer,
} from "./info_routes.ts";
import { stageAnswer, stagePathOf } from "./stage_routes.ts";
import { countOne } from "./tally.ts";
import { backupAnswer, drainAnswer, maintenanceAnswer, startingAnswer } from "./unavailable.ts";
import type { GocdWorld } from "./state.ts";

/** Handles one request at the current time of the world. */
export function answerRequest(world: GocdWorld, request: SimRequest): SimResponse {
  countOne(world.tally.requests, kindOf(world, request));
  const fault = takeFault(world, request);
  const instead = fault === undefined ? undefined : answerInstead(fault.what, request);
  const plain = instead ?? withDefaultHeaders(world, serve(world, request, fault));
  const response = fault === undefined ? plain : spoilAnswer(fault.what, plain);
  countOne(world.tally.statuses, response.status);
  return response;
}

/** Headers that identify GoCD (GoCD DefaultHeadersFilter). */
const defaultHeaders = {
  "x-xss-protection": "1; mode=block",
  "x-content-type-options": "nosniff",
  "x-frame-options": "SAMEORIGIN",
  "x-ua-compatible": "chrome=1",
};

function withDefaultHeaders(world: GocdWorld, response: SimResponse): SimResponse {
  if (!world.rules.defaultHeaders) return response;
  return { ...response, headers: { ...defaultHeaders, ...response.headers } };
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
  const config = configPathOf(path);
  if (config !== undefined) return config.kind;
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
  if (isHealth) return ofController(healthAnswer());
  const known = authenticate(world, request);
  const caller: Caller = "status" in known ? { kind: "anonymous" } : known;
  const refused = "status" in known ? known : undefined;
  const response = path.startsWith("/api/")
    ? refused ?? refuseAccess(world, request, caller, path) ??
      ofController(route(world, request, { caller, path, fault }))
    : pageOf(world, request, caller, path);
  return withSession(world, request, caller, response);
}

/** Access control by path (GoCD AuthorizeFilterChain). */
function refuseAccess(world: GocdWorld, request: SimRequest, caller: Caller, path: string): SimResponse | undefined {
  const isOpen = path === "/api/version" && world.rules.newSecurity;
  if (caller.kind === "anonymous" && !isOpen) return refusal(world, request, 401, accessTexts.notAuthenticated);
  const isForUsers = path === "/api/admin/environments" && world.rules.policies || configPathOf(path) !== undefined;
  const isForAdmins = path.startsWith("/api/admin/") && !isForUsers;
  return isForAdmins && !isAdmin(caller) ? refusal(world, request, 403, accessTexts.notAllowed) : undefined;
}

/** Paths outside the API: the landing page, and the login page for all others. */
function pageOf(world: GocdWorld, request: SimRequest, caller: Caller, path: string): SimResponse {
  const redirect = (to: string): SimResponse => answer(302, "", "", { location: baseUrl(world, request) + to });
  if (path === "/auth/login") return answer(200, "text/html;charset=utf-8", "<title>Login - Go</title>");
  if (caller.kind === "anonymous") return redirect("/auth/login");
  return path === "/" ? redirect("/pipelines") : unknownPath(world, request);
}

/** The root redirects to the landing page; anything else without the context path is a 404 of the container. */
function outside(world: GocdWorld, request: SimRequest): SimResponse {
  if (pathOf(request) === "/" || pathOf(request) === world.contextPath) {
    return answer(302, "", "", { location: `${world.contextPath}/` });
  }
  return unknownPath(world, request);
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

/** Cache headers of controllers; other responses set their own. */
function ofController(response: SimResponse): SimResponse {
  if (response === wrongUrl || "cache-control" in response.headers) return response;
  return { ...response, headers: { "cache-control": "max-age=0, private, must-revalidate", ...response.headers } };
}

function route(world: GocdWorld, request: SimRequest, { caller, path, fault }: Routing): SimResponse {
  const { rules } = world;
  const refused = (version: string, isSpark = true): SimResponse | undefined => {
    const asked = askedVersion(world, request, { served: [version], isSpark });
    return typeof asked === "string" ? undefined : asked;
  };
  if (path === "/api/agents" || path.startsWith("/api/agents/")) return agentsAnswer(world, request, caller, fault);
  if (request.method !== "GET" && request.method !== "HEAD") return unknownPath(world, request);
  if (path === "/api/jobs/scheduled.xml") return oldFeedAnswer(world, request, caller, fault);
  if (path === "/api/feed/jobs/scheduled.xml") return newFeedAnswer(world, request, caller, fault);
  if (path === "/api/version" && rules.versionApi) {
    return refused("v1", rules.sparkAgents) ?? versionAnswer(world, request);
  }
  if (path === "/api/admin/maintenance_mode/info" && rules.pause === "maintenance") {
    return refused("v1") ?? maintenanceInfoAnswer(world, request);
  }
  if (path === "/api/admin/drain_mode/info" && rules.pause === "drain") {
    return refused("v1") ?? drainInfoAnswer(world, request);
  }
  if (path === "/api/server_health_messages" && rules.healthMessages) {
    return refused("v1") ?? healthMessagesAnswer(world, request);
  }
  if (path === "/api/elastic/profiles" && rules.elasticProfiles !== "none") {
    return refused(rules.elasticProfiles, rules.sparkFilter) ?? elasticProfilesAnswer(world, request, caller);
  }
  if (path === "/api/admin/environments" && rules.environmentsApi.length > 0) {
    return environmentsAnswer(world, request, caller);
  }
  if (path === "/api/dashboard" && rules.dashboardApi.length > 0) return dashboardAnswer(world, request, caller);
  const stage = stagePathOf(path);
  if (stage !== undefined && rules.stageApi.length > 0) return stageAnswer(world, request, caller, stage);
  const config = configPathOf(path);
  if (config !== undefined && rules.pipelineApi.length > 0) return configAnswer(world, request, caller, config);
  const profile = /^\/api\/internal\/elastic\/profiles\/([^/]+)\/usages$/.exec(path)?.[1];
  if (profile !== undefined && rules.elasticUsages) return refused("v1") ?? elasticUsagesAnswer(world, caller, profile);
  return unknownPath(world, request);
}
