// The session over HTTP: headers, start, end, silence. Streams: http_stream_test.ts. Calls: http_calls_test.ts.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { MesosEvent } from "../../src/core/event.ts";
import type { MesosErrorReason } from "../../src/mesos/api.ts";
import { plainLaunch } from "../support/mesos_launch.ts";
import {
  accepted,
  drain,
  eventBytes,
  heartbeat,
  identity,
  mesosError,
  type OpenStream,
  openStream,
  protobuf,
  rescind,
  startMaster,
  testScheduler,
} from "../support/scripted_master.ts";
import { type Bench, decline, rescinded, subscribedBench } from "../support/subscribed_bench.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };
const heartbeatMs = 15_000;
const callMs = 10_000;

Deno.test({
  name: "SUBSCRIBE has its media types, the framework id in both places and no stream id, which every later call has",
  ...strict,
  fn: async () => {
    await using bench = await subscribedBench();
    await bench.session.send({ kind: "suppress-offers", roles: ["gocd"] }, bench.test.signal);
    await bench.session.send(
      {
        kind: "accept-offers",
        offerIds: ["o1"],
        mesosAgentId: "a1",
        launches: [plainLaunch()],
        refuseSeconds: 5,
      },
      bench.test.signal,
    );
    const [subscribe, ...calls] = bench.master.asked;
    const sent = subscribe?.call as { framework_id?: unknown; subscribe?: { framework_info?: { id?: unknown } } };
    assertEquals(sent.framework_id, { value: "f1" });
    assertEquals(sent.subscribe?.framework_info?.id, { value: "f1" });
    assertEquals(subscribe?.headers.get("mesos-stream-id"), null);
    for (const { headers, path, method } of bench.master.asked) {
      assertEquals([method, path], ["POST", "/api/v1/scheduler"]);
      assertEquals([headers.get("content-type"), headers.get("accept")], [protobuf, protobuf]);
      assert(headers.get("content-length") !== null, "a length of the body is given");
    }
    assertEquals(calls.map(({ headers, call }) => [call["type"], headers.get("mesos-stream-id")]), [
      ["SUPPRESS", "stream-1"],
      ["ACCEPT", "stream-1"],
    ]);
    assertEquals(calls.map(({ call }) => call["framework_id"]), [{ value: "f1" }, { value: "f1" }]);
    assertStringIncludes(JSON.stringify(calls[1]?.call), '{"name":"ID","value":"gocd-agent-linux-01"');
  },
});

Deno.test({
  name: "SUBSCRIBED with the address of the leader is the first event, and close() ends the events and the connection",
  ...strict,
  fn: async () => {
    await using bench = await subscribedBench();
    bench.stream.send(heartbeat, rescind("o1"));
    const seen: MesosEvent[] = [];
    for await (const event of bench.session.events) {
      seen.push(event);
      if (seen.length === 3) bench.session.close();
    }
    assertEquals(seen, [
      { kind: "subscribed", frameworkId: "f1", master: bench.master.address, heartbeatMs },
      { kind: "heartbeat" },
      ...rescinded("o1"),
    ]);
    await bench.stream.left;
    assertEquals(bench.test.timer.running(heartbeatMs), 0);
  },
});

const ends: readonly (readonly [string, (bench: Bench) => void])[] = [
  ["close() of the scheduler", (bench) => bench.test.scheduler.close()],
  ["an abort of the signal of subscribe()", (bench) => bench.test.abort()],
];

for (const [name, end] of ends) {
  Deno.test({
    name: `${name} ends the subscription, its calls and its timers`,
    ...strict,
    fn: async () => {
      const held = Promise.withResolvers<Response>();
      await using bench = await subscribedBench(() => held.promise);
      const sending = mesosError(bench.session.send(decline("o1"), new AbortController().signal), "call-unknown");
      await bench.test.timer.started(callMs);
      end(bench);
      await bench.stream.left;
      await sending;
      held.resolve(accepted());
      await drain(bench.session.events);
      await mesosError(bench.session.send(decline("o2"), bench.test.signal), "call-void");
      assertEquals([heartbeatMs, callMs].map((ms) => bench.test.timer.running(ms)), [0, 0]);
    },
  });
}

Deno.test("a break out of the iteration of events ends the subscription", async () => {
  await using bench = await subscribedBench();
  for await (const event of bench.session.events) {
    if (event.kind === "subscribed") break;
  }
  await bench.stream.left;
});

Deno.test("an ERROR instead of SUBSCRIBED is an event, followed by the end of the stream", async () => {
  const stream = openStream();
  stream.send({ type: "ERROR", error: { message: "Framework has been removed" } });
  stream.end();
  await using master = startMaster(() => stream.response);
  using test = testScheduler(master.address);
  const session = await test.scheduler.subscribe(identity, "f1", test.signal);
  const { events, error } = await drain(session.events);
  assertEquals(events, [{ kind: "framework-error", error: "removed", message: "Framework has been removed" }]);
  assertEquals(error?.reason, "stream-broken");
});

