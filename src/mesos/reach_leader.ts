// Sends a request to the leading master: tries each candidate and follows 307 redirects itself.

import type { HostCheck } from "../net/allowed_hosts.ts";
import { MesosError } from "./api.ts";
import { type MasterAnswer, type MasterClient, type MasterRequest, sendRequest } from "./master_request.ts";
import { addressOfUrl, addressUrl, hostPortText, type HttpAddress, withoutQuery } from "../net/addresses.ts";
import type { PortProbe } from "./port_probe.ts";

/** Redirects followed from one candidate: one is usual, two if the leader has just changed. */
export const redirectsMax = 5;

/** A request to the leader. */
export interface LeaderRequest {
  /** In the order they are tried. */
  readonly candidates: readonly HttpAddress[];
  /** Hosts that a redirect may name. */
  readonly isAllowed: HostCheck;
  /** The request without its host; `path` if a redirect names none. */
  readonly request: Omit<MasterRequest, "url"> & { readonly path: string };
  /** Runs before each request, which is not sent if it returns an error; absent: all are sent. */
  readonly portProbe: PortProbe | undefined;
  /** For the head of each response. */
  readonly limitMs: number;
  /** Each ends it. */
  readonly signals: readonly AbortSignal[];
  /** Called when a request is given up before its response: it may still arrive. */
  readonly onGivenUp?: () => void;
  /** `undefined` if the response is the expected one; it may read the body of another, and must not end it. */
  readonly judge: (answer: MasterAnswer, url: URL) => Promise<MesosError | undefined>;
}

/** The expected response. The caller ends it. */
export interface ReachedLeader {
  /** Its body is unread, its clock still runs. */
  readonly answer: MasterAnswer;
  /** Where it came from, after redirects. */
  readonly url: URL;
}

/** Errors that every other master would give as well. */
const final: ReadonlySet<string> = new Set(["unauthorized", "refused"]);

/** The worst first: it decides the reason if several candidates failed differently. */
const byWeight = ["redirect-refused", "not-a-master", "no-leader", "unreachable"] as const;

/** Sends the request to the leader; throws `MesosError` if none of the candidates leads to it. */
export async function reachLeader(client: MasterClient, asked: LeaderRequest): Promise<ReachedLeader> {
  const failures: MesosError[] = [];
  // Hosts that failed in this attempt: a redirect to one of them names a dead leader.
  const dead = new Map<string, MesosError>();
  for (const candidate of asked.candidates) {
    const known = dead.get(hostPortText(candidate));
    if (known?.reason === "unreachable") {
      failures.push(known);
      continue;
    }
    try {
      return await follow(client, asked, { candidate, dead });
    } catch (error) {
      if (!(error instanceof MesosError) || final.has(error.reason) || asked.signals.some(({ aborted }) => aborted)) {
        throw error;
      }
      failures.push(error);
    }
  }
  throw combined(failures);
}

interface CandidateAttempt {
  readonly candidate: HttpAddress;
  readonly dead: Map<string, MesosError>;
}

async function follow(
  client: MasterClient,
  asked: LeaderRequest,
  { candidate, dead }: CandidateAttempt,
): Promise<ReachedLeader> {
  let url = new URL(addressUrl(candidate) + asked.request.path);
  const visited = new Set<string>();
  for (let networkDelayMs = 0; networkDelayMs <= redirectsMax; networkDelayMs++) {
    const from = networkDelayMs === 0 ? undefined : [...visited].at(-1);
    const host = hostPortText(addressOfUrl(url));
    visited.add(host);
    const answer = await ask(client, asked, { url, from, dead });
    if (answer.response.status !== 307) return await judged(asked, { answer, url, dead });
    answer.end();
    url = redirectTarget(url, answer.response.headers.get("location"), asked);
    const next = hostPortText(addressOfUrl(url));
    if (visited.has(next)) {
      throw new MesosError(
        "no-leader",
        `the Mesos masters redirect in a circle: ${[...visited, next].join(" → ")}`,
        "there is no leader at the moment: if that lasts, see the masters' logs",
      );
    }
    if (dead.has(next)) throw deadLeader(host, next, "which gave no answer");
  }
  throw new MesosError(
    "no-leader",
    `the Mesos masters redirect more than ${redirectsMax} times: ${[...visited].join(" → ")}`,
    "there is no leader at the moment: if that lasts, see the masters' logs",
  );
}

