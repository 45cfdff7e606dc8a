// Watches ZooKeeper for the leading master, in the background (Mesos src/master/detector). Loaded only for zk://.

import { messageOf } from "../errors.ts";
import { type HostCheck, hostCheck } from "../net/allowed_hosts.ts";
import { sleepWith } from "../net/timer.ts";
import { openZookeeperSession, type ZookeeperProblem, type ZookeeperSession } from "../zookeeper/session.ts";
import { MesosError, type MesosErrorReason } from "./api.ts";
import type { LeaderFinder, LeaderFinderOptions } from "./leader.ts";
import { hostsInMasterInfo, leadingZnode } from "./master_znode.ts";
import { type HostPort, hostPortText, type HttpAddress, type Masters } from "../net/addresses.ts";

/** How long a request waits for a leader to be elected: an election takes about ten seconds. */
export const leaderWaitMs = 12_000;
/**
 * The requested timeout; the server may grant another (2 to 20 of its ticks). The client sends a ping every third of
 * it.
 */
const sessionTimeoutMs = 10_000;
/** For the TCP connection and ZooKeeper's connect response, and then for each response. */
const zookeeperAnswerMs = 4_000;
/** Pause after all servers failed. */
const pauseMs = 1_000;
/**
 * How often ZooKeeper is read without a watch event. A server that is switched off sends no event and does not close
 * its connection; often the leading master is on the same machine.
 */
export const rereadIntervalMs = 5_000;
/** How often in a row a leader may vanish between listing and reading. */
const rereadsMax = 3;

/** The result from ZooKeeper. */
type Knowledge =
  | { readonly kind: "leader"; readonly address: HttpAddress }
  /** There is no leader at the moment: worth waiting for. */
  | { readonly kind: "none"; readonly error: MesosError }
  /** It cannot be read: not worth waiting for. */
  | { readonly kind: "problem"; readonly error: MesosError };

interface PendingRequest {
  readonly number: number;
  answer(knowledge: Knowledge): void;
}

interface Finder {
  readonly masters: Extract<Masters, { readonly kind: "zookeeper" }>;
  readonly options: LeaderFinderOptions;
  readonly closing: AbortController;
  readonly requests: Set<PendingRequest>;
  readonly listeners: Set<(leader: string) => void>;
  connection: ZookeeperSession | undefined;
  /** Counts requests: data read after a request satisfies it. */
  asked: number;
  /** The last candidate returned. */
  given: string | undefined;
  /** Whether the master that registered as the leader has this name or address. */
  isNamed: HostCheck;
  /** The server to be tried next, an index. */
  nextServer: number;
  isFollowing: boolean;
  wake: () => void;
  /** The same function for every watch, so that watches do not add up. */
  readonly changed: () => void;
}

/** Creates a finder; it connects at the first request and stays connected until closed. */
export function createZookeeperFinder(
  masters: Extract<Masters, { readonly kind: "zookeeper" }>,
  options: LeaderFinderOptions,
): LeaderFinder {
  const finder: Finder = {
    masters,
    options,
    closing: new AbortController(),
    requests: new Set(),
    listeners: new Set(),
    isNamed: () => false,
    connection: undefined,
    asked: 0,
    given: undefined,
    nextServer: 0,
    isFollowing: false,
    wake: () => {},
    changed: () => finder.wake(),
  };
  return {
    candidates: async (signals) => [await leaderNow(finder, signals)],
    answered: () => {},
    failed: () => {},
    onOtherLeader(listener): () => void {
      finder.listeners.add(listener);
      return () => finder.listeners.delete(listener);
    },
    hasNamed: (host) => finder.isNamed(host),
    close(): void {
      finder.closing.abort();
      if (finder.connection !== undefined) end(finder.connection);
      finder.wake();
    },
  };
}

