// A master that is scripted by a test, over real HTTP on loopback or in a virtual network, and records the requests. It
// implements no rules of Mesos (see src/sim).

import type { MesosEvent } from "../../src/core/event.ts";
import type { MesosConnection, MesosErrorReason } from "../../src/mesos/api.ts";
import { MesosError } from "../../src/mesos/api.ts";
import { assertRejects } from "@std/assert";
import { createHttpScheduler, type HttpScheduler, type HttpSchedulerOptions } from "../../src/mesos/http_scheduler.ts";
import { decodeCall, encodeEvent, type WireRecord } from "../../src/mesos/proto/wire.ts";
import { encodeRecord } from "../../src/mesos/recordio.ts";
import type { FrameworkIdentity } from "../../src/mesos/api.ts";
import type { VirtualNetwork } from "./virtual_network.ts";
import { mastersAt } from "./addresses.ts";
import { createManualTimer, type ManualTimer } from "./manual_timer.ts";

/** A received request. */
export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** The decoded call, if the body is one. */
  readonly call: WireRecord;
}

/** The script of a test. */
export type Script = (asked: AskedRequest) => Response | Promise<Response>;

/** A running master. */
export interface ScriptedMaster extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly asked: AskedRequest[];
}

/** The type of all bodies. */
export const protobuf = "application/x-protobuf";

/** Starts a master on a socket. */
export function startMaster(script: Script, tls?: { readonly cert: string; readonly key: string }): ScriptedMaster {
  const asked: AskedRequest[] = [];
  const ending = new AbortController();
  const options = { hostname: "127.0.0.1", port: 0, signal: ending.signal, onListen: () => {}, ...tls };
  const server = Deno.serve(
    { ...options, onError: () => new Response(null, { status: 500 }) },
    (request) => answerBy(script, asked, request),
  );
  return {
    port: server.addr.port,
    address: `127.0.0.1:${server.addr.port}`,
    asked,
    async [Symbol.asyncDispose](): Promise<void> {
      ending.abort();
      await server.finished;
    },
  };
}

/** Starts a master in a network of the test. */
export function startMasterOn({ listen }: VirtualNetwork, script: Script): ScriptedMaster {
  const asked: AskedRequest[] = [];
  const listener = listen({ hostname: "127.0.0.1", port: 0 }, (request) => answerBy(script, asked, request));
  const { port } = listener;
  return { port, address: `127.0.0.1:${port}`, asked, [Symbol.asyncDispose]: () => listener.shutdown() };
}

async function answerBy(script: Script, asked: AskedRequest[], request: Request): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer());
  const one: AskedRequest = {
    method: request.method,
    path: new URL(request.url).pathname,
    headers: request.headers,
    call: callIn(request, body),
  };
  asked.push(one);
  return await script(one);
}

// Calls of the scheduler API come in protobuf, those of the operator API in JSON.
function callIn({ headers }: Request, body: Uint8Array): WireRecord {
  if (body.length === 0) return {};
  return headers.get("content-type") === "application/json"
    ? JSON.parse(new TextDecoder().decode(body))
    : decodeCall(body);
}

/** The response to SUBSCRIBE, written by the test. */
export interface OpenStream {
  readonly response: Response;
  send(...events: WireRecord[]): void;
  sendBytes(bytes: Uint8Array): void;
  /** Ends it cleanly. */
  end(): void;
  /** Breaks the connection. */
  cut(): void;
  /** Resolves when the other side has disconnected. */
  readonly left: Promise<void>;
}

/** Opens a stream; `headers` are added to those of a master, or override them. */
export function openStream(headers: Record<string, string> = {}): OpenStream {
  const left = Promise.withResolvers<void>();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: () => left.resolve(),
  });
  const sendBytes = (bytes: Uint8Array): void => controller?.enqueue(bytes);
  return {
    response: new Response(body, { headers: { "content-type": protobuf, "mesos-stream-id": "stream-1", ...headers } }),
    send: (...events) => events.forEach((event) => sendBytes(eventBytes(event))),
    sendBytes,
    end: () => controller?.close(),
    cut: () => controller?.error(new Error("cut")),
    left: left.promise,
  };
}

