// The routes of the status page, as one function from request to response.

import type { HistoryReader } from "../core/view/history.ts";
import type { Picture } from "../core/view/picture.ts";
import { type HostRules, isAuthorized, isOurHost } from "./access.ts";
import { openapiDocument, openapiPath } from "./api/openapi.ts";
import { readQuery } from "./api/query.ts";
import type { Asked, ReadRoute } from "./api/route.ts";
import { findRoute } from "./api/routes.ts";
import { realTimer, type SetTimer } from "../net/timer.ts";
import { actionsJs, historyCss, iconSvg, pageCss, pageJs } from "./assets/embedded.ts";
import { answerCommand, type CommandOptions, tooMany } from "./commands.ts";
import { createHistoryPages } from "./history_page.ts";
import { historyQuery } from "./history_query.ts";
import type { PageLinks } from "./links.ts";
import { metricsPage } from "./metrics.ts";
import { createLivePages } from "./live.ts";
import { type PageQuery, pageQuery } from "./page_query.ts";
import { foreignPicture, readPast } from "./past.ts";
import { metricsContentType } from "./prometheus.ts";
import { createRateLimiter } from "./rate_limit.ts";
import { jsonResponse, refusalResponse, textResponse } from "./responses.ts";
import type { Setup } from "./sections_setup.ts";
import { statusJson } from "./status_json.ts";
import { livePage, type PageInput, statusFragment, statusPage } from "./status_page.ts";
import { createStreamRoom, sharedLook } from "./streams.ts";

/** The data and actions of the routes, and their host names. */
export interface HandlerOptions extends HostRules {
  /** The current picture. */
  readonly picture: () => Picture;
  readonly nowMs: () => number;
  /** Version of the program. */
  readonly version: string;
  /** How far the permissions of the program are restricted. */
  readonly sandbox: "on" | "partial" | "off";
  /** The addresses of the pages of both servers. */
  readonly links: () => PageLinks;
  /** Absent: none is kept. */
  readonly history?: HistoryReader;
  /** Absent: the listener is read-only. */
  readonly commands?: CommandOptions;
  /** How the program is set up, for people; absent: not shown. */
  readonly setup?: () => Setup;
  /** The operator has set a token: the page offers commands. */
  readonly offersCommands?: true;
  /** Everything but /health requires the token: a listener for commands only. */
  readonly isPrivate?: true;
  /** For limits and for streamed responses; absent: the machine's. */
  readonly setTimer?: SetTimer;
  /** Called with every error behind a 500; the client does not get it. */
  readonly onError: (error: unknown) => void;
}

/** Handles one request; `address` is the client's, for the rate limits. Never throws. */
export type Handler = (request: Request, address?: string) => Promise<Response>;

// An address may be shared: by readers behind a proxy, by users of one machine. So only failures are limited: flooding
// cannot lock out a reader, the operator or a load balancer.
/** Wrong tokens per address. */
const wrongTokensPerSecond = 0.1;
const wrongTokensBurst = 10;

/** What is known about the client. */
type Caller = "known" | "unknown" | "too-eager";

type Route = (url: URL, headers: Headers) => Response;

/** Creates the handler of one listener. */
export function createHandler(options: HandlerOptions): Handler {
  const { nowMs } = options;
  const wrongTokens = createRateLimiter({ perSecond: wrongTokensPerSecond, burst: wrongTokensBurst, nowMs });
  const streams = createStreamRoom(options.setTimer ?? realTimer, options.onError);
  const { look, forget } = sharedLook(options.picture, nowMs);
  const routes = readRoutes(options, { streams, look });

  /** `known` has sent the token; only the others use up their limits. */
  const callerOf = async (request: Request, address: string): Promise<Caller> => {
    const given = request.headers.get("authorization");
    for (const token of options.commands?.tokens ?? []) {
      if (await isAuthorized(given, token)) return "known";
    }
    const isGuess = options.commands !== undefined && given !== null;
    return !isGuess || wrongTokens.take(address) ? "unknown" : "too-eager";
  };

  const answer = async (request: Request, address: string): Promise<Response> => {
    const url = new URL(request.url);
    const path = withoutSlash(url.pathname);
    const found = findRoute(path);
    // A load balancer may use any name for health checks; the response reveals nothing about builds.
    if (found?.route.kind === "health") {
      const { respond } = found.route;
      return answerRead(request, () => respond(options.picture()));
    }
    const caller = await callerOf(request, address);
    if (caller === "too-eager") return refusalResponse(tooMany);
    const host = request.headers.get("host") ?? url.host;
    if (!isOurHost(host, options)) return foreignHost();
    const isOpen = options.isPrivate !== true || request.method === "POST";
    if (!isOpen && caller !== "known") return notFound();
    if (found?.route.kind === "command") {
      if (request.method !== "POST") return wrongMethod("POST");
      const context = { host, isAuthorized: caller === "known" };
      return await answerCommand(found.route.command, request, context, options.commands).finally(forget);
    }
    if (found !== undefined) {
      const { rest } = found;
      const route = found.route;
      return answerRead(request, () => answerApi(route, { rest, url, options, streams, look }));
    }
    const route = routes.get(path);
    return route === undefined ? notFound() : answerRead(request, () => route(url, request.headers));
  };

  return async (request: Request, address = ""): Promise<Response> => {
    try {
      return await answer(request, address);
    } catch (error) {
      options.onError(error);
      return refusalResponse({
        status: 500,
        code: "internal",
        message: "the response could not be created",
        hint: "see the log of gocd-mesos",
      });
    }
  };
}

