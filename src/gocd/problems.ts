// Errors for unusable responses of the GoCD server, by status, body and content type.

import type { GocdProblem } from "../core/event.ts";
import { oneLine } from "../core/text.ts";
import { GocdError } from "./api.ts";

/** The request, for messages. */
export interface GocdCall {
  /** The verb of the request. */
  readonly method: "GET" | "PATCH" | "DELETE";
  /** Full URL, without user name and password. */
  readonly url: string;
  /** How it logged in. */
  readonly credentials: "none" | "basic" | "bearer";
}

/** An unexpected response. */
export interface RefusedAnswer {
  /** The HTTP status. */
  readonly status: number;
  /** `Content-Type` in lower case, "" where absent. */
  readonly contentType: string;
  /** The first part of the body. */
  readonly body: string;
  /** Redacts our own secrets. */
  readonly redact: (text: string) => string;
  /** `Location`. */
  readonly location?: string;
  /** `Retry-After` in ms. */
  readonly retryAfterMs?: number;
}

type Described = Pick<GocdProblem, "code" | "kind" | "hint">;

/** Creates the error for a response without status 2xx. */
export function answerError(call: GocdCall, answer: RefusedAnswer): GocdError {
  const reply = messageIn(answer);
  const described = answer.status >= 300 && answer.status < 400
    ? redirected(answer.location)
    : describe(call, answer, reply);
  const target = answer.location === undefined ? "" : ` and points to ${withoutQuery(answer.location)}`;
  const quote = reply === "" ? target : `: ${reply}`;
  return new GocdError({
    ...described,
    message: `${call.method} ${call.url} answered ${answer.status}${quote}`,
    ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
  });
}

/** Creates the error for an HTML page instead of data. */
export function loginPageError(source: string, status = 200): GocdError {
  return new GocdError({
    code: "gocd-login-page",
    kind: "unreadable",
    message: `${source} answered ${status} with an HTML page instead of data: a login page or another site`,
    hint: "go-server.url must be GoCD's own base URL (it usually ends in /go), not a page behind single sign-on",
  });
}

function describe(call: GocdCall, answer: RefusedAnswer, reply: string): Described {
  switch (answer.status) {
    case 400:
      return /must be explicitly enabled or disabled/i.test(reply)
        ? conflict("gocd-agent-pending", "the record is Pending: enable or disable it first")
        : { code: "gocd-bad-request", kind: "refused", hint: "report this with the version of the GoCD server" };
    case 401:
      return unauthorized(call, reply);
    case 403:
      return forbidden();
    case 404:
      return notFound(call, answer, reply);
    case 406:
      return call.method === "GET" ? unknownPath() : conflictOrInvalid(reply);
    case 407:
      return {
        code: "gocd-proxy-refused",
        kind: "refused",
        hint: "put the proxy's user into HTTP_PROXY, or use NO_PROXY",
      };
    case 409:
    case 422:
      return conflictOrInvalid(reply);
    case 415:
      return {
        code: "gocd-media-type-refused",
        kind: "refused",
        hint: "something in between changes the Content-Type of requests: point go-server.url at GoCD itself",
      };
    case 429:
      return { code: "gocd-too-many-requests", kind: "unreachable", hint: "poll less often: poller.interval" };
    case 503:
      return unavailable(reply);
    default:
      return answer.status >= 500
        ? {
          code: "gocd-server-error",
          kind: "unreachable",
          hint: "see the log of the GoCD server or of its proxy",
        }
        : { code: "gocd-refused", kind: "refused", hint: "check that go-server.url is the base URL of a GoCD server" };
  }
}

function unauthorized(call: GocdCall, reply: string): Described {
  if (/security has been disabled/i.test(reply)) {
    return {
      code: "gocd-credentials-not-wanted",
      kind: "refused",
      hint: "this server has no security: remove go-server.user-name, .password and .access-token",
    };
  }
  if (/to perform this action/i.test(reply)) return forbidden();
  switch (call.credentials) {
    case "none":
      return {
        code: "gocd-not-authenticated",
        kind: "refused",
        hint: "set go-server.user-name and go-server.password, or go-server.access-token",
      };
    case "basic":
      return {
        code: "gocd-bad-credentials",
        kind: "refused",
        hint: "check go-server.user-name and go-server.password by logging in",
      };
    case "bearer":
      return {
        code: "gocd-bad-token",
        kind: "refused",
        hint: "check go-server.access-token: it may be revoked, or the server older than 19.2, which has no tokens",
      };
    default:
      return call.credentials satisfies never;
  }
}

