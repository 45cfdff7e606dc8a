// A master that only sends task updates and counts acknowledgements, the same for every client. It runs in a worker, so
// that its work is not counted for the client.

import { decodeCall, encodeEvent, type WireRecord } from "../../src/mesos/proto/wire.ts";
import { encodeRecord } from "../../src/mesos/recordio.ts";

/** How records are laid into the chunks of the answer. */
export type Layout = "one each" | "two in one" | "cut in the middle" | "cut in a character" | "cut in a length";

/** Commands to the master. */
export type MasterOrder =
  /** Makes the records of a run. */
  | {
    readonly kind: "prepare";
    readonly updates: number;
    readonly tasks: number;
    readonly message: string;
  }
  /** Sends them; `waitMs`: how long a silence ends a run that is not complete. */
  | { readonly kind: "go"; readonly layout: Layout; readonly waitMs: number }
  | { readonly kind: "close" };

/** Reports of the master. */
export type MasterReport =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "subscribed"; readonly mediaType: string }
  | { readonly kind: "prepared"; readonly bytes: number }
  /** From the first byte to the last acknowledgement; `acknowledged` counts updates, each once. */
  | { readonly kind: "done"; readonly ms: number; readonly acknowledged: number };

interface Run {
  readonly updates: readonly Uint8Array<ArrayBuffer>[];
  /** Calls that came during the run, still to be read. */
  readonly bodies: Uint8Array[];
  /** The uuids acknowledged. */
  readonly seen: Set<string>;
  startedMs: number;
  lastMs: number;
  waitMs: number;
  isOn: boolean;
}

const scope = globalThis as unknown as {
  postMessage(report: MasterReport): void;
  onmessage: ((event: MessageEvent<MasterOrder>) => void) | null;
  close(): void;
};
const frameworkId = "0c5a4232-0fc9-4a07-b709-eb25fa62422a-0000";
const json = "application/json";
const text = new TextDecoder();
const bytes = new TextEncoder();

let stream: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
let mediaType = json;
let run: Run | undefined;

function payload(event: WireRecord): Uint8Array<ArrayBuffer> {
  const encoded = mediaType === json ? bytes.encode(JSON.stringify(event)) : encodeEvent(event);
  return new Uint8Array(encodeRecord(encoded));
}

function uuidOf(index: number): string {
  return btoa(`uuid-${String(index).padStart(11, "0")}`);
}

function updateEvent(index: number, task: number, message: string): WireRecord {
  const taskId = `gocd-abc123-default-${task}`;
  const status = {
    "task_id": { value: taskId },
    state: "TASK_RUNNING",
    message,
    source: "SOURCE_EXECUTOR",
    "agent_id": { value: `0c5a4232-0fc9-4a07-b709-eb25fa62422a-S${task % 50}` },
    "executor_id": { value: taskId },
    timestamp: 1_700_000_000 + index / 1_000,
    uuid: uuidOf(index),
    "container_status": {
      container_id: { value: crypto.randomUUID() },
      network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "172.17.0.2" }] }],
    },
  };
  return { type: "UPDATE", update: { status } };
}

function prepare(order: Extract<MasterOrder, { readonly kind: "prepare" }>): void {
  const updates = Array.from(
    { length: order.updates },
    (_, index) => payload(updateEvent(index, index % order.tasks, order.message)),
  );
  run = {
    updates,
    bodies: [],
    seen: new Set(),
    startedMs: 0,
    lastMs: 0,
    waitMs: 0,
    isOn: false,
  };
  scope.postMessage({ kind: "prepared", bytes: updates.reduce((sum, record) => sum + record.length, 0) });
}

function go(layout: Layout, waitMs: number): void {
  if (run === undefined || stream === undefined) throw new Error("no run, or nobody has subscribed");
  Object.assign(run, { startedMs: performance.now(), lastMs: performance.now(), waitMs, isOn: true });
  const chunks = laidOut(run.updates, layout);
  if (!layout.startsWith("cut")) { for (const chunk of chunks) stream.enqueue(chunk); }
  // Sent at once, the pieces would be joined again on their way.
  else {
    chunks.forEach((chunk, index) => setTimeout(() => stream?.enqueue(chunk), index * 5));
  }
  watch(run);
}

