// One connection to one ZooKeeper server, for reading. Not here: what is read (zookeeper_leader.ts), connecting again.
//
// node-zookeeper-client 1.1.3 is kept on a short lead: it would reconnect for ever with what it had half read, never
// notices that a server is silent, swallows the errors of its socket, splits IPv6 addresses at their colons, and its
// close() waits for the server. So one client is one connection here, and its socket is ended by us. Nothing of ours
// lives in a ZooKeeper session (no ephemeral znodes), so an expired one costs nothing but the next connection.

import { Buffer } from "node:buffer";
import zookeeper from "node-zookeeper-client";
import { MesosError } from "./api.ts";
import { type HostPort, hostPortText } from "./masters.ts";
import { networkProblem } from "./network_problems.ts";
import type { SetTimer } from "./timer.ts";

/** For the TCP connection and ZooKeeper's greeting. */
export const zookeeperConnectMs = 4_000;
/** For each answer. */
export const zookeeperAnswerMs = 4_000;
// What we ask for; the server may give another (2 to 20 of its ticks). The client says something every third of it.
const sessionTimeoutMs = 10_000;

/** A connection. */
export interface ZookeeperConnection {
  /** `host:port`. */
  readonly server: string;
  /**
   * Names of the children; `undefined` if the znode does not exist. `onChange` is called once when that changes,
   * given the same function twice also once. Throws `MesosError`, as the other member does.
   */
  children(path: string, onChange: () => void): Promise<readonly string[] | undefined>;
  /** The value; `undefined` if the znode does not exist. */
  data(path: string): Promise<Uint8Array | undefined>;
  /** Ends it; what is asked at the moment throws. */
  close(): void;
}

/** How to connect. */
export interface ZookeeperConnectionOptions {
  /** The server. */
  readonly server: HostPort;
  /** `user:password` of the scheme `digest`. */
  readonly auth?: string;
  /** Time limits. */
  readonly setTimer: SetTimer;
  /** Gives up connecting; later it ends nothing. */
  readonly signal: AbortSignal;
  /** Called once when the connection is lost, not when it was closed. */
  readonly onLost: () => void;
}

/** The parts of the client that are used. */
interface Client {
  readonly connectionManager: ConnectionManager;
  connect(): void;
  addAuthInfo(scheme: string, auth: Buffer): void;
  on(event: "connected" | "authenticationFailed", listener: () => void): void;
  exists(path: string, watcher: () => void, callback: (error: ClientError | null, stat: unknown) => void): void;
  getChildren(path: string, watcher: () => void, callback: (error: ClientError | null, names?: string[]) => void): void;
  getData(path: string, callback: (error: ClientError | null, data?: Buffer) => void): void;
}

/** Its inner part; `connect` is called again after each loss of the connection. */
interface ConnectionManager {
  socket?: { destroy(): void };
  connectTimeoutHandler: ReturnType<typeof setTimeout> | null;
  connect(): void;
  findNextServer(callback: (server: HostPort) => void): void;
  onSocketConnected(): void;
  onSocketData(data: Buffer): void;
  onSocketError(error: Error): void;
}

interface ClientError extends Error {
  readonly code: number;
}

// A znode that comes into being between two questions does so once.
const asksMax = 3;

// Error codes of ZooKeeper (org.apache.zookeeper.KeeperException.Code).
const noNode = -101;
const noAuth = -102;
const authFailed = -115;

interface Link {
  readonly options: ZookeeperConnectionOptions;
  readonly server: string;
  readonly client: Client;
  /** Told when the connection ends, with the reason. */
  readonly asked: Set<(error: MesosError) => void>;
  /** Greeted by the server. */
  isConnected: boolean;
  end?: MesosError;
}

/** Connects; throws `MesosError` `unreachable`, or `redirect-refused` without permission. */
export async function connectZookeeper(options: ZookeeperConnectionOptions): Promise<ZookeeperConnection> {
  const server = hostPortText(options.server);
  const client = zookeeper.createClient("server", { sessionTimeout: sessionTimeoutMs }) as unknown as Client;
  const link: Link = { options, server, client, asked: new Set(), isConnected: false };
  leash(link);
  const giveUp = (): void =>
    endLink(link, problem(server, "aborted, because the program is stopping", "nothing to do"));
  options.signal.addEventListener("abort", giveUp, { once: true });
  try {
    options.signal.throwIfAborted();
    await answerOf<void>(link, zookeeperConnectMs, (resolve) => {
      client.on("connected", resolve);
      if (options.auth !== undefined) client.addAuthInfo("digest", Buffer.from(options.auth));
      client.connect();
    });
    link.isConnected = true;
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    options.signal.removeEventListener("abort", giveUp);
  }
  return {
    server,
    children: (path, onChange) => childrenOf(link, path, onChange),
    data: (path) => dataOf(link, path),
    close: () => endLink(link, problem(server, "the connection was closed", "nothing to do")),
  };
}

