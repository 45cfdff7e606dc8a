// Fuzz targets of the stream of a Mesos master: RecordIO, events, and headers. Valid streams: tests/mesos.

import { noteLine } from "../../src/core/words/notes.ts";
import { assert, assertEquals } from "@std/assert";
import fc, { anyCharacter } from "../support/properties.ts";
import type { Event } from "../../src/core/event.ts";
import type { State } from "../../src/core/state.ts";
import { initialState, step } from "../../src/core/step.ts";
import { MesosError } from "../../src/mesos/api.ts";
import { type DecodedEvent, decodeEvent } from "../../src/mesos/from_proto.ts";
import { decodeEventRecord, encodeEvent, type WireRecord } from "../../src/mesos/proto/wire.ts";
import { encodeRecord, RecordDecoder, RecordIoError } from "../../src/mesos/recordio.ts";
import { decodeRecords, textChanges } from "../../src/store/record_codec.ts";
import { emptyStore, jobs, serverInfo, someSettings, zeroMs } from "../support/core.ts";
import { readStream } from "../support/mesos_recordings.ts";
import { refusal, startMaster, testScheduler } from "../support/scripted_master.ts";
import { anyJson, damagedBytes, damagedJson, fuzz, joined } from "./support.ts";

const recordBytesMax = 1_000;
const recordings = ["lifecycle-protobuf", "offers-reserved-protobuf"].map(readStream);
const recordedEvents: readonly Uint8Array[] = recordings.flatMap((stream) => new RecordDecoder().push(stream));
const recordedShapes: readonly WireRecord[] = recordedEvents.map(decodeEventRecord);

/** Bytes in chunks whose ends are where the numbers say. */
function chunksOf(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

interface Read {
  readonly records: readonly string[];
  readonly problem?: string;
}

function readAll(chunks: readonly Uint8Array[]): Read {
  const decoder = new RecordDecoder({ recordBytesMax });
  const records: string[] = [];
  try {
    for (const chunk of chunks) {
      for (const record of decoder.push(chunk)) records.push(record.toString());
    }
    decoder.finish();
    return { records };
  } catch (error) {
    if (!(error instanceof RecordIoError)) throw error;
    assert(error.message.length < 300, error.message);
    return { records, problem: error.message };
  }
}

const smallStream = joined(
  ...["a", "", "{}", "x".repeat(200)].map((text) => encodeRecord(new TextEncoder().encode(text))),
);

Deno.test("RecordIO returns the same records in any chunks, or a RecordIoError", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    damagedBytes([smallStream]),
    fc.array(fc.constantFrom(0x0a, 0x30, 0x31, 0x39, 0x2d, 0x20), { maxLength: 40 }).map((list) =>
      new Uint8Array(list)
    ),
  );
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(2_000), { maxLength: 8 }), (stream, cuts) => {
      const whole = readAll([stream]);
      const cut = readAll(chunksOf(stream, cuts));
      assertEquals(cut.problem === undefined, whole.problem === undefined);
      if (whole.problem === undefined) {
        assertEquals(cut.records, whole.records);
        const written = whole.records.map((text) => new Uint8Array(text === "" ? [] : text.split(",").map(Number)));
        assertEquals(
          joined(...written.map(encodeRecord)),
          new Uint8Array(stream),
          "nothing is made up, nothing left out",
        );
      }
    }),
    fuzz(2_000),
  );
});

Deno.test("RecordIO accepts no length beyond its limit", () => {
  const digits = fc.stringMatching(/^[0-9]{1,60}$/);
  fc.assert(
    fc.property(digits, (length) => {
      const { problem } = readAll([new TextEncoder().encode(`${length}\n`)]);
      const isGood = length === "0" || (!length.startsWith("0") && Number(length) <= recordBytesMax);
      assertEquals(problem === undefined, length === "0");
      assertEquals(
        problem?.startsWith("the event stream of the Mesos master is broken: it ended after") ?? true,
        isGood,
      );
    }),
    fuzz(500),
  );
});

