// Recorded streams of a session, split and truncated at any byte, and faster than their consumer.

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import type { MesosEvent } from "../../src/core/event.ts";
import { MesosError } from "../../src/mesos/api.ts";
import { decodeEvent } from "../../src/mesos/from_proto.ts";
import { encodeRecord, RecordDecoder } from "../../src/mesos/recordio.ts";
import { readStream } from "../support/mesos_recordings.ts";
import {
  drain,
  identity,
  protobuf,
  rescind,
  startMaster,
  type TestScheduler,
  testScheduler,
} from "../support/scripted_master.ts";
import { decline, rescinded, subscribedBench } from "../support/subscribed_bench.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };

/** A scheduler whose stream is these bytes, in these chunks, without a network. */
function replay(chunks: readonly Uint8Array[]): TestScheduler {
  const body = (): ReadableStream<Uint8Array> => ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
  const headers = { "content-type": protobuf, "mesos-stream-id": "s" };
  return testScheduler("m1", {}, { fetch: () => Promise.resolve(new Response(body(), { headers })) });
}

async function replayed(
  chunks: readonly Uint8Array[],
): Promise<{ events: MesosEvent[]; reason: string | undefined }> {
  using test = replay(chunks);
  try {
    const session = await test.scheduler.subscribe(identity, undefined, test.signal);
    const { events, error } = await drain(session.events);
    return { events, reason: error?.message };
  } catch (error) {
    assertInstanceOf(error, MesosError);
    return { events: [], reason: (error as MesosError).message };
  }
}

function recordingEvents(stream: Uint8Array): MesosEvent[] {
  return new RecordDecoder().push(stream).flatMap((record) => {
    const event = decodeEvent(record, "gocd");
    return event.kind === "unknown-event" ? [] : [event];
  });
}

Deno.test("a recorded session sent over HTTP in single bytes gives the recorded events", async () => {
  const stream = readStream("lifecycle-protobuf");
  await using master = startMaster(() =>
    new Response(ReadableStream.from([...stream].map((byte) => Uint8Array.of(byte))) as ReadableStream<Uint8Array>, {
      headers: { "content-type": protobuf, "mesos-stream-id": "s" },
    })
  );
  using test = testScheduler(master.address);
  const session = await test.scheduler.subscribe(identity, undefined, test.signal);
  const { events, error } = await drain(session.events);
  assertEquals(events, recordingEvents(stream));
  assert(events.length > 20);
  assertStringIncludes(error?.message ?? "", "has ended the event stream");
});

Deno.test("a recorded stream truncated at any byte gives the events before it and an error", async () => {
  const stream = readStream("offers-reserved-protobuf");
  const want = recordingEvents(stream);
  let at = 0;
  const boundaries = new RecordDecoder().push(stream).map((record) => at += encodeRecord(record).length);
  for (let cut = 0; cut <= stream.length; cut++) {
    const { events, reason } = await replayed([stream.subarray(0, cut)]);
    assertEquals(events, want.slice(0, boundaries.filter((boundary) => boundary <= cut).length), `cut at ${cut}`);
    const isWhole = cut === 0 || boundaries.includes(cut);
    assertStringIncludes(reason ?? "", isWhole ? "has ended the event stream" : "it ended ", `cut at ${cut}`);
  }
});

Deno.test("a stream split in two chunks at any byte gives the same events", async () => {
  const stream = readStream("offers-reserved-protobuf");
  const want = recordingEvents(stream);
  for (let at = 1; at < stream.length; at++) {
    assertEquals((await replayed([stream.subarray(0, at), stream.subarray(at)])).events, want, `split at ${at}`);
  }
});

Deno.test({
  name: "a consumer that takes no events blocks neither the reader nor the calls",
  ...strict,
  fn: async () => {
    await using bench = await subscribedBench();
    const count = 20_000;
    const ids = Array.from({ length: count }, (_, index) => `o${index}`);
    ids.forEach((id) => bench.stream.send(rescind(id)));
    await bench.session.send(decline("o1"), bench.test.signal);
    bench.stream.end();
    // The calls fail as soon as the end has been read, all events being still untaken.
    let isOver = false;
    while (!isOver) isOver = await bench.session.send(decline("o2"), bench.test.signal).then(() => false, () => true);
    const { events, error } = await drain(bench.session.events);
    assertEquals(events.slice(1), rescinded(...ids));
    assertEquals(error?.reason, "stream-broken");
  },
});