async function ask(
  client: MasterClient,
  asked: LeaderRequest,
  { url, from, dead }: { readonly url: URL; readonly from: string | undefined; readonly dead: Map<string, MesosError> },
): Promise<MasterAnswer> {
  const { path: _path, ...request } = asked.request;
  const host = hostPortText(addressOfUrl(url));
  try {
    const silence = await asked.portProbe?.(addressOfUrl(url), asked.signals);
    if (silence !== undefined) throw silence;
    return await sendRequest(client, { ...request, url: url.href }, {
      limitMs: asked.limitMs,
      signals: asked.signals,
      unanswered: "unreachable",
      onGivenUp: asked.onGivenUp,
    });
  } catch (error) {
    if (error instanceof MesosError) dead.set(host, error);
    if (!(error instanceof MesosError) || from === undefined || asked.signals.some(({ aborted }) => aborted)) {
      throw error;
    }
    if (error.reason === "redirect-refused") {
      throw new MesosError(
        "redirect-refused",
        `mesos.allowed-hosts lacks ${host}, which master ${from} named as the leader: this program may not connect to it`,
        `add "${host}" to mesos.allowed-hosts and start again`,
        error,
      );
    }
    throw error.reason === "unreachable" ? deadLeader(from, host, `but: ${error.message}`, error) : error;
  }
}

async function judged(
  asked: LeaderRequest,
  { answer, url, dead }: { readonly answer: MasterAnswer; readonly url: URL; readonly dead: Map<string, MesosError> },
): Promise<ReachedLeader> {
  let error: MesosError | undefined;
  try {
    error = await asked.judge(answer, url);
  } catch (failure) {
    answer.end();
    throw failure;
  }
  if (error === undefined) return { answer, url };
  answer.end();
  dead.set(hostPortText(addressOfUrl(url)), error);
  throw error;
}

// Often scheme-relative: `//host:5050/master/api/v1/scheduler` (Mesos docs/scheduler-http-api.md).
function redirectTarget(url: URL, location: string | null, asked: LeaderRequest): URL {
  const from = url.origin;
  if (location === null || !URL.canParse(location, url)) {
    throw new MesosError(
      "not-a-master",
      `${from} redirects with 307, but names no target`,
      "check mesos-master; is there a proxy in between?",
    );
  }
  const next = new URL(location, url);
  if (next.pathname === "/") next.pathname = url.pathname;
  next.hash = "";
  next.username = "";
  next.password = "";
  if (!/^https?:$/.test(next.protocol) || (url.protocol === "https:" && next.protocol === "http:")) {
    throw new MesosError(
      "redirect-refused",
      `${from} redirects to ${next.origin === "null" ? next.protocol : next.origin}, away from TLS`,
      "serve all masters with TLS, or write http:// in mesos-master",
    );
  }
  const address = addressOfUrl(next);
  if (!asked.isAllowed(address)) {
    // A master names the leader with the same path.
    if (!next.pathname.endsWith(asked.request.path)) {
      throw new MesosError(
        "not-a-master",
        `${from} redirects with 307: not a master, but something else, which points to ${withoutQuery(next.href)}`,
        "check mesos-master; is there a login page or a proxy in between?",
      );
    }
    const host = hostPortText(address);
    throw new MesosError(
      "redirect-refused",
      `mesos.allowed-hosts lacks ${host}, which master ${from} named as the leader`,
      `if ${host} is one of your masters, add it to mesos.allowed-hosts (or list all masters in mesos-master)`,
    );
  }
  return next;
}

function deadLeader(from: string, leader: string, why: string, cause?: unknown): MesosError {
  return new MesosError(
    "no-leader",
    `Mesos master ${from} names ${leader} as the leader, ${why}`,
    "masters name a dead leader for some seconds: if it lasts, see the masters' logs",
    cause,
  );
}

const namedMax = 5;

function combined(failures: readonly MesosError[]): MesosError {
  const worst = byWeight.flatMap((reason) => failures.filter((failure) => failure.reason === reason))[0] ?? failures[0];
  if (worst === undefined) return new MesosError("no-leader", "there is no Mesos master to ask", "check mesos-master");
  if (failures.length === 1) return worst;
  const messages = [...new Set(failures.map(({ message }) => message))];
  const more = messages.length > namedMax ? `; and ${messages.length - namedMax} more` : "";
  return new MesosError(
    worst.reason,
    `none of the ${failures.length} Mesos masters leads: ${messages.slice(0, namedMax).join("; ")}${more}`,
    worst.hint,
    worst,
  );
}
