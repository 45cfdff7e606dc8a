// The Mesos port over the v1 scheduler API in protobuf (Mesos docs/scheduler-http-api.md). Not here: retries
// (runtime/supervisor.ts).

import { type HostCheck, hostCheck } from "../net/allowed_hosts.ts";
import { isOfMaster, notAMaster, type Refusal, subscribeRefusal } from "./answers.ts";
import { type FrameworkIdentity, type MesosApi, type MesosConnection, MesosError, type MesosSession } from "./api.ts";
import { ownBytes, protobufType } from "./calls.ts";
import { type ClusterView, readCluster } from "./cluster_view.ts";
import { findFrameworks } from "./former_frameworks.ts";
import { createLeaderFinder, type LeaderFinder } from "./leader.ts";
import { createMasterClient, type MasterAnswer, type MasterClient, sendRequest } from "./master_request.ts";
import { addressOfUrl, hostPortText } from "../net/addresses.ts";
import { createPortProbe, type PortProbe } from "./port_probe.ts";
import { type ReachedLeader, reachLeader } from "./reach_leader.ts";
import { readStderr } from "./sandbox_file.ts";
import { type RunningSession, startSession } from "./session.ts";
import { realTimer, type SetTimer } from "../net/timer.ts";
import { encodeSubscribe, type EnvironmentOf } from "./to_proto.ts";

/** For the head of the response to SUBSCRIBE: a master with 10,000 agents takes seconds right after its election. */
export const subscribeAnswerMs = 15_000;
/** For each response that `check` waits for. */
const probeAnswerMs = 10_000;
/** Longest `Mesos-Stream-Id` that is accepted (apache/mesos docs/scheduler-http-api.md). */
const streamIdLengthMax = 128;

/**
 * A SUBSCRIBE without a response may arrive this late, after the one that followed it: the kernel retransmits it
 * even after the program has abandoned it (tcp(7), `tcp_orphan_retries`).
 */
export const lateSubscribeMs = 120_000;

const schedulerPath = "/api/v1/scheduler";

/** What a scheduler is made from. */
export interface HttpSchedulerOptions {
  /** The cluster. */
  readonly connection: MesosConnection;
  /** Environment variables of one launch, including secrets; called when the ACCEPT is sent. */
  readonly environmentOf: EnvironmentOf;
  /** Redacts secrets in messages of the master about tasks and about us; by default nothing is redacted. */
  readonly redact?: (text: string) => string;
  /** Wall clock in ms since the epoch. */
  readonly nowMs: () => number;
  /** Deno's by default. */
  readonly fetch?: typeof fetch;
  /** The machine's timer by default. */
  readonly setTimer?: SetTimer;
  /** By default the ports of masters are probed before SUBSCRIBE, unless `fetch` is given. */
  readonly portProbe?: PortProbe;
}

/** A Mesos cluster with open connections. */
export interface HttpScheduler extends MesosApi {
  /** The cluster as shown by the leader. Throws {@linkcode MesosError}. */
  cluster(signal: AbortSignal): Promise<ClusterView>;
  /** As in {@linkcode MesosApi}. */
  readonly readStderr: NonNullable<MesosApi["readStderr"]>;
  /** Ends all subscriptions and releases all resources. */
  close(): void;
}

interface Scheduler {
  readonly client: MasterClient;
  readonly finder: LeaderFinder;
  readonly options: HttpSchedulerOptions;
  readonly closing: AbortController;
  /** Hosts that a redirect may name. */
  readonly isAllowed: HostCheck;
  readonly portProbe: PortProbe | undefined;
  /** Wall clock, when a SUBSCRIBE was abandoned that may yet arrive. */
  givenUpMs: number | undefined;
  /** Wall clock, when we last had a subscription or tried to get one. */
  triedMs: number | undefined;
}

