// An agent that we have disabled to remove it, and that Mesos loses and finds again meanwhile: the jobs do not wait for
// its idle-timeout because it takes a place.

import { assertEquals } from "@std/assert";
import {
  type Driver,
  gocdAgent,
  jobs,
  lostContact,
  minute,
  only,
  reconciled,
  second,
  watch,
  withIdleAgent,
} from "../../support/core.ts";

/** Seconds until a job that waits gets an agent: this one, enabled, or another that can be launched in its place. */
function waitedFor(world: Driver, taskId: string): number {
  const fromMs = world.atMs;
  world.taken();
  while (world.atMs - fromMs < 60 * minute) {
    world.wait(10 * second);
    world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId, { configState: "Disabled" })] });
    const taken = world.taken();
    if (only(taken, "enable-gocd-agent").length > 0 || only(taken, "delete-gocd-agents").length > 0) break;
  }
  return (world.atMs - fromMs) / second;
}

Deno.test("an agent that was being drained, and comes back, is removed at once", () => {
  const { world, taskId } = withIdleAgent({ scaling: { maxAgents: 1 } });
  world.wait(10 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  world.wait(2 * second);
  world.read(gocdAgent(taskId, { configState: "Disabled" }));
  world.status(taskId, "TASK_UNREACHABLE", reconciled);
  world.wait(minute);
  world.status(taskId, "TASK_RUNNING", reconciled);
  assertEquals(waitedFor(world, taskId) <= 60, true);
});

Deno.test("an agent whose record was disabled because it counted as lost, and comes back, is removed at once", () => {
  const { world, taskId } = withIdleAgent({ scaling: { maxAgents: 1 } });
  const silent = gocdAgent(taskId, lostContact);
  watch(world, minute, silent);
  world.status(taskId, "TASK_UNKNOWN", reconciled);
  assertEquals(world.instance(taskId).state, "gone");
  watch(world, 2 * minute, silent);
  assertEquals(only(world.taken(), "disable-gocd-agents").length > 0, true);
  world.read(gocdAgent(taskId, { ...lostContact, configState: "Disabled" }));
  world.status(taskId, "TASK_RUNNING", reconciled);
  assertEquals(world.instance(taskId).state, "registered");
  assertEquals(waitedFor(world, taskId) <= 60, true);
});
