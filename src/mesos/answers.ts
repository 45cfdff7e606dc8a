// What a master's refusal means (Mesos src/master/http.cpp, Master::Http::scheduler).

import { oneLine } from "../core/text.ts";
import { type Credentials, redactorOf } from "../net/credentials.ts";
import { MesosError } from "./api.ts";

/** An unexpected response. */
export interface Refusal {
  /** The master, `http://host:port`. */
  readonly origin: string;
  /** The request: `SUBSCRIBE`, `ACCEPT`, `GET /version`. */
  readonly asked: string;
  /** HTTP status. */
  readonly status: number;
  /** `Content-Type` in lower case, or empty. */
  readonly contentType: string;
  /** `Location`, if given. */
  readonly location?: string;
  /** The first part of the body. */
  readonly text: string;
  /** How we authenticated. */
  readonly credentials: Credentials;
}

/** The error for a SUBSCRIBE, or a request of `check`, that was not accepted. */
export function subscribeRefusal(refusal: Refusal): MesosError {
  const message = refusalMessage(refusal);
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
        "the master is starting, recovering, or there is no leader yet; it is retried automatically",
      );
    case 429:
    case 500:
    case 502:
    case 504:
      return new MesosError("unreachable", message, "it is retried automatically; see the log of the master or proxy");
    case 400:
      return isHtml(refusal)
        ? notAMaster(message)
        : new MesosError("refused", message, "fix what the master's message names");
    case 301:
    case 302:
    case 303:
    case 308:
      return notAMaster(
        message,
        "a master only redirects with 307: is there a login page or a proxy in between?",
      );
    case 406:
    case 415:
      return notAMaster(message, "a master of Mesos 1.0 or later is needed");
    default:
      return notAMaster(message);
  }
}

/** A response that no master gives. */
export function notAMaster(message: string, hint?: string): MesosError {
  return new MesosError(
    "not-a-master",
    message,
    hint ?? "check host and port in mesos-master: it must be a Mesos master, 1.0 or later (port 5050), not an agent",
  );
}

/** The error for a call that was not accepted, and whether the subscription is over with it. */
export interface CallRefusal {
  /** Always `call-refused`: the call has had no effect. */
  readonly error: MesosError;
  /** Other calls would be refused, too: subscribe again. */
  readonly endsSession: boolean;
}

// The texts of src/master/http.cpp for a subscription that the master does not have (any more).
const lostSubscription = /stream id|mesos-stream-id|framework is not subscribed|framework cannot be found/i;

/** The error for a call that was answered with anything but 202. */
export function callRefusal(refusal: Refusal): CallRefusal {
  const { status } = refusal;
  const isOver = endsSession(refusal);
  const hint = isOver
    ? "it resubscribes automatically"
    : status === 401
    ? loginHint(refusal.credentials)
    : "see the log of the Mesos master";
  return {
    error: new MesosError("call-refused", refusalMessage(refusal), hint),
    endsSession: isOver,
  };
}

/** Whether the response shows that the master has no such subscription or no longer leads. */
export function endsSession({ status, text }: Pick<Refusal, "status" | "text">): boolean {
  const isLost = (status === 400 || status === 403) && lostSubscription.test(text);
  return isLost || status === 307 || status === 503;
}

/** `Mesos master http://host:5050 refused SUBSCRIBE: 401 (text of the answer)`, in one line without secrets. */
export function refusalMessage(refusal: Refusal): string {
  const { origin, asked, status, location } = refusal;
  const said = location === undefined
    ? messageIn(refusal)
    : ` to ${oneLine(redactorOf(refusal.credentials)(location))}`;
  return `Mesos master ${origin} answered ${asked} with ${status}${said}`;
}

function messageIn(refusal: Refusal): string {
  if (isHtml(refusal)) return " and an HTML page";
  const text = oneLine(redactorOf(refusal.credentials)(refusal.text));
  return text === "" ? "" : `: ${text}`;
}

function isHtml({ contentType, text }: Refusal): boolean {
  return contentType.includes("html") || /^\s*<(!doctype|html)/i.test(text);
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
