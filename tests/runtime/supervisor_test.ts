// Staying subscribed: pauses between attempts, deliberately ended sessions, and reports.

import { assert, assertEquals } from "@std/assert";
import type { Event } from "../../src/core/event.ts";
import { type FrameworkIdentity, type MesosApi, MesosError, type MesosSession } from "../../src/mesos/api.ts";
import { Supervisor } from "../../src/runtime/supervisor.ts";
import { subscribedEvent } from "../support/core.ts";
import { settle, type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const identity: FrameworkIdentity = {
  name: "n",
  user: "",
  roles: ["*"],
  failoverTimeoutMs: 1,
  capabilities: [],
  labels: {},
  minAllocatable: [],
};

const refused = new MesosError("unreachable", "the connection was refused", "look");

/** A subscription that lasts until it is closed or broken by the test. */
interface FakeSession extends MesosSession {
  push(event: Event): void;
  fail(error: Error): void;
}

function fakeSession(): FakeSession {
  const waiting: Event[] = [subscribedEvent as Event];
  let end: { readonly error?: Error } | undefined;
  let wake = (): void => {};
  const events = async function* (): AsyncGenerator<Event & MesosSessionEvent> {
    while (true) {
      const event = waiting.shift();
      if (event !== undefined) yield event as Event & MesosSessionEvent;
      else if (end?.error !== undefined) throw end.error;
      else if (end !== undefined) return;
      else await new Promise<void>((resolve) => wake = resolve);
    }
  };
  const finish = (how: { readonly error?: Error }): void => {
    end ??= how;
    wake();
  };
  return {
    master: "m:5050",
    events: events(),
    send: () => Promise.resolve(),
    close: () => finish({}),
    push: (event) => {
      waiting.push(event);
      wake();
    },
    fail: (error) => finish({ error }),
  };
}

type MesosSessionEvent = MesosSession["events"] extends AsyncIterable<infer E> ? E : never;

interface Bench {
  readonly clock: VirtualClock;
  readonly supervisor: Supervisor;
  /** Times of the tries. */
  readonly tries: number[];
  readonly events: Event[];
  readonly failures: { readonly message: string; readonly outage: number }[];
  readonly steady: string[];
  readonly sessions: FakeSession[];
  /** What the next tries come to; where it is empty they hang until they are aborted. */
  answer: "refused" | "session" | "hang" | Error;
  stop(): Promise<void>;
}

function bench(answer: Bench["answer"]): Bench {
  const clock = virtualClock();
  const stop = new AbortController();
  const world = {
    clock,
    tries: [] as number[],
    events: [] as Event[],
    failures: [] as { message: string; outage: number }[],
    steady: [] as string[],
    sessions: [] as FakeSession[],
    answer,
  };
  const mesos: Pick<MesosApi, "subscribe"> = {
    subscribe: (_identity, _id, signal) => {
      world.tries.push(clock.nowMs());
      if (world.answer instanceof Error) return Promise.reject(world.answer);
      if (world.answer === "refused") return Promise.reject(refused);
      if (world.answer === "session") {
        const session = fakeSession();
        signal.addEventListener("abort", () => session.close(), { once: true });
        world.sessions.push(session);
        return Promise.resolve(session);
      }
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(refused), { once: true }));
    },
  };
  const supervisor = new Supervisor({
    mesos,
    identity: () => identity,
    frameworkId: () => undefined,
    post: (event) => void world.events.push(event),
    room: () => Promise.resolve(),
    clock,
    random: () => 1,
    onFailed: ({ message }, outage) => void world.failures.push({ message, outage }),
    onSteady: (master) => void world.steady.push(master),
  });
  const running = supervisor.run(stop.signal);
  return Object.assign(world, {
    supervisor,
    stop: async () => {
      stop.abort();
      await running;
    },
  });
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

Deno.test("pauses between attempts double from 0.25 s up to 1.5 s, and up to 15 s after ten minutes", async () => {
  const world = bench("refused");
  await world.clock.pass(60_000);
  assertEquals(gaps(world.tries).slice(0, 5), [250, 500, 1_000, 1_500, 1_500]);
  assertEquals(Math.max(...gaps(world.tries)), 1_500);
  await world.clock.pass(600_000);
  world.tries.length = 0;
  await world.clock.pass(120_000);
  assertEquals(Math.max(...gaps(world.tries)), 15_000);
  await world.stop();
});

Deno.test("leave() ends all attempts during a pause, a session or an attempt", async () => {
  const pausing = bench("refused");
  await pausing.clock.pass(100);
  pausing.supervisor.leave();
  await pausing.clock.pass(60_000);
  assertEquals(pausing.tries.length, 1);
  await pausing.stop();

  const subscribed = bench("session");
  await subscribed.clock.pass(60_000);
  subscribed.supervisor.leave();
  subscribed.sessions[0]?.push(subscribedEvent as Event);
  await settle();
  assertEquals(subscribed.events.map(({ kind }) => kind), ["subscribed", "subscribed"], "what it says is still heard");
  subscribed.sessions[0]?.fail(refused);
  await subscribed.clock.pass(60_000);
  assertEquals(subscribed.tries.length, 1);
  await subscribed.stop();

  const trying = bench("hang");
  await trying.clock.pass(100);
  trying.supervisor.leave();
  await trying.clock.pass(60_000);
  assertEquals([trying.tries.length, trying.supervisor.session()], [1, undefined]);
  await trying.stop();
});

