// The clocks of a drain and of what follows it, at their boundaries, by what leaves. Stories: drain_test.ts, cleanup_test.ts.

import { assertEquals } from "@std/assert";
import type { Effect } from "../../../src/core/effect.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  type Driver,
  gocdAgent,
  jobs,
  kinds,
  lostContact,
  minute,
  missing,
  offer,
  reconciled,
  second,
  withIdleAgent,
} from "../../support/core.ts";

/** What leaves for the GoCD server and for Mesos' tasks, of all effects since the last look. */
function acts(world: Driver): string[] {
  return kinds(world.taken()).filter((kind) => /gocd-agents?$|kill-task/.test(kind) && kind !== "read-gocd-agents");
}

/** Lets time pass with a tick a minute: after a longer break the program would have stood still, and nothing would count. */
function pass(world: Driver, ms: number): void {
  for (let left = ms; left > 0; left -= minute) {
    world.skip(Math.min(left, minute));
    if (left > minute) world.send({ kind: "tick" });
  }
}

/** An idle agent whose DISABLE has left. */
function draining(): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  pass(world, 10 * minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  world.taken();
  return { world, taskId };
}

const disabled: Partial<GocdAgent> = { configState: "Disabled" };

/** Reads a list after a pause. */
function readAfter(world: Driver, ms: number, ...agents: readonly GocdAgent[]): string[] {
  pass(world, ms);
  world.read(...agents);
  return acts(world);
}

for (const [afterMs, leaves] of [[20 * second - 1, []], [20 * second, ["delete-gocd-agents"]]] as const) {
  Deno.test(`a second idle list ${afterMs} ms after the first ${leaves.length === 0 ? "is too early" : "confirms"}`, () => {
    const { world, taskId } = draining();
    readAfter(world, second, gocdAgent(taskId, disabled));
    assertEquals(readAfter(world, afterMs, gocdAgent(taskId, disabled)), leaves);
  });
}

for (
  const [what, between] of [
    ["a build under maintenance", { server: { maintenance: "on" as const }, shown: building }],
    ["a list of another server", { server: {}, shown: undefined }],
  ] as const
) {
  Deno.test(`two idle lists with ${what} between them confirm nothing: the confirmation restarts`, () => {
    const { world, taskId } = draining();
    const idle = gocdAgent(taskId, disabled);
    world.read(idle);
    world.skip(10 * second);
    const others = ["a", "b", "c"].map((name) => gocdAgent(name));
    // With others beside it, all of which vanish at once, the brake engages.
    world.read(idle, ...others);
    world.skip(second);
    const shown = between.shown === undefined ? [] : [gocdAgent(taskId, { ...disabled, ...between.shown }), ...others];
    world.poll({ server: between.server, agents: shown });
    world.send({ kind: "loss-accepted" });
    world.skip(20 * second);
    world.poll({ agents: [idle, ...others] });
    assertEquals(acts(world), []);
    assertEquals(readAfter(world, 20 * second, idle, ...others), ["delete-gocd-agents"]);
  });
}

Deno.test("an idle agent is drained after its whole idle-timeout, not a millisecond before", () => {
  for (const [early, leaves] of [[1, []], [0, ["disable-gocd-agents"]]] as const) {
    const { world, taskId } = withIdleAgent();
    pass(world, 10 * minute - early);
    world.poll({ agents: [gocdAgent(taskId)] });
    assertEquals(acts(world), [...leaves]);
  }
});

Deno.test("a DISABLE and a DELETE without effect are repeated after thirty seconds, not before", () => {
  const { world, taskId } = draining();
  assertEquals(readAfter(world, 30 * second - 1, gocdAgent(taskId)), []);
  assertEquals(readAfter(world, 1, gocdAgent(taskId)), ["disable-gocd-agents"]);
  readAfter(world, second, gocdAgent(taskId, disabled));
  assertEquals(readAfter(world, 20 * second, gocdAgent(taskId, disabled)), ["delete-gocd-agents"]);
  assertEquals(readAfter(world, 30 * second - 1, gocdAgent(taskId, disabled)), []);
  assertEquals(readAfter(world, 1, gocdAgent(taskId, disabled)), ["delete-gocd-agents"]);
});

Deno.test("an agent is killed after ten minutes of lists without its record, not before", () => {
  const { world, taskId } = draining();
  readAfter(world, second);
  for (let at = 0; at < 59; at++) assertEquals(readAfter(world, 10 * second), []);
  assertEquals(readAfter(world, 10 * second - 1), []);
  assertEquals(world.instance(taskId).state, "draining");
  assertEquals(readAfter(world, 1), ["kill-task"]);
});

for (
  const [name, shown, enoughMs] of [
    ["out of contact", lostContact, minute],
    ["Missing", missing, 5 * minute],
  ] as const
) {
  Deno.test(`a draining agent that is ${name} is safe to delete after ${enoughMs / minute} min, and two looks`, () => {
    const { world, taskId } = draining();
    readAfter(world, second, gocdAgent(taskId, { ...disabled, ...shown }));
    assertEquals(readAfter(world, enoughMs - 1, gocdAgent(taskId, { ...disabled, ...shown })), []);
    assertEquals(readAfter(world, 1, gocdAgent(taskId, { ...disabled, ...shown })), []);
    assertEquals(readAfter(world, 20 * second, gocdAgent(taskId, { ...disabled, ...shown })), ["delete-gocd-agents"]);
  });
}

