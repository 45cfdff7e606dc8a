// How old a reading of the GoCD server is, what it proves, and which time counts for an agent that is to register.

import { assert, assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  confirmDeletes,
  drive,
  type Driver,
  type DriverOptions,
  gocdAgent,
  job,
  jobs,
  kinds,
  minute,
  offer,
  only,
  problem,
  second,
  withIdleAgent,
} from "../../support/core.ts";

/** A driver with one instance whose container runs and which has not registered. */
function starting(options: DriverOptions = {}): { readonly world: Driver; readonly taskId: string } {
  const world = drive(options);
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const taskId = [...world.state.instances.keys()][0] ?? "";
  world.status(taskId, "TASK_RUNNING");
  world.taken();
  return { world, taskId };
}

interface Server {
  /** Whether the read of this number (from 1) fails. */
  readonly fails?: (read: number) => boolean;
  readonly agents?: readonly GocdAgent[];
  /** From the question to the answer, ms. */
  readonly tookMs?: (read: number) => number;
}

/** Advances time with a server that answers every request; stops when `isOver`. */
function serve(world: Driver, ms: number, server: Server, isOver: () => boolean = () => false): void {
  const { fails = () => false, agents = [], tookMs = () => 0 } = server;
  const endMs = world.atMs + ms;
  for (let read = 0; world.atMs < endMs && !isOver();) {
    world.wait(second);
    if (world.state.server.requestedMs === undefined) continue;
    read++;
    const isPoll = kinds(world.taken()).includes("poll-gocd");
    const waitMs = tookMs(read);
    const requestedMs = world.atMs;
    world.wait(waitMs, second);
    if (fails(read)) world.send({ kind: "gocd-poll-failed", problem: problem() });
    else if (isPoll) world.poll({ jobs: jobs(1), agents });
    else world.send({ kind: "gocd-agents-read", agents, agentsRequestedMs: requestedMs, tookMs: waitMs });
  }
}

function stateOf(world: Driver, taskId: string): string {
  const instance = world.instance(taskId);
  return instance.state === "killing" ? instance.cause : instance.state;
}

for (const every of [2, 3, 50]) {
  Deno.test(`an agent that never registers is cancelled although every ${every}. read fails`, () => {
    const { world, taskId } = starting();
    const startMs = world.atMs;
    const isOver = (): boolean => stateOf(world, taskId) !== "starting";
    serve(world, 24 * 60 * minute, { fails: (read) => read % every === 0 }, isOver);
    const tookMs = world.atMs - startMs;
    assertEquals(stateOf(world, taskId), "register-timeout");
    assert(tookMs >= 10 * minute && tookMs < 40 * minute, `after ${tookMs / minute} minutes`);
  });
}

Deno.test("time around a failed read does not count for the registration, and what came before is not lost", () => {
  const { world, taskId } = starting();
  serve(world, 9 * minute, {});
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  world.wait(2 * minute);
  serve(world, 45 * second, {});
  assertEquals(stateOf(world, taskId), "starting");
  serve(world, 45 * second, {});
  assertEquals(stateOf(world, taskId), "register-timeout");
});

Deno.test("after an outage of three minutes an agent has its whole time to register again", () => {
  const { world, taskId } = starting();
  serve(world, 9 * minute, {});
  serve(world, 200 * second, { fails: () => true });
  serve(world, 9 * minute, {});
  assertEquals(stateOf(world, taskId), "starting");
  serve(world, 3 * minute, {});
  assertEquals(stateOf(world, taskId), "register-timeout");
});

Deno.test("after maintenance mode, in which no agent can register, an agent has its full time again", () => {
  const { world, taskId } = starting();
  serve(world, 9 * minute, {});
  world.poll({ jobs: jobs(1), server: { maintenance: "on" } });
  for (let at = 0; at < 40; at++) {
    world.wait(30 * second);
    if (at % 4 === 0) world.poll({ jobs: jobs(1), server: { maintenance: "on" } });
    else world.read();
  }
  world.poll({ jobs: jobs(1) });
  world.wait(second);
  assertEquals(stateOf(world, taskId), "starting", "twenty minutes of maintenance do not count");
  serve(world, 9 * minute, {});
  assertEquals(stateOf(world, taskId), "starting");
  serve(world, 2 * minute, {});
  assertEquals(stateOf(world, taskId), "register-timeout");
});

Deno.test("maintenance mode that only a refused call shows stops the time to register, too", () => {
  const { world, taskId } = starting();
  serve(world, 9 * minute, {});
  const call = { kind: "disable-gocd-agents", agents: [] } as const;
  world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "maintenance", code: "gocd-maintenance" }) });
  world.read();
  serve(world, 30 * second, {});
  world.poll({ jobs: jobs(1) });
  serve(world, 9 * minute, {});
  assertEquals(stateOf(world, taskId), "starting");
});

Deno.test("idleness during a time in which the server assigned nothing drains no agent", () => {
  for (const how of ["maintenance", "outage"]) {
    const { world, taskId } = withIdleAgent();
    world.wait(5 * minute);
    if (how === "maintenance") world.poll({ agents: [gocdAgent(taskId)], server: { maintenance: "on" } });
    else world.send({ kind: "gocd-poll-failed", problem: problem() });
    world.wait(60 * minute, minute);
    world.poll({ agents: [gocdAgent(taskId)] });
    assertEquals(world.instance(taskId).state, "registered", how);
    world.wait(9 * minute, minute);
    world.poll({ agents: [gocdAgent(taskId)] });
    assertEquals(world.instance(taskId).state, "registered", how);
    world.wait(minute);
    world.poll({ agents: [gocdAgent(taskId)] });
    assertEquals(world.instance(taskId).state, "draining", how);
  }
});