// Reads again each time, so that neither an old leader nor a silent ZooKeeper is trusted.
function leaderNow(finder: Finder, signals: readonly AbortSignal[]): Promise<HttpAddress> {
  finder.asked++;
  const ends = [...signals, finder.closing.signal];
  return new Promise((resolve, reject) => {
    let last = noLeader(
      `${whole(finder)}: no answer within ${leaderWaitMs / 1000} s`,
      "check that ZooKeeper is running",
    );
    const done = (): void => {
      finder.requests.delete(request);
      stopClock();
      for (const signal of ends) signal.removeEventListener("abort", giveUp);
    };
    const giveUp = (): void => {
      done();
      reject(
        new MesosError("unreachable", `${whole(finder)}: aborted, because the program is stopping`, "nothing to do"),
      );
    };
    const request: PendingRequest = {
      number: finder.asked,
      answer(knowledge): void {
        if (knowledge.kind === "none") {
          last = knowledge.error;
          return;
        }
        done();
        if (knowledge.kind === "problem") {
          reject(knowledge.error);
        } else {
          finder.given = hostPortText(knowledge.address);
          resolve(knowledge.address);
        }
      },
    };
    const stopClock = finder.options.setTimer(() => {
      done();
      reject(last);
    }, leaderWaitMs);
    finder.requests.add(request);
    for (const signal of ends) signal.addEventListener("abort", giveUp, { once: true });
    if (ends.some(({ aborted }) => aborted)) {
      giveUp();
      return;
    }
    finder.wake();
    if (!finder.isFollowing) follow(finder);
  });
}

// The loop of a finder: read, report, wait for a change. Never rejects.
async function follow(finder: Finder): Promise<void> {
  finder.isFollowing = true;
  while (!finder.closing.signal.aborted) {
    const changed = Promise.withResolvers<void>();
    finder.wake = changed.resolve;
    const number = finder.asked;
    const knowledge = await readNow(finder);
    tell(finder, number, knowledge);
    if (!finder.closing.signal.aborted) {
      const stopPause = finder.options.setTimer(
        changed.resolve,
        finder.connection === undefined ? pauseMs : rereadIntervalMs,
      );
      await changed.promise;
      stopPause();
    }
  }
}

function tell(finder: Finder, number: number, knowledge: Knowledge): void {
  for (const request of [...finder.requests]) {
    if (request.number <= number) request.answer(knowledge);
  }
  if (knowledge.kind === "leader" && finder.given !== undefined) {
    const leader = hostPortText(knowledge.address);
    if (leader !== finder.given) {
      for (const listener of [...finder.listeners]) listener(leader);
    }
  }
}

// A broken connection is detected by its silence, and the next server is tried at once.
async function readNow(finder: Finder): Promise<Knowledge> {
  const old = finder.connection;
  if (old !== undefined) {
    try {
      return await readLeader(finder, old);
    } catch (error) {
      drop(finder);
      if (isAnswer(error)) return { kind: "problem", error };
    }
  }
  const failures: MesosError[] = [];
  for (let tried = 0; tried < finder.masters.servers.length && !finder.closing.signal.aborted; tried++) {
    try {
      const connection = await connectNext(finder);
      finder.connection = connection;
      return await readLeader(finder, connection);
    } catch (error) {
      drop(finder);
      if (isAnswer(error)) return { kind: "problem", error };
      failures.push(asMesosError(finder, error));
    }
  }
  return { kind: "problem", error: combined(finder, failures) };
}

async function connectNext(finder: Finder): Promise<ZookeeperSession> {
  const { servers, auth } = finder.masters;
  const server: HostPort | undefined = servers[finder.nextServer % servers.length];
  finder.nextServer++;
  if (server === undefined) throw noLeader("mesos-master names no ZooKeeper server", "check mesos-master");
  const session = await openZookeeperSession({
    servers: [server],
    ...(auth === undefined ? {} : { auth }),
    sessionTimeoutMs,
    sleep: sleepWith(finder.options.setTimer),
    errorOf,
    // The session contains nothing of ours, so an expired one only costs another connection.
    oneConnection: { answerMs: zookeeperAnswerMs },
  }, finder.closing.signal);
  session.lost.addEventListener("abort", () => {
    if (finder.connection !== session) return;
    finder.connection = undefined;
    finder.wake();
  }, { once: true });
  return session;
}

const problems: Readonly<Record<ZookeeperProblem, readonly [reason: MesosErrorReason, hint: string]>> = {
  "unreachable": ["unreachable", "check the hosts in mesos-master (zk://…), and that ZooKeeper is running"],
  "not-permitted": [
    "redirect-refused",
    "put the host into mesos-master and start with deno task start, or permit this host yourself",
  ],
  "unauthorized": [
    "unauthorized",
    "check the user and password in mesos-master: zk://user:password@host:2181/mesos",
  ],
  "expired": ["unreachable", "nothing to do"],
  "aborted": ["unreachable", "nothing to do"],
  "closed": ["unreachable", "nothing to do"],
};

