// The session over HTTP: headers, order of calls, broken and silent streams, slow takers. Finding the leader is in leader_test.ts.

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import type { MesosEffect } from "../../src/core/effect.ts";
import { MesosError, type MesosErrorReason, type SessionEvent } from "../../src/mesos/api.ts";
import { createEventQueue } from "../../src/mesos/event_queue.ts";
import { decodeEvent } from "../../src/mesos/from_proto.ts";
import { encodeRecord, RecordDecoder } from "../../src/mesos/recordio.ts";
import { plainLaunch } from "../support/mesos_launch.ts";
import { readStream } from "../support/mesos_recordings.ts";
import {
  accepted,
  type AskedRequest,
  drain,
  eventBytes,
  heartbeat,
  identity,
  mesosError,
  type OpenStream,
  openStream,
  protobuf,
  refusal,
  rescind,
  type ScriptedMaster,
  startMaster,
  subscribed,
  type TestScheduler,
  testScheduler,
} from "../support/scripted_master.ts";
import type { MesosSession } from "../../src/mesos/api.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };
const heartbeatMs = 15_000;
const callMs = 10_000;

/** A master with one stream, already subscribed to. */
interface Bench extends AsyncDisposable {
  readonly master: ScriptedMaster;
  readonly stream: OpenStream;
  readonly test: TestScheduler;
  readonly session: MesosSession;
  /** The calls behind SUBSCRIBE. */
  calls(): AskedRequest[];
}

async function subscribedBench(
  answerCall: (asked: AskedRequest) => Response | Promise<Response> = accepted,
): Promise<Bench> {
  const stream = openStream();
  stream.send(subscribed);
  const master = startMaster((asked) => asked.call["type"] === "SUBSCRIBE" ? stream.response : answerCall(asked));
  const test = testScheduler(master.address, {}, { environmentOf: (launch) => ({ ID: launch.taskId }) });
  const session = await test.scheduler.subscribe(identity, "f1", test.signal);
  return {
    master,
    stream,
    test,
    session,
    calls: () => master.asked.slice(1),
    async [Symbol.asyncDispose](): Promise<void> {
      test.scheduler.close();
      await master[Symbol.asyncDispose]();
    },
  };
}

function rescinded(...ids: readonly string[]): SessionEvent[] {
  return ids.map((offerId) => ({ kind: "offer-rescinded", offerId }));
}

function decline(offerId: string): MesosEffect {
  return { kind: "decline-offers", offerIds: [offerId], refuseSeconds: 5 };
}

function acknowledge(taskId: string, uuid: string): MesosEffect {
  return { kind: "acknowledge-status", taskId, mesosAgentId: "a1", uuid };
}

function named(call: AskedRequest): string {
  const { type, ...rest } = call.call;
  return `${type} ${JSON.stringify(rest).match(/"(o\d|t\d|[A-Z]{4})"/g)?.join().replaceAll('"', "") ?? ""}`
    .trim();
}

Deno.test({
  name: "SUBSCRIBE has exact types, the id at both places and no stream id; every later call has it",
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
  name: "SUBSCRIBED comes first, with the leader that answered, and close() ends the events and the connection",
  ...strict,
  fn: async () => {
    await using bench = await subscribedBench();
    bench.stream.send(heartbeat, rescind("o1"));
    const seen: SessionEvent[] = [];
    for await (const event of bench.session.events) {
      seen.push(event);
      if (seen.length === 3) bench.session.close();
    }
    assertEquals(seen, [
      { kind: "subscribed", frameworkId: "f1", master: bench.master.address, masterCapabilities: [] },
      { kind: "heartbeat" },
      ...rescinded("o1"),
    ]);
    await bench.stream.left;
    assertEquals(bench.test.timer.running(heartbeatMs), 0);
  },
});

const ends: readonly (readonly [string, (bench: Bench) => void])[] = [
  ["closing the scheduler", (bench) => bench.test.scheduler.close()],
  ["the signal of subscribe()", (bench) => bench.test.abort()],
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
      await mesosError(bench.session.send(decline("o2"), bench.test.signal), "call-unknown");
      assertEquals([heartbeatMs, callMs].map((ms) => bench.test.timer.running(ms)), [0, 0]);
    },
  });
}