Deno.test("nothing is killed as never registered because of a list that was requested 28 s ago", () => {
  const { world, taskId } = starting();
  serve(world, 10 * minute - 5 * second, {});
  serve(world, 60 * second, { tookMs: () => 28 * second });
  world.wait(4 * second);
  assertEquals([stateOf(world, taskId), only(world.taken(), "kill-task").length], ["starting", 0]);
  serve(world, 3 * minute, {});
  assertEquals(stateOf(world, taskId), "register-timeout");
});

Deno.test("on a server whose lists always take 15 s an agent that never registers is cancelled anyway", () => {
  const { world, taskId } = starting();
  serve(world, 40 * minute, { tookMs: () => 15 * second });
  assertEquals(stateOf(world, taskId), "register-timeout");
});

Deno.test("a few slow lists do not make old ones count: the fastest of the last five shows what the server needs", () => {
  const { world, taskId } = starting();
  serve(world, 9 * minute, {});
  // Four slow ones; the fifth before them was fast.
  const slow = { tookMs: (read: number) => read <= 4 ? 20 * second : 0 };
  while (world.state.server.reading?.tookMs.filter((ms) => ms > 0).length !== 4) serve(world, 10 * second, slow);
  world.wait(2 * minute);
  assertEquals(stateOf(world, taskId), "starting");
});

Deno.test("a poll reports when the list of agents was requested, which is later than the poll", () => {
  const { world, taskId } = starting();
  serve(world, 10 * minute - 2 * second, {});
  while (world.state.server.requestedMs === undefined) world.wait(second);
  world.wait(20 * second);
  const server = {
    version: "26.1.0",
    resourceCase: "insensitive",
    slowRegistration: false,
    maintenance: "off",
  } as const;
  world.send({
    kind: "gocd-polled",
    server,
    jobs: jobs(1),
    agents: [],
    findings: [],
    agentsRequestedMs: world.atMs - second,
  });
  world.wait(second);
  assertEquals(stateOf(world, taskId), "register-timeout");
});

Deno.test("a KILL after a DELETE waits for a list that was requested after it", () => {
  const { world, taskId } = withIdleAgent();
  const disabled = gocdAgent(taskId, { configState: "Disabled" });
  world.wait(10 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  world.read(disabled);
  world.wait(25 * second);
  const beforeMs = world.atMs - second;
  world.read(disabled);
  world.send({ kind: "gocd-agents-read", agents: [disabled], agentsRequestedMs: world.atMs });
  assertEquals(only(confirmDeletes(world), "delete-gocd-agents").length, 1);
  world.send({ kind: "gocd-agents-read", agents: [], agentsRequestedMs: beforeMs });
  assertEquals(stateOf(world, taskId), "draining", "an empty list from before the DELETE is a wrong one");
  world.send({ kind: "gocd-agents-read", agents: [], agentsRequestedMs: world.atMs });
  assertEquals(stateOf(world, taskId), "drained");
});

Deno.test("one failed read in each assign-grace does not hide that an idle agent leaves a job waiting", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId)] });
  for (let at = 0; at < 12; at++) {
    world.wait(30 * second);
    if (at % 3 === 2) world.send({ kind: "gocd-poll-failed", problem: problem() });
    else world.poll({ jobs: [job("a")], agents: [gocdAgent(taskId)] });
  }
  world.poll({ jobs: [job("a")], agents: [gocdAgent(taskId)] });
  assertEquals(world.verdict("a").verdict, "other-cause");
});

Deno.test("the time in which the server did not answer is not held against an idle agent", () => {
  const { world, taskId } = withIdleAgent();
  world.wait(minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent(taskId)] });
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  world.wait(2 * minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent(taskId)] });
  assertEquals(world.verdict("a").verdict, "will-be-taken");
});

for (const [idleMs, want] of [[390 * second, "second"], [400 * second, "first"]] as const) {
  Deno.test(`an agent that has shown Idle for ${idleMs / second} s keeps the record ${want}`, () => {
    // The server sees a silence after 300 s: one that died just before its first look shows Idle until then.
    const { world, taskId } = withIdleAgent();
    const own = gocdAgent(taskId, { uuid: `uuid-${taskId}` });
    for (const endMs = world.atMs + idleMs; world.atMs < endMs;) {
      world.wait(10 * second);
      world.read(own);
    }
    world.read(own, gocdAgent(taskId, { uuid: "second", agentState: "Building", buildState: "Building" }));
    const instance = world.instance(taskId);
    assertEquals(instance.state === "registered" ? instance.uuid : instance.state, want === "first" ? own.uuid : want);
  });
}

Deno.test("the confirmation of a drain restarts after a failed read, and needs minutes if some reads always fail", () => {
  const { world, taskId } = withIdleAgent();
  const disabled = gocdAgent(taskId, { configState: "Disabled" });
  const stepOf = (): string => {
    const instance = world.instance(taskId);
    return instance.state === "draining" ? instance.step.kind : instance.state;
  };
  world.send({ kind: "drain-requested" });
  world.poll({ agents: [gocdAgent(taskId)] });
  world.read(disabled);
  const sinceMs = world.atMs;
  world.wait(15 * second);
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  world.wait(5 * second);
  world.read(disabled);
  assertEquals(stepOf(), "confirming", "20 s after the first look, but the server was away between");
  while (stepOf() === "confirming" && world.atMs < sinceMs + 60 * minute) {
    world.wait(10 * second);
    world.send({ kind: "gocd-poll-failed", problem: problem() });
    world.wait(5 * second);
    world.read(disabled);
  }
  assertEquals(stepOf(), "deleting");
  assert(world.atMs - sinceMs >= 5 * minute, `after ${(world.atMs - sinceMs) / second} s`);
});
