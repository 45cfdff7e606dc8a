// Authentication on the simulated GoCD server: users, tokens, sessions, and errors by version (GoCD
// AuthenticationFilterChain).

import {
  acceptOf,
  answer,
  containerError,
  jsonText,
  pathOf,
  type SimRequest,
  type SimResponse,
} from "./http_message.ts";
import type { GocdWorld, SimSession, SimUser } from "./state.ts";

/** The caller: anyone on a server without security, unauthenticated, or a user. */
export type Caller =
  | { readonly kind: "everybody" }
  | { readonly kind: "anonymous" }
  | { readonly kind: "user"; readonly user: SimUser };

/** The texts of the errors. */
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

/** The caller of a request, or the error for its credentials. */
export function authenticate(world: GocdWorld, request: SimRequest): Caller | SimResponse {
  const { scheme, rest } = credentialsOf(request);
  const isBasic = scheme === "basic";
  const isBearer = scheme === "bearer" && world.rules.bearerTokens;
  if (world.security.kind === "off") {
    if (!world.rules.newSecurity || (!isBasic && !isBearer)) return { kind: "everybody" };
    const message = `${isBasic ? "Basic" : "Bearer"} authentication credentials are not required, since security has ` +
      "been disabled on this server.";
    return withoutChallenge(refusal(world, request, 401, message));
  }
  const { users } = world.security;
  const session = sessionOf(world, request);
  const known = users.find((candidate) => candidate.name === session?.userName);
  if (known !== undefined && isTrusted(world, session, scheme)) return { kind: "user", user: known };
  if (isBearer) {
    const user = users.find((candidate) => candidate.token !== undefined && candidate.token === rest);
    return user === undefined
      ? withoutChallenge(refusal(world, request, 401, accessTexts.badToken))
      : { kind: "user", user };
  }
  if (isBasic) {
    const user = users.find((candidate) => encodeBasic(`${candidate.name}:${candidate.password}`) === rest);
    return user === undefined ? refusal(world, request, 401, accessTexts.badCredentials) : { kind: "user", user };
  }
  return known === undefined ? { kind: "anonymous" } : { kind: "user", user: known };
}

function credentialsOf(request: SimRequest): { readonly scheme: string; readonly rest: string } {
  const [scheme = "", ...rest] = (request.headers["authorization"] ?? "").trim().split(/\s+/);
  return { scheme: scheme.toLowerCase(), rest: rest.join(" ") };
}

/**
 * A session that was logged in the same way is not authenticated again, regardless of the header
 * (AbstractBasicAuthenticationFilter).
 */
function isTrusted(world: GocdWorld, session: SimSession | undefined, scheme: string): boolean {
  return world.rules.newSecurity && session?.userName !== undefined && session.scheme === scheme &&
    world.nowMs - session.sinceMs < reauthenticationMs;
}

/** A login with a token is never challenged, nor one on a server without security (AccessTokenAuthenticationFilter). */
function withoutChallenge(refused: SimResponse): SimResponse {
  const { "www-authenticate": _, ...headers } = refused.headers;
  return { ...refused, headers };
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

const challenge: Readonly<Record<string, string>> = { "www-authenticate": 'Basic realm="GoCD"' };

/** 401 or 403 of the security layer, with a body by version and Accept. */
export function refusal(world: GocdWorld, request: SimRequest, status: 401 | 403, message: string): SimResponse {
  const accept = acceptOf(request);
  if (!world.rules.newSecurity) {
    const pattern = world.rules.version === "15.2.0" ? /vnd\.go\.cd\.v1\+json/ : /vnd\.go\.cd\.v\d+\+json/;
    const body = pattern.test(accept)
      ? answer(status, "application/json;charset=utf-8", jsonText({ message: accessTexts.notAllowed }))
      : containerError(world, request, status, status === 401 ? "Full authentication is required" : "Access is denied");
    return { ...body, headers: { ...body.headers, ...(status === 401 ? challenge : {}) } };
  }
  // GoCD BasicAuthenticationWithChallengeFailureResponseHandler: both statuses have a challenge, except for scripts.
  const headers = request.headers["x-requested-with"] === "XMLHttpRequest" ? {} : challenge;
  const type = refusalType(accept) ?? (pathOf(request).endsWith(".xml") ? "application/xml" : "application/json");
  if (type.endsWith("xml")) {
    const body = `<access-denied>\n  <message>${message}</message>\n</access-denied>\n`;
    return answer(status, `${type};charset=utf-8`, body, headers);
  }
  const charset = type === "application/json" ? "" : ";charset=utf-8";
  return answer(status, type + charset, jsonText({ message }), headers);
}

/** The first supported type for an error (GoCD ContentTypeNegotiationMessageRenderer). */
function refusalType(accept: string): string | undefined {
  return accept.split(",").map((part) => part.split(";")[0]?.trim() ?? "").find((type) =>
    /^(?:text\/xml|application\/(?:xml|json|vnd\.go\.cd\.v\d{1,2}\+json))$/.test(type)
  );
}

const sessionIdleMs = 300_000;
/** Interval after which a login is checked again (go.security.reauthentication.interval). */
const reauthenticationMs = 1_800_000;

function sessionOf(world: GocdWorld, request: SimRequest): SimSession | undefined {
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

/** Keeps the caller's session, or creates one and sets its cookie: one per request without a cookie. */
export function withSession(world: GocdWorld, request: SimRequest, caller: Caller, response: SimResponse): SimResponse {
  const known = sessionOf(world, request);
  const session = known ?? { userName: undefined, scheme: "", sinceMs: world.nowMs, usedMs: world.nowMs };
  session.usedMs = world.nowMs;
  const { scheme } = credentialsOf(request);
  if (caller.kind === "user" && scheme !== "" && !isTrusted(world, session, scheme)) {
    Object.assign(session, { userName: caller.user.name, scheme, sinceMs: world.nowMs });
  }
  if (known !== undefined) return response;
  world.tally.sessionsCreated++;
  const id = `node0sim${world.tally.sessionsCreated}`;
  world.sessions.set(id, session);
  const cookie = `JSESSIONID=${id};Path=${world.contextPath || "/"};HttpOnly`;
  return { ...response, headers: { ...response.headers, "set-cookie": cookie } };
}
