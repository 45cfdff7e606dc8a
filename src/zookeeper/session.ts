// One ZooKeeper session, over as many connections as it takes. Callers supply the errors it throws. Loaded only for
// zk://.
//
// node-zookeeper-client 1.1.3 needs supervision: it does not detect a silent server, keeps an incomplete response for
// the next connection, ignores socket errors, splits IPv6 addresses at their colons, sends queued requests before it
// has logged in again, and throws inside its socket for unknown responses.

import { Buffer } from "node:buffer";
import zookeeper from "node-zookeeper-client";
import { type HostPort, serversText } from "../net/addresses.ts";
import type { Secret } from "../secret.ts";
import { networkFailure } from "../net/network_failure.ts";
import { type Client, type ClientError, type ClientOperation, type ConnectionManager, errorCodes } from "./client.ts";

/**
 * What can go wrong.
 * - `unreachable`: no server responds; the request may or may not have taken effect
 * - `not-permitted`: this process may not connect there
 * - `unauthorized`: the login or the request was refused
 * - `expired`: the session is over, and its ephemeral znodes are gone
 * - `aborted`: aborted by the caller
 * - `closed`: used after it was closed
 */
export type ZookeeperProblem = "unreachable" | "not-permitted" | "unauthorized" | "expired" | "aborted" | "closed";

/** Creates the caller's error for a problem; the message names the servers. */
export type ZookeeperErrorOf = (problem: ZookeeperProblem, message: string, cause?: unknown) => Error;

/** A pause as a port: resolves after `ms`, or at once when the signal is aborted. Never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** How to connect. */
export interface ZookeeperOptions {
  readonly servers: readonly HostPort[];
  /** `user:password` of the scheme `digest`; with it, everything created is accessible to this user only. */
  readonly auth?: Secret;
  /** The requested session timeout; the server may grant another (2 to 20 of its ticks). */
  readonly sessionTimeoutMs: number;
  /** For timeouts and pauses. */
  readonly sleep: Sleep;
  readonly errorOf: ZookeeperErrorOf;
  /**
   * For callers without state in the session: it ends with its first connection, or if a request has no response for
   * this long, ms.
   */
  readonly oneConnection?: { readonly answerMs: number };
}

/** One operation of a transaction. `create` fails where the znode exists, the others where it does not. */
export type ZookeeperOperation =
  | { readonly kind: "create"; readonly path: string; readonly text: string; readonly mode?: "ephemeral-sequential" }
  /** Without a version: any. */
  | { readonly kind: "set"; readonly path: string; readonly text: string; readonly version?: number }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "check"; readonly path: string; readonly version?: number };

/** How a transaction ended; a refused one has no effect. */
export type TransactionEnd =
  | { readonly kind: "done"; readonly results: readonly OperationResult[] }
  /** `at` is the index of the operation that was refused. */
  | { readonly kind: "refused"; readonly at: number; readonly reason: "exists" | "missing" | "version" };

/** The result of one operation. */
export interface OperationResult {
  /** Of a created znode. */
  readonly path?: string;
  /** Of a set znode: its new version. */
  readonly version?: number;
}

/** A session. Every method that sends a request throws the errors of its options. */
export interface ZookeeperSession {
  /** The servers, for messages. */
  readonly place: string;
  /** As the server gave it, ms. */
  timeoutMs(): number;
  /** Whether there is a connection now. */
  isConnected(): boolean;
  /** Aborted when the session has ended permanently, with its error as the reason. */
  readonly lost: AbortSignal;
  /**
   * Names of the children; `undefined` if the znode does not exist. `onChange` is called once when they change, or the
   * znode is created; a function passed twice is called once.
   */
  children(path: string, onChange?: () => void): Promise<readonly string[] | undefined>;
  /** Value and version; `undefined` if the znode does not exist. */
  data(path: string): Promise<{ readonly text: string; readonly version: number } | undefined>;
  /** Performs all operations, or none. */
  transaction(operations: readonly ZookeeperOperation[]): Promise<TransactionEnd>;
  /** Abandons the session, as if it had expired. */
  abandon(error: Error): void;
  /** Closes the session: its ephemeral znodes are gone when this returns, if the server responds in time. */
  close(): Promise<void>;
}

/** For closing; a silent server must not block the program. */
const closeMs = 1_000;
/** Longest pause between two rounds over all servers. */
const spinMsMax = 500;

/** Number of repetitions if a znode is created between two requests. */
const asksMax = 3;