const firsts: readonly (readonly [string, (stream: OpenStream) => void, MesosErrorReason, said: string])[] = [
  ["another event", (stream) => stream.send(heartbeat), "not-a-master", "instead of SUBSCRIBED"],
  ["garbage instead of a length", (stream) => stream.sendBytes(ascii("hello")), "stream-unreadable", "'hello'"],
  [
    "a record that is not an event",
    (stream) => stream.sendBytes(ascii("3\n\xff\xff\xff")),
    "stream-unreadable",
    "not a scheduler event",
  ],
  ["the end of the stream", (stream) => stream.end(), "stream-broken", "has ended the event stream"],
  ["a broken connection", (stream) => stream.cut(), "stream-broken", "stream broke"],
];

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

for (const [name, write, reason, said] of firsts) {
  Deno.test({
    name: `subscribe() fails with ${reason} on ${name} instead of SUBSCRIBED`,
    ...strict,
    fn: async () => {
      const stream = openStream();
      write(stream);
      await using master = startMaster(() => stream.response);
      using test = testScheduler(master.address);
      const error = await mesosError(test.scheduler.subscribe(identity, undefined, test.signal), reason);
      assertStringIncludes(error.message, said);
      assertStringIncludes(error.message, master.address);
      assertEquals(test.timer.running(15_000), 0);
    },
  });
}

Deno.test("a master that accepts SUBSCRIBE and then sends nothing is cancelled after 15 seconds", async () => {
  const stream = openStream();
  await using master = startMaster(() => {
    // Deno.serve holds the head back until there is a body: half a length is not an event.
    stream.sendBytes(ascii("1"));
    return stream.response;
  });
  using test = testScheduler(master.address);
  const failing = mesosError(test.scheduler.subscribe(identity, undefined, test.signal), "silent");
  // The first is for the head of the answer.
  await test.timer.started(15_000, 2);
  assertEquals(test.timer.fire(15_000), 1);
  assertStringIncludes((await failing).message, "no event within 15 s");
  await stream.left;
});

Deno.test({
  name: "a stream ends after five heartbeats without a record, and any record restarts the count",
  ...strict,
  fn: async () => {
    await using bench = await subscribedBench();
    const events = bench.session.events[Symbol.asyncIterator]();
    assertEquals((await events.next()).value?.kind, "subscribed");
    for (let missed = 0; missed < 4; missed++) assertEquals(bench.test.timer.fire(heartbeatMs), 1);
    bench.stream.send(rescind("o1"));
    assertEquals((await events.next()).value, rescinded("o1")[0]);
    for (let quiet = 0; quiet < 5; quiet++) assertEquals(bench.test.timer.fire(heartbeatMs), 1);
    assertEquals(bench.test.timer.running(heartbeatMs), 1);
    const silent = mesosError(events.next(), "silent");
    assertEquals(bench.test.timer.fire(heartbeatMs), 1);
    assertStringIncludes((await silent).message, "nothing for 75 s (5 heartbeats)");
    assertEquals(bench.test.timer.running(heartbeatMs), 0);
    await bench.stream.left;
  },
});

Deno.test("the heartbeat interval of the master is used", async () => {
  const stream = openStream();
  stream.send({
    type: "SUBSCRIBED",
    subscribed: { "framework_id": { value: "f1" }, "heartbeat_interval_seconds": 2.5 },
  });
  await using master = startMaster(() => stream.response);
  using test = testScheduler(master.address);
  const session = await test.scheduler.subscribe(identity, undefined, test.signal);
  for (let missed = 0; missed < 5; missed++) assertEquals(test.timer.fire(2_500), 1);
  const { error } = await drain(session.events);
  assertStringIncludes(error?.message ?? "", "nothing for 12.5 s");
});

const breaks: readonly (readonly [string, (stream: OpenStream) => void, said: string])[] = [
  ["ends", (stream) => stream.end(), "has ended the event stream"],
  ["breaks", (stream) => stream.cut(), "the event stream broke"],
  ["ends within a record", (stream) => {
    stream.sendBytes(eventBytes(rescind("o2")).slice(0, 5));
    stream.end();
  }, "2 of the 10 bytes"],
  ["carries garbage for a length", (stream) => stream.sendBytes(ascii("-5\n")), "length of a record in digits"],
  ["announces a record beyond 64 MiB", (stream) => stream.sendBytes(ascii("67108865\n")), "67108865 bytes or more"],
  ["carries an event without its content", (stream) => stream.send({ type: "UPDATE" }), "UPDATE came without"],
];

for (const [name, write, said] of breaks) {
  Deno.test({
    name: `events before a stream ${name} are delivered before the error`,
    ...strict,
    fn: async () => {
      await using bench = await subscribedBench();
      bench.stream.send(rescind("o1"));
      // Deno.serve may drop what was written just before a break.
      const events = bench.session.events[Symbol.asyncIterator]();
      assertEquals((await events.next()).value?.kind, "subscribed");
      assertEquals((await events.next()).value, rescinded("o1")[0]);
      write(bench.stream);
      const error = await mesosError(events.next(), said.includes("stream") ? "stream-broken" : "stream-unreadable");
      assertStringIncludes(error.message, said);
      assertStringIncludes(error.message, bench.master.address);
      await mesosError(bench.session.send(decline("o1"), bench.test.signal), "call-void");
    },
  });
}