/** One encoded event. */
export function eventBytes(event: WireRecord): Uint8Array {
  return encodeRecord(encodeEvent(event));
}

/** SUBSCRIBED as framework f1, with a heartbeat every 15 s. */
export const subscribed: WireRecord = {
  type: "SUBSCRIBED",
  subscribed: { "framework_id": { value: "f1" }, "heartbeat_interval_seconds": 15 },
};

/** HEARTBEAT. */
export const heartbeat: WireRecord = { type: "HEARTBEAT" };

/** RESCIND of an offer: a small distinguishable event. */
export function rescind(offerId: string): WireRecord {
  return { type: "RESCIND", rescind: { "offer_id": { value: offerId } } };
}

/** The response to any call except SUBSCRIBE. */
export function accepted(): Response {
  return new Response(null, { status: 202 });
}

/** Plain text with a status. */
export function refusal(status: number, text = "", headers: Record<string, string> = {}): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}

/** A framework of the role `gocd`. */
export const identity: FrameworkIdentity = {
  name: "gocd-mesos",
  user: "",
  roles: ["gocd"],
  failoverTimeoutMs: 604_800_000,
  capabilities: ["MULTI_ROLE", "PARTITION_AWARE"],
  labels: {},
  minAllocatable: [],
};

/** A connection without login to these masters. */
export function connectionTo(masters: string, changes: Partial<MesosConnection> = {}): MesosConnection {
  return { masters: mastersAt(masters), allowedHosts: [], credentials: { kind: "none" }, caCerts: [], ...changes };
}

/** A scheduler under test, with a manual timer. */
export interface TestScheduler extends Disposable {
  readonly scheduler: HttpScheduler;
  readonly timer: ManualTimer;
  readonly signal: AbortSignal;
  abort(): void;
}

/** Creates a scheduler. */
export function testScheduler(
  masters: string,
  changes: Partial<MesosConnection> = {},
  options: Partial<HttpSchedulerOptions> = {},
): TestScheduler {
  const timer = createManualTimer();
  const controller = new AbortController();
  const scheduler = createHttpScheduler({
    connection: connectionTo(masters, changes),
    environmentOf: () => ({}),
    nowMs: () => 1_800_000_000_000,
    setTimer: timer.setTimer,
    ...options,
  });
  return {
    scheduler,
    timer,
    signal: controller.signal,
    abort: () => controller.abort(),
    [Symbol.dispose]: () => scheduler.close(),
  };
}

/** The error of a promise, which must be a `MesosError` of this reason. */
export async function mesosError(promise: Promise<unknown>, reason: MesosErrorReason): Promise<MesosError> {
  const error = await assertRejects(() => promise);
  if (!(error instanceof MesosError)) throw error;
  if (error.reason !== reason) {
    throw new Error(`expected ${reason}, got ${error.reason}: ${error.message}`, { cause: error });
  }
  return error;
}

/** All events until the end, and how it ended. */
export async function drain(
  events: AsyncIterable<MesosEvent>,
): Promise<{ readonly events: MesosEvent[]; readonly error?: MesosError }> {
  const seen: MesosEvent[] = [];
  try {
    for await (const event of events) seen.push(event);
    return { events: seen };
  } catch (error) {
    if (error instanceof MesosError) return { events: seen, error };
    throw error;
  }
}

/** A redirect to this address. */
export function redirectTo(location: string): Response {
  return refusal(307, "", { location });
}

/** A master that leads: SUBSCRIBED, then nothing. */
export function startLeader(): ScriptedMaster {
  return startMaster(() => {
    const stream = openStream();
    stream.send(subscribed);
    return stream.response;
  });
}

/** The message of a subscription that fails for this reason. */
export async function failAt(
  masters: string,
  reason: MesosErrorReason,
  changes: Partial<MesosConnection> = {},
): Promise<{ message: string; hint: string }> {
  using test = testScheduler(masters, changes);
  const { message, hint } = await mesosError(test.scheduler.subscribe(identity, undefined, test.signal), reason);
  return { message, hint };
}