/** Creates a scheduler. */
export function createHttpScheduler(options: HttpSchedulerOptions): HttpScheduler {
  const { connection, redact = (text) => text } = options;
  const setTimer = options.setTimer ?? realTimer;
  const { masters } = connection;
  const isZookeeper = masters.kind === "zookeeper";
  const hosts = { entries: connection.allowedHosts, configured: isZookeeper ? [] : masters.addresses };
  const client = createMasterClient(connection, { fetch: options.fetch ?? fetch, setTimer });
  const finder = createLeaderFinder({
    masters,
    isAllowed: hostCheck({ ...hosts, whenEmpty: isZookeeper ? "any" : "configured-only" }),
    setTimer,
    hasTls: connection.caCerts.length > 0,
  });
  // Credentials are sent to the target of a redirect: with only zk:// set, this must be a host that ZooKeeper also
  // names.
  const isAllowed: HostCheck = isZookeeper && hosts.entries.length === 0
    ? finder.hasNamed
    : hostCheck({ ...hosts, whenEmpty: "configured-only" });
  const portProbe = options.portProbe ??
    (options.fetch === undefined ? createPortProbe({ setTimer, nowMs: options.nowMs }) : undefined);
  const scheduler: Scheduler = {
    client,
    finder,
    options,
    closing: new AbortController(),
    isAllowed,
    portProbe,
    givenUpMs: undefined,
    triedMs: undefined,
  };
  return {
    subscribe: (identity, frameworkId, signal) => subscribe(scheduler, { identity, frameworkId, signal }),
    probe: (signal) => probe(scheduler, signal),
    frameworksNamed: async (name, signal) => {
      const signals = [signal, scheduler.closing.signal];
      const candidates = await finder.candidates(signals);
      return await findFrameworks(client, { name, candidates, isAllowed, portProbe, signals });
    },
    cluster: async (signal) => {
      const signals = [signal, scheduler.closing.signal];
      const candidates = await finder.candidates(signals);
      return await readCluster(client, { candidates, isAllowed, portProbe, signals });
    },
    readStderr: (request, signal) => readStderr({ client, isHttps: isHttps(connection), redact }, request, signal),
    close(): void {
      scheduler.closing.abort();
      finder.close();
      client.close();
    },
  };
}

/** Agents are started with the same LIBPROCESS_SSL_* as masters; an offer always says http. */
function isHttps({ masters, caCerts }: MesosConnection): boolean {
  return masters.kind === "static" ? masters.addresses.some(({ scheme }) => scheme === "https") : caCerts.length > 0;
}

interface Subscription {
  readonly identity: FrameworkIdentity;
  readonly frameworkId: string | undefined;
  readonly signal: AbortSignal;
}

async function subscribe(scheduler: Scheduler, wanted: Subscription): Promise<MesosSession> {
  const { client, finder, options, closing } = scheduler;
  const signals = [wanted.signal, closing.signal];
  noteTry(scheduler);
  const reached = await reachLeader(client, {
    candidates: await finder.candidates(signals),
    isAllowed: scheduler.isAllowed,
    portProbe: scheduler.portProbe,
    request: {
      method: "POST",
      path: schedulerPath,
      headers: { "content-type": protobufType, "accept": protobufType },
      body: ownBytes(encodeSubscribe(wanted.identity, wanted.frameworkId)),
    },
    limitMs: subscribeAnswerMs,
    signals,
    onGivenUp: () => scheduler.givenUpMs = options.nowMs(),
    judge: (answer, url) => judgeSubscribe(client, answer, url),
  });
  let running: RunningSession;
  try {
    running = await startSession({
      client,
      reached,
      streamId: reached.answer.response.headers.get("mesos-stream-id") ?? "",
      fallbackRole: wanted.identity.roles[0] ?? "*",
      environmentOf: options.environmentOf,
      redact: options.redact ?? ((text) => text),
      nowMs: options.nowMs,
      isOwnTakeover: () => isOwnTakeover(scheduler),
      signals,
    });
  } catch (error) {
    finder.failed(addressOfUrl(reached.url));
    throw error;
  }
  followLeader(scheduler, reached, running);
  return running.session;
}

// After a start or an election, the one that was abandoned may be that of the process or leader before.
function noteTry(scheduler: Scheduler): void {
  const { triedMs = -Infinity } = scheduler;
  const nowMs = scheduler.options.nowMs();
  if (Math.abs(nowMs - triedMs) > lateSubscribeMs) scheduler.givenUpMs = nowMs;
  scheduler.triedMs = nowMs;
}

// Once for each abandoned one: a further takeover is by another instance, with which we never compete.
function isOwnTakeover(scheduler: Scheduler): boolean {
  const { givenUpMs } = scheduler;
  scheduler.givenUpMs = undefined;
  return givenUpMs !== undefined && Math.abs(scheduler.options.nowMs() - givenUpMs) < lateSubscribeMs;
}

