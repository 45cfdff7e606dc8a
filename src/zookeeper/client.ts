// Types for the parts of node-zookeeper-client 1.1.3 that we use.

import type { Buffer } from "node:buffer";
import type { HostPort } from "../net/addresses.ts";

/** Codes of org.apache.zookeeper.KeeperException.Code. */
export const errorCodes = {
  noNode: -101,
  noAuth: -102,
  badVersion: -103,
  nodeExists: -110,
  sessionExpired: -112,
  authFailed: -115,
} as const;

/** An error of the server or of the connection. */
export interface ClientError extends Error {
  /** See {@linkcode errorCodes}. */
  readonly code: number;
}

/** A client; its callbacks are called once, with `null` or nothing if there is no error. */
export interface Client {
  /** Its inner part. */
  readonly connectionManager: ConnectionManager;
  /** Starts connecting. */
  connect(): void;
  /** Sends CLOSE_SESSION; `disconnected` follows. */
  close(): void;
  /** Credentials for every connection from now on. */
  addAuthInfo(scheme: string, auth: Buffer): void;
  /** Adds a listener. */
  on(event: "connected" | "disconnected" | "expired" | "authenticationFailed", listener: () => void): void;
  /** EXISTS. */
  exists(path: string, watcher: () => void, callback: (error: ClientError | null, stat: unknown) => void): void;
  /** GET_CHILDREN2. */
  getChildren(
    path: string,
    watcher: (() => void) | undefined,
    callback: (error: ClientError | null, names: string[]) => void,
  ): void;
  /** GET_DATA. */
  getData(
    path: string,
    callback: (error: ClientError | null, data?: Buffer, stat?: { readonly version: number }) => void,
  ): void;
  /** Begins a transaction. */
  transaction(): ClientTransaction;
}

/** A transaction. Its own methods turn version 0 into "any version", so operations are put into `ops` as they are. */
export interface ClientTransaction {
  /** The operations, in order. */
  readonly ops: ClientOperation[];
  /** MULTI. If it fails, `results` shows which operation failed. */
  commit(callback: (error: ClientError | null | undefined, results?: readonly ClientResult[]) => void): void;
}

/** One operation in the client's format. */
export interface ClientOperation {
  /** Op code. */
  readonly type: number;
  /** Of the znode; of a sequential one without its number. */
  readonly path: string;
  /** Its value. */
  readonly data?: Buffer;
  /** Its ACL. */
  readonly acls?: readonly unknown[];
  /** CreateMode. */
  readonly mode?: number;
  /** That it must have; -1 for any. */
  readonly version?: number;
}

/** The result of one operation. */
export interface ClientResult {
  /** Of a created znode. */
  readonly path?: string;
  /** Of a set znode. */
  readonly stat?: { readonly version: number };
  /** Of one that was refused; 0 for those before it. */
  readonly err?: number;
}

/** The part of the client that owns the socket; `connect` is called again after each loss of the connection. */
export interface ConnectionManager {
  /** Those to connect to. */
  servers: readonly HostPort[];
  /** As granted by the server, ms. */
  sessionTimeout: number;
  /** The current or last connection. */
  socket?: { destroy(): void };
  /** The start of an incomplete response. */
  pendingBuffer: Buffer | null;
  /** Runs while connecting. */
  connectTimeoutHandler: ReturnType<typeof setTimeout> | null;
  /** Connects to the next server. */
  connect(): void;
  /** Sets the times that depend on the session's. */
  updateTimeout(sessionTimeoutMs: number): void;
  /** Connected; sends the connect request. */
  onSocketConnected(): void;
  /** Calls back with the server to try, now or after a pause. */
  findNextServer(callback: (server: HostPort) => void): void;
  /** Reads received data. */
  onSocketData(data: Buffer): void;
  /** The connection is lost; listeners are notified afterwards. */
  onSocketError(error: Error): void;
}
