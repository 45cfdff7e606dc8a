// The listener of the status page.

import { OperatorError } from "../errors.ts";
import { listenTrouble } from "../listen_trouble.ts";
import { realTimer, type SetTimer, sleepWith } from "../net/timer.ts";
import { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
import { readRequest, writeResponse, writeStream } from "./http1.ts";
import { isStream } from "./responses.ts";

/** A running listener. */
export interface WebServer {
  /** Its URL, e.g. `http://127.0.0.1:8090/`. */
  readonly url: string;
  /** Stops listening, ends all connections and returns when that is done. */
  close(): Promise<void>;
}

/** Limits for slow, idle and many clients. */
export interface ConnectionLimits {
  /** From the beginning of a connection to the end of its request, ms. */
  readonly requestMs: number;
  /** From then to the end of the connection, ms; for each part of a response that goes on. */
  readonly responseMs: number;
  /**
   * Maximum number of connections. Beyond that, the one that has waited longest for its request is closed, or the new
   * one if all are being served: idle connections cannot lock others out.
   */
  readonly connectionsMax: number;
}

/** A few browsers open six connections each; the process has 1,024 file descriptors in total. */
const defaultLimits: ConnectionLimits = { requestMs: 10_000, responseMs: 30_000, connectionsMax: 200 };

/** How long a client may take to close its side after the response. */
const lingerMs = 2_000;
/** Retry interval of a listener that cannot accept because the process has no file descriptors left. */
const acceptAgainMs = 500;

/** A connection that is open. */
interface OpenConnection {
  readonly close: () => void;
  isWaiting: boolean;
}

/**
 * Starts listening at `options.listen` (port 0 takes any free one). Throws {@linkcode OperatorError} of kind `usage`,
 * naming `http.listen`, if it cannot. `limits` are narrower in tests.
 */
export function startWebServer(options: HandlerOptions, limits: ConnectionLimits = defaultLimits): WebServer {
  const { listen } = options;
  const handler = createHandler(options);
  const listener = listenAt(listen);
  const stop = new AbortController();
  const open = new Set<OpenConnection>();
  const ended: Set<Promise<void>> = new Set();
  const take = (conn: Deno.TcpConn): void => {
    const [oldest] = open.size < limits.connectionsMax ? [] : [...open].filter(({ isWaiting }) => isWaiting);
    oldest?.close();
    const connection: OpenConnection = { close: () => open.delete(connection) && conn.close(), isWaiting: true };
    open.add(connection);
    if (open.size > limits.connectionsMax) return connection.close();
    const { nowMs, setTimer = realTimer } = options;
    const serving = serve(conn, connection, { handler, limits, nowMs, setTimer })
      // The client is gone, or was closed for one of the limits.
      .catch(() => {})
      .finally(() => {
        connection.close();
        ended.delete(serving);
      });
    ended.add(serving);
  };
  const accepting = acceptAll(listener, { take, signal: stop.signal });
  return {
    url: `http://${reachableName(listen.host)}:${listener.addr.port}/`,
    close: async (): Promise<void> => {
      if (!stop.signal.aborted) listener.close();
      stop.abort();
      for (const connection of [...open]) connection.close();
      await Promise.all([accepting, ...ended]);
    },
  };
}

async function acceptAll(
  listener: Deno.TcpListener,
  { take, signal }: { readonly take: (conn: Deno.TcpConn) => void; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      take(await listener.accept());
    } catch {
      await sleepWith(realTimer)(acceptAgainMs, signal);
    }
  }
}

async function serve(
  conn: Deno.TcpConn,
  connection: OpenConnection,
  { handler, limits, nowMs, setTimer }: Pick<HandlerOptions, "nowMs"> & {
    readonly handler: Handler;
    readonly limits: ConnectionLimits;
    readonly setTimer: SetTimer;
  },
): Promise<void> {
  let stopClock = setTimer(connection.close, limits.requestMs);
  try {
    const request = await readRequest(conn);
    connection.isWaiting = false;
    stopClock();
    stopClock = setTimer(connection.close, limits.responseMs);
    if (request === undefined) return;
    const response = request instanceof Response ? request : await handler(request, conn.remoteAddr.hostname);
    const isHead = request instanceof Request && request.method === "HEAD";
    if (isStream(response)) {
      stopClock();
      const timed = async (write: () => Promise<void>): Promise<void> => {
        stopClock = setTimer(connection.close, limits.responseMs);
        await write();
        stopClock();
      };
      return await writeStream(conn, response, { nowMs: nowMs(), timed });
    }
    await writeResponse(conn, response, { isHead, nowMs: nowMs() });
    // If the client had sent more than was read, a close would destroy the response (RFC 9112, 9.6).
    await conn.closeWrite();
    connection.isWaiting = true;
    stopClock();
    stopClock = setTimer(connection.close, lingerMs);
    const rest = new Uint8Array(16 * 1024);
    while (await conn.read(rest) !== null);
  } finally {
    stopClock();
  }
}

function listenAt(listen: HandlerOptions["listen"]): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: listen.host, port: listen.port });
  } catch (cause) {
    const { message, ...trouble } = listenTrouble(listen, cause);
    throw new OperatorError(message, { ...trouble, kind: "usage", cause });
  }
}

/** Throws the error of {@linkcode startWebServer} if nothing can listen at this address now. */
export function probeListen(listen: HandlerOptions["listen"]): void {
  listenAt(listen).close();
}

/** On this machine, a listener on all interfaces is reached by its loopback address. */
function reachableName(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
