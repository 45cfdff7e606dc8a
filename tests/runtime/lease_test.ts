// Requests of an instance that may no longer lead, and the time of its lease.

import { assertEquals, assertRejects } from "@std/assert";
import fc from "../support/properties.ts";
import { type GocdApi, GocdError, type PollQuestions } from "../../src/gocd/api.ts";
import { type FrameworkIdentity, type MesosApi, MesosError, type MesosSession } from "../../src/mesos/api.ts";
import { loadConfig } from "../../src/config/load.ts";
import { realClock } from "../../src/runtime/clock.ts";
import { elapsedCounter } from "../../src/runtime/elapsed.ts";
import { type Lease, leasedGocd, leasedMesos } from "../../src/runtime/leased_ports.ts";
import { openGocd } from "../../src/runtime/ports.ts";
import { settle, type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const signal = new AbortController().signal;
const identity = { name: "n" } as FrameworkIdentity;

/** A lease that is held as long as `isHeld` says, and is over then. */
function leaseWhile(isHeld: () => boolean): Lease {
  return { isHeld, heldForMs: () => isHeld() ? 1_000 : 0, sleep: virtualClock().sleep };
}

/** A lease that ends by the clock, unless `confirm` moves its end. */
function leaseFor(forMs: number): { readonly lease: Lease; readonly clock: VirtualClock; confirm(): void } {
  const clock = virtualClock();
  let endMs = clock.nowMs() + forMs;
  const heldForMs = (): number => endMs - clock.nowMs();
  return {
    lease: { isHeld: () => heldForMs() > 0, heldForMs, sleep: clock.sleep },
    clock,
    confirm: () => void (endMs = clock.nowMs() + forMs),
  };
}

function recorder(): { readonly calls: string[]; readonly gocd: GocdApi; readonly mesos: MesosApi } {
  const calls: string[] = [];
  const call = (name: string) => (): Promise<never> => {
    calls.push(name);
    return Promise.resolve(undefined as never);
  };
  const session: MesosSession = {
    master: "m",
    events: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) },
    send: call("send"),
    close: () => void calls.push("close"),
  };
  return {
    calls,
    gocd: {
      poll: call("poll"),
      readAgents: call("readAgents"),
      enableAgent: call("enableAgent"),
      disableAgents: call("disableAgents"),
      deleteAgents: call("deleteAgents"),
      rights: call("rights"),
    },
    mesos: {
      subscribe: () => {
        calls.push("subscribe");
        return Promise.resolve(session);
      },
      probe: call("probe"),
      frameworksNamed: call("frameworksNamed"),
    },
  };
}

const gocdCalls: readonly (readonly [string, (gocd: GocdApi) => Promise<unknown>])[] = [
  ["poll", (gocd) => gocd.poll(signal)],
  ["readAgents", (gocd) => gocd.readAgents(signal)],
  ["enableAgent", (gocd) => gocd.enableAgent("u", undefined, signal)],
  ["disableAgents", (gocd) => gocd.disableAgents(["u"], signal)],
  ["deleteAgents", (gocd) => gocd.deleteAgents(["u"], signal)],
  ["rights", (gocd) => gocd.rights(signal)],
];

for (const [name, ask] of gocdCalls) {
  Deno.test(`${name} is sent to the GoCD server only while the lease is held`, async () => {
    const { calls, gocd } = recorder();
    let isHeld = true;
    const leased = leasedGocd(gocd, leaseWhile(() => isHeld));
    await ask(leased);
    isHeld = false;
    assertEquals((await assertRejects(() => ask(leased), GocdError)).problem.code, "not-leading");
    assertEquals(calls, [name]);
  });
}

for (const [name, ask] of gocdCalls) {
  Deno.test(`${name} waits up to five seconds for a lost lease to be held again`, async () => {
    const { calls, gocd } = recorder();
    const clock = virtualClock();
    let isHeld = false;
    const leased = leasedGocd(gocd, { isHeld: () => isHeld, heldForMs: () => 60_000, sleep: clock.sleep });
    const first = ask(leased);
    await clock.pass(4_000);
    assertEquals(calls, []);
    isHeld = true;
    await clock.pass(250);
    await first;
    assertEquals(calls, [name]);
    isHeld = false;
    const second = assertRejects(() => ask(leased), GocdError);
    await clock.pass(5_000);
    assertEquals((await second).problem.code, "not-leading");
    assertEquals([calls, clock.sleepers], [[name], 0]);
  });
}