/** A path with a trailing slash. */
function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function answerApi(
  route: ReadRoute,
  { url, options, ...more }: Pick<Asked, "rest" | "streams" | "look"> & {
    readonly url: URL;
    readonly options: HandlerOptions;
  },
): Response {
  const read = readQuery(route.parameters, url.searchParams);
  if ("refusal" in read) return refusalResponse(read.refusal);
  const { version, sandbox, picture, history } = options;
  const kept = history === undefined ? {} : { history };
  return route.respond({ ...more, ...kept, picture: picture(), query: read.query, version, sandbox });
}

function readRoutes(
  options: HandlerOptions,
  { streams, look }: Pick<Asked, "streams" | "look">,
): ReadonlyMap<string, Route> {
  const pageOf = createPageReader(options);
  const livePages = createLivePages(look, (picture, query) => pageOf(picture, query, livePage));
  const page = (url: URL, make: typeof statusPage): string =>
    pageOf(options.picture(), pageQuery(url.searchParams), (input) => make(input, livePages.sent));
  const htmlType = "text/html; charset=utf-8";
  return new Map<string, Route>([
    ["/", (url): Response => textResponse(page(url, statusPage), htmlType)],
    ["/fragment", (url): Response => textResponse(page(url, statusFragment), htmlType)],
    ["/events", (url, headers): Response => {
      // A browser that connects again names the last message; the address names the document.
      const version = headers.get("last-event-id") ?? url.searchParams.get("from") ?? undefined;
      return streams.open(livePages.open(pageQuery(url.searchParams), version));
    }],
    ["/api/status", (): Response => {
      const { view, notes } = options.picture();
      return textResponse(statusJson({ view, notes, sandbox: options.sandbox }), "application/json; charset=utf-8");
    }],
    [openapiPath, (): Response => jsonResponse(openapiDocument(options.version))],
    ["/metrics", (): Response => textResponse(metricsPage(options.picture(), options.version), metricsContentType)],
    ["/assets/page.css", (): Response => textResponse(`${pageCss}\n${historyCss}`, "text/css; charset=utf-8")],
    ["/assets/page.js", (): Response => textResponse(pageJs, "text/javascript; charset=utf-8")],
    ["/assets/actions.js", (): Response => textResponse(actionsJs, "text/javascript; charset=utf-8")],
    ["/assets/icon.svg", (): Response => textResponse(iconSvg, "image/svg+xml")],
  ]);
}

/** Makes a page of a picture, or of the moment that the query names. */
type PageReader = <Page>(picture: Picture, query: PageQuery, make: (input: PageInput) => Page) => Page;

function createPageReader(options: HandlerOptions): PageReader {
  const { history, version, sandbox, offersCommands, nowMs } = options;
  const historyOf = history === undefined ? undefined : createHistoryPages(history, nowMs);
  return ({ view, notes }, query, make) => {
    const past = readPast(history, query, nowMs());
    const shown = past?.shown;
    const page = historyOf?.(historyQuery(query, shown?.view.atMs));
    const common = {
      query,
      links: options.links(),
      version,
      sandbox,
      offersCommands: offersCommands === true,
      ...(options.setup === undefined ? {} : { setup: options.setup() }),
      ...(page === undefined ? {} : { history: page }),
    };
    if (past === undefined) return make({ view, notes, ...common });
    if (shown === undefined) return make({ view, notes, ...common, past });
    try {
      return make({ ...shown, ...common, past });
    } catch {
      // A picture of an older or newer version.
      return make({ view, notes, ...common, past: { banner: foreignPicture(query) } });
    }
  };
}

/** HAProxy uses OPTIONS for health checks by default (`option httpchk`). */
function answerRead({ method }: Request, route: () => Response): Response {
  if (method !== "GET" && method !== "HEAD" && method !== "OPTIONS") return wrongMethod(readMethods);
  const response = route();
  if (method === "OPTIONS") response.headers.set("Allow", readMethods);
  return method === "GET" ? response : new Response(null, response);
}

const readMethods = "GET, HEAD, OPTIONS";

function foreignHost(): Response {
  return refusalResponse({
    status: 403,
    code: "foreign-host",
    message: "this host name is not known to this program",
    hint: "set http.advertise in framework.conf to the name that you use, or use the IP address",
  });
}

function wrongMethod(allow: string): Response {
  return refusalResponse({
    status: 405,
    code: "method-not-allowed",
    message: "this path does not support the method",
    hint: `use ${allow}`,
    headers: { Allow: allow },
  });
}

function notFound(): Response {
  return refusalResponse({
    status: 404,
    code: "not-found",
    message: "there is nothing at this path",
    hint:
      "the paths are /, /metrics, /api/status and those in /api/v1/openapi.json, among them /api/v1/status, /health and POST /api/commands/drain",
  });
}