Deno.test("SUBSCRIBE succeeds within two seconds after the master responds again", async () => {
  for (const outageMs of [1_000, 60_000, 500_000]) {
    const world = bench("refused");
    await world.clock.pass(outageMs);
    world.answer = "session";
    await world.clock.pass(2_000);
    assertEquals(world.events.at(-1)?.kind, "subscribed", `after ${outageMs} ms`);
    await world.stop();
  }
});

Deno.test("an error that a person must fix is retried every 2 to 15 seconds", async () => {
  const world = bench(new MesosError("unauthorized", "401", "check mesos.secret"));
  await world.clock.pass(120_000);
  assert(gaps(world.tries).every((gap) => gap >= 2_000));
  assertEquals(gaps(world.tries).at(-1), 15_000);
  await world.stop();
});

Deno.test("a broken stream posts `disconnected`, and the next session follows immediately", async () => {
  const world = bench("session");
  await world.clock.pass(60_000);
  world.sessions[0]?.push({ kind: "offer-rescinded", offerId: "o" });
  await settle();
  world.sessions[0]?.fail(new MesosError("stream-broken", "it broke", "look"));
  await world.clock.pass(250);
  const kinds = world.events.map((event) => event.kind);
  assertEquals(kinds, ["subscribed", "offer-rescinded", "disconnected", "subscribed"]);
  assertEquals(world.failures, [{ message: "it broke", outage: 1 }]);
  assertEquals(world.supervisor.session()?.master, "m:5050");
  await world.stop();
  assertEquals(world.supervisor.session(), undefined);
});

Deno.test("an outage ends once a session has lasted half a minute", async () => {
  const world = bench("session");
  for (let round = 0; round < 6; round++) {
    await world.clock.pass(2_000);
    world.sessions.at(-1)?.fail(refused);
    await settle();
  }
  assertEquals(new Set(world.failures.map((failure) => failure.outage)), new Set([1]));
  assert(world.supervisor.isUnsteady());
  assertEquals(world.steady, []);
  await world.clock.pass(40_000);
  world.sessions.at(-1)?.push({ kind: "offer-rescinded", offerId: "o" });
  await settle();
  assertEquals(world.steady, ["m:5050"]);
  assertEquals(world.supervisor.isUnsteady(), false);
  world.sessions.at(-1)?.fail(refused);
  await settle();
  assertEquals(world.failures.at(-1)?.outage, 2);
  await world.stop();
});

Deno.test("a failed attempt posts `disconnected` with its reason and hint", async () => {
  const world = bench("refused");
  await world.clock.pass(1_000);
  assertEquals(world.events[0], { kind: "disconnected", reason: refused.message, hint: refused.hint });
  await world.stop();
});

Deno.test("endSession() is followed by the next session after the given pause", async () => {
  const world = bench("session");
  await world.clock.pass(1_000);
  world.supervisor.endSession("the configuration has changed", 60_000);
  await world.clock.pass(59_000);
  assertEquals(world.tries.length, 1);
  assertEquals(world.events.at(-1), { kind: "disconnected", reason: "the configuration has changed" });
  assertEquals(world.failures, [], "that is no failure");
  await world.clock.pass(1_000);
  assertEquals(world.tries.length, 2);
  await world.stop();
});

Deno.test("endSession() after the end of the stream still sets the pause", async () => {
  const world = bench("session");
  await world.clock.pass(1_000);
  world.answer = "refused";
  world.sessions[0]?.fail(refused);
  await settle();
  world.supervisor.endSession("not authorized", 60_000);
  await world.clock.pass(59_000);
  assertEquals(world.tries.length, 1);
  await world.clock.pass(1_000);
  assertEquals(world.tries.length, 2);
  await world.stop();
});

Deno.test("endSession() aborts an attempt that waits for its response", async () => {
  const world = bench("hang");
  await world.clock.pass(1_000);
  world.answer = "session";
  world.supervisor.endSession("the configuration has changed", 0);
  await world.clock.pass(0);
  assertEquals(world.tries.length, 2);
  assertEquals(world.events.at(-1)?.kind, "subscribed");
  await world.stop();
});

Deno.test("endSession() without a pause prevents further sessions", async () => {
  const world = bench("session");
  await world.clock.pass(1_000);
  world.supervisor.endSession("removed", undefined);
  await world.clock.pass(600_000);
  assertEquals(world.tries.length, 1);
  await world.stop();
});

Deno.test("an abort of run() ends a pause, an attempt and a session immediately", async () => {
  for (const answer of ["refused", "hang", "session"] as const) {
    const world = bench(answer);
    await world.clock.pass(100);
    await world.stop();
    assertEquals(world.clock.sleepers, 0, answer);
  }
});