Deno.test("a call to Mesos is sent only while the lease is held", async () => {
  const { calls, mesos } = recorder();
  let isHeld = true;
  const session = await leasedMesos(mesos, leaseWhile(() => isHeld)).subscribe(identity, "f", signal);
  await session.send({ kind: "teardown-framework" }, signal);
  isHeld = false;
  const error = await assertRejects(() => session.send({ kind: "teardown-framework" }, signal), MesosError);
  assertEquals(error.reason, "call-void");
  assertEquals(calls, ["subscribe", "send"]);
});

Deno.test("SUBSCRIBE is not sent without the lease, and its session is closed if the lease is lost meanwhile", async () => {
  const { calls, mesos } = recorder();
  await assertRejects(() => leasedMesos(mesos, leaseWhile(() => false)).subscribe(identity, "f", signal), MesosError);
  assertEquals(calls, []);
  const answers = [true, false];
  const leased = leasedMesos(mesos, leaseWhile(() => answers.shift() ?? false));
  await assertRejects(() => leased.subscribe(identity, "f", signal), MesosError);
  assertEquals(calls, ["subscribe", "close"], "lost while it subscribed");
});

/** A server that never answers; reports for each call whether it was aborted. */
function silent(): { readonly signals: AbortSignal[]; readonly never: (signal: AbortSignal) => Promise<never> } {
  const signals: AbortSignal[] = [];
  const never = (signal: AbortSignal): Promise<never> => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("port's own words"))));
  };
  return { signals, never };
}

for (const [name, ask] of gocdCalls) {
  Deno.test(`${name} is aborted exactly when the lease ends`, async () => {
    const { signals, never } = silent();
    const gocd: GocdApi = {
      poll: never,
      readAgents: never,
      rights: never,
      enableAgent: (_uuid, _registration, signal) => never(signal),
      disableAgents: (_uuids, signal) => never(signal),
      deleteAgents: (_uuids, signal) => never(signal),
    };
    const { lease, clock, confirm } = leaseFor(1_000);
    const asked = assertRejects(() => ask(leasedGocd(gocd, lease)), GocdError);
    await clock.pass(900);
    confirm();
    await clock.pass(999);
    assertEquals(signals.map((each) => each.aborted), [false]);
    await clock.pass(1);
    assertEquals(signals.map((each) => each.aborted), [true]);
    assertEquals((await asked).problem.code, "not-leading");
    assertEquals(clock.sleepers, 0, "nothing goes on in the background");
  });
}

Deno.test("calls to Mesos and SUBSCRIBE are aborted when the lease ends", async () => {
  const { signals, never } = silent();
  const { mesos } = recorder();
  const session = await mesos.subscribe(identity, "f", signal);
  const { lease, clock } = leaseFor(1_000);
  const slow: MesosApi = { ...mesos, subscribe: (_identity, _id, signal) => never(signal) };
  const sending: MesosApi = {
    ...mesos,
    subscribe: () => Promise.resolve({ ...session, send: (_call, signal) => never(signal) }),
  };
  const subscribing = assertRejects(() => leasedMesos(slow, lease).subscribe(identity, "f", signal), MesosError);
  const open = await leasedMesos(sending, lease).subscribe(identity, "f", signal);
  const sent = assertRejects(() => open.send({ kind: "teardown-framework" }, signal), MesosError);
  await clock.pass(1_000);
  assertEquals(signals.map((each) => each.aborted), [true, true]);
  assertEquals([(await subscribing).reason, (await sent).reason], ["unreachable", "call-unknown"]);
  assertEquals(clock.sleepers, 0);
});

