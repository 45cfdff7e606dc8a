// The recordings of a real Mesos master, complete and split at every byte.

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Offer } from "../../src/core/placement/offer.ts";
import { reasonMeaning, reasonWords, taskMeaning } from "../../src/core/session/task_status.ts";
import type { DecodedEvent } from "../../src/mesos/from_proto.ts";
import { enumWords } from "../../src/mesos/proto/schema.ts";
import { encodeRecord, RecordDecoder, RecordIoError } from "../../src/mesos/recordio.ts";
import { callsNames, readCalls, readStream, recordedEvent, streamNames } from "../support/mesos_recordings.ts";
import { summary } from "../support/mesos_summary.ts";
import { recordedEvents } from "./recordings_expected.ts";

function recordsOf(name: string): Uint8Array[] {
  const decoder = new RecordDecoder();
  const records = decoder.push(readStream(name));
  decoder.finish();
  return records;
}

function eventsOf(name: string): DecodedEvent[] {
  return recordsOf(name).map((record) => recordedEvent(name, record));
}

function sameBytes(left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean {
  return left.length === right.length && left.every((record, index) => {
    const other = right[index];
    return other !== undefined && Buffer.compare(record, other) === 0;
  });
}

Deno.test("each recording has an expectation, and each expectation a recording", () => {
  assertEquals(Object.keys(recordedEvents).sort(), [...streamNames]);
});

for (const name of streamNames) {
  Deno.test(`the recording ${name} is decoded into the expected events`, () => {
    assertEquals(eventsOf(name).map(summary), [...recordedEvents[name] ?? []]);
  });

  Deno.test(`the recording ${name} gives the same records when split at any byte`, () => {
    const stream = readStream(name);
    const want = recordsOf(name);
    let boundary = 0;
    const boundaries = new Set([0, ...want.map((record) => boundary += encodeRecord(record).length)]);
    for (let at = 0; at <= stream.length; at++) {
      const decoder = new RecordDecoder();
      const first = decoder.push(stream.subarray(0, at));
      if (boundaries.has(at)) {
        decoder.finish();
      } else {
        assertThrows(() => finishAt(stream, at), RecordIoError);
      }
      assert(sameBytes([...first, ...decoder.push(stream.subarray(at))], want), `cut at byte ${at}`);
      decoder.finish();
    }
  });

  Deno.test(`the recording ${name} gives the same records byte by byte`, () => {
    const decoder = new RecordDecoder();
    const records = [...readStream(name)].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
    decoder.finish();
    assert(sameBytes(records, recordsOf(name)));
  });
}

function finishAt(stream: Uint8Array, at: number): void {
  const decoder = new RecordDecoder();
  decoder.push(stream.subarray(0, at));
  decoder.finish();
}

Deno.test("the same offer in JSON and in protobuf is decoded identically", () => {
  const [json, protobuf] = ["offers-reserved", "offers-reserved-protobuf"].map((name) => offersIn(eventsOf(name)));
  assertEquals(protobuf, json);
  const [offer] = json ?? [];
  assertEquals(offer?.resources.map(({ reservations }) => reservations).slice(0, 3), [
    '[{"type":"STATIC","role":"gocd"}]',
    '[{"type":"STATIC","role":"gocd"}]',
    "[]",
  ]);
  assertEquals(offer?.attributes.slice(-3), [
    { name: "zone", kind: "text", text: "a" },
    { name: "level", kind: "scalar", scalar: 3 },
    { name: "range", kind: "ranges", ranges: [{ begin: 1, end: 5 }] },
  ]);
});

Deno.test("the same session in JSON and in protobuf is decoded identically except for ids, times and the order between tasks", () => {
  const [json, protobuf] = ["lifecycle-json", "lifecycle-protobuf"].map((name) => {
    const events = eventsOf(name);
    return { statuses: statusesByTask(events), offers: offersIn(events).map((offer) => JSON.stringify(offer)).sort() };
  });
  assertEquals(protobuf, json);
});

// Offers without what differs from session to session.
function offersIn(events: readonly DecodedEvent[]): Omit<Offer, "id" | "mesosAgentId">[] {
  return events.flatMap((event) => event.kind === "offers-received" ? event.offers : [])
    .map(({ id: _id, mesosAgentId: _mesosAgentId, ...rest }) => rest);
}

function statusesByTask(events: readonly DecodedEvent[]): Record<string, unknown[]> {
  const tasks: Record<string, unknown[]> = {};
  for (const event of events) {
    if (event.kind === "task-status-updated") {
      const { taskId, uuid, mesosAgentId, message, dockerName, ...rest } = event.status;
      const told = {
        ...rest,
        message: message.replace(/Offer \S+/, "Offer"),
        hasUuid: uuid !== undefined,
        onAgent: mesosAgentId?.slice(-2),
        isNamed: dockerName !== undefined,
      };
      tasks[taskId] = [...tasks[taskId] ?? [], told];
    }
  }
  return tasks;
}

Deno.test("each recorded acknowledgement contains a uuid of its session", () => {
  let acknowledged = 0;
  for (const name of callsNames) {
    const uuids = streamNames.filter((stream) => stream.startsWith(name)).flatMap(eventsOf)
      .flatMap((event) => event.kind === "task-status-updated" ? [event.status.uuid] : []);
    for (const { call, status, request } of readCalls(name)) {
      if (call === "ACKNOWLEDGE" && status === 202) {
        const { uuid } = request["acknowledge"] as { uuid: string };
        assert(uuids.includes(uuid), `${name}: ${uuid}`);
        acknowledged++;
      }
    }
  }
  assertEquals(acknowledged > 20, true);
});

Deno.test("each task state of the schema and of the recordings has a meaning", () => {
  const states = Object.values(enumWords("mesos.v1.TaskState"));
  assertEquals(states.length, 14);
  assertEquals(states.filter((state) => taskMeaning(state) === "unclear"), []);
  const recorded = streamNames.flatMap(eventsOf)
    .flatMap((event) => event.kind === "task-status-updated" ? [event.status.state] : []);
  assertEquals(recorded.filter((state) => !states.includes(state)), []);
});

Deno.test("each reason of the schema and of the recordings has a meaning, and the table contains no others", () => {
  const reasons = Object.values(enumWords("mesos.v1.TaskStatus.Reason"));
  assertEquals(reasons.length, 35);
  assertEquals([...reasonWords].sort(), [...reasons].sort());
  const recorded = streamNames.flatMap(eventsOf)
    .flatMap((event) => event.kind === "task-status-updated" ? event.status.reason ?? [] : []);
  assertEquals(new Set(recorded).size > 3, true);
  assertEquals(recorded.filter((reason) => reasonMeaning(reason) === "unclear"), []);
});

Deno.test("a reason named as before Mesos 1.0 keeps its meaning, and missing and future ones are unclear", () => {
  assertEquals(reasonMeaning("REASON_SLAVE_REMOVED"), reasonMeaning("REASON_AGENT_REMOVED"));
  for (const reason of [undefined, "REASON_OF_LATER", "77", "toString"]) {
    assertEquals(reasonMeaning(reason), "unclear", reason);
  }
});
