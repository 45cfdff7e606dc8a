// An in-process network on virtual time: servers listen on its ports, and its fetch reaches them. Bodies are streams in
// both directions, so that connections can hang, break and be closed.

import type { BeginConnect } from "../../src/mesos/port_probe.ts";
import type { Listen } from "../../src/sim/http/listen.ts";
import type { VirtualTime } from "./test_time.ts";

/** A network. */
export interface VirtualNetwork {
  /** For the HTTP front ends of the simulated servers. */
  readonly listen: Listen;
  /** Stops the listener: connections are refused. */
  close(port: number): void;
  /** For the clients; throws what a server throws instead of a response. */
  readonly fetch: typeof fetch;
  /** For port probes. */
  readonly begin: BeginConnect;
  /** From now on nothing is forwarded in either direction, not even the end of a connection. */
  hold(): void;
  /** Forwards everything that was blocked. */
  release(): void;
  /**
   * From now on all packets to a port are dropped, as if the machine were switched off: nothing is accepted or refused.
   */
  swallow(port: number): void;
}

type Serve = Parameters<Listen>[1];

interface Wire {
  readonly time: VirtualTime;
  /** One-way latency, ms. */
  readonly hopMs: number;
  readonly servers: Map<number, Serve>;
  readonly swallowed: Set<number>;
  /** While everything is blocked. */
  gate: PromiseWithResolvers<void> | undefined;
}

const firstPort = 20_000;

/** Creates one; a message takes `hopMs` each way. */
export function virtualNetwork(time: VirtualTime, hopMs: number): VirtualNetwork {
  const wire: Wire = { time, hopMs, servers: new Map(), swallowed: new Set(), gate: undefined };
  let freePort = firstPort;
  return {
    listen: (address, serve) => {
      const port = address.port === 0 ? freePort++ : address.port;
      if (wire.servers.has(port)) throw new Deno.errors.AddrInUse(`port ${port} is in use`);
      wire.servers.set(port, serve);
      const shutdown = (): Promise<void> => {
        if (wire.servers.get(port) === serve) wire.servers.delete(port);
        return Promise.resolve();
      };
      return { port, shutdown };
    },
    close: (port) => void wire.servers.delete(port),
    fetch: (input, init) => exchange(wire, new URL(String(input)), init ?? {}),
    begin: ({ port }, _perAddressMs, { onEnd }) => {
      let isClosed = false;
      if (!wire.swallowed.has(port)) time.plan(2 * hopMs, () => isClosed || onEnd());
      return { close: () => void (isClosed = true) };
    },
    hold: () => void (wire.gate ??= Promise.withResolvers()),
    release: () => {
      wire.gate?.resolve();
      wire.gate = undefined;
    },
    swallow: (port) => void wire.swallowed.add(port),
  };
}

/** The messages are those of Deno's own fetch, which the clients recognize. */
function refused(url: URL): TypeError {
  return new TypeError(
    `error sending request for url (${url.href}): client error (Connect): tcp connect error: Connection refused (os error 111)`,
  );
}

async function exchange(wire: Wire, url: URL, init: RequestInit): Promise<Response> {
  const signal = init.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const request = new Request(url, { ...init, signal: null });
  const headers = { host: url.host, ...Object.fromEntries(request.headers) };
  const asked = new Request(url, { method: request.method, headers, body: request.body });
  // Sent data arrives, even if one side has disconnected.
  const answering = networkDelayMs(wire).then((): Promise<Response> => {
    if (wire.swallowed.has(Number(url.port))) return new Promise(() => {});
    const serve = wire.servers.get(Number(url.port));
    return serve === undefined ? Promise.reject(refused(url)) : serve(asked);
  });
  const response = await orAborted(wire, answering, signal);
  const body = response.body === null ? null : carried(wire, response, signal);
  await networkDelayMs(wire);
  signal.throwIfAborted();
  return new Response(body, { status: response.status, headers: response.headers });
}

/** Runs an action when a message that is sent now arrives; messages stay in order. */
function arrival(wire: Wire, act: () => void): void {
  wire.time.plan(wire.hopMs, () => {
    if (wire.gate === undefined) act();
    else void wire.gate.promise.then(act);
  });
}

function networkDelayMs(wire: Wire): Promise<void> {
  return new Promise((resolve) => arrival(wire, resolve));
}

/** Data that arrives after the caller has disconnected is discarded. */
function orAborted(wire: Wire, answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    answer.then((response) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) arrival(wire, () => void response.body?.cancel());
      resolve(response);
    }, reject);
  });
}

/**
 * The body of a response on arrival: delayed by networkDelayMs, ended by either side, and broken if it is shorter than
 * announced.
 */
function carried(
  wire: Wire,
  response: Response,
  signal: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  let isOver = false;
  const hangUp = (): void => {
    if (isOver) return;
    isOver = true;
    arrival(wire, () => void reader.cancel().catch(() => {}));
  };
  return new ReadableStream({
    type: "bytes",
    start: (controller): void => {
      const arrives = (act: () => void): void => arrival(wire, () => isOver || act());
      const ends = (failure?: unknown): void => {
        isOver = true;
        signal.removeEventListener("abort", onAbort);
        if (failure !== undefined) return controller.error(failure);
        controller.close();
        controller.byobRequest?.respond(0);
      };
      const onAbort = (): void => {
        hangUp();
        controller.error(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      void pump(reader, response.headers.get("content-length"), {
        chunk: (bytes) => arrives(() => controller.enqueue(bytes)),
        end: (failure) => arrives(() => ends(failure)),
      });
    },
    cancel: hangUp,
  });
}

interface Arrivals {
  chunk(bytes: Uint8Array<ArrayBuffer>): void;
  end(failure?: unknown): void;
}

async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  promised: string | null,
  arrivals: Arrivals,
): Promise<void> {
  let bytes = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      bytes += read.value.length;
      if (read.value.length > 0) arrivals.chunk(read.value.slice());
    }
    const isShort = promised !== null && bytes < Number(promised);
    arrivals.end(isShort ? new TypeError("error reading a body from connection: unexpected end of file") : undefined);
  } catch (failure) {
    arrivals.end(new TypeError("error reading a body from connection: connection reset", { cause: failure }));
  }
}
