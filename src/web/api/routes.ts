// The table of routes for programs: the router and the OpenAPI document are created from it.

import { healthOf } from "../../core/view/health.ts";
import type { Picture } from "../../core/view/picture.ts";
import type { Check } from "../../core/view/view.ts";
import { whyView } from "../../core/view/why.ts";
import { bodyBytesMax, type CommandName } from "../commands.ts";
import { jsonResponse, refusalResponse } from "../responses.ts";
import { statusSummary } from "./documents.ts";
import { eventsRoute } from "./events.ts";
import { historyRoutes } from "./history.ts";
import { listRoutes } from "./lists.ts";
import { commandErrors, ifLeader, readErrors } from "./refusals.ts";
import type { ApiRoute, CommandRoute, HealthRoute, ReadRoute } from "./route.ts";
import { record, ref, type Schema, word } from "./schema.ts";

const statusRoute: ReadRoute = {
  kind: "read",
  path: "/api/v1/status",
  id: "getStatus",
  summary: "the program at a glance: servers, jobs by verdict, agents by state, limits, problems",
  parameters: [],
  answers: { 200: { description: "the summary", schema: ref("Status") }, ...readErrors },
  respond: ({ picture, version, sandbox }) => jsonResponse(statusSummary(picture, { version, sandbox })),
};

const whyRoute: ReadRoute = {
  kind: "read",
  path: "/api/v1/jobs/{locator}",
  id: "getJob",
  summary: "why one job waits",
  parameters: [],
  answers: { 200: { description: "the job and what explains its verdict", schema: ref("Why") }, ...readErrors },
  respond: ifLeader(({ picture: { view }, rest }) => {
    const job = view.jobs.find(({ locator }) => locator === rest);
    if (job !== undefined) return jsonResponse({ atMs: view.atMs, ...whyView(job, view) });
    return refusalResponse({
      status: 404,
      code: "job-not-waiting",
      message: "no job with this locator waits",
      hint: "it may have been assigned or cancelled; /api/v1/jobs?search= finds jobs by a part of their locator",
    });
  }),
};

/** The word for yes and the word for no. */
type Words = readonly [yes: string, no: string];

function healthRoute(
  last: string,
  summary: string,
  { respond, good, bad }: { readonly respond: HealthRoute["respond"]; readonly good: string; readonly bad: string },
): HealthRoute {
  const id = `getHealth${last.slice(1, 2).toUpperCase()}${last.slice(2)}`;
  const answers = {
    200: { description: good, schema: ref("HealthAnswer") },
    503: { description: bad, schema: ref("HealthAnswer") },
  };
  return { kind: "health", path: `/health${last}`, id, summary, parameters: [], answers, respond };
}

function checkRoute(name: "live" | "ready" | "leader", summary: string, words: Words): HealthRoute {
  const respond = ({ view }: Picture): Response => checkResponse(healthOf(view)[name], words);
  return healthRoute(`/${name}`, summary, { respond, good: words[0], bad: words[1] });
}

function checkResponse({ isSo, reasons }: Check, [yes, no]: Words): Response {
  return jsonResponse({ status: isSo ? yes : no, reasons }, isSo ? 200 : 503);
}

function overallHealth({ view }: Picture): Response {
  const { isHealthy, reasons } = healthOf(view);
  const status = !isHealthy ? "unhealthy" : reasons.length > 0 ? "degraded" : "healthy";
  return jsonResponse({ status, reasons }, isHealthy ? 200 : 503);
}

const healthRoutes: readonly HealthRoute[] = [
  healthRoute("", "whether attention is needed, for monitors", {
    respond: overallHealth,
    good: "healthy or degraded",
    bad: "unhealthy",
  }),
  checkRoute("live", "whether it works at all, for whatever restarts it", ["live", "stuck"]),
  checkRoute("ready", "whether it leads, is subscribed, and reads GoCD", ["ready", "not ready"]),
  checkRoute("leader", "whether it leads, for a load balancer", ["leader", "standby"]),
];

const profile: Schema = { type: "string", pattern: "^[a-zA-Z0-9_-]{1,100}$", description: "only this profile" };

function commandRoute(command: CommandName, summary: string, body: Readonly<Record<string, Schema>>): CommandRoute {
  return {
    kind: "command",
    command,
    path: `/api/commands/${command}`,
    id: `post${command.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase())}`,
    summary,
    description: `Needs "Authorization: Bearer" with http.admin-token. At most ${bodyBytesMax} bytes.`,
    parameters: [],
    body: record("no body is the same as {}", body),
    answers: {
      202: { description: "it is carried out", schema: ref("Accepted") },
      409: { description: "it cannot be carried out now", schema: ref("Rejected") },
      ...commandErrors,
    },
  };
}

const commandRoutes: readonly CommandRoute[] = [
  commandRoute("drain", "stop launching and drain every agent, or those of one profile, or drain one agent", {
    "profile?": { ...profile, description: "only the agents of this one; none is launched until it is resumed" },
    "agent?": { ...profile, description: "only this one, by its task id; not together with profile" },
  }),
  commandRoute("freeze", "stop launching; agents continue", { "profile?": profile }),
  commandRoute("resume", "launch again after freeze, drain or failures", { "profile?": profile }),
  commandRoute("teardown", "drain or not, remove the framework from Mesos, and end", {
    "mode?": word("now: without waiting for builds; drain by default", ["drain", "now"]),
  }),
  commandRoute(
    "canary",
    "launch one agent of a profile, even while it is frozen, and remove it once it has registered",
    {
      profile,
    },
  ),
  commandRoute("accept-loss", "treat agents that have vanished from a server as lost", {}),
];

/** Every route for programs. */
export const apiRoutes: readonly ApiRoute[] = [
  statusRoute,
  ...listRoutes,
  whyRoute,
  eventsRoute,
  ...historyRoutes,
  ...healthRoutes,
  ...commandRoutes,
];

/** A route, and what stands for the rest of its path. */
export interface FoundRoute {
  readonly route: ApiRoute;
  readonly rest: string;
}

/** The route of a path; `undefined` where there is none. */
export function findRoute(path: string): FoundRoute | undefined {
  const route = exact.get(path);
  if (route !== undefined) return { route, rest: "" };
  for (const [prefix, open] of prefixes) {
    if (path.startsWith(prefix) && path.length > prefix.length) return { route: open, rest: decoded(path, prefix) };
  }
  return undefined;
}

function decoded(path: string, prefix: string): string {
  const rest = path.slice(prefix.length);
  try {
    return decodeURIComponent(rest);
  } catch {
    // No name: nothing is found under it.
    return rest;
  }
}

const isOpen = ({ path }: ApiRoute): boolean => path.includes("{");
const exact = new Map(apiRoutes.filter((route) => !isOpen(route)).map((route) => [route.path, route]));
const prefixes = apiRoutes.filter(isOpen).map((route) => [route.path.replace(/\{.*/, ""), route] as const);
