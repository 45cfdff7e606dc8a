// Decoding of events that no recording contains, and of bytes that are not events.

import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import type { FrameworkErrorKind } from "../../src/core/event.ts";
import { taskMeaning } from "../../src/core/session/task_status.ts";
import { MesosError } from "../../src/mesos/api.ts";
import { decodeEvent, eventOfShape, frameworkErrorKind } from "../../src/mesos/from_proto.ts";
import { decodeEventRecord, encodeEvent, type WireRecord } from "../../src/mesos/proto/wire.ts";
import { readStream } from "../support/mesos_recordings.ts";
import { RecordDecoder } from "../../src/mesos/recordio.ts";

const masterInfo = { id: "m1", ip: 16777343, port: 5050, hostname: "master.example", version: "1.11.0" };

function status(fields: WireRecord): WireRecord {
  return { type: "UPDATE", update: { status: { task_id: { value: "t1" }, state: "TASK_RUNNING", ...fields } } };
}

const events: readonly (readonly [string, WireRecord, unknown])[] = [
  [
    "SUBSCRIBED contains the address of the master",
    {
      type: "SUBSCRIBED",
      subscribed: {
        framework_id: { value: "f1" },
        master_info: { ...masterInfo, address: { ip: "10.0.0.1", port: 5051 }, capabilities: [{ type: "QUOTA_V2" }] },
      },
    },
    {
      kind: "subscribed",
      frameworkId: "f1",
      masterVersion: "1.11.0",
      masterId: "m1",
      master: "10.0.0.1:5051",
      heartbeatMs: 15_000,
    },
  ],
  [
    "SUBSCRIBED of an old master is decoded without master_info",
    { type: "SUBSCRIBED", subscribed: { framework_id: { value: "f1" } } },
    { kind: "subscribed", frameworkId: "f1", master: "", heartbeatMs: 15_000 },
  ],
  ["HEARTBEAT is decoded as a heartbeat", { type: "HEARTBEAT" }, { kind: "heartbeat" }],
  ["OFFERS is decoded without offers", { type: "OFFERS", offers: {} }, { kind: "offers-received", offers: [] }],
  [
    "RESCIND contains the id of the offer",
    { type: "RESCIND", rescind: { offer_id: { value: "o1" } } },
    { kind: "offer-rescinded", offerId: "o1" },
  ],
  [
    "an inverse offer without agent and duration applies to the whole framework without end",
    {
      type: "INVERSE_OFFERS",
      inverse_offers: {
        inverse_offers: [{
          id: { value: "i1" },
          framework_id: { value: "f1" },
          unavailability: { start: { nanoseconds: 1795344692184000000 } },
        }],
      },
    },
    { kind: "inverse-offers-received", offers: [{ id: "i1", unavailability: { startMs: 1795344692184 } }] },
  ],
  [
    "RESCIND_INVERSE_OFFER contains the id of the inverse offer",
    { type: "RESCIND_INVERSE_OFFER", rescind_inverse_offer: { inverse_offer_id: { value: "i1" } } },
    { kind: "inverse-offer-rescinded", offerId: "i1" },
  ],
  [
    "FAILURE with only an agent is a failed agent",
    { type: "FAILURE", failure: { agent_id: { value: "a1" } } },
    { kind: "mesos-agent-failed", mesosAgentId: "a1" },
  ],
  [
    "FAILURE with an executor is a failed executor, with a status of 0",
    { type: "FAILURE", failure: { agent_id: { value: "a1" }, executor_id: { value: "e1" }, status: 0 } },
    { kind: "executor-failed", mesosAgentId: "a1", executorId: "e1", status: 0 },
  ],
  [
    "FAILURE of an executor is decoded without a status",
    { type: "FAILURE", failure: { agent_id: { value: "a1" }, executor_id: { value: "e1" } } },
    { kind: "executor-failed", mesosAgentId: "a1", executorId: "e1" },
  ],
  ["FAILURE without agent and executor is unknown", { type: "FAILURE", failure: {} }, {
    kind: "unknown-event",
    type: "FAILURE",
  }],
  [
    "MESSAGE is unknown",
    { type: "MESSAGE", message: { agent_id: { value: "a1" }, executor_id: { value: "e1" }, data: "AAEC" } },
    { kind: "unknown-event", type: "MESSAGE" },
  ],
  [
    "UPDATE_OPERATION_STATUS is unknown",
    { type: "UPDATE_OPERATION_STATUS" },
    { kind: "unknown-event", type: "UPDATE_OPERATION_STATUS" },
  ],
  ["an event without a type is unknown", {}, { kind: "unknown-event", type: "UNKNOWN" }],
  [
    "the source and the reason with the number 0 are decoded",
    status({ source: "SOURCE_MASTER", reason: "REASON_COMMAND_EXECUTOR_FAILED" }),
    {
      kind: "task-status-updated",
      status: {
        taskId: "t1",
        state: "TASK_RUNNING",
        reason: "REASON_COMMAND_EXECUTOR_FAILED",
        source: "SOURCE_MASTER",
        message: "",
      },
    },
  ],
  [
    "an update is decoded without source, reason, uuid, agent and time",
    status({}),
    { kind: "task-status-updated", status: { taskId: "t1", state: "TASK_RUNNING", message: "" } },
  ],
  [
    "an update of an agent is decoded with its uuid and its time in seconds",
    status({
      uuid: "RQ5AvjiyREynJ6HO05juaQ==",
      timestamp: 1795343950.535666,
      agent_id: { value: "a1" },
      message: "任务",
    }),
    {
      kind: "task-status-updated",
      status: {
        taskId: "t1",
        state: "TASK_RUNNING",
        message: "任务",
        mesosAgentId: "a1",
        uuid: "RQ5AvjiyREynJ6HO05juaQ==",
      },
    },
  ],
];