function leash(link: Link): void {
  const { client, options, server } = link;
  const manager = client.connectionManager;
  manager.findNextServer = (callback) => callback(options.server);
  const connect = manager.connect.bind(manager);
  let failure: Error | undefined;
  let connects = 0;
  manager.connect = () => {
    connects++;
    if (connects === 1) {
      connect();
      return;
    }
    const { what, hint, isPermission } = failure === undefined
      ? { what: "the connection was closed", hint: zookeeperHint, isPermission: false }
      : networkProblem(failure, "");
    const ours = hint.replaceAll("the master", "ZooKeeper");
    endLink(link, problem(server, what, ours, isPermission ? "redirect-refused" : "unreachable"), "lost");
  };
  manager.onSocketError = (error) => {
    failure = error;
    clearConnectTimer(manager);
  };
  // What is thrown within would end the program: it is no ZooKeeper that sends such.
  const onSocketConnected = manager.onSocketConnected.bind(manager);
  manager.onSocketConnected = () => {
    if (link.end === undefined) {
      onSocketConnected();
    } else {
      manager.socket?.destroy();
    }
  };
  const onSocketData = manager.onSocketData.bind(manager);
  manager.onSocketData = (data) => {
    try {
      onSocketData(data);
    } catch (error) {
      endLink(link, problem(server, `it is no ZooKeeper (${String(error)})`, zookeeperHint), "lost");
    }
  };
  client.on("authenticationFailed", () => endLink(link, unauthorized(server, "the login"), "lost"));
}

const zookeeperHint = "check the hosts in mesos-master (zk://…), and that ZooKeeper is running";

function endLink(link: Link, error: MesosError, how?: "lost"): void {
  if (link.end !== undefined) return;
  link.end = error;
  const manager = link.client.connectionManager;
  clearConnectTimer(manager);
  manager.connect = () => {};
  manager.socket?.destroy();
  for (const reject of [...link.asked]) reject(error);
  if (how === "lost" && link.isConnected) link.options.onLost();
}

function clearConnectTimer(manager: ConnectionManager): void {
  if (manager.connectTimeoutHandler !== null) {
    clearTimeout(manager.connectTimeoutHandler);
    manager.connectTimeoutHandler = null;
  }
}

// Asks, and waits for one answer, the end of the connection, or the limit, which ends the connection, too.
function answerOf<T>(
  link: Link,
  limitMs: number,
  ask: (resolve: (value: T) => void, reject: (error: MesosError) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const done = (): void => {
      stopClock();
      link.asked.delete(fail);
    };
    const fail = (error: MesosError): void => {
      done();
      reject(error);
    };
    const stopClock = link.options.setTimer(() => {
      endLink(link, problem(link.server, `no answer within ${limitMs / 1000} s`, zookeeperHint), "lost");
    }, limitMs);
    link.asked.add(fail);
    if (link.end !== undefined) {
      fail(link.end);
      return;
    }
    ask((value) => {
      done();
      resolve(value);
    }, fail);
  });
}

async function childrenOf(link: Link, path: string, onChange: () => void): Promise<readonly string[] | undefined> {
  for (let asked = 0; asked < asksMax; asked++) {
    const names = await answerOf<readonly string[] | undefined>(
      link,
      zookeeperAnswerMs,
      (resolve, reject) =>
        link.client.getChildren(path, onChange, (error, names) => {
          if (error === null || error === undefined) {
            resolve(names ?? []);
          } else if (error.code === noNode) {
            resolve(undefined);
          } else {
            reject(clientProblem(link, error, path));
          }
        }),
    );
    if (names !== undefined || !await existsNow(link, path, onChange)) return names;
    // It has come into being between the two questions.
  }
  throw problem(link.server, `${path} keeps appearing and disappearing`, "find out what writes there");
}

function existsNow(link: Link, path: string, onChange: () => void): Promise<boolean> {
  return answerOf<boolean>(
    link,
    zookeeperAnswerMs,
    (resolve, reject) =>
      link.client.exists(
        path,
        onChange,
        (error, stat) =>
          error === null || error === undefined
            ? resolve(stat !== null && stat !== undefined)
            : reject(clientProblem(link, error, path)),
      ),
  );
}

function dataOf(link: Link, path: string): Promise<Uint8Array | undefined> {
  return answerOf<Uint8Array | undefined>(
    link,
    zookeeperAnswerMs,
    (resolve, reject) =>
      link.client.getData(path, (error, data) => {
        if (error === null || error === undefined) {
          resolve(new Uint8Array(data ?? []));
        } else if (error.code === noNode) {
          resolve(undefined);
        } else {
          reject(clientProblem(link, error, path));
        }
      }),
  );
}

function clientProblem(link: Link, error: ClientError, path: string): MesosError {
  if (error.code === noAuth || error.code === authFailed) return unauthorized(link.server, `reading ${path}`);
  return problem(link.server, `reading ${path} failed: ${error.message}`, zookeeperHint);
}

function unauthorized(server: string, what: string): MesosError {
  return new MesosError(
    "unauthorized",
    `ZooKeeper ${server} refused ${what}`,
    "check the user and password in mesos-master: zk://user:password@host:2181/mesos",
  );
}

function problem(
  server: string,
  what: string,
  hint: string,
  reason: "unreachable" | "redirect-refused" = "unreachable",
): MesosError {
  return new MesosError(reason, `ZooKeeper ${server}: ${what}`, hint);
}