// With ZooKeeper a new leader is known long before five heartbeats of the old one are missed.
function followLeader(scheduler: Scheduler, reached: ReachedLeader, running: RunningSession): void {
  const { finder } = scheduler;
  const address = addressOfUrl(reached.url);
  finder.answered(address);
  const stop = finder.onOtherLeader((leader) =>
    running.fail(
      new MesosError(
        "stream-broken",
        `ZooKeeper names another leading Mesos master, ${leader}: the subscription with ` +
          `${hostPortText(address)} is closed`,
        "nothing to do",
      ),
    )
  );
  running.over.then((reason) => {
    stop();
    scheduler.triedMs = scheduler.options.nowMs();
    if (reason === "silent") finder.failed(address);
  });
}

async function judgeSubscribe(client: MasterClient, answer: MasterAnswer, url: URL): Promise<MesosError | undefined> {
  const refusal = await refusalOf(client, { answer, url, asked: "SUBSCRIBE" });
  if (refusal.status !== 200 || !isOfMaster(refusal)) return subscribeRefusal(refusal);
  const message = `Mesos master ${url.origin} answered SUBSCRIBE with 200`;
  const contentType = (refusal.headers.get("content-type") ?? "").toLowerCase();
  if (!contentType.startsWith(protobufType)) {
    return notAMaster(`${message}, but in '${contentType.slice(0, 60)}' instead of ${protobufType}`);
  }
  const streamId = answer.response.headers.get("mesos-stream-id") ?? "";
  if (streamId === "" || streamId.length > streamIdLengthMax) {
    return notAMaster(
      `${message}, but ${streamId === "" ? "without" : "with an unusable"} Mesos-Stream-Id`,
      "a master of Mesos 1.0 or later is needed; does a proxy in between drop headers?",
    );
  }
  return undefined;
}

interface Answered {
  readonly answer: MasterAnswer;
  readonly url: URL;
  readonly asked: string;
}

// The body of a good response is left alone.
async function refusalOf(client: MasterClient, { answer, url, asked }: Answered): Promise<Refusal> {
  const { status, headers } = answer.response;
  return {
    url,
    asked,
    status,
    headers,
    text: status === 200 && !mayBePage(answer) ? "" : await answer.text(),
    credentials: client.connection.credentials,
  };
}

/** No master responds to a call with this type and 200; an XHTML page may have an XML type. */
function mayBePage({ response: { headers } }: MasterAnswer): boolean {
  return /html|xml|^text\//i.test(headers.get("content-type") ?? "");
}

// GET on the scheduler's path is routed like a call, but does nothing: a non-leader answers 307, a master that requires
// authentication 401, and the leader 405 (Mesos src/master/http.cpp, Master::Http::scheduler).
async function probe(
  { client, finder, closing, isAllowed, portProbe }: Scheduler,
  signal: AbortSignal,
): Promise<{ readonly leader: string; readonly version: string }> {
  const signals = [signal, closing.signal];
  const { answer, url } = await reachLeader(client, {
    candidates: await finder.candidates(signals),
    isAllowed,
    portProbe,
    request: { method: "GET", path: schedulerPath, headers: { "accept": protobufType } },
    limitMs: probeAnswerMs,
    signals,
    judge: async (answer, url) => {
      const refusal = await refusalOf(client, { answer, url, asked: `GET ${schedulerPath}` });
      return isOfMaster(refusal) && refusal.status === 405 ? undefined : subscribeRefusal(refusal);
    },
  });
  answer.end();
  const version = await versionOf(client, new URL("/version", url), signals);
  return { leader: hostPortText(addressOfUrl(url)), version };
}

async function versionOf(client: MasterClient, url: URL, signals: readonly AbortSignal[]): Promise<string> {
  const answer = await sendRequest(client, {
    method: "GET",
    url: url.href,
    headers: { "accept": "application/json" },
  }, { limitMs: probeAnswerMs, signals, unanswered: "unreachable" });
  try {
    if (answer.response.status !== 200) {
      throw subscribeRefusal(await refusalOf(client, { answer, url, asked: "GET /version" }));
    }
    const version = versionIn(await answer.text());
    if (version === undefined) {
      throw notAMaster(`${url.origin} answered GET /version with something that is not a Mesos version`);
    }
    return version;
  } finally {
    answer.end();
  }
}

function versionIn(text: string): string | undefined {
  try {
    const { version } = Object(JSON.parse(text));
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