for (const [name, record, want] of events) {
  Deno.test(name, () => {
    assertEquals<unknown>(decodeEvent(encodeEvent(record)), want);
  });
}

Deno.test("an event of a future type is unknown", () => {
  assertEquals<unknown>(decodeEvent(Uint8Array.of(8, 99)), { kind: "unknown-event", type: "UNKNOWN" });
});

Deno.test("an update with a future state and reason is decoded, and its meaning is unclear", () => {
  const statusBytes = [10, 4, 10, 2, 0x74, 0x31, 16, 77, 80, 78];
  const event = decodeEvent(Uint8Array.of(8, 4, 42, statusBytes.length + 2, 10, statusBytes.length, ...statusBytes));
  const state = "TASK_STATE_UNRECOGNIZED";
  assertEquals<unknown>(event, { kind: "task-status-updated", status: { taskId: "t1", state, message: "" } });
  assertEquals(taskMeaning(state), "unclear");
});

Deno.test("a future state in JSON keeps its name", () => {
  const event = eventOfShape({
    type: "UPDATE",
    update: { status: { task_id: { value: "t1" }, state: "TASK_NAPPING" } },
  });
  assertEquals(event.kind === "task-status-updated" && event.status.state, "TASK_NAPPING");
});

function offer(fields: WireRecord): WireRecord {
  const ids = { id: { value: "o1" }, "framework_id": { value: "f1" }, "agent_id": { value: "a1" }, hostname: "h" };
  return { type: "OFFERS", offers: { offers: [{ ...ids, ...fields }] } };
}

function firstOffer(fields: WireRecord, role?: string): unknown {
  const event = decodeEvent(encodeEvent(offer(fields)), role);
  return event.kind === "offers-received" ? event.offers[0] : undefined;
}

Deno.test("an offer is decoded with region, zone, attributes of every type and its maintenance window", () => {
  const got = firstOffer({
    allocation_info: { role: "gocd" },
    domain: { fault_domain: { region: { name: "eu" }, zone: { name: "eu-1" } } },
    attributes: [
      { name: "set", type: "SET", set: { item: ["a", "b"] } },
      { name: "ranges", type: "RANGES", ranges: { range: [{ begin: 1, end: 2 ** 40 }] } },
    ],
    unavailability: { start: { nanoseconds: 1e15 }, duration: { nanoseconds: 3.6e12 } },
  });
  assertEquals(got, {
    id: "o1",
    mesosAgentId: "a1",
    hostname: "h",
    role: "gocd",
    resources: [],
    attributes: [
      { name: "set", kind: "set", items: ["a", "b"] },
      { name: "ranges", kind: "ranges", ranges: [{ begin: 1, end: 2 ** 40 }] },
    ],
    region: "eu",
    zone: "eu-1",
    unavailability: { startMs: 1e9, durationMs: 3.6e6 },
  });
});

