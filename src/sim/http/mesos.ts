// The HTTP front end of the simulated Mesos: JSON and protobuf, RecordIO, wire faults.

import { type HttpListener, type Listen, socketListen } from "./listen.ts";
import { type ByteStream, type MesosWireFaults, openByteStream } from "../mesos/byte_stream.ts";
import { mesosJson, readCall } from "../mesos/wire_text.ts";
import type { SimContainerEvent, SimMesos, SimMesosAnswer } from "../mesos/sim_mesos.ts";

export type { MesosWireFaults } from "../mesos/byte_stream.ts";

/** The options of the front end. */
export interface MesosHttpOptions {
  /** Virtual or real time, ms since the epoch; never goes back. */
  readonly nowMs: () => number;
  /** Waits this long, or until the signal is aborted (then it resolves or throws). */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** One port per master of the model; 0 or missing: a free one. The model gets the actual ports. */
  readonly ports?: readonly number[];
  /** Loopback sockets by default. */
  readonly listen?: Listen;
  /** Maximum interval between two updates of the model, ms; default 100. */
  readonly tickMs?: number;
  /** The Mesos agents that exist at the start also listen, at the ports in offers. Default: only masters. */
  readonly withMesosAgents?: boolean;
  readonly faults?: MesosWireFaults;
  /** Called when containers start and stop. */
  readonly onContainers?: (events: readonly SimContainerEvent[]) => void;
}

/** The running front end. */
export interface MesosHttp {
  /** `http://127.0.0.1:PORT` of the first master. */
  readonly url: string;
  /** The port of the first master. */
  readonly port: number;
  /** The ports of all masters, in the model's order. */
  readonly ports: readonly number[];
  /** Updates the model immediately: call it after actions on the model. */
  poke(): void;
  /** Replaces the faults for future streams. */
  setFaults(faults: MesosWireFaults): void;
  /** Closes all streams and listeners; resolves when everything has ended. */
  close(): Promise<void>;
}

/** Maximum size of request bodies: an ACCEPT of 1,000 tasks takes about 2 MiB. */
const bodyBytesMax = 16 * 1024 * 1024;

interface Face {
  readonly model: SimMesos;
  readonly options: MesosHttpOptions;
  readonly streams: Map<number, ByteStream>;
  readonly servers: Map<number, HttpListener>;
  readonly ports: number[];
  readonly ending: Set<Promise<void>>;
  /** Aborts requests without a response, by master. */
  readonly unanswered: Map<number, readonly (() => void)[]>;
  readonly closing: AbortController;
  waiting: AbortController;
  faults: MesosWireFaults;
  lastMs: number;
}

function now(face: Face): number {
  face.lastMs = Math.max(face.lastMs, face.options.nowMs());
  return face.lastMs;
}

/** Starts listening for every master of the model that is up, and advances the model until closed. */
export function startMesosHttp(model: SimMesos, options: MesosHttpOptions): MesosHttp {
  const face: Face = {
    model,
    options,
    streams: new Map(),
    servers: new Map(),
    ports: [...(options.ports ?? [])],
    ending: new Set(),
    unanswered: new Map(),
    closing: new AbortController(),
    waiting: new AbortController(),
    faults: options.faults ?? {},
    lastMs: 0,
  };
  for (let index = 0; index < model.mastersCount; index++) listen(face, index);
  const agents = options.withMesosAgents === true ? model.mesosAgentPorts().map((at) => listenAsAgent(face, at)) : [];
  const running = run(face);
  const port = face.ports[0] ?? 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    ports: face.ports,
    poke: (): void => face.waiting.abort(),
    setFaults: (faults): void => void (face.faults = faults),
    close: async (): Promise<void> => {
      face.closing.abort();
      face.waiting.abort();
      await running;
      for (const stream of face.streams.values()) stream.end("cut");
      for (const index of [...face.servers.keys()]) hangUp(face, index);
      await Promise.all(agents.map((agent) => agent.shutdown()));
      await Promise.all(face.ending);
    },
  };
}

function listen(face: Face, index: number): void {
  const listening = face.options.listen ?? socketListen(undefined);
  const address = { hostname: "127.0.0.1", port: face.ports[index] ?? 0 };
  const server = listening(address, (request) => serve(face, index, request));
  face.servers.set(index, server);
  face.ports[index] = server.port;
  face.model.setMasterAddress(index, { hostname: "127.0.0.1", port: server.port });
}

function listenAsAgent(face: Face, port: number): HttpListener {
  const listening = face.options.listen ?? socketListen(undefined);
  return listening({ hostname: "127.0.0.1", port }, (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    const asked = { method: request.method, path: pathname + search, headers, call: {} };
    const answer = face.model.mesosAgentRequest(port, asked, now(face));
    return answer.status === 0 ? Promise.reject(new Error("the agent is gone")) : Promise.resolve(toResponse(answer));
  });
}

function hangUp(face: Face, index: number): void {
  const server = face.servers.get(index);
  if (server === undefined) return;
  face.servers.delete(index);
  giveUp(face, index);
  const ending = server.shutdown().finally(() => face.ending.delete(ending));
  face.ending.add(ending);
}