/** Opens a session. Throws if no server accepts it within the session timeout. */
export async function openZookeeperSession(options: ZookeeperOptions, signal: AbortSignal): Promise<ZookeeperSession> {
  const session = new Session(options);
  const onAbort = (): void => session.abandon(session.error("aborted", "aborted, because the program is stopping"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await session.connected();
    return session;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** A class, because it owns a socket. */
class Session implements ZookeeperSession {
  readonly place: string;
  readonly #options: ZookeeperOptions;
  readonly #client: Client;
  readonly #over = new AbortController();
  /** Called when the session is over or a response has taken too long. */
  readonly #asked = new Set<(error: Error) => void>();
  /** Why the last connection was lost or failed. */
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
    this.#client.on("expired", () => this.abandon(this.error("expired", "the session has expired")));
    this.#client.on("authenticationFailed", () => this.abandon(this.error("unauthorized", "it refused the login")));
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
    const limitMs = this.#options.oneConnection?.answerMs ?? this.#options.sessionTimeoutMs;
    return this.#answer<void>(limitMs, (resolve) => {
      this.#client.on("connected", () => resolve());
      this.#client.connect();
    }).catch((error) => {
      const failed = this.#failure ?? error;
      this.abandon(failed);
      throw failed;
    });
  }

  async children(path: string, onChange?: () => void): Promise<readonly string[] | undefined> {
    for (let asked = 0; asked < asksMax; asked++) {
      const ask = (callback: (error: ClientError | null, names: string[]) => void): void =>
        this.#client.getChildren(path, onChange, callback);
      const names = await this.#ask<readonly string[]>(path, ask);
      if (names !== undefined || onChange === undefined) return names;
      const exists = await this.#ask<unknown>(path, (callback) => this.#client.exists(path, onChange, callback));
      // Otherwise it was created between the two requests.
      if (exists === undefined || exists === null) return undefined;
    }
    throw this.error("unreachable", `${path} keeps appearing and disappearing`);
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

  abandon(error: Error): void {
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
      await Promise.race([ended.promise, this.#options.sleep(closeMs, limit.signal)]);
      limit.abort();
    }
    this.abandon(this.error("closed", "the connection was closed"));
  }

  /** If a server does not respond for this long, the next one is used while the session is still alive. */
  #answerMs(): number {
    return this.#options.oneConnection?.answerMs ?? this.timeoutMs() / 3;
  }

  #demandConnection(): void {
    this.lost.throwIfAborted();
    // Without a connection the client would keep the request and send it at some later time.
    if (!this.#isGreeted) throw this.#failure ?? this.error("unreachable", "not connected");
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
    ask: (resolve: (value: Value) => void, reject: (error: Error) => void) => void,
  ): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      const limit = new AbortController();
      const done = (): void => {
        limit.abort();
        this.#asked.delete(fail);
      };
      const fail = (error: Error): void => {
        done();
        reject(error);
      };
      this.#asked.add(fail);
      if (this.lost.aborted) return fail(this.lost.reason);
      // In two steps: a suspended process would otherwise time out before it has read the data in its socket.
      const { sleep, oneConnection } = this.#options;
      const lastMs = limitMs / 4;
      void sleep(limitMs - lastMs, limit.signal).then(() => sleep(lastMs, limit.signal)).then(() => {
        if (limit.signal.aborted) return;
        const error = this.error("unreachable", `no answer within ${Math.round(limitMs / 100) / 10} s`);
        fail(error);
        if (oneConnection === undefined) this.#client.connectionManager.socket?.destroy();
        else this.abandon(error);
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
    const { sleep, oneConnection } = this.#options;
    let connects = 0;
    manager.connect = () => {
      manager.pendingBuffer = null;
      connects++;
      if (oneConnection !== undefined && connects > 1) {
        this.abandon(this.#failure ?? this.error("unreachable", "the connection was closed"));
      }
      if (!this.lost.aborted) connect();
    };
    const onSocketConnected = manager.onSocketConnected.bind(manager);
    manager.onSocketConnected = () => {
      if (this.lost.aborted) manager.socket?.destroy();
      else onSocketConnected();
    };
    let attempts = 0;
    manager.findNextServer = (callback) => {
      const server = manager.servers[attempts % manager.servers.length];
      attempts++;
      const isNewRound = attempts > 1 && attempts % manager.servers.length === 1 % manager.servers.length;
      const pauseMs = isNewRound ? Math.min(spinMsMax, manager.sessionTimeout / 20) : 0;
      void sleep(pauseMs, this.lost).then(() => {
        if (!this.lost.aborted && server !== undefined) callback(server);
      });
    };
    manager.onSocketError = (error) => {
      const { kind, what } = networkFailure(error, "");
      this.#failure = this.error(kind === "not-permitted" ? kind : "unreachable", what, error);
      this.#clearConnectTimer();
    };
    const onSocketData = manager.onSocketData.bind(manager);
    manager.onSocketData = (data) => {
      try {
        onSocketData(data);
      } catch (error) {
        this.#failure = this.error("unreachable", `it sent an invalid response (${String(error)})`, error);
        manager.socket?.destroy();
      }
    };
  }

  #clearConnectTimer(): void {
    const manager = this.#client.connectionManager;
    if (manager.connectTimeoutHandler !== null) clearTimeout(manager.connectTimeoutHandler);
    manager.connectTimeoutHandler = null;
  }

  /** Creates an error of the caller's kind. */
  error(problem: ZookeeperProblem, what: string, cause?: unknown): Error {
    return this.#options.errorOf(problem, `ZooKeeper ${this.place}: ${what}`, cause);
  }

  #problem(error: ClientError, what: string): Error {
    const { noAuth, authFailed, sessionExpired } = errorCodes;
    if (error.code === noAuth || error.code === authFailed) return this.error("unauthorized", `it refused ${what}`);
    if (error.code === sessionExpired) return this.error("expired", "the session has expired");
    return this.error("unreachable", `${what} failed: ${error.message}`, error);
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