const cpus = { name: "cpus", type: "SCALAR", scalar: { value: 0.1 } };
const uses: readonly (readonly [string, WireRecord, string, string])[] = [
  ["plain", {}, "usable", "[]"],
  ["shared", { shared: {} }, "shared", "[]"],
  ["revocable", { revocable: {} }, "revocable", "[]"],
  ["a persistent volume or a separate disk", { disk: {} }, "disk-source", "[]"],
  ["from a resource provider", { provider_id: { value: "p" } }, "disk-source", "[]"],
  ["unreserved in the old format", { role: "*" }, "usable", "[]"],
  ["reserved in the old format", { role: "gocd" }, "usable", '{"role":"gocd"}'],
  [
    "dynamically reserved in the old format",
    { role: "gocd", reservation: { principal: "ops" } },
    "usable",
    '{"role":"gocd","reservation":{"principal":"ops"}}',
  ],
  [
    "reserved by an operator with another principal",
    { reservations: [{ type: "DYNAMIC", role: "gocd", principal: "ops", labels: { labels: [] } }] },
    "usable",
    '[{"type":"DYNAMIC","role":"gocd","principal":"ops","labels":{"labels":[]}}]',
  ],
  [
    "reserved with labels in the old format",
    { role: "gocd", reservation: { principal: "p", labels: { labels: [{ key: "k" }] } } },
    "labelled",
    '{"role":"gocd","reservation":{"principal":"p","labels":{"labels":[{"key":"k"}]}}}',
  ],
  [
    "reserved twice, with labels of a framework",
    {
      reservations: [{ type: "STATIC", role: "eng" }, {
        type: "DYNAMIC",
        role: "eng/ci",
        principal: "ops",
        labels: { labels: [{ key: "k", value: "v" }, { key: "bare" }] },
      }],
    },
    "labelled",
    '[{"type":"STATIC","role":"eng"},{"type":"DYNAMIC","role":"eng/ci","principal":"ops",' +
    '"labels":{"labels":[{"key":"k","value":"v"},{"key":"bare"}]}}]',
  ],
];

for (const [name, fields, use, reservations] of uses) {
  Deno.test(`a resource that is ${name} is decoded as ${use}`, () => {
    assertEquals(firstOffer({ resources: [{ ...cpus, ...fields }] }, "gocd"), {
      id: "o1",
      mesosAgentId: "a1",
      hostname: "h",
      role: "gocd",
      resources: [{ name: "cpus", value: { kind: "scalar", milli: 100 }, role: "gocd", reservations, use }],
      attributes: [],
    });
  });
}

function heartbeatMsIn(record: Uint8Array): number | undefined {
  const event = decodeEvent(record);
  return event.kind === "subscribed" ? event.heartbeatMs : undefined;
}

Deno.test("the heartbeat interval is that of the master, or 15 seconds by default", () => {
  const subscribed = { "framework_id": { value: "f1" } };
  const told = encodeEvent({ type: "SUBSCRIBED", subscribed: { ...subscribed, heartbeat_interval_seconds: 7.5 } });
  assertEquals(heartbeatMsIn(told), 7500);
  assertEquals(heartbeatMsIn(encodeEvent({ type: "SUBSCRIBED", subscribed })), 15_000);
});

const errors: readonly (readonly [string, FrameworkErrorKind])[] = [
  ["Framework failed over", "failed-over"],
  ["Framework has been removed", "removed"],
  ["Completed framework attempted to re-register", "removed"],
  ["Framework 1234-0001 removed", "removed"],
  ["Not authorized to register framework with role 'gocd'", "unauthorized"],
  ["Authorization failure: could not create ObjectApprovers for a framework: x", "unauthorized"],
  ["Framework at scheduler(1)@10.0.0.1:1 is not authenticated", "unauthorized"],
  ["'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable", "bad-framework-info"],
  ["'FrameworkInfo.roles' contains invalid role: Role 'a b' contains invalid characters", "bad-framework-info"],
  ["The framework failover_timeout (1e+99) is invalid", "bad-framework-info"],
  ["Roles { gocd } are not present in the master's --roles", "bad-framework-info"],
  ["User 'root' is not allowed to run frameworks without --root_submissions set", "bad-framework-info"],
  ["Changing framework's principal is not allowed.", "bad-framework-info"],
  ["Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update", "bad-framework-info"],
  ["Offer constraints are not valid: x", "bad-framework-info"],
  ["Framework is in a role that was removed", "bad-framework-info"],
  ["Framework cannot take an offer that is completed", "other"],
  ["Message mesos.scheduler.Call dropped: capacity(100) exceeded", "other"],
  ["Framework disconnected", "other"],
];