Deno.test("leaving the events early ends the subscription", async () => {
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
  ["another event", (stream) => stream.send(heartbeat), "not-a-master", "where SUBSCRIBED is due"],
  ["garbage instead of a length", (stream) => stream.sendBytes(ascii("hello")), "stream-broken", "'hello'"],
  [
    "a record that is no event",
    (stream) => stream.sendBytes(ascii("3\n\xff\xff\xff")),
    "stream-broken",
    "no scheduler event",
  ],
  ["the end of the stream", (stream) => stream.end(), "stream-broken", "has ended the event stream"],
  ["a break", (stream) => stream.cut(), "stream-broken", "stream broke"],
];

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

for (const [name, write, reason, said] of firsts) {
  Deno.test({
    name: `${name} where SUBSCRIBED is due makes subscribe() fail as ${reason}`,
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

Deno.test("a master that accepts SUBSCRIBE and then sends nothing is given up after 15 seconds", async () => {
  const stream = openStream();
  await using master = startMaster(() => {
    // Deno.serve holds the head back until there is a body: half a length is no event.
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
  name: "a stream that falls silent for five heartbeats ends, naming the seconds; any record starts the count anew",
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

Deno.test("the interval of the heartbeats is the master's", async () => {
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
    name: `what came before a stream ${name} is still given, then the error`,
    ...strict,
    fn: async () => {
      await using bench = await subscribedBench();
      bench.stream.send(rescind("o1"));
      // Deno.serve may drop what was written just before a break.
      const events = bench.session.events[Symbol.asyncIterator]();
      assertEquals((await events.next()).value?.kind, "subscribed");
      assertEquals((await events.next()).value, rescinded("o1")[0]);
      write(bench.stream);
      const error = await mesosError(events.next(), "stream-broken");
      assertStringIncludes(error.message, said);
      assertStringIncludes(error.message, bench.master.address);
      await mesosError(bench.session.send(decline("o1"), bench.test.signal), "call-unknown");
    },
  });
}

/** A scheduler whose stream is these bytes, in these chunks, without a network. */
function replay(chunks: readonly Uint8Array[]): TestScheduler {
  const body = (): ReadableStream<Uint8Array> => ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
  const headers = { "content-type": protobuf, "mesos-stream-id": "s" };
  return testScheduler("m1", {}, { fetch: () => Promise.resolve(new Response(body(), { headers })) });
}

async function replayed(
  chunks: readonly Uint8Array[],
): Promise<{ events: SessionEvent[]; reason: string | undefined }> {
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

function recordingEvents(stream: Uint8Array): SessionEvent[] {
  return new RecordDecoder().push(stream).flatMap((record) => {
    const event = decodeEvent(record, "gocd");
    return event.kind === "unknown-event" ? [] : [event];
  });
}

Deno.test("a recorded session comes through real HTTP in single bytes as it was recorded", async () => {
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

Deno.test("a recorded stream cut off at any byte gives the events before, and always says that it broke", async () => {
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
  name: "a taker that takes nothing holds neither the reader nor the calls up",
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

Deno.test("a queue over its limits, of events or of bytes, is over: what waits is let go of, but for an ERROR", async () => {
  const failedOver = { kind: "framework-error", error: "failed-over", message: "Framework failed over" } as const;
  for (const limits of [{ eventsMax: 3, bytesMax: 1e9 }, { eventsMax: 1e9, bytesMax: 30 }]) {
    for (const errorAt of [0, 2, 3, undefined]) {
      const queue = createEventQueue(() => {}, limits);
      const failures: (MesosError | undefined)[] = [];
      for (let index = 0; index < 6; index++) {
        failures.push(queue.push(index === errorAt ? failedOver : { kind: "heartbeat" }, 10));
      }
      const { events, error } = await drain(queue.events);
      assertEquals(events, errorAt === undefined ? [] : [failedOver]);
      const held = errorAt === 3 ? "4 wait (40 bytes)" : "3 wait (30 bytes)";
      assertStringIncludes(error?.message ?? "", held);
      assertEquals(failures.filter((each) => each !== undefined), error === undefined ? [] : [error]);
    }
  }
});

Deno.test("a queue gives many events in order, whether they were there before or come while it is walked through", async () => {
  const queue = createEventQueue(() => {});
  const ids = Array.from({ length: 5_000 }, (_, index) => `o${index}`);
  const seen: SessionEvent[] = [];
  rescinded(...ids.slice(0, 3_000)).forEach((event) => queue.push(event, 1));
  for await (const event of queue.events) {
    seen.push(event);
    if (seen.length === 1_500) rescinded(...ids.slice(3_000)).forEach((event) => queue.push(event, 1));
    if (seen.length === ids.length) queue.stop();
  }
  assertEquals(seen, rescinded(...ids));
});

Deno.test({
  name: "calls go out one at a time in their order; acknowledgements go beside them, each task's own in order",
  ...strict,
  fn: async () => {
    const held = new Map<string, PromiseWithResolvers<Response>>();
    const arrived = new Map<string, PromiseWithResolvers<void>>();
    const gate = <T>(map: Map<string, PromiseWithResolvers<T>>, key: string): PromiseWithResolvers<T> => {
      const found = map.get(key) ?? Promise.withResolvers<T>();
      map.set(key, found);
      return found;
    };
    await using bench = await subscribedBench((asked) => {
      gate(arrived, named(asked)).resolve();
      return gate(held, named(asked)).promise;
    });
    const { session, test } = bench;
    const sending = [
      session.send(decline("o1"), test.signal),
      session.send(decline("o2"), test.signal),
      session.send(acknowledge("t1", "AAAA"), test.signal),
      session.send(acknowledge("t1", "BBBB"), test.signal),
      session.send(acknowledge("t2", "CCCC"), test.signal),
    ];
    const names = ["DECLINE o1", "ACKNOWLEDGE t1,AAAA", "ACKNOWLEDGE t2,CCCC"];
    await Promise.all(names.map((name) => gate(arrived, name).promise));
    assertEquals(bench.calls().map(named).sort(), [...names].sort());
    gate(held, "ACKNOWLEDGE t1,AAAA").resolve(accepted());
    await gate(arrived, "ACKNOWLEDGE t1,BBBB").promise;
    gate(held, "ACKNOWLEDGE t1,BBBB").resolve(accepted());
    gate(held, "ACKNOWLEDGE t2,CCCC").resolve(accepted());
    await Promise.all(sending.slice(2));
    assertEquals(bench.calls().some((call) => named(call) === "DECLINE o2"), false);
    gate(held, "DECLINE o1").resolve(accepted());
    gate(held, "DECLINE o2").resolve(accepted());
    await Promise.all(sending);
    assertEquals(bench.calls().map(named).at(-1), "DECLINE o2");
  },
});

const refusals: readonly (readonly [string, () => Response, said: string, endsSession: boolean])[] = [
  ["a refusal", () => refusal(400, "Failed to validate scheduler::Call: bad"), "bad", false],
  ["a missing right", () => refusal(403, "Not authorized"), "Not authorized", false],
  ["a login that has become invalid", () => refusal(401, "401 Unauthorized."), "401", false],
  ["a fault of the master", () => refusal(500, "oops"), "500: oops", false],
  ["200", () => new Response("ok"), "200", false],
  [
    "a wrong stream id",
    () => refusal(400, "The stream ID 'x' included in this request didn't match"),
    "stream ID",
    true,
  ],
  [
    "a missing stream id",
    () => refusal(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header"),
    "Mesos-Stream-Id",
    true,
  ],
  ["a lost subscription", () => refusal(403, "Framework is not subscribed"), "not subscribed", true],
  ["a lost framework", () => refusal(400, "Framework cannot be found"), "cannot be found", true],
  ["a redirect", () => refusal(307, "", { location: "//m2:5050/x" }), "//m2:5050/x", true],
  ["no leader", () => refusal(503, "Master is not leading"), "not leading", true],
];

for (const [name, answer, said, endsSession] of refusals) {
  Deno.test({
    name: `a call answered with ${name} is refused${endsSession ? ", and the subscription is over" : ", no more"}`,
    ...strict,
    fn: async () => {
      let calls = 0;
      await using bench = await subscribedBench(() => (calls += 1) === 1 ? answer() : accepted());
      const error = await mesosError(bench.session.send(decline("o1"), bench.test.signal), "call-refused");
      assertStringIncludes(error.message, said);
      assertStringIncludes(error.message, "decline-offers");
      if (endsSession) {
        const { events, error: end } = await drain(bench.session.events);
        assertEquals(events.map(({ kind }) => kind), ["subscribed"]);
        assertEquals(end?.reason, "stream-broken");
        assertStringIncludes(end?.message ?? "", said);
        await mesosError(bench.session.send(decline("o2"), bench.test.signal), "call-unknown");
      } else {
        await bench.session.send(decline("o2"), bench.test.signal);
      }
    },
  });
}

Deno.test({
  name: "a call without an answer within 10 seconds is unknown, and the next one goes out",
  ...strict,
  fn: async () => {
    const held = Promise.withResolvers<Response>();
    const arrived = Promise.withResolvers<void>();
    await using bench = await subscribedBench((asked) => {
      arrived.resolve();
      return named(asked) === "DECLINE o1" ? held.promise : accepted();
    });
    const first = mesosError(bench.session.send(decline("o1"), bench.test.signal), "call-unknown");
    const second = bench.session.send(decline("o2"), bench.test.signal);
    await bench.test.timer.started(callMs);
    await arrived.promise;
    assertEquals(bench.test.timer.fire(callMs), 1);
    assertStringIncludes((await first).message, "no answer within 10 s");
    await second;
    held.resolve(accepted());
  },
});

Deno.test("a call that its caller gives up is unknown, and one given up before is not sent", async () => {
  const held = Promise.withResolvers<Response>();
  await using bench = await subscribedBench(() => held.promise);
  const giving = new AbortController();
  const first = mesosError(bench.session.send(decline("o1"), giving.signal), "call-unknown");
  const second = mesosError(bench.session.send(decline("o2"), giving.signal), "call-unknown");
  await bench.test.timer.started(callMs);
  giving.abort();
  await first;
  assertStringIncludes((await second).message, "was not sent");
  held.resolve(accepted());
});

Deno.test("a call to a master that has gone is unknown", async () => {
  const bench = await subscribedBench();
  bench.stream.end();
  await bench.master[Symbol.asyncDispose]();
  const { error } = await drain(bench.session.events);
  assertEquals(error?.reason, "stream-broken");
  bench.test.scheduler.close();
});

Deno.test("a launch whose variables cannot be read is refused before it is sent", async () => {
  const stream = openStream();
  stream.send(subscribed);
  await using master = startMaster((asked) => asked.call["type"] === "SUBSCRIBE" ? stream.response : accepted());
  using test = testScheduler(master.address, {}, {
    environmentOf: () => {
      throw new Error("go-agent.auto-register-key-file cannot be read");
    },
  });
  const session = await test.scheduler.subscribe(identity, undefined, test.signal);
  const launch: MesosEffect = {
    kind: "accept-offers",
    offerIds: ["o1"],
    mesosAgentId: "a1",
    launches: [plainLaunch()],
    refuseSeconds: 5,
  };
  const error = await mesosError(session.send(launch, test.signal), "call-refused");
  assertStringIncludes(error.message, "accept-offers could not be made: go-agent.auto-register-key-file");
  await session.send(decline("o1"), test.signal);
  assertEquals(master.asked.length, 2);
});

Deno.test({
  name: "subscribing again and again leaves nothing behind",
  ...strict,
  fn: async () => {
    const streams: OpenStream[] = [];
    await using master = startMaster(() => {
      const stream = openStream();
      stream.send(subscribed);
      streams.push(stream);
      return stream.response;
    });
    using test = testScheduler(master.address);
    for (let round = 0; round < 20; round++) {
      const session = await test.scheduler.subscribe(identity, "f1", test.signal);
      streams.at(-1)?.end();
      const { events, error } = await drain(session.events);
      assertEquals([events.length, error?.reason], [1, "stream-broken"]);
    }
    assertEquals([heartbeatMs, callMs].map((ms) => test.timer.running(ms)), [0, 0]);
  },
});

Deno.test("a signal that outlives many calls and subscriptions keeps nothing of them", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  Object.assign(signal, {
    addEventListener: (...parts: Parameters<typeof add>) => (listeners += 1, add(...parts)),
    removeEventListener: (...parts: Parameters<typeof remove>) => (listeners -= 1, remove(...parts)),
  });
  const stream = openStream();
  stream.send(subscribed);
  await using master = startMaster((asked) => asked.call["type"] === "SUBSCRIBE" ? stream.response : accepted());
  using test = testScheduler(master.address);
  const session = await test.scheduler.subscribe(identity, undefined, signal);
  const lasting = listeners;
  for (let round = 0; round < 10; round++) await session.send(decline("o1"), signal);
  assertEquals(listeners, lasting);
  stream.end();
  await drain(session.events);
  await Promise.resolve();
  assertEquals(listeners, 0);
});
