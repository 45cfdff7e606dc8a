// One ZooKeeper session for as long as it lives, over as many connections as it takes. Not here: what is kept in ZooKeeper
// (zookeeper_election.ts, zookeeper_store.ts). Only these files call it, so it is loaded only for zk://.
//
// node-zookeeper-client 1.1.3 is kept on a short lead: it never notices that a server is silent, keeps half an answer
// over to the next connection, swallows the errors of its socket, splits IPv6 addresses at their colons, sends waiting
// requests before it has logged in again, and throws within its socket at answers it does not know.

import { Buffer } from "node:buffer";
import zookeeper from "node-zookeeper-client";
import { type HostPort, serversText } from "../net/addresses.ts";
import type { Secret } from "../secret.ts";
import { StoreError } from "./store_error.ts";
import {
  type Client,
  type ClientError,
  type ClientOperation,
  type ConnectionManager,
  errorCodes,
} from "./zookeeper_client.ts";

/** Time as a port. */
export interface ZookeeperClock {
  /** Ms that have passed since some moment, those included that the process or the machine was stopped for. */
  elapsedMs(): number;
  /** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** How to connect. */
export interface ZookeeperOptions {
  readonly servers: readonly HostPort[];
  /** `user:password` of the scheme `digest`; with it, everything made is for this user only. */
  readonly auth?: Secret;
  /** What is asked for; the server may give another (2 to 20 of its ticks). */
  readonly sessionTimeoutMs: number;
  /** For limits and pauses. */
  readonly clock: ZookeeperClock;
}

/** One operation of a transaction. `create` fails where the znode exists, the others where it does not. */
export type ZookeeperOperation =
  | { readonly kind: "create"; readonly path: string; readonly text: string; readonly mode?: "ephemeral-sequential" }
  /** Without a version: whichever it has. */
  | { readonly kind: "set"; readonly path: string; readonly text: string; readonly version?: number }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "check"; readonly path: string; readonly version?: number };

/** How a transaction ended; nothing of a refused one has happened. */
export type TransactionEnd =
  | { readonly kind: "done"; readonly results: readonly OperationResult[] }
  /** `at` is the index of the operation that was refused. */
  | { readonly kind: "refused"; readonly at: number; readonly reason: "exists" | "missing" | "version" };

/** What one operation gave. */
export interface OperationResult {
  /** Of a created znode. */
  readonly path?: string;
  /** Of a set znode: its new version. */
  readonly version?: number;
}

/** A session. Every member that asks throws {@linkcode StoreError}: `state-unreachable` when the outcome is unknown. */
export interface ZookeeperSession {
  /** The servers, for messages. */
  readonly place: string;
  /** As the server gave it, ms. */
  timeoutMs(): number;
  /** There is a connection now. */
  isConnected(): boolean;
  /** Aborted when the session is over for good, with a {@linkcode StoreError} as its reason. */
  readonly lost: AbortSignal;
  /** Names of the children; `undefined` where the znode does not exist. `onChange` is called once when they change. */
  children(path: string, onChange?: () => void): Promise<readonly string[] | undefined>;
  /** Value and version; `undefined` where the znode does not exist. */
  data(path: string): Promise<{ readonly text: string; readonly version: number } | undefined>;
  /** Carries all out, or nothing. */
  transaction(operations: readonly ZookeeperOperation[]): Promise<TransactionEnd>;
  /** Gives up the session from our side, as if it had expired. */
  abandon(error: StoreError): void;
  /** Ends the session in order: its ephemeral znodes are gone when this returns, if the server answers in time. */
  close(): Promise<void>;
}

/** For the orderly end; a silent server must not hold up the program. */
const closeMs = 1_000;
/** Longest pause between two rounds over all servers. */
const spinMsMax = 500;