Deno.test("a subscription completed after the end of the lease is closed", async () => {
  const { calls, mesos } = recorder();
  const late = Promise.withResolvers<void>();
  const deaf: MesosApi = {
    ...mesos,
    subscribe: async (...args) => {
      await late.promise;
      return await mesos.subscribe(...args);
    },
  };
  const { lease, clock } = leaseFor(1_000);
  const subscribing = assertRejects(() => leasedMesos(deaf, lease).subscribe(identity, "f", signal), MesosError);
  await clock.pass(1_000);
  await subscribing;
  late.resolve();
  await settle();
  assertEquals(calls, ["subscribe", "close"]);
});

Deno.test("a call that ends within the lease leaves no timers behind, and its error is passed on", async () => {
  const { gocd } = recorder();
  const { lease, clock } = leaseFor(1_000);
  await leasedGocd(gocd, lease).poll(signal);
  const own = new GocdError({ code: "gocd-other", kind: "unreachable", message: "m", hint: "h" });
  const failing: GocdApi = { ...gocd, poll: () => Promise.reject(own) };
  assertEquals(await assertRejects(() => leasedGocd(failing, lease).poll(signal), GocdError), own);
  await settle();
  assertEquals(clock.sleepers, 0);
});

Deno.test("the questions of a poll are passed on", async () => {
  const { gocd } = recorder();
  const { lease } = leaseFor(1_000);
  const asked: (PollQuestions | undefined)[] = [];
  const listening: GocdApi = {
    ...gocd,
    poll: (inner, questions) => {
      asked.push(questions);
      return gocd.poll(inner);
    },
  };
  await leasedGocd(listening, lease).poll(signal, { environments: ["prod"] });
  assertEquals(asked, [{ environments: ["prod"] }]);
});

Deno.test("a request on a real socket is aborted when the lease ends", async () => {
  const gone = Promise.withResolvers<void>();
  const here = Promise.withResolvers<void>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async ({ signal }) => {
    here.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    gone.resolve();
    return new Response();
  });
  const text =
    `gocd-mesos { mesos-master = "m:1", go-agent.docker-image = i, go-server.url = "http://127.0.0.1:${server.addr.port}/go" }`;
  const gocd = openGocd(loadConfig("framework.conf", {}, () => text), realClock);
  const { lease, clock } = leaseFor(1_000);
  try {
    const asked = assertRejects(() => leasedGocd(gocd, lease).readAgents(signal), GocdError);
    await here.promise;
    await clock.pass(1_000);
    await asked;
    await gone.promise;
  } finally {
    gocd.close();
    await server.shutdown();
  }
});

Deno.test("elapsed time is the maximum of the monotonic and the wall clock", () => {
  const clocks = { monotonic: 0, wall: 1_000 };
  const elapsedMs = elapsedCounter({ monotonicMs: () => clocks.monotonic, wallMs: () => clocks.wall });
  const steps: readonly (readonly [what: string, monotonic: number, wall: number, passedMs: number])[] = [
    ["both go on", 10, 10, 10],
    ["the machine was suspended", 0, 5_000, 5_000],
    ["the wall clock was set back", 10, -100_000, 10],
    ["the wall clock continues from there", 10, 10, 10],
    ["nothing", 0, 0, 0],
  ];
  let sumMs = 0;
  for (const [what, monotonic, wall, passedMs] of steps) {
    clocks.monotonic += monotonic;
    clocks.wall += wall;
    sumMs += passedMs;
    assertEquals(elapsedMs(), sumMs, what);
  }
});

Deno.test("elapsed time never decreases and is never less than that of the monotonic clock", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(1_000), fc.integer({ min: -5_000, max: 5_000 }))), (steps) => {
    const clocks = { monotonic: 7, wall: 0 };
    const elapsedMs = elapsedCounter({ monotonicMs: () => clocks.monotonic, wallMs: () => clocks.wall });
    let before = 0;
    for (const [monotonic, wall] of steps) {
      clocks.monotonic += monotonic;
      clocks.wall += wall;
      const now = elapsedMs();
      if (now < before + monotonic) return false;
      before = now;
    }
    return before >= clocks.monotonic - 7;
  }));
});
