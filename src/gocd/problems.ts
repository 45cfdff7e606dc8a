// Errors for unusable responses of the GoCD server, by status (401, 404, 503, …), body and content type.

import type { GocdProblem } from "../core/event.ts";
import { oneLine } from "../core/text.ts";
import { withoutQuery } from "../net/addresses.ts";
import { type AnswerTraits, type Intermediary, intermediaryOf, isHtml } from "../net/intermediary.ts";
import { proxyHint, type ProxyInUse } from "../net/proxies.ts";
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
  /** All headers. */
  readonly headers: Headers;
  /** The first part of the body. */
  readonly body: string;
  /** Redacts our own secrets. */
  readonly redact: (text: string) => string;
  /** The proxy of the environment that it came through, if any. */
  readonly proxy?: ProxyInUse | undefined;
  /** `Retry-After` in ms. */
  readonly retryAfterMs?: number;
}

type Described = Pick<GocdProblem, "code" | "kind" | "hint">;

/** Creates the error for a response without status 2xx, or with an HTML page instead of data. */
export function answerError(call: GocdCall, answer: RefusedAnswer): GocdError {
  const { status, redact, retryAfterMs } = answer;
  const between = intermediaryOf(answer, { url: call.url, proxy: answer.proxy, redact, sends: gocdSends });
  const source = `${call.method} ${call.url}`;
  if (between === undefined && status < 300) return loginPageError(source, status);
  const problem = {
    ...(between === undefined ? ownProblem(call, answer) : strangersProblem(call, answer, between)),
    message: `${source} answered ${status}${
      between === undefined ? quoteOf(answer) : `: not GoCD, but ${between.text}`
    }`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return new GocdError(problem, undefined, {
    status,
    isOwn: between === undefined,
    isJson: hasJson(answer),
  });
}

/** Creates the error for an HTML page instead of data, about which nothing else is known. */
export function loginPageError(source: string, status = 200): GocdError {
  return new GocdError({
    ...loginPage,
    message: `${source} answered ${status} with an HTML page instead of data: a login page or another site`,
  });
}

const loginPage: Described = {
  code: "gocd-login-page",
  kind: "unreadable",
  hint: "go-server.url must be GoCD's own base URL (it usually ends in /go), not a page behind single sign-on",
};

/** Texts of GoCD for 403, of any release (spring security, ControllerMethods, AccessDeniedHandler). */
const forbiddenReply = /not (?:been )?authori[sz]ed|permission|privilege/i;
/** Error pages of GoCD: for an unknown path or media type, of its JettyCustomErrorPageHandler, and of Jetty itself. */
const ownPage =
  /<h2>404 Not found<\/h2>|<h1>\d{3}<\/h1>\s*<h2>|powered by jetty|<title>Error \d{3}\b|HTTP ERROR:? ?\d{3}|Bad Message \d{3}/i;
/** Statuses that neither GoCD nor its container sends. */
const strangersStatus: ReadonlySet<number> = new Set([405, 407, 502, 504, 511]);

/** Whether GoCD sends such a response. Its headers prove it, but proxies may drop them, and old versions have none. */
function gocdSends(answer: AnswerTraits): boolean {
  const { status, headers, body, elsewhere } = answer;
  if (elsewhere !== undefined) return false;
  if (headers.get("x-ua-compatible") === "chrome=1") return true;
  if (/realm="?(?:gocd|go|cruise)\b/i.test(headers.get("www-authenticate") ?? "")) return true;
  if (isHtml(answer)) return ownPage.test(body) || status >= 300 && status < 400;
  // A refusal of GoCD contains a message.
  if (status === 401) return jsonMessage(body.trim()) !== undefined || xmlMessage(body) !== undefined;
  return !strangersStatus.has(status) && (status !== 403 || forbiddenReply.test(body));
}

/** The meaning of a response from an intermediary. */
function strangersProblem(call: GocdCall, answer: RefusedAnswer, between: Intermediary): Described {
  const { status, proxy } = answer;
  const hint = between.kind === "proxy" ? proxyHint(status, proxy) : strangersHint(call, status, between);
  if (status === 407) return { code: "gocd-proxy-refused", kind: "refused", hint };
  if (status >= 500) {
    return { code: status === 503 ? "gocd-unavailable" : "gocd-server-error", kind: "unreachable", hint };
  }
  if (status === 429) return { code: "gocd-too-many-requests", kind: "unreachable", hint };
  if (status >= 400) {
    return call.method === "GET" && (status === 404 || status === 406)
      ? { code: "gocd-unknown-path", kind: "missing", hint }
      : { code: "gocd-blocked", kind: "refused", hint };
  }
  const isLogin = status < 300 || looksLikeLogin(between.elsewhere);
  return { code: isLogin ? "gocd-login-page" : "gocd-redirected", kind: "unreadable", hint };
}

const itself = "point go-server.url at GoCD itself";

function strangersHint(call: GocdCall, status: number, { elsewhere }: Intermediary): string {
  if (status === 401) {
    return `it requires its own login: let gocd-mesos pass there with the user of go-server, or ${itself}`;
  }
  if (status >= 500) {
    return `GoCD behind it does not answer: check GoCD, and the connection from there to it, or ${itself}`;
  }
  if (call.method !== "GET") return `reading works, so let PATCH and DELETE pass there as well, or ${itself}`;
  if (elsewhere !== undefined && isOnlyTls(call.url, elsewhere)) return "write https:// in go-server.url";
  return `let gocd-mesos pass there without a login page, or ${itself} (it usually ends in /go)`;
}

/** The same host with TLS. */
function isOnlyTls(url: string, elsewhere: string): boolean {
  const [from, to] = [new URL(url), new URL(elsewhere)];
  return from.protocol === "http:" && to.protocol === "https:" && from.hostname === to.hostname;
}

function ownProblem(call: GocdCall, answer: RefusedAnswer): Described {
  const { status, headers } = answer;
  return status >= 300 && status < 400
    ? redirected(headers.get("location") ?? undefined)
    : describe(call, answer, messageIn(answer));
}

/** The message of GoCD, or its redirect target. */
function quoteOf(answer: RefusedAnswer): string {
  const reply = messageIn(answer);
  if (reply !== "") return `: ${reply}`;
  const location = answer.headers.get("location");
  return location === null ? "" : ` and points to ${withoutQuery(answer.redact(location))}`;
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
      return call.method === "GET" ? unknownPath(call) : conflictOrInvalid(reply);
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
  if (call.credentials !== "none" && /not authenticated/i.test(reply)) {
    return {
      code: "gocd-credentials-lost",
      kind: "refused",
      hint: `something in between removes the Authorization header from requests: let it pass there, or ${itself}`,
    };
  }
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
  // For a missing path GoCD sends a page, although with a JSON type: it does not refer to an agent.
  const isJson = hasJson(answer);
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
  return unknownPath(call);
}

function hasJson({ body }: RefusedAnswer): boolean {
  return body.trimStart().startsWith("{");
}

function unknownPath({ url }: GocdCall): Described {
  return {
    code: "gocd-unknown-path",
    kind: "missing",
    hint: url.includes("/go/")
      ? "check host and port of go-server.url: another program answers there, or a proxy changes the requests"
      : "check go-server.url: the base URL of GoCD usually ends in /go",
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

function looksLikeLogin(location: string | undefined): boolean {
  return location !== undefined && /login|sso|saml|oauth|sign[_-]?in|auth/i.test(location);
}

function redirected(location: string | undefined): Described {
  if (location !== undefined && looksLikeLogin(withoutQuery(location))) return loginPage;
  return {
    code: "gocd-redirected",
    kind: "unreadable",
    hint: "redirects are not followed: set go-server.url to the target of this one",
  };
}

const messageLengthMax = 200;

/**
 * The server's message as one short line without its final period, because the sentence may continue; HTML is never
 * quoted.
 */
function messageIn(answer: RefusedAnswer): string {
  const body = answer.body.trim();
  if (body === "") return "";
  if (isHtml(answer)) return "(an HTML page)";
  const reply = jsonMessage(body) ?? xmlMessage(body) ?? (body.startsWith("<") || body.startsWith("{") ? "" : body);
  // After unescaping and before cutting, or a secret would be missed.
  return oneLine(answer.redact(reply), messageLengthMax).replace(/\.$/, "");
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