function laidOut(records: readonly Uint8Array<ArrayBuffer>[], layout: Layout): readonly Uint8Array<ArrayBuffer>[] {
  if (layout === "one each") return records;
  if (layout === "two in one") {
    return records.flatMap((record, index) => index % 2 === 1 ? [] : [joined(record, records[index + 1])]);
  }
  return records.flatMap((record) => {
    const at = layout === "cut in a length"
      ? 1
      : layout === "cut in the middle"
      ? Math.floor(record.length / 4)
      : record.findIndex((byte) => byte >= 0xc0) + 1;
    return [record.slice(0, at), record.slice(at)];
  });
}

function joined(left: Uint8Array, right: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}

/** Ends a run in which nothing has come for so long. */
function watch(given: Run): void {
  const timer = setInterval(() => {
    if (!given.isOn) clearInterval(timer);
    else if (performance.now() - given.lastMs > given.waitMs) finish(given);
  }, 50);
}

function finish(given: Run): void {
  given.isOn = false;
  readBodies(given);
  const { seen, lastMs, startedMs } = given;
  scope.postMessage({ kind: "done", ms: lastMs - startedMs, acknowledged: seen.size });
}

/** Calls are read when as many have come as are due: while the clock runs, they cost the same in either encoding. */
function called(body: Uint8Array): void {
  if (run?.isOn !== true) return;
  run.lastMs = performance.now();
  run.bodies.push(body);
  if (run.seen.size + run.bodies.length < run.updates.length) return;
  const { lastMs } = run;
  readBodies(run);
  run.lastMs = lastMs;
  if (run.seen.size === run.updates.length) finish(run);
}

function readBodies(given: Run): void {
  for (const body of given.bodies.splice(0)) {
    const call = readCall(body);
    if (call["type"] === "ACKNOWLEDGE") given.seen.add((call["acknowledge"] as { readonly uuid: string }).uuid);
  }
}

function readCall(body: Uint8Array): WireRecord {
  return mediaType === json ? JSON.parse(text.decode(body)) : decodeCall(body);
}

function subscribed(contentType: string): Response {
  mediaType = contentType.includes("protobuf") ? "application/x-protobuf" : json;
  let beat: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller): void {
      stream = controller;
      controller.enqueue(payload({
        type: "SUBSCRIBED",
        subscribed: {
          framework_id: { value: frameworkId },
          heartbeat_interval_seconds: 5,
          master_info: { id: "m", ip: 0, port: 5050, hostname: "127.0.0.1", version: "1.11.0" },
        },
      }));
      // While nothing is measured only.
      beat = setInterval(() => run?.isOn === true || controller.enqueue(payload({ type: "HEARTBEAT" })), 3_000);
    },
    cancel(): void {
      clearInterval(beat);
      stream = undefined;
    },
  });
  scope.postMessage({ kind: "subscribed", mediaType });
  return new Response(body, { headers: { "content-type": mediaType, "mesos-stream-id": crypto.randomUUID() } });
}

const accepted = { status: 202, headers: { "content-length": "0" } };
const server = Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => scope.postMessage({ kind: "listening", port }),
}, async (request) => {
  const body = new Uint8Array(await request.arrayBuffer());
  if (!request.headers.has("mesos-stream-id")) return subscribed(request.headers.get("content-type") ?? json);
  called(body);
  return new Response(null, accepted);
});

scope.onmessage = async ({ data: order }): Promise<void> => {
  switch (order.kind) {
    case "prepare":
      return prepare(order);
    case "go":
      return go(order.layout, order.waitMs);
    case "close":
      stream?.close();
      await server.shutdown();
      return scope.close();
    default:
      order satisfies never;
  }
};
