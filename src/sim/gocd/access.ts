// Authentication on the simulated GoCD server: users, tokens, sessions, and refusals by release (GoCD
// AuthenticationFilterChain).

import {
  acceptOf,
  answer,
  containerPage,
  jsonText,
  pathOf,
  type SimRequest,
  type SimResponse,
} from "./http_message.ts";
import type { GocdWorld, SimUser } from "./state.ts";

/** Who asks: anybody on a server without security, nobody known, or a user. */
export type Caller =
  | { readonly kind: "everybody" }
  | { readonly kind: "anonymous" }
  | { readonly kind: "user"; readonly user: SimUser };

/** The texts of the refusals. */
export const accessTexts = {
  badCredentials: "Invalid credentials. Either your username and password are incorrect, or there is a problem with " +
    "your browser cookies. Please check with your administrator.",
  badToken: "Invalid Personal Access Token.",
  notAuthenticated: "You are not authenticated!",
  notAllowed: "You are not authorized to access this resource!",
  notAllowedAction: "You are not authorized to perform this action.",
  notFoundOrNotAllowed:
    "Either the resource you requested was not found, or you are not authorized to perform this action.",
} as const;

/** The caller of a request, or the refusal of its credentials. */
export function authenticate(world: GocdWorld, request: SimRequest): Caller | SimResponse {
  const header = request.headers["authorization"] ?? "";
  const [scheme = "", ...rest] = header.trim().split(/\s+/);
  const kind = scheme.toLowerCase();
  const isBasic = kind === "basic";
  const isBearer = kind === "bearer" && world.rules.bearerTokens;
  if (world.security.kind === "off") {
    if (!world.rules.newSecurity || (!isBasic && !isBearer)) return { kind: "everybody" };
    const what = isBasic ? "Basic authentication" : "Access token";
    return refusal(
      world,
      request,
      401,
      `${what} credentials are not required, since security has been disabled on this server.`,
    );
  }
  const { users } = world.security;
  if (isBearer) {
    const user = users.find((candidate) => candidate.token !== undefined && candidate.token === rest.join(" "));
    return user === undefined ? refusal(world, request, 401, accessTexts.badToken) : { kind: "user", user };
  }
  if (isBasic) {
    const user = users.find((candidate) => encodeBasic(`${candidate.name}:${candidate.password}`) === rest.join(""));
    return user === undefined ? refusal(world, request, 401, accessTexts.badCredentials) : { kind: "user", user };
  }
  const session = sessionOf(world, request);
  const user = users.find((candidate) => candidate.name === session?.userName);
  return user === undefined ? { kind: "anonymous" } : { kind: "user", user };
}

/** Base64 of a text's UTF-8 bytes. */
export function encodeBasic(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** Whether this caller may administer the server. */
export function isAdmin(caller: Caller): boolean {
  return caller.kind === "everybody" || (caller.kind === "user" && caller.user.admin);
}

/** Whether this caller may view a pipeline. */
export function mayView(caller: Caller, pipeline: string): boolean {
  if (caller.kind !== "user" || caller.user.admin || caller.user.views === undefined) {
    return caller.kind !== "anonymous";
  }
  return caller.user.views.includes(pipeline);
}

/** The caller's name as in logs. */
export function callerName(caller: Caller): string {
  return caller.kind === "user" ? caller.user.name : "anonymous";
}

/** 401 or 403 of the security layer, its body by release and Accept. */
export function refusal(world: GocdWorld, request: SimRequest, status: 401 | 403, message: string): SimResponse {
  const isScripted = request.headers["x-requested-with"] === "XMLHttpRequest";
  const challenge: Record<string, string> = status === 401 && !(isScripted && world.rules.newSecurity)
    ? { "www-authenticate": 'Basic realm="GoCD"' }
    : {};
  const accept = acceptOf(request);
  if (!world.rules.newSecurity) {
    const pattern = world.rules.version === "15.2.0" ? /vnd\.go\.cd\.v1\+json/ : /vnd\.go\.cd\.v\d+\+json/;
    const body = pattern.test(accept)
      ? answer(status, "application/json;charset=utf-8", jsonText({ message: accessTexts.notAllowed }))
      : containerPage(status, status === 401 ? "Full authentication is required" : "Access is denied");
    return { ...body, headers: { ...body.headers, ...challenge } };
  }
  if (accept.includes("json")) {
    return answer(status, "application/json;charset=utf-8", jsonText({ message }), challenge);
  }
  const isXml = /\bxml\b/.test(accept) && !accept.includes("html");
  if (isXml || (!accept.includes("html") && pathOf(request).endsWith(".xml"))) {
    const body = `<access-denied>\n  <message>${message}</message>\n</access-denied>`;
    return answer(status, "application/xml;charset=utf-8", body, challenge);
  }
  if (accept.includes("html")) {
    return answer(status, "text/html;charset=utf-8", `<html><body><p>${message}</p></body></html>`, challenge);
  }
  return answer(status, "application/json;charset=utf-8", jsonText({ message }), challenge);
}

const sessionIdleMs = 300_000;

function sessionOf(
  world: GocdWorld,
  request: SimRequest,
): { userName: string | undefined; usedMs: number } | undefined {
  const id = sessionId(request);
  const session = id === undefined ? undefined : world.sessions.get(id);
  if (id === undefined || session === undefined) return undefined;
  if (world.nowMs - session.usedMs >= sessionIdleMs) {
    world.sessions.delete(id);
    return undefined;
  }
  return session;
}

function sessionId(request: SimRequest): string | undefined {
  return /(?:^|;\s*)JSESSIONID=([^;]+)/.exec(request.headers["cookie"] ?? "")?.[1];
}

/** Keeps the caller's session, or makes one and sets its cookie: one per request without a cookie. */
export function withSession(world: GocdWorld, request: SimRequest, caller: Caller, response: SimResponse): SimResponse {
  const userName = caller.kind === "user" ? caller.user.name : undefined;
  const session = sessionOf(world, request);
  if (session !== undefined) {
    session.usedMs = world.nowMs;
    session.userName = userName ?? session.userName;
    return response;
  }
  world.tally.sessionsCreated++;
  const id = `node0sim${world.tally.sessionsCreated}`;
  world.sessions.set(id, { userName, usedMs: world.nowMs });
  const cookie = `JSESSIONID=${id};Path=${world.contextPath || "/"};HttpOnly`;
  return { ...response, headers: { ...response.headers, "set-cookie": cookie } };
}