function notFound(call: GocdCall, answer: RefusedAnswer, reply: string): Described {
  const isJson = answer.contentType.includes("json");
  if (call.method !== "GET" && isJson) {
    return { code: "gocd-agent-missing", kind: "missing", hint: "nothing to do: the record is gone from the server" };
  }
  if (isJson && /not authorized/i.test(reply)) {
    return {
      code: "gocd-missing-or-forbidden",
      kind: "missing",
      hint: "check the account of go-server.user-name, and that go-server.url is the base URL of GoCD",
    };
  }
  return unknownPath();
}

function unknownPath(): Described {
  return {
    code: "gocd-unknown-path",
    kind: "missing",
    hint: "check go-server.url: the base URL of GoCD usually ends in /go",
  };
}

function forbidden(): Described {
  return {
    code: "gocd-forbidden",
    kind: "refused",
    hint: "make the account of go-server.user-name (or of the access token) an administrator in GoCD",
  };
}

function conflict(code: string, hint: string): Described {
  return { code, kind: "conflict", hint };
}

function conflictOrInvalid(reply: string): Described {
  return /disabled|building/i.test(reply)
    ? conflict("gocd-agent-busy", "nothing to do: it is retried once the GoCD agent is disabled and idle")
    : conflict("gocd-invalid", "check the resources and environments of the profile against those of the server");
}

/** GoCD has three texts for 503; "under" is a backup, "in" is maintenance mode (GoCD ModeAwareFilter). */
function unavailable(reply: string): Described {
  if (/is starting/i.test(reply)) {
    return { code: "gocd-starting", kind: "starting", hint: "nothing to do: the GoCD server is starting" };
  }
  if (/under maintenance mode/i.test(reply)) {
    return { code: "gocd-backup", kind: "maintenance", hint: "nothing to do: the GoCD server is being backed up" };
  }
  if (/maintenance mode/i.test(reply)) {
    return { code: "gocd-maintenance", kind: "maintenance", hint: "turn off the maintenance mode of the GoCD server" };
  }
  return {
    code: "gocd-unavailable",
    kind: "unreachable",
    hint: "the GoCD server or its proxy is not ready: check them if it lasts",
  };
}

function redirected(location: string | undefined): Described {
  if (location !== undefined && /login|sso|saml|oauth|sign[_-]?in|auth/i.test(withoutQuery(location))) {
    return {
      code: "gocd-login-page",
      kind: "unreadable",
      hint: "go-server.url must be GoCD's own base URL (it usually ends in /go), not a page behind single sign-on",
    };
  }
  return {
    code: "gocd-redirected",
    kind: "unreadable",
    hint: "redirects are not followed: set go-server.url to the target of this one",
  };
}

const messageLengthMax = 200;

/** The server's message as one short line; HTML is never quoted. */
function messageIn(answer: RefusedAnswer): string {
  const body = answer.body.trim();
  if (body === "") return "";
  if (answer.contentType.includes("html") || /^<(?:!doctype|html|head|body)/i.test(body)) return "(an HTML page)";
  const reply = jsonMessage(body) ?? xmlMessage(body) ?? (body.startsWith("<") || body.startsWith("{") ? "" : body);
  // After unescaping and before cutting, or a secret would be missed.
  return oneLine(answer.redact(reply), messageLengthMax);
}

function jsonMessage(body: string): string | undefined {
  if (!body.startsWith("{")) return undefined;
  // Not JSON.parse: the body may be cut, and one with `data` is long.
  const quoted = /"(?:message|error)"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(body)?.[1];
  try {
    return quoted === undefined ? undefined : String(JSON.parse(quoted));
  } catch {
    return undefined;
  }
}

function xmlMessage(body: string): string | undefined {
  return /<message>([^<]*)<\/message>/.exec(body)?.[1];
}

/** A URL or path without anything that may contain tokens. */
function withoutQuery(location: string): string {
  const plain = location.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//");
  return oneLine(plain);
}