/**
 * Advances time: delivers what is due, sleeps until the next due time, closes masters that died and opens masters that
 * started.
 */
async function run(face: Face): Promise<void> {
  while (!face.closing.signal.aborted) {
    deliver(face);
    await matchListeners(face);
    const dueMs = face.model.nextDueMs();
    const tickMs = face.options.tickMs ?? 100;
    const waitMs = dueMs === undefined ? tickMs : Math.min(tickMs, Math.max(0, dueMs - now(face)));
    face.waiting = new AbortController();
    if (face.closing.signal.aborted) return;
    try {
      await face.options.sleep(waitMs, face.waiting.signal);
    } catch (error) {
      if (!face.waiting.signal.aborted) throw error;
    }
  }
}

async function matchListeners(face: Face): Promise<void> {
  for (let index = 0; index < face.model.mastersCount; index++) {
    const isUp = face.model.isMasterUp(index);
    if (!isUp) hangUp(face, index);
    if (!isUp || face.servers.has(index)) continue;
    await Promise.all(face.ending);
    if (!face.closing.signal.aborted) listen(face, index);
  }
}

function deliver(face: Face): void {
  const { deliveries, containers } = face.model.advance(now(face));
  for (const delivery of deliveries) {
    const stream = face.streams.get(delivery.subscriptionId);
    if (stream === undefined) continue;
    stream.send(delivery.events);
    if (!delivery.ended) continue;
    stream.end(delivery.isCut ? "cut" : "closed");
    face.streams.delete(delivery.subscriptionId);
  }
  if (containers.length > 0) face.options.onContainers?.(containers);
}

async function serve(face: Face, index: number, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  switch (pathname) {
    case "/api/v1/scheduler":
    case "/master/api/v1/scheduler":
      return await scheduler(face, index, request, pathname + search);
    case "/api/v1":
    case "/api/v1/":
    case "/master/api/v1":
    case "/frameworks":
    case "/master/frameworks":
      return await operator(face, index, request);
    case "/version":
    case "/master/version": {
      const version = {
        "build_date": "2026-11-22 00:00:00",
        "build_time": 1795305600,
        "build_user": "sim",
        version: face.model.version,
      };
      return new Response(mesosJson(version), { headers: { "content-type": "application/json" } });
    }
    case "/health":
    case "/master/health":
      return new Response(null, { status: 200, headers: { "content-length": "0" } });
    case "/redirect":
    case "/master/redirect":
      return toResponse(face.model.redirect(index, now(face)));
    default:
      return new Response(null, { status: 404 });
  }
}

async function scheduler(face: Face, index: number, request: Request, path: string): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.length > bodyBytesMax) return new Response("413 Request Entity Too Large.", { status: 413 });
  const headers = Object.fromEntries(request.headers);
  const call = readCall(body, headers["content-type"] ?? "application/json");
  const answer = face.model.request({ master: index, method: request.method, path, headers, call }, now(face));
  face.waiting.abort();
  if (answer.status === 0) return await silence(face, index);
  return answer.subscriptionId === undefined ? toResponse(answer) : toStream(face, answer, answer.subscriptionId);
}

async function operator(face: Face, index: number, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.length > bodyBytesMax) return new Response("413 Request Entity Too Large.", { status: 413 });
  const headers = Object.fromEntries(request.headers);
  const call = request.method === "POST" ? readCall(body, "application/json") : {};
  const asked = { master: index, method: request.method, path: pathname + search, headers, call };
  return toResponse(face.model.operatorRequest(asked, now(face)));
}

function toResponse(answer: SimMesosAnswer): Response {
  const isEmpty = answer.body === "";
  return new Response(isEmpty ? null : answer.body, {
    status: answer.status,
    headers: isEmpty ? { "content-length": "0", ...answer.headers } : answer.headers,
  });
}

/** A lost message: no response until the master stops listening. */
function silence(face: Face, index: number): Promise<Response> {
  return new Promise((resolve) => {
    const waiting = face.unanswered.get(index) ?? [];
    face.unanswered.set(index, [...waiting, (): void => resolve(new Response(null, { status: 503 }))]);
    if (!face.servers.has(index)) giveUp(face, index);
  });
}

function giveUp(face: Face, index: number): void {
  for (const answer of face.unanswered.get(index) ?? []) answer();
  face.unanswered.delete(index);
}

/** The server reads ahead and writes asynchronously, without notification: a break waits this long, ms. */
const sentMs = 20;

function soon(face: Face, act: () => void): void {
  const waiting = face.options.sleep(sentMs, face.closing.signal).catch(() => {}).finally(() => {
    face.ending.delete(waiting);
    act();
  });
  face.ending.add(waiting);
}

function toStream(face: Face, answer: SimMesosAnswer, subscriptionId: number): Response {
  const stream = openByteStream({
    mediaType: answer.headers["content-type"] ?? "application/json",
    faults: face.faults,
    whenSent: (act): void => soon(face, act),
    onHangUp: (): void => {
      face.streams.delete(subscriptionId);
      face.model.disconnect(subscriptionId, now(face));
      face.waiting.abort();
    },
  });
  face.streams.set(subscriptionId, stream);
  return new Response(stream.body, { status: 200, headers: answer.headers });
}