for (const [message, kind] of errors) {
  Deno.test(`the ERROR "${message}" is classified as ${kind}`, () => {
    assertEquals(frameworkErrorKind(message), kind);
    assertEquals<unknown>(decodeEvent(encodeEvent({ type: "ERROR", error: { message } })), {
      kind: "framework-error",
      error: kind,
      message,
    });
  });
}

const noEvents: readonly (readonly [string, Uint8Array])[] = [
  ["text", new TextEncoder().encode('{"type":"HEARTBEAT"}')],
  ["a page", new TextEncoder().encode("<html><body>Bad gateway</body></html>")],
  ["a truncated record", encodeEvent(status({ message: "hello" })).slice(0, -3)],
  ["an UPDATE without an update", encodeEvent({ type: "UPDATE" })],
  ["a SUBSCRIBED without a framework id", Uint8Array.of(8, 1, 18, 0)],
];

for (const [name, bytes] of noEvents) {
  Deno.test(`${name} is refused as an event with a one-line error`, () => {
    const error = assertThrows(() => decodeEvent(bytes));
    assertInstanceOf(error, MesosError);
    assertEquals(error.reason, "stream-unreadable");
    assertStringIncludes(error.message, "the event stream of the Mesos master is broken");
    assertEquals(error.message.includes("\n"), false);
  });
}

Deno.test("a JSON event without its content is an error", () => {
  assertThrows(() => eventOfShape({ type: "OFFERS" }), MesosError, "an event of type OFFERS came without its content");
});

Deno.test("any bytes give an event or a MesosError", () => {
  const records = new RecordDecoder().push(readStream("lifecycle-protobuf"));
  const anyRecord = fc.constantFrom(...records).chain((record) =>
    fc.array(fc.tuple(fc.nat(record.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
      const copy = record.slice();
      changes.forEach(([at, byte]) => copy[at] = byte);
      return copy;
    })
  );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), anyRecord), (bytes) => {
      try {
        assertEquals(typeof decodeEvent(bytes).kind, "string");
      } catch (error) {
        assertInstanceOf(error, MesosError);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("events are unchanged after encoding and decoding", () => {
  for (const record of new RecordDecoder().push(readStream("lifecycle-protobuf"))) {
    assertEquals(decodeEvent(encodeEvent(decodeEventRecord(record))), decodeEvent(record));
  }
});

Deno.test("an unreasonable heartbeat interval is limited to between 1 second and 10 minutes", () => {
  for (const [seconds, wantedMs] of [[1e-300, 1_000], [-5, 1_000], [1e300, 600_000], [Infinity, 600_000]] as const) {
    const told = encodeEvent({
      type: "SUBSCRIBED",
      subscribed: { framework_id: { value: "f1" }, heartbeat_interval_seconds: seconds },
    });
    assertEquals(heartbeatMsIn(told), wantedMs, `${seconds}`);
  }
});

Deno.test("a long message of a status is truncated, and an impossible time does no harm", () => {
  const update = {
    status: { task_id: { value: "t" }, state: "TASK_FAILED", message: "x".repeat(50_000), timestamp: 1e308 },
  };
  const event = decodeEvent(encodeEvent({ type: "UPDATE", update }));
  if (event.kind !== "task-status-updated") throw new Error(event.kind);
  assertEquals(event.status.message, `${"x".repeat(4_000)}…`);
});

Deno.test("invalid amounts are 0, and ranges that end before they start are left out", () => {
  const scalars = [NaN, Infinity, -1, 2].map((value) => ({ name: "cpus", type: "SCALAR", scalar: { value } }));
  const range = [{ begin: 5, end: 3 }, { begin: 3, end: 5 }];
  const offer = {
    id: { value: "o" },
    "framework_id": { value: "f" },
    "agent_id": { value: "a" },
    hostname: "h",
    resources: [...scalars, { name: "ports", type: "RANGES", ranges: { range } }],
  };
  const event = decodeEvent(encodeEvent({ type: "OFFERS", offers: { offers: [offer] } }));
  if (event.kind !== "offers-received") throw new Error(event.kind);
  assertEquals(event.offers[0]?.resources.map(({ value }) => value), [
    { kind: "scalar", milli: 0 },
    { kind: "scalar", milli: 0 },
    { kind: "scalar", milli: 0 },
    { kind: "scalar", milli: 2_000 },
    { kind: "ranges", ranges: [{ begin: 3, end: 5 }] },
  ]);
});
