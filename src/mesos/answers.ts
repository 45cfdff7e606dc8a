// The meaning of a master's refusal (Mesos src/master/http.cpp, Master::Http::scheduler).

import { oneLine } from "../core/text.ts";
import { type Credentials, redactorOf } from "../net/credentials.ts";
import { type AnswerTraits, type Intermediary, intermediaryOf, isHtml } from "../net/intermediary.ts";
import { proxyFor, proxyHint } from "../net/proxies.ts";
import { MesosError } from "./api.ts";

/** An unexpected response. */
export interface Refusal {
  /** Full URL of the request. */
  readonly url: URL;
  /** The request: `SUBSCRIBE`, `ACCEPT`, `GET /version`. */
  readonly asked: string;
  /** HTTP status. */
  readonly status: number;
  /** All headers. */
  readonly headers: Headers;
  /** The first part of the body. */
  readonly text: string;
  /** How we authenticated. */
  readonly credentials: Credentials;
}

/** The error for a SUBSCRIBE, or a request of `check`, that was not accepted. */
export function subscribeRefusal(refusal: Refusal): MesosError {
  const between = strangerIn(refusal);
  const message = refusalMessage(refusal, between);
  if (between !== undefined) {
    const reason = refusal.status === 401
      ? "unauthorized"
      : refusal.status === 429 || refusal.status >= 500
      ? "unreachable"
      : "not-a-master";
    return new MesosError(reason, message, strangersHint(refusal, between));
  }
  switch (refusal.status) {
    case 401:
      return new MesosError("unauthorized", message, loginHint(refusal.credentials));
    case 403:
      return new MesosError(
        "unauthorized",
        message,
        "the principal is known but not authorized: see the master's --acls, or a proxy in between",
      );
    case 503:
      return new MesosError(
        "no-leader",
        message,
        "see the masters' logs if it lasts: the master is starting, recovering, or there is no leader yet",
      );
    case 429:
    case 500:
      return new MesosError("unreachable", message, "see the log of the master or proxy");
    case 400:
      return new MesosError("refused", message, "fix what the master's message names");
    case 406:
    case 415:
      return notAMaster(message, "a master of Mesos 1.0 or later is needed");
    default:
      return notAMaster(message);
  }
}

/** Whether a master may have sent it, as far as known. */
export function isOfMaster(refusal: Refusal): boolean {
  return strangerIn(refusal) === undefined;
}

/** The intermediary that responded instead of the master, if any. */
function strangerIn({ url, status, headers, text, credentials }: Refusal): Intermediary | undefined {
  return intermediaryOf({ status, headers, body: text }, {
    url: url.href,
    proxy: proxyFor(url.href),
    redact: redactorOf(credentials),
    sends: masterSends,
  });
}

/** Whether a master sends such a response: no pages, and only 307 redirects. */
function masterSends(answer: AnswerTraits): boolean {
  const { status } = answer;
  return !isHtml(answer) && status !== 502 && status !== 504 && (status < 300 || status >= 400 || status === 307);
}

function strangersHint({ url, status, credentials }: Refusal, between: Intermediary): string {
  if (between.kind === "proxy") return proxyHint(status, proxyFor(url.href));
  if (status === 401) return loginHint(credentials);
  if (status === 429 || status >= 500) return "see its log, and whether the master runs";
  return "check host and port in mesos-master: they must lead to a Mesos master itself (port 5050), not to an agent, a " +
    "proxy or a login page";
}

/** A response that no master sends. */
export function notAMaster(message: string, hint?: string): MesosError {
  return new MesosError(
    "not-a-master",
    message,
    hint ?? "check host and port in mesos-master: it must be a Mesos master, 1.0 or later (port 5050), not an agent",
  );
}

/** The error for a call that was not accepted, and whether the subscription is over with it. */
export interface CallRefusal {
  /**
   * `call-refused` and, if there is no such subscription, `call-void`: the call has had no effect; `call-unknown`: a
   * proxy, which may have passed it on, has failed.
   */
  readonly error: MesosError;
  /** Other calls would be refused as well: subscribe again. */
  readonly endsSession: boolean;
}

// The texts of src/master/http.cpp for a subscription that the master does not have (any more).
const lostSubscription = /stream id|mesos-stream-id|framework is not subscribed|framework cannot be found/i;

/** The error for a call with any response other than 202. */
export function callRefusal(refusal: Refusal): CallRefusal {
  const { status } = refusal;
  const isOver = endsSession(refusal);
  const between = strangerIn(refusal);
  const mayHavePassed = between !== undefined && status >= 500;
  const hint = isOver && !mayHavePassed
    ? "nothing to do"
    : between !== undefined
    ? strangersHint(refusal, between)
    : status === 401
    ? loginHint(refusal.credentials)
    : "see the log of the Mesos master";
  return {
    error: new MesosError(
      mayHavePassed ? "call-unknown" : isOver ? "call-void" : "call-refused",
      refusalMessage(refusal, isOver && !mayHavePassed ? undefined : between),
      hint,
    ),
    endsSession: isOver,
  };
}

/** Whether the response shows that the master has no such subscription or no longer leads. */
export function endsSession({ status, text }: Pick<Refusal, "status" | "text">): boolean {
  const isLost = (status === 400 || status === 403) && lostSubscription.test(text);
  return isLost || status === 307 || status === 503;
}

/** `Mesos master http://host:5050 answered SUBSCRIBE with 400: MESSAGE`, in one line without secrets. */
function refusalMessage(refusal: Refusal, between: Intermediary | undefined): string {
  const { url, asked, status } = refusal;
  const what = `Mesos master ${url.origin} answered ${asked} with ${status}`;
  return between === undefined ? what + messageIn(refusal) : `${what}: not a master, but ${between.text}`;
}

function messageIn({ status, headers, text, credentials }: Refusal): string {
  const redact = redactorOf(credentials);
  const location = headers.get("location");
  if (location !== null) return ` to ${oneLine(redact(location))}`;
  // Mesos repeats the status and its name: `401 Unauthorized.`
  const said = oneLine(redact(text)).replace(new RegExp(`^${status} `), "").replace(/\.$/, "");
  return said === "" ? "" : `: ${said}`;
}

function loginHint(credentials: Credentials): string {
  switch (credentials.kind) {
    case "none":
      return "the master requires authentication: set mesos.principal and mesos.secret (or mesos.token)";
    case "basic":
      return `check mesos.principal ('${credentials.userName}') and ${credentials.password.source} ` +
        "against the --credentials of the master";
    case "bearer":
      return `check ${credentials.token.source}: the token is wrong, has expired, or the master wants ` +
        "mesos.principal and mesos.secret";
    default:
      return credentials satisfies never;
  }
}