/** What one record gives; throws where that is neither an event that keeps the laws nor a MesosError. */
function eventIn(record: Uint8Array): DecodedEvent | undefined {
  try {
    const event = decodeEvent(record);
    if (event.kind === "subscribed") {
      const { heartbeatMs = 0 } = event;
      assert(heartbeatMs >= 1_000 && heartbeatMs <= 600_000);
    }
    checkEvent(event);
    return event;
  } catch (error) {
    if (!(error instanceof MesosError)) throw error;
    assertEquals(error.reason, "stream-unreadable");
    assert(error.message.length < 1_000, error.message);
    return undefined;
  }
}

function checkEvent(event: DecodedEvent): void {
  checkNumbers(event);
  if (event.kind === "task-status-updated") assert(event.status.message.length <= 4_001);
  if (event.kind === "framework-error") assert(event.message.length <= 4_001);
  if (event.kind !== "offers-received") return;
  for (const { value } of event.offers.flatMap(({ resources }) => resources)) {
    if (value.kind === "scalar") assert(Number.isSafeInteger(value.milli) && value.milli >= 0, `${value.milli}`);
    if (value.kind === "ranges") {
      for (const { begin, end } of value.ranges) assert(begin >= 0 && begin <= end, `${begin} to ${end}`);
    }
  }
}

