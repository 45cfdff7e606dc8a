// The routes of the status page, as one function from request to response.

import type { Picture } from "../core/view/picture.ts";
import { type HostRules, isAuthorized, isOurHost } from "./access.ts";
import { iconSvg, pageCss, pageJs } from "./assets/embedded.ts";
import { answerCommand, commandName, type CommandOptions, tooMany } from "./commands.ts";
import { healthOf } from "./health.ts";
import { metricsPage } from "./metrics.ts";
import { pageQuery } from "./page_query.ts";
import { metricsContentType } from "./prometheus.ts";
import { createRateLimiter } from "./rate_limit.ts";
import { jsonResponse, refusalResponse, textResponse } from "./responses.ts";
import { statusJson } from "./status_json.ts";
import { type PageInput, statusFragment, statusPage } from "./status_page.ts";

/** What the routes show and do, and under which names. */
export interface HandlerOptions extends HostRules {
  /** The picture as it is now. */
  readonly picture: () => Picture;
  readonly nowMs: () => number;
  /** Version of the program. */
  readonly version: string;
  /** Absent: the listener is read-only. */
  readonly commands?: CommandOptions;
  /** Everything but /health is for those only who know the token of the commands: a listener for commands alone. */
  readonly isPrivate?: true;
  /** Told of every error that an answer could not be made for; the client learns nothing of it. */
  readonly onError: (error: unknown) => void;
}

/** Answers one request; `address` is who asks, for the limits. Never throws. */
export type Handler = (request: Request, address?: string) => Promise<Response>;

// An address may stand for several parties: readers behind a proxy, users of one machine. Limits hold for those who have
// not shown the token, and never for /health: nobody can keep the operator or a balancer out by asking too often.
/** Requests per address without the token: a page asks every two seconds, a proxy may stand for dozens of readers. */
const requestsPerSecond = 20;
const requestsBurst = 100;
/** Wrong tokens per address. */
const wrongTokensPerSecond = 0.1;
const wrongTokensBurst = 10;

/** Who asks. */
type Caller = "known" | "unknown" | "too-eager";

type Route = (url: URL) => Response;

/** Makes the handler of one listener. */
export function createHandler(options: HandlerOptions): Handler {
  const { nowMs } = options;
  const requests = createRateLimiter({ perSecond: requestsPerSecond, burst: requestsBurst, nowMs });
  const wrongTokens = createRateLimiter({ perSecond: wrongTokensPerSecond, burst: wrongTokensBurst, nowMs });
  const routes = readRoutes(options);

  /** Who may do what: `known` has shown the token, and nobody else spends what it needs. */
  const callerOf = async (request: Request, address: string): Promise<Caller> => {
    const given = request.headers.get("authorization");
    const token = options.commands?.adminToken;
    if (token !== undefined && await isAuthorized(given, token)) return "known";
    const isGuess = token !== undefined && given !== null;
    const isWithin = requests.take(address) && (!isGuess || wrongTokens.take(address));
    return isWithin ? "unknown" : "too-eager";
  };

  const answer = async (request: Request, address: string): Promise<Response> => {
    // A Host header of garbage comes as a URL that is none.
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    const isHealth = url?.pathname === "/health";
    const caller = isHealth ? "unknown" : await callerOf(request, address);
    if (caller === "too-eager") return refusalResponse(tooMany);
    if (url === undefined) return badRequest();
    const host = request.headers.get("host") ?? url.host;
    // A balancer that asks for the health may use any name; the answer tells nothing about builds.
    if (!isHealth && !isOurHost(host, options)) return foreignHost();
    const isOpen = options.isPrivate !== true || isHealth || request.method === "POST";
    if (!isOpen && caller !== "known") return notFound();
    const command = url.pathname.startsWith(commandsPath)
      ? commandName(url.pathname.slice(commandsPath.length))
      : undefined;
    if (command !== undefined) {
      if (request.method !== "POST") return wrongMethod("POST");
      return await answerCommand(command, request, { host, isAuthorized: caller === "known" }, options.commands);
    }
    const route = routes.get(url.pathname);
    if (route === undefined) return notFound();
    if (request.method === "GET") return route(url);
    if (request.method !== "HEAD") return wrongMethod("GET, HEAD");
    const { status, headers } = route(url);
    return new Response(null, { status, headers });
  };

  return async (request: Request, address = ""): Promise<Response> => {
    try {
      return await answer(request, address);
    } catch (error) {
      options.onError(error);
      return refusalResponse({
        status: 500,
        code: "internal",
        message: "the answer could not be made",
        hint: "look into the log of gocd-mesos",
      });
    }
  };
}

const commandsPath = "/api/commands/";

function readRoutes(options: HandlerOptions): ReadonlyMap<string, Route> {
  const input = (url: URL): PageInput => {
    const { view, notes } = options.picture();
    const health = healthOf(view, options.nowMs());
    return { view, health, notes, query: pageQuery(url.searchParams), version: options.version };
  };
  const htmlType = "text/html; charset=utf-8";
  return new Map<string, Route>([
    ["/", (url): Response => textResponse(statusPage(input(url)), htmlType)],
    ["/fragment", (url): Response => textResponse(statusFragment(input(url)), htmlType)],
    ["/api/status", (url): Response => {
      const { view, health, notes } = input(url);
      return textResponse(statusJson(view, health, notes), "application/json; charset=utf-8");
    }],
    ["/metrics", (): Response => textResponse(metricsPage(options.picture(), options.version), metricsContentType)],
    ["/health", (): Response => {
      const { isHealthy, reasons } = healthOf(options.picture().view, options.nowMs());
      return jsonResponse({ status: isHealthy ? "healthy" : "unhealthy", reasons }, isHealthy ? 200 : 503);
    }],
    ["/assets/page.css", (): Response => textResponse(pageCss, "text/css; charset=utf-8")],
    ["/assets/page.js", (): Response => textResponse(pageJs, "text/javascript; charset=utf-8")],
    ["/assets/icon.svg", (): Response => textResponse(iconSvg, "image/svg+xml")],
  ]);
}

function badRequest(): Response {
  return refusalResponse({
    status: 400,
    code: "bad-request",
    message: "the Host header or the address of the request does not read",
    hint: "send a path and a Host header",
  });
}

function foreignHost(): Response {
  return refusalResponse({
    status: 403,
    code: "foreign-host",
    message: "this host name is not one of this program",
    hint: "set http.advertise in framework.conf to the name that you use, or ask by address",
  });
}

function wrongMethod(allow: string): Response {
  return refusalResponse({
    status: 405,
    code: "method-not-allowed",
    message: "this address does not take the method",
    hint: `use ${allow}`,
    headers: { Allow: allow },
  });
}

function notFound(): Response {
  return refusalResponse({
    status: 404,
    code: "not-found",
    message: "there is nothing at this address",
    hint:
      "there are /, /api/status, /metrics, /health and POST /api/commands/{drain,freeze,resume,teardown,accept-loss}",
  });
}
