// The state of each server as page, /health, metrics and commands show it. What follows for /health is in tests/web.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ServerHealth } from "../../../src/core/view/view.ts";
import { isBacklogCurrent } from "../../../src/core/view/health.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  drive,
  type Driver,
  emptyStore,
  minute,
  problem,
  second,
  serverInfo,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";

/** `failing for 12 s: no answer`. */
function shown(server: "gocd" | "mesos", world: Driver, laterMs = 0): string {
  const atMs = world.atMs + laterMs;
  const health: ServerHealth = statusView(world.state, atMs)[server].health;
  const forText = `${health.state} for ${(atMs - health.sinceMs) / second} s`;
  return "problem" in health ? `${forText}: ${health.problem.message}` : forText;
}

const gocd = (world: Driver): string => shown("gocd", world);
const mesos = (world: Driver): string => shown("mesos", world);
const fail = (world: Driver): void => void world.send({ kind: "gocd-poll-failed", problem: problem() });
const end = (world: Driver, reason = "the connection was refused"): void =>
  void world.send({ kind: "disconnected", reason });

function subscribeToHeartbeats(world: Driver): void {
  world.send({ kind: "subscribed", frameworkId: "f-1", master: "mesos:5050", heartbeatMs: 15 * second });
}

/** A core whose server has answered one poll, which took so long. */
function polled(tookMs = second): Driver {
  const world = drive();
  world.wait(second);
  world.send({ kind: "gocd-polled", server: serverInfo, jobs: [], agents: [], findings: [], tookMs });
  return world;
}

Deno.test("GoCD is unknown until its first answer, and fine from then on", () => {
  const world = drive();
  assertEquals(gocd(world), "unknown for 0 s");
  world.wait(3 * second);
  assertEquals(gocd(world), "unknown for 3 s");
  world.poll();
  world.wait(minute);
  assertEquals(gocd(world), "fine for 60 s");
});

Deno.test("GoCD fails from the time of the first failed poll, however often it is retried", () => {
  const world = polled();
  world.wait(2 * minute);
  world.skip(4 * second);
  fail(world);
  assertEquals(gocd(world), "failing for 4 s: no answer");
  world.wait(4 * minute);
  fail(world);
  assertEquals(gocd(world), "failing for 244 s: no answer");
  world.wait(56 * second);
  assertEquals(gocd(world), "failing for 300 s: no answer");
  world.wait(second);
  assertEquals(gocd(world), "down for 301 s: no answer");
  world.read();
  assertEquals(gocd(world), "down for 301 s: no answer", "a list of agents is not a whole poll");
  world.poll();
  assertEquals(gocd(world), "fine for 0 s");
});

Deno.test("a GoCD server that never responded fails since the first request", () => {
  const world = drive();
  world.wait(second);
  fail(world);
  world.wait(6 * minute);
  assertEquals(gocd(world), "down for 360 s: no answer");
});

Deno.test("GoCD fails while an answer is overdue: ten seconds, or twice what it usually takes", () => {
  for (const [tookMs, limitMs] of [[second, 10 * second], [8 * second, 16 * second]] as const) {
    const world = polled(tookMs);
    world.wait((world.state.server.nextPollMs - world.atMs) + limitMs);
    assertEquals(gocd(world).split(" ")[0], "fine");
    world.wait(second);
    const forText = `${limitMs / second + 1} s`;
    assertEquals(gocd(world), `failing for ${forText}: the GoCD server has not answered for ${forText}`);
    world.poll();
    assertEquals(gocd(world).split(" ")[0], "fine");
  }
});

Deno.test("without a successful poll for stale-after, GoCD is down immediately", () => {
  const world = drive({ poller: { staleAfterMs: 3 * minute } });
  world.poll();
  world.wait(2 * minute + 10 * second);
  fail(world);
  assertEquals(gocd(world), "failing for 10 s: no answer");
  world.wait(minute);
  assertEquals(gocd(world), "down for 70 s: no answer");
});

Deno.test("the backlog is that of now after a good poll, unless a later one failed, is overdue, or is older than stale-after", () => {
  const isCurrent = (world: Driver, laterMs = 0): boolean => isBacklogCurrent(world.state, world.atMs + laterMs);
  assertEquals([isCurrent(drive()), isCurrent(polled())], [false, true], "none read, one read");
  const old = drive({ poller: { staleAfterMs: 3 * minute } });
  old.poll();
  assertEquals([isCurrent(old, 3 * minute), isCurrent(old, 3 * minute + 1)], [true, false]);
  const failed = polled();
  fail(failed);
  assertEquals(isCurrent(failed), false);
  const silent = polled();
  silent.wait(silent.state.server.nextPollMs - silent.atMs + 11 * second);
  assertEquals(isCurrent(silent), false, "the next poll is not answered");
});

Deno.test("GoCD fails while it lets no record be changed, although it is read", () => {
  const world = polled();
  const call = { kind: "disable-gocd-agents", agents: [{ taskId: "t", uuid: "u" }] } as const;
  for (let minutes = 0; minutes < 6; minutes++) {
    world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "refused", message: "answered 405" }) });
    world.wait(minute);
    world.poll();
    assertStringIncludes(
      gocd(world),
      `${minutes < 5 ? "failing" : "down"} for ${60 * (minutes + 1)} s: no GoCD agent could be`,
    );
  }
  world.send({ kind: "gocd-call-done", call });
  assertEquals(gocd(world).split(" ")[0], "fine");
});

