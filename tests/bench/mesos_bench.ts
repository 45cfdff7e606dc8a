// The cost of reading the stream of the master, by size, compared with npm:@dcos/recordio + JSON.parse on the same events.
// Only the benches depend on that package. End to end: mesos_rate_bench.ts. Run: deno bench -A tests/bench/mesos_bench.ts.
//
// Correctness (read 2026-08): @dcos/recordio 0.1.8 counts the bytes of a text correctly, even beyond ASCII. It does not
// accept bytes, so the caller must decode them first; it waits forever after an invalid length and after a record that
// starts with a line feed; and it scans an unfinished record again with each chunk, so that the cost of a large record in
// small chunks is quadratic.

import { read } from "npm:@dcos/recordio@0.1.8";
import { decodeEvent, eventOfShape } from "../../src/mesos/from_proto.ts";
import { encodeEvent, type WireRecord } from "../../src/mesos/proto/wire.ts";
import { readStream, recordedEvent } from "../support/mesos_recordings.ts";
import { encodeRecord, RecordDecoder } from "../../src/mesos/recordio.ts";

const readText = read as unknown as (text: string) => [string[], string];

// The updates of one recorded session, again and again, in the encoding of that recording.
function recordedUpdates(name: string, count: number): Uint8Array[] {
  const records = new RecordDecoder().push(readStream(name))
    .filter((record) => recordedEvent(name, record).kind === "task-status-updated");
  return Array.from({ length: count }, (_, index) => records[index % records.length] ?? new Uint8Array());
}

function offerRecord(index: number): WireRecord {
  const scalar = (name: string, value: number): WireRecord => ({
    name,
    type: "SCALAR",
    scalar: { value },
    allocation_info: { role: "gocd" },
  });
  return {
    id: { value: `0c5a4232-0fc9-4a07-b709-eb25fa62422a-O${index}` },
    framework_id: { value: "0c5a4232-0fc9-4a07-b709-eb25fa62422a-0000" },
    agent_id: { value: `0c5a4232-0fc9-4a07-b709-eb25fa62422a-S${index}` },
    hostname: `agent${index}.example`,
    resources: [
      {
        name: "ports",
        type: "RANGES",
        ranges: { range: [{ begin: 31000, end: 32000 }] },
        allocation_info: { role: "gocd" },
      },
      scalar("cpus", 8),
      scalar("mem", 16384),
      scalar("disk", 50000),
    ],
    attributes: [{ name: "rack", type: "TEXT", text: { value: `r${index % 40}` } }],
    allocation_info: { role: "gocd" },
  };
}

function chunksOf(payloads: readonly Uint8Array[], chunkBytes: number): Uint8Array[] {
  const records = payloads.map(encodeRecord);
  const stream = new Uint8Array(records.reduce((sum, record) => sum + record.length, 0));
  records.reduce((at, record) => {
    stream.set(record, at);
    return at + record.length;
  }, 0);
  const count = Math.ceil(stream.length / chunkBytes);
  return Array.from({ length: count }, (_, index) => stream.subarray(index * chunkBytes, (index + 1) * chunkBytes));
}

/** Reads a stream with ours and gives the number of events. */
function readOurs(chunks: readonly Uint8Array[], decode: (record: Uint8Array) => unknown): number {
  const decoder = new RecordDecoder();
  let events = 0;
  for (const chunk of chunks) {
    for (const record of decoder.push(chunk)) {
      decode(record);
      events++;
    }
  }
  decoder.finish();
  return events;
}

/** Reads a stream with the peer and gives the number of events. */
function readPeer(chunks: readonly Uint8Array[]): number {
  const text = new TextDecoder();
  let rest = "";
  let events = 0;
  for (const chunk of chunks) {
    const [records, left] = readText(rest + text.decode(chunk, { stream: true }));
    rest = left;
    for (const record of records) {
      JSON.parse(record);
      events++;
    }
  }
  return events;
}

function expectEvents(got: number, want: number): void {
  if (got !== want) throw new Error(`read ${got} of ${want} events`);
}

const text = new TextDecoder();
const decodeJson = (record: Uint8Array): unknown => eventOfShape(JSON.parse(text.decode(record)));
const decodeProtobuf = (record: Uint8Array): unknown => decodeEvent(record);

interface Case {
  readonly group: string;
  readonly chunkBytes: number;
  /** The same events, once in each encoding. */
  readonly protobuf: readonly Uint8Array[];
  readonly json: readonly Uint8Array[];
}

function register(given: Case): void {
  const { group, chunkBytes } = given;
  const protobuf = chunksOf(given.protobuf, chunkBytes);
  const json = chunksOf(given.json, chunkBytes);
  const want = given.json.length;
  Deno.bench({
    name: `${group}: ours, protobuf to events`,
    group,
    baseline: true,
    warmup: 50,
    fn: () => expectEvents(readOurs(protobuf, decodeProtobuf), want),
  });
  Deno.bench({
    name: `${group}: ours, records only`,
    group,
    fn: () => expectEvents(readOurs(protobuf, () => undefined), want),
  });
  Deno.bench({
    name: `${group}: ours, JSON to events`,
    group,
    fn: () => expectEvents(readOurs(json, decodeJson), want),
  });
  Deno.bench({
    name: `${group}: @dcos/recordio + JSON.parse`,
    group,
    fn: () => expectEvents(readPeer(json), want),
  });
}

function updates(count: number): Case {
  return {
    group: `${count.toLocaleString("en")} task updates`,
    chunkBytes: 65_536,
    protobuf: recordedUpdates("lifecycle-protobuf", count),
    json: recordedUpdates("lifecycle-json", count),
  };
}

function offers(count: number, chunkBytes: number): Case {
  const list = Array.from({ length: count }, (_, index) => offerRecord(index));
  const event = { type: "OFFERS", offers: { offers: list } };
  return {
    group: `an OFFERS of ${count.toLocaleString("en")} agents in chunks of ${chunkBytes / 1024} KiB`,
    chunkBytes,
    protobuf: [encodeEvent(event)],
    json: [new TextEncoder().encode(JSON.stringify(event))],
  };
}

register(updates(1_000));
register(updates(10_000));
register(offers(100, 65_536));
register(offers(1_000, 65_536));
register(offers(1_000, 4_096));
