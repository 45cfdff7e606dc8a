// The calls of a session over HTTP: their order, refusals, stopped masters, and calls that are never sent.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { MesosEffect } from "../../src/core/effect.ts";
import { plainLaunch } from "../support/mesos_launch.ts";
import {
  accepted,
  type AskedRequest,
  drain,
  identity,
  mesosError,
  type OpenStream,
  openStream,
  refusal,
  startMaster,
  subscribed,
  testScheduler,
} from "../support/scripted_master.ts";
import { acknowledge, decline, named, subscribedBench } from "../support/subscribed_bench.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };
const heartbeatMs = 15_000;
const callMs = 10_000;

Deno.test({
  name: "calls are sent one at a time in order, and acknowledgements in parallel to them, in order for each task",
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
  ["an invalid login", () => refusal(401, "401 Unauthorized."), "401", false],
  ["an internal error", () => refusal(500, "oops"), "500: oops", false],
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
  ["a master that does not lead", () => refusal(503, "Master is not leading"), "not leading", true],
];

for (const [name, answer, said, endsSession] of refusals) {
  Deno.test({
    name: `a call answered with ${name} is ${
      endsSession ? "void, and the subscription ends" : "refused, and it continues"
    }`,
    ...strict,
    fn: async () => {
      let calls = 0;
      await using bench = await subscribedBench(() => (calls += 1) === 1 ? answer() : accepted());
      const sending = bench.session.send(decline("o1"), bench.test.signal);
      const error = await mesosError(sending, endsSession ? "call-void" : "call-refused");
      assertStringIncludes(error.message, said);
      assertStringIncludes(error.message, "decline-offers");
      if (endsSession) {
        const { events, error: end } = await drain(bench.session.events);
        assertEquals(events.map(({ kind }) => kind), ["subscribed"]);
        assertEquals(end?.reason, "stream-broken");
        assertStringIncludes(end?.message ?? "", said);
        await mesosError(bench.session.send(decline("o2"), bench.test.signal), "call-void");
      } else {
        await bench.session.send(decline("o2"), bench.test.signal);
      }
    },
  });
}

for (const status of [502, 504]) {
  Deno.test(`a call answered with ${status} by a proxy may have taken effect, and the subscription continues`, async () => {
    let calls = 0;
    await using bench = await subscribedBench(() => (calls += 1) === 1 ? refusal(status, "Gateway") : accepted());
    const error = await mesosError(bench.session.send(decline("o1"), bench.test.signal), "call-unknown");
    assertStringIncludes(error.message, String(status));
    await bench.session.send(decline("o2"), bench.test.signal);
  });
}

Deno.test({
  name: "a call without a response within 10 seconds is reported as unknown, and the next one is sent",
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

Deno.test("a KILL that has waited in the queue longer than a response may take is not sent: its reason may be outdated", async () => {
  const held = Promise.withResolvers<Response>();
  let nowMs = 1_800_000_000_000;
  const isHeld = (asked: AskedRequest): boolean => named(asked) === "DECLINE o1";
  await using bench = await subscribedBench((asked) => isHeld(asked) ? held.promise : accepted(), {
    nowMs: () => nowMs,
  });
  const kill = (taskId: string): MesosEffect => ({ kind: "kill-task", taskId, graceMs: 1_000 });
  const first = bench.session.send(decline("o1"), bench.test.signal);
  const outdated = mesosError(bench.session.send(kill("t1"), bench.test.signal), "call-void");
  const next = bench.session.send(decline("o2"), bench.test.signal);
  nowMs += callMs + 1;
  const prompt = bench.session.send(kill("t2"), bench.test.signal);
  held.resolve(accepted());
  assertStringIncludes((await outdated).message, "was not sent");
  await Promise.all([first, next, prompt]);
  assertEquals(bench.calls().map(named), ["DECLINE o1", "DECLINE o2", "KILL t2"]);
});

Deno.test("an aborted call is reported as unknown, and a queued one as void, because it is not sent", async () => {
  const held = Promise.withResolvers<Response>();
  await using bench = await subscribedBench(() => held.promise);
  const giving = new AbortController();
  const first = mesosError(bench.session.send(decline("o1"), giving.signal), "call-unknown");
  const second = mesosError(bench.session.send(decline("o2"), giving.signal), "call-void");
  await bench.test.timer.started(callMs);
  giving.abort();
  await first;
  assertStringIncludes((await second).message, "was not sent");
  held.resolve(accepted());
});

Deno.test("a call to a stopped master is void", async () => {
  const bench = await subscribedBench();
  bench.stream.end();
  await bench.master[Symbol.asyncDispose]();
  const { error } = await drain(bench.session.events);
  assertEquals(error?.reason, "stream-broken");
  await mesosError(bench.session.send(decline("o1"), bench.test.signal), "call-void");
  bench.test.scheduler.close();
});

Deno.test("a launch whose variables cannot be read is refused without a request", async () => {
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
  name: "repeated subscriptions leave no timers and no resources behind",
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

Deno.test("calls and subscriptions remove their listeners from a long-lived signal", async () => {
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