Deno.test("time in which the program did not run, or its loop hung, does not count against any server", () => {
  const world = polled();
  subscribeToHeartbeats(world);
  world.wait(2 * minute);
  world.send({ kind: "heartbeat" });
  assertEquals([gocd(world).split(" ")[0], mesos(world)], ["fine", "fine for 120 s"]);
  assertEquals(shown("mesos", world, minute), "fine for 180 s");
  assertEquals(shown("gocd", world, minute), gocd(world).replace(/\d+/, (s) => String(Number(s) + 60)));
  world.skip(8 * minute);
  world.send({ kind: "tick" });
  assertEquals([gocd(world).split(" ")[0], mesos(world)], ["fine", "fine for 600 s"]);
});

Deno.test("Mesos is unknown until the first SUBSCRIBE is answered, which is overdue after ten seconds", () => {
  const world = drive();
  world.wait(10 * second);
  assertEquals(mesos(world), "unknown for 10 s");
  world.wait(second);
  assertEquals(mesos(world), "failing for 11 s: the Mesos master has not answered for 11 s");
  world.subscribe();
  assertEquals(mesos(world), "fine for 0 s");
});

Deno.test("Mesos fails since the first failed attempt, however often it is retried", () => {
  const world = drive();
  world.wait(second);
  for (let tries = 0; tries < 30; tries++) {
    end(world);
    world.wait(10 * second);
  }
  assertEquals(mesos(world), "down for 301 s: not subscribed to Mesos: the connection was refused");
  assertEquals(statusView(world.state, world.atMs).mesos.sinceMs, zeroMs);
  world.subscribe();
  assertEquals(mesos(world), "fine for 0 s");
  world.wait(minute);
  end(world, "cut");
  world.wait(second);
  assertEquals(mesos(world), "failing for 1 s: not subscribed to Mesos: cut");
});

Deno.test("a stream is in doubt after two missing heartbeats, counted from the last data of the master", () => {
  const world = drive();
  subscribeToHeartbeats(world);
  world.wait(15 * second);
  world.send({ kind: "heartbeat" });
  world.wait(30 * second);
  assertEquals(mesos(world), "fine for 45 s");
  world.wait(second);
  const text = "the Mesos master has sent nothing for 31 s; a heartbeat is due every 15 s";
  assertEquals(mesos(world), `failing for 31 s: ${text}`);
  world.send({ kind: "heartbeat" });
  assertEquals(mesos(world), "fine for 46 s");
  world.wait(75 * second);
  end(world, "silent");
  assertEquals(mesos(world), "failing for 75 s: not subscribed to Mesos: silent");
});

Deno.test("a heartbeat that comes after the end of its session changes nothing", () => {
  const world = drive();
  world.subscribe();
  end(world);
  const before = world.state.session;
  world.send({ kind: "heartbeat" });
  assertEquals(world.state.session, before);
});

Deno.test("sessions that end immediately are one period of trouble, which ends with a session that lasts", () => {
  const world = drive();
  world.subscribe();
  world.wait(minute);
  for (let sessions = 0; sessions < 40; sessions++) {
    end(world, "cut");
    world.wait(5 * second);
    world.subscribe();
    world.wait(5 * second);
    if (sessions === 0) assertEquals(mesos(world), "fine for 5 s", "one reconnect is no sign of more to come");
  }
  const text = "subscriptions to the Mesos master succeed, but keep ending within seconds";
  assertEquals(mesos(world), `down for 400 s: ${text}`);
  world.wait(25 * second);
  assertEquals(mesos(world), `down for 425 s: ${text}`);
  world.wait(second);
  assertEquals(mesos(world), "fine for 31 s");
  end(world, "cut");
  assertEquals(mesos(world), "failing for 0 s: not subscribed to Mesos: cut");
});

Deno.test("a framework that another has taken over, or that was removed, is down immediately", () => {
  const world = drive();
  world.subscribe();
  world.wait(second);
  world.send({ kind: "framework-error", error: "failed-over", message: "m" });
  world.wait(second);
  assertEquals(mesos(world), "down for 1 s: not subscribed to Mesos: m");
});

Deno.test("after a teardown nothing is overdue: it is up to the operator when SUBSCRIBE is sent", () => {
  const world = drive({ stored: { ...emptyStore, controls: { ...emptyStore.controls, tornDown: true } } });
  world.wait(minute);
  assertEquals(mesos(world), "unknown for 60 s");
  end(world);
  assertEquals(mesos(world), "failing for 60 s: not subscribed to Mesos: the connection was refused");
});

Deno.test("GoCD is fine since its first good answer, not since its last", () => {
  const world = polled();
  world.wait(minute);
  world.poll();
  assertEquals(gocd(world), "fine for 60 s");
});

Deno.test("a framework that was removed while agents are alive is down immediately, with the reason", () => {
  const { world } = withIdleAgent();
  world.send({ kind: "framework-error", error: "removed", message: "m" });
  world.wait(second);
  assertEquals(mesos(world), "down for 1 s: not subscribed to Mesos: m");
});

Deno.test("GoCD is down if the last successful poll is too long ago, even if no later one has failed", () => {
  const world = polled();
  assertEquals(shown("gocd", world, 10 * minute).split(" ")[0], "fine");
  assertEquals(
    shown("gocd", world, 11 * minute),
    "down for 660 s: no successful poll of the GoCD server for 11 min: launching and draining are paused",
  );
});
