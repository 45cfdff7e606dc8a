// What an instance may do that is not certain to lead, and how time is counted for that.

import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type GocdApi, GocdError } from "../../src/gocd/api.ts";
import { type FrameworkIdentity, type MesosApi, MesosError, type MesosSession } from "../../src/mesos/api.ts";
import { elapsedCounter } from "../../src/runtime/elapsed.ts";
import { leasedGocd, leasedMesos } from "../../src/runtime/leased_ports.ts";

const signal = new AbortController().signal;
const identity = { name: "n" } as FrameworkIdentity;

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
  Deno.test(`${name} reaches the GoCD server only while this instance certainly leads`, async () => {
    const { calls, gocd } = recorder();
    let isHeld = true;
    const leased = leasedGocd(gocd, () => isHeld);
    await ask(leased);
    isHeld = false;
    assertEquals((await assertRejects(() => ask(leased), GocdError)).problem.code, "not-leading");
    assertEquals(calls, [name]);
  });
}

Deno.test("a call to Mesos is sent only while this instance certainly leads", async () => {
  const { calls, mesos } = recorder();
  let isHeld = true;
  const session = await leasedMesos(mesos, () => isHeld).subscribe(identity, "f", signal);
  await session.send({ kind: "teardown-framework" }, signal);
  isHeld = false;
  const error = await assertRejects(() => session.send({ kind: "teardown-framework" }, signal), MesosError);
  assertEquals(error.reason, "call-unknown");
  assertEquals(calls, ["subscribe", "send"]);
});

Deno.test("an instance that may not lead any more takes the framework away from nobody", async () => {
  const { calls, mesos } = recorder();
  await assertRejects(() => leasedMesos(mesos, () => false).subscribe(identity, "f", signal), MesosError);
  assertEquals(calls, []);
  const answers = [true, false];
  const leased = leasedMesos(mesos, () => answers.shift() ?? false);
  await assertRejects(() => leased.subscribe(identity, "f", signal), MesosError);
  assertEquals(calls, ["subscribe", "close"], "lost while it subscribed");
});

Deno.test("time that passed by either clock of the machine has passed", () => {
  const clocks = { monotonic: 0, wall: 1_000 };
  const elapsedMs = elapsedCounter({ monotonicMs: () => clocks.monotonic, wallMs: () => clocks.wall });
  const steps: readonly (readonly [what: string, monotonic: number, wall: number, passedMs: number])[] = [
    ["both go on", 10, 10, 10],
    ["the machine was suspended", 0, 5_000, 5_000],
    ["the wall clock was set back", 10, -100_000, 10],
    ["the wall clock goes on from there", 10, 10, 10],
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

Deno.test("counted time never goes back and is never less than the monotonic clock's", () => {
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