/** No number of an event is NaN or infinite; plain attributes are compared only and may be. */
function checkNumbers(value: unknown, key = ""): void {
  if (typeof value === "number") {
    assert(Number.isFinite(value) || key === "scalar", `${key} ${value}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) checkNumbers(inner, name);
  }
}

Deno.test("any bytes and damaged events are a valid event or a MesosError", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    damagedBytes(recordedEvents),
    // Groups within groups: the deepest nesting that bytes can say.
    fc.tuple(fc.constantFrom(0x0b, 0x0a, 0x13, 0x3b), fc.nat(50_000)).map(([tag, count]) =>
      new Uint8Array(count).fill(tag)
    ),
  );
  fc.assert(fc.property(bytes, (record) => void eventIn(record)), fuzz(3_000));
});

/** An event with strange values in it, as bytes; `undefined` where protobuf cannot say such. */
function strange(shape: unknown): Uint8Array | undefined {
  try {
    return encodeEvent(shape as WireRecord);
  } catch {
    return undefined;
  }
}

const numbers = fc.constantFrom(NaN, Infinity, -Infinity, -1, -0, 1e-300, 1e300, 2 ** 63, 2 ** 53 + 2, 0.0004);
const status = fc.record({
  "task_id": fc.constantFrom({ value: "abc123-1" }, { value: "" }, { value: "\u001b[2J" }),
  state: fc.constantFrom("TASK_RUNNING", "TASK_FAILED", "TASK_LOST", "TASK_GONE", "TASK_KILLED"),
  message: fc.oneof(fc.string(), fc.constant("x".repeat(100_000))),
  timestamp: numbers,
  "agent_id": fc.constantFrom({ value: "" }, { value: "a1" }),
  uuid: fc.base64String(),
});
const offer = fc.record({
  id: fc.constantFrom({ value: "" }, { value: "o1" }),
  "framework_id": fc.constant({ value: "f" }),
  "agent_id": fc.constant({ value: "a1" }),
  hostname: fc.constantFrom("", "h1", "\u202eh"),
  resources: fc.array(
    fc.oneof(
      fc.record({
        name: fc.constantFrom("cpus", "mem", "disk"),
        type: fc.constant("SCALAR"),
        scalar: fc.record({ value: numbers }),
      }),
      fc.record({
        name: fc.constant("ports"),
        type: fc.constant("RANGES"),
        ranges: fc.record({
          range: fc.array(fc.record({ begin: fc.nat(100_000), end: fc.nat(100_000) }), { maxLength: 5 }),
        }),
      }),
    ),
    { maxLength: 5 },
  ),
  attributes: fc.array(
    fc.record({ name: fc.string(), type: fc.constant("SCALAR"), scalar: fc.record({ value: numbers }) }),
    { maxLength: 2 },
  ),
  unavailability: fc.record({ start: fc.record({ nanoseconds: fc.constantFrom(0, -1, 9e18, -9e18) }) }),
});
const anyShape: fc.Arbitrary<unknown> = fc.oneof(
  damagedJson(recordedShapes),
  fc.record({ type: fc.constant("UPDATE"), update: fc.record({ status }) }),
  fc.record({ type: fc.constant("OFFERS"), offers: fc.record({ offers: fc.array(offer, { maxLength: 4 }) }) }),
  fc.record({
    type: fc.constant("SUBSCRIBED"),
    subscribed: fc.record({ "framework_id": fc.record({ value: fc.string() }), "heartbeat_interval_seconds": numbers }),
  }),
  fc.record({
    type: fc.constant("ERROR"),
    error: fc.record({ message: fc.oneof(fc.string(), fc.constant("y".repeat(90_000))) }),
  }),
  fc.record({ type: anyJson }),
);

Deno.test("events with unusual values are a valid event or a MesosError", () => {
  fc.assert(
    fc.property(anyShape, (shape) => {
      const record = strange(shape);
      if (record !== undefined) eventIn(record);
    }),
    fuzz(2_000),
  );
});

Deno.test("after any events the state of the core is readable, and its notes have limited length", () => {
  const first = waiting();
  fc.assert(
    fc.property(fc.array(anyShape, { minLength: 1, maxLength: 12 }), (shapes) => {
      let state = first;
      const texts = new Map<string, string>();
      for (const [index, shape] of shapes.entries()) {
        const record = strange(shape);
        const event = record === undefined ? undefined : eventIn(record);
        if (event === undefined || event.kind === "unknown-event" || event.kind === "heartbeat") continue;
        const frame = step(state, { atMs: zeroMs + 1_000 * (index + 1), random: 0.5, event });
        state = frame.state;
        for (const change of textChanges(frame.records, (key) => texts.get(key))) {
          if (change.kind === "put") texts.set(change.key, change.json);
          else texts.delete(change.key);
        }
        for (const note of frame.notes) {
          const { text } = noteLine(note, zeroMs);
          assert(text.length < 20_000, text.slice(0, 200));
        }
        assertEquals(decodeRecords([...texts].map(([key, json]) => ({ key, json }))).unreadable, []);
      }
    }),
    fuzz(1_000),
  );
});

/** A core that is subscribed and has jobs to launch agents for. */
function waiting(): State {
  const events: readonly Event[] = [
    { kind: "subscribed", frameworkId: "f1", master: "m:5050" },
    { kind: "gocd-polled", server: serverInfo, jobs: jobs(5), agents: [], findings: [] },
  ];
  return events.reduce<State>(
    (state, event) => step(state, { atMs: zeroMs, random: 0.5, event }).state,
    initialState(emptyStore, someSettings(), zeroMs),
  );
}

Deno.test("any refusal of a master is a MesosError of one short line, and no other host is queried", async () => {
  const header = fc.oneof(
    fc.constantFrom(
      "//evil.example/x",
      "http://evil.example:5050/",
      "https://127.0.0.1:1/",
      "ftp://x",
      "javascript:1",
      "/",
      "?",
      "http://user:pw@127.0.0.1:9/",
      "http://[::1]:0/",
      "data:,x",
      "\u00ff",
    ),
    fc.webUrl(),
    fc.stringMatching(/^[\x21-\x7e\x80-\xff]{1,40}$/),
  );
  const statuses = fc.constantFrom(200, 202, 301, 307, 400, 401, 403, 404, 406, 429, 500, 503, 599);
  let answer = refusal(500);
  await using master = startMaster(() => answer);
  const hosts: string[] = [];
  using test = testScheduler(master.address, {}, {
    fetch: (input, init) => {
      hosts.push(new URL(String(input)).hostname);
      return fetch(input, init);
    },
  });
  await fc.assert(
    fc.asyncProperty(statuses, header, fc.string({ unit: anyCharacter, maxLength: 50 }), async (code, value, body) => {
      answer = refusal(code, body, {
        location: value,
        "retry-after": value,
        "www-authenticate": value,
        "mesos-stream-id": value,
        ...(body.length % 2 === 0 ? { "content-type": value } : {}),
      });
      try {
        await test.scheduler.probe(test.signal);
        assert(false, "a refusal is no success");
      } catch (error) {
        if (!(error instanceof MesosError)) throw error;
        // deno-lint-ignore no-control-regex
        assert(error.message.length < 2_000 && !/[\u0000-\u001f\u007f-\u009f]/.test(error.message), error.message);
      }
    }),
    fuzz(150),
  );
  assertEquals([...new Set(hosts)], ["127.0.0.1"], "the configured host, at whatever port");
});