/** Opens a session. Throws {@linkcode StoreError} `state-unreachable` when no server takes us within the session's time. */
export async function openZookeeperSession(options: ZookeeperOptions, signal: AbortSignal): Promise<ZookeeperSession> {
  const session = new Session(options);
  const onAbort = (): void =>
    session.abandon(unreachable(serversText(options.servers), "given up, because the program stops"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await session.connected();
    return session;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The error of a ZooKeeper that does not answer. */
export function unreachable(place: string, what: string, cause?: unknown): StoreError {
  return new StoreError("state-unreachable", {
    message: `ZooKeeper ${place}: ${what}`,
    hint: "check the hosts in state.path (zk://…), and that ZooKeeper runs and has a majority",
    cause,
  });
}

/** A class, because it owns a socket. */
class Session implements ZookeeperSession {
  readonly place: string;
  readonly #options: ZookeeperOptions;
  readonly #client: Client;
  readonly #over = new AbortController();
  /** Told when the session is over or an answer has taken too long. */
  readonly #asked = new Set<(error: StoreError) => void>();
  #failure: Error | undefined;
  #isGreeted = false;

  constructor(options: ZookeeperOptions) {
    this.place = serversText(options.servers);
    this.#options = options;
    this.#client = zookeeper.createClient("server", { sessionTimeout: options.sessionTimeoutMs }) as unknown as Client;
    this.#leash(this.#client.connectionManager);
    if (options.auth !== undefined) this.#client.addAuthInfo("digest", Buffer.from(options.auth.reveal()));
    this.#client.on("connected", () => this.#isGreeted = true);
    this.#client.on("disconnected", () => this.#isGreeted = false);
    this.#client.on("expired", () => this.abandon(this.#lostError("the session has expired")));
    this.#client.on("authenticationFailed", () => this.abandon(unauthorized(this.place, "the login")));
  }

  get lost(): AbortSignal {
    return this.#over.signal;
  }

  isConnected(): boolean {
    return this.#isGreeted && !this.lost.aborted;
  }

  timeoutMs(): number {
    return this.#client.connectionManager.sessionTimeout;
  }

  connected(): Promise<void> {
    return this.#answer<void>(this.#options.sessionTimeoutMs, (resolve) => {
      this.#client.on("connected", () => resolve());
      this.#client.connect();
    }).catch((error) => {
      const failed = this.#failure === undefined
        ? error
        : unreachable(this.place, this.#failure.message, this.#failure);
      this.abandon(failed);
      throw failed;
    });
  }

  children(path: string, onChange?: () => void): Promise<readonly string[] | undefined> {
    return this.#ask<readonly string[]>(path, (callback) => this.#client.getChildren(path, onChange, callback));
  }

  data(path: string): Promise<{ readonly text: string; readonly version: number } | undefined> {
    return this.#ask<{ text: string; version: number }>(
      path,
      (callback) =>
        this.#client.getData(path, (error, data, stat) => {
          callback(error, { text: (data ?? Buffer.alloc(0)).toString("utf8"), version: stat?.version ?? 0 });
        }),
    );
  }

  async transaction(operations: readonly ZookeeperOperation[]): Promise<TransactionEnd> {
    this.#demandConnection();
    const transaction = this.#client.transaction();
    transaction.ops.push(...operations.map((operation) => this.#clientOperation(operation)));
    return await this.#answer<TransactionEnd>(this.#answerMs(), (resolve, reject) => {
      transaction.commit((error, results = []) => {
        if (error === null || error === undefined) {
          return resolve({
            kind: "done",
            results: results.map(({ path, stat }) => ({
              ...(path === undefined ? {} : { path }),
              ...(stat === undefined ? {} : { version: stat.version }),
            })),
          });
        }
        const reason = refusals.get(error.code);
        const at = results.findIndex((result) => result.err === error.code);
        if (reason !== undefined) resolve({ kind: "refused", at, reason });
        else reject(this.#problem(error, `writing ${operations.at(at)?.path ?? operations[0]?.path ?? ""}`));
      });
    });
  }

  abandon(error: StoreError): void {
    if (this.lost.aborted) return;
    this.#over.abort(error);
    this.#isGreeted = false;
    this.#clearConnectTimer();
    this.#client.connectionManager.socket?.destroy();
    for (const reject of [...this.#asked]) reject(error);
  }

  async close(): Promise<void> {
    if (this.isConnected()) {
      const ended = Promise.withResolvers<void>();
      this.#client.on("disconnected", () => ended.resolve());
      this.#client.close();
      const limit = new AbortController();
      await Promise.race([ended.promise, this.#options.clock.sleep(closeMs, limit.signal)]);
      limit.abort();
    }
    this.abandon(closed(this.place));
  }

  /** A server that leaves a request unanswered for so long is left for the next one, while the session still lives. */
  #answerMs(): number {
    return this.timeoutMs() / 3;
  }

  #demandConnection(): void {
    this.lost.throwIfAborted();
    // Without a connection the client would keep the request and send it some time.
    if (!this.#isGreeted) throw unreachable(this.place, `not connected${this.#failureText()}`);
  }

  async #ask<Value>(
    path: string,
    ask: (callback: (error: ClientError | null, value: Value) => void) => void,
  ): Promise<Value | undefined> {
    this.#demandConnection();
    return await this.#answer<Value | undefined>(this.#answerMs(), (resolve, reject) =>
      ask((error, value) => {
        if (error === null || error === undefined) resolve(value);
        else if (error.code === errorCodes.noNode) resolve(undefined);
        else reject(this.#problem(error, `reading ${path}`));
      }));
  }

  #answer<Value>(
    limitMs: number,
    ask: (resolve: (value: Value) => void, reject: (error: StoreError) => void) => void,
  ): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      const limit = new AbortController();
      const done = (): void => {
        limit.abort();
        this.#asked.delete(fail);
      };
      const fail = (error: StoreError): void => {
        done();
        reject(error);
      };
      this.#asked.add(fail);
      if (this.lost.aborted) return fail(this.lost.reason);
      // In two steps: a process that was stopped finds its time run out before it has read what lies in its socket.
      const { clock } = this.#options;
      const lastMs = limitMs / 4;
      void clock.sleep(limitMs - lastMs, limit.signal).then(() => clock.sleep(lastMs, limit.signal)).then(() => {
        if (limit.signal.aborted) return;
        fail(unreachable(this.place, `no answer within ${Math.round(limitMs)} ms`));
        this.#client.connectionManager.socket?.destroy();
      });
      ask((value) => {
        done();
        resolve(value);
      }, fail);
    });
  }

  #clientOperation(operation: ZookeeperOperation): ClientOperation {
    const { kind, path } = operation;
    const { types, modes } = zookeeperWords;
    switch (kind) {
      case "create": {
        const acls = this.#options.auth === undefined ? zookeeper.ACL.OPEN_ACL_UNSAFE : zookeeper.ACL.CREATOR_ALL_ACL;
        const mode = operation.mode === undefined ? modes.persistent : modes.ephemeralSequential;
        return { type: types.create, path, data: Buffer.from(operation.text), acls, mode };
      }
      case "set":
        return { type: types.set, path, data: Buffer.from(operation.text), version: operation.version ?? -1 };
      case "remove":
        return { type: types.remove, path, version: -1 };
      case "check":
        return { type: types.check, path, version: operation.version ?? -1 };
      default:
        return operation satisfies never;
    }
  }

  #leash(manager: ConnectionManager): void {
    manager.servers = this.#options.servers;
    manager.updateTimeout(this.#options.sessionTimeoutMs);
    const connect = manager.connect.bind(manager);
    manager.connect = () => {
      manager.pendingBuffer = null;
      if (!this.lost.aborted) connect();
    };
    const { clock } = this.#options;
    let attempts = 0;
    manager.findNextServer = (callback) => {
      const server = manager.servers[attempts % manager.servers.length];
      attempts++;
      const isNewRound = attempts > 1 && attempts % manager.servers.length === 1 % manager.servers.length;
      const pauseMs = isNewRound ? Math.min(spinMsMax, manager.sessionTimeout / 20) : 0;
      void clock.sleep(pauseMs, this.lost).then(() => {
        if (!this.lost.aborted && server !== undefined) callback(server);
      });
    };
    manager.onSocketError = (error) => {
      this.#failure = error;
      this.#clearConnectTimer();
    };
    const onSocketData = manager.onSocketData.bind(manager);
    manager.onSocketData = (data) => {
      try {
        onSocketData(data);
      } catch (error) {
        this.#failure = new Error(`it sent what no ZooKeeper sends (${String(error)})`);
        manager.socket?.destroy();
      }
    };
  }

  #clearConnectTimer(): void {
    const manager = this.#client.connectionManager;
    if (manager.connectTimeoutHandler !== null) clearTimeout(manager.connectTimeoutHandler);
    manager.connectTimeoutHandler = null;
  }

  #failureText(): string {
    return this.#failure === undefined ? "" : ` (${this.#failure.message})`;
  }

  #problem(error: ClientError, what: string): StoreError {
    if (error.code === errorCodes.noAuth || error.code === errorCodes.authFailed) return unauthorized(this.place, what);
    if (error.code === errorCodes.sessionExpired) return this.#lostError("the session has expired");
    return unreachable(this.place, `${what}: ${error.message}${this.#failureText()}`, error);
  }

  #lostError(what: string): StoreError {
    return new StoreError("state-lock-lost", {
      message: `ZooKeeper ${this.place}: ${what}`,
      hint: "nothing to do: this instance stands by, and takes part in the next election",
    });
  }
}

const refusals: ReadonlyMap<number, "exists" | "missing" | "version"> = new Map([
  [errorCodes.nodeExists, "exists"],
  [errorCodes.noNode, "missing"],
  [errorCodes.badVersion, "version"],
]);

// Numbers of ZooKeeper's protocol (org.apache.zookeeper.ZooDefs.OpCode, CreateMode).
const zookeeperWords = {
  types: { create: 1, remove: 2, set: 5, check: 13 },
  modes: { persistent: 0, ephemeralSequential: 3 },
} as const;

function unauthorized(place: string, what: string): StoreError {
  return new StoreError("state-unwritable", {
    message: `ZooKeeper ${place} refused ${what}`,
    hint: "check user and password in state.path: zk://user:password@host:2181/gocd-mesos",
  });
}

function closed(place: string): StoreError {
  return new StoreError("state-closed", {
    message: `the state in ZooKeeper ${place} is used after it was closed`,
    hint: "this is a fault of gocd-mesos: report it",
  });
}