function errorOf(problem: ZookeeperProblem, message: string, cause?: unknown): MesosError {
  const [reason, hint] = problems[problem];
  return new MesosError(reason, message, hint, cause);
}

/** Ends it immediately: nothing in it is awaited by others. */
function end(connection: ZookeeperSession): void {
  connection.abandon(errorOf("closed", `ZooKeeper ${connection.place}: the connection was closed`));
}

async function readLeader(finder: Finder, connection: ZookeeperSession): Promise<Knowledge> {
  const { path } = finder.masters;
  for (let read = 0; read < rereadsMax; read++) {
    const names = await connection.children(path, finder.changed);
    const name = leadingZnode(names ?? []);
    if (name === undefined) return { kind: "none", error: noMasterRegistered(finder, names) };
    const data = await connection.data(`${path}/${name}`);
    if (data !== undefined) return { kind: "leader", address: masterAddress(finder, `${path}/${name}`, data.text) };
  }
  return { kind: "none", error: noLeader(`${whole(finder)}: the leader changes all the time`, waitHint) };
}

const waitHint = "see the masters' logs if it lasts";

function noMasterRegistered(finder: Finder, names: readonly string[] | undefined): MesosError {
  const { path } = finder.masters;
  if (names === undefined) {
    return noLeader(
      `${whole(finder)}: there is no znode ${path}, so no master has registered yet`,
      `check the path in mesos-master against the --zk of the masters; ${waitHint}`,
    );
  }
  if (names.some((name) => /^info_\d+$/.test(name))) {
    return noLeader(
      `${whole(finder)}: ${path} has only info_ znodes, which masters before Mesos 0.24 write`,
      "a master of Mesos 1.0 or later is needed",
    );
  }
  return noLeader(`${whole(finder)}: no master is registered below ${path}`, waitHint);
}

function masterAddress(finder: Finder, znode: string, data: string): HttpAddress {
  const candidates = hostsInMasterInfo(data);
  const first = candidates[0];
  if (first === undefined) {
    throw new MesosError(
      "not-a-master",
      `${whole(finder)}: ${znode} does not hold the address of a master`,
      "check the path in mesos-master against the --zk of the masters",
    );
  }
  finder.isNamed = hostCheck({
    entries: candidates.map(({ host, port }) => ({ kind: "host", host, port })),
    configured: [],
    whenEmpty: "configured-only",
  });
  const { isAllowed, hasTls } = finder.options;
  const allowed = candidates.find(isAllowed);
  if (allowed === undefined) {
    throw new MesosError(
      "redirect-refused",
      `${whole(finder)}: ${candidates.map(hostPortText).join(" (")}${")".repeat(candidates.length - 1)} leads, ` +
        "but that host is not in mesos.allowed-hosts",
      `if it is one of your masters, add "${hostPortText(first)}" to mesos.allowed-hosts`,
    );
  }
  return { scheme: hasTls ? "https" : "http", ...allowed };
}

// ZooKeeper works, but its data is wrong: other servers would return the same.
function isAnswer(error: unknown): error is MesosError {
  return error instanceof MesosError && error.reason !== "unreachable" && error.reason !== "no-leader";
}

function drop(finder: Finder): void {
  const { connection } = finder;
  finder.connection = undefined;
  if (connection !== undefined) end(connection);
}

function whole(finder: Finder): string {
  return `ZooKeeper ${finder.masters.servers.map(hostPortText).join(",")}`;
}

function combined(finder: Finder, failures: readonly MesosError[]): MesosError {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  const messages = [...new Set(failures.map(({ message }) => message))];
  return new MesosError(
    "unreachable",
    `none of the ZooKeeper servers could be asked for the leading master: ${messages.join("; ")}`,
    first?.hint ?? "check the hosts in mesos-master, and that ZooKeeper is running",
    first ?? finder.closing.signal.reason,
  );
}

function asMesosError(finder: Finder, error: unknown): MesosError {
  if (error instanceof MesosError) return error;
  const text = messageOf(error);
  return new MesosError("unreachable", `${whole(finder)}: ${text}`, "check the hosts in mesos-master", error);
}

function noLeader(message: string, hint: string): MesosError {
  return new MesosError("no-leader", message, hint);
}
