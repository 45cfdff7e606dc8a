// The body of one subscription: events in, bytes out, chunked and broken according to the wire faults.

import type { Plain } from "./json.ts";
import { eventRecord } from "./wire_text.ts";

/** Faults on the wire; they apply to streams that start after they were set. */
export interface MesosWireFaults {
  /**
   * How records are put into HTTP chunks: one each, byte by byte, or all that are due in one chunk. Default `record`.
   */
  readonly chunking?: "record" | "byte" | "joined";
  /** The stream breaks after this many bytes. */
  readonly cutAtByte?: number;
  /** From this record on (the first is 0), the record's length is replaced with garbage. */
  readonly garbageAtRecord?: number;
}

/** The options of a stream. */
export interface ByteStreamOptions {
  /** `application/json` or `application/x-protobuf`. */
  readonly mediaType: string;
  readonly faults: MesosWireFaults;
  /** Called once when the client disconnects, or when a fault cuts the stream; not after `end`. */
  readonly onHangUp: () => void;
  /** Runs `act` after written data had time to be sent: a break must not overtake the bytes before it. */
  readonly whenSent: (act: () => void) => void;
}

/** A body that events are written to. */
export interface ByteStream {
  /** For the Response. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Writes events, one record each. */
  send(events: readonly Plain[]): void;
  /** Ends it cleanly, or breaks it. */
  end(how: "closed" | "cut"): void;
}

interface Writer {
  readonly options: ByteStreamOptions;
  controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  bytes: number;
  records: number;
}

/** Bytes that no RecordIO reader can parse as a length. */
const garbage = new TextEncoder().encode("not-a-length\n");

/** Opens a body. */
export function openByteStream(options: ByteStreamOptions): ByteStream {
  const writer: Writer = { options, controller: undefined, bytes: 0, records: 0 };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller): void => void (writer.controller = controller),
    cancel: (): void => {
      if (writer.controller === undefined) return;
      writer.controller = undefined;
      options.onHangUp();
    },
  });
  return {
    body,
    send: (events): void => send(writer, events),
    end: (how): void => end(writer, how),
  };
}

function send(writer: Writer, events: readonly Plain[]): void {
  const records = events.map((event) => {
    const isGarbage = writer.records++ >= (writer.options.faults.garbageAtRecord ?? Infinity);
    return isGarbage ? garbage : eventRecord(event, writer.options.mediaType);
  });
  for (const chunk of chunksOf(records, writer.options.faults.chunking ?? "record")) {
    if (writer.controller === undefined) return;
    const room = (writer.options.faults.cutAtByte ?? Infinity) - writer.bytes;
    const sent = chunk.length > room ? chunk.subarray(0, room) : chunk;
    writer.bytes += sent.length;
    if (sent.length > 0) writer.controller.enqueue(new Uint8Array(sent));
    if (chunk.length < room) continue;
    end(writer, "cut");
    writer.options.onHangUp();
  }
}

function chunksOf(records: readonly Uint8Array[], chunking: "record" | "byte" | "joined"): readonly Uint8Array[] {
  switch (chunking) {
    case "record":
      return records;
    case "byte":
      return records.flatMap((record) => Array.from(record, (byte) => Uint8Array.of(byte)));
    case "joined": {
      const whole = new Uint8Array(records.reduce((sum, record) => sum + record.length, 0));
      let at = 0;
      for (const record of records) {
        whole.set(record, at);
        at += record.length;
      }
      return whole.length === 0 ? [] : [whole];
    }
    default:
      return chunking satisfies never;
  }
}

function end(writer: Writer, how: "closed" | "cut"): void {
  const { controller, options } = writer;
  writer.controller = undefined;
  if (controller === undefined) return;
  if (how === "closed") controller.close();
  else options.whenSent(() => controller.error(new Error("the simulated master broke the stream")));
}