Deno.test("a list that shows a build between two idle ones restarts the confirmation", () => {
  const { world, taskId } = draining();
  readAfter(world, second, gocdAgent(taskId, disabled));
  readAfter(world, 10 * second, gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals(readAfter(world, 10 * second, gocdAgent(taskId, disabled)), []);
  assertEquals(readAfter(world, 20 * second - 1, gocdAgent(taskId, disabled)), []);
  assertEquals(readAfter(world, 1, gocdAgent(taskId, disabled)), ["delete-gocd-agents"]);
});

Deno.test("an outage of the server between two idle lists restarts the confirmation", () => {
  const { world, taskId } = draining();
  readAfter(world, second, gocdAgent(taskId, disabled));
  world.skip(10 * second);
  world.send({
    kind: "gocd-poll-failed",
    problem: { code: "gocd-unreachable", message: "no answer", hint: "look", kind: "unreachable" },
  });
  assertEquals(readAfter(world, 10 * second, gocdAgent(taskId, disabled)), []);
  assertEquals(readAfter(world, 20 * second - 1, gocdAgent(taskId, disabled)), []);
  assertEquals(readAfter(world, 1, gocdAgent(taskId, disabled)), ["delete-gocd-agents"]);
});

/** A registered agent whose task Mesos has ended. */
function dead(state: string, shown: Partial<GocdAgent> = {}): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  // Twice: an agent that has just been free, or whose job has just left the feed, may hold a build.
  for (let look = 0; look < 2; look++) {
    world.skip(30 * second);
    world.poll({ agents: [gocdAgent(taskId, shown)] });
  }
  world.status(taskId, state, state === "TASK_LOST" ? reconciled : {});
  world.taken();
  return { world, taskId };
}

Deno.test("the record of a dead agent is disabled, deleted, and forgotten ten minutes after it has gone, not before", () => {
  const { world, taskId } = dead("TASK_FAILED");
  assertEquals(readAfter(world, 0, gocdAgent(taskId)), ["disable-gocd-agents"]);
  assertEquals(readAfter(world, 30 * second - 1, gocdAgent(taskId, disabled)), []);
  assertEquals(readAfter(world, 1, gocdAgent(taskId, disabled)), ["delete-gocd-agents"]);
  readAfter(world, 0);
  readAfter(world, 10 * minute - 1);
  assertEquals(world.state.instances.size, 1);
  readAfter(world, 1);
  assertEquals(world.state.instances.size, 0);
});

Deno.test("a dead agent that built stays Enabled until it has been out of contact for a minute", () => {
  const { world, taskId } = dead("TASK_FAILED", building);
  assertEquals(readAfter(world, minute, gocdAgent(taskId, building)), []);
  assertEquals(readAfter(world, minute, gocdAgent(taskId, lostContact)), []);
  assertEquals(readAfter(world, minute - 1, gocdAgent(taskId, lostContact)), []);
  assertEquals(readAfter(world, 1, gocdAgent(taskId, lostContact)), ["disable-gocd-agents"]);
});

Deno.test("a disabled record of a dead agent that is Missing is left for five minutes: its agent may only be late", () => {
  const { world, taskId } = dead("TASK_FAILED");
  const shown = gocdAgent(taskId, { ...disabled, ...missing });
  assertEquals(readAfter(world, minute, shown), []);
  assertEquals(readAfter(world, 5 * minute - 1, shown), []);
  assertEquals(readAfter(world, 1, shown), ["delete-gocd-agents"]);
});

Deno.test("a disabled record of a dead agent that seems to build is deleted after ten minutes, not before", () => {
  const { world, taskId } = dead("TASK_FAILED");
  const shown = gocdAgent(taskId, { ...disabled, ...building });
  assertEquals(readAfter(world, 10 * minute - 1, shown), []);
  assertEquals(readAfter(world, 1, shown), ["delete-gocd-agents"]);
});

Deno.test("fifty drains start in one poll at most", () => {
  const { world } = withIdleAgent({ scaling: { maxAgents: 100 } });
  const count = 55;
  world.poll({ jobs: jobs(count) });
  world.offers(offer("big", { cpus: 100, mem: 1e6 }));
  const ids = [...world.state.instances.keys()];
  for (const taskId of ids) world.status(taskId, "TASK_RUNNING");
  const agents = ids.map((taskId) => gocdAgent(taskId));
  for (let at = 0; at < 3; at++) readAfter(world, 20 * second, ...agents);
  world.taken();
  pass(world, 10 * minute);
  world.poll({ agents });
  const disables = (effects: readonly Effect[]): number =>
    effects.reduce((sum, each) => sum + (each.kind === "disable-gocd-agents" ? each.agents.length : 0), 0);
  assertEquals([ids.length > 50, disables(world.taken())], [true, 50]);
  pass(world, 2 * minute);
  world.poll({ agents });
  assertEquals(disables(world.taken()) >= ids.length - 50, true);
});
