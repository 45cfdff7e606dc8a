// A record that is listed again after its DELETE was confirmed is not deleted: up to GoCD 20.1 a living agent registers
// again with its uuid, and somebody enables it.

import { assertEquals } from "@std/assert";
import {
  building,
  confirmDeletes,
  gocdAgent,
  minute,
  only,
  pending,
  reconciled,
  second,
  withIdleAgent,
} from "../../support/core.ts";

Deno.test("an agent whose deleted record is listed again is not stopped when lists lack that record for a moment", () => {
  const { world, taskId } = withIdleAgent();
  world.wait(10 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  for (let reads = 0; reads < 4; reads++) {
    world.wait(10 * second);
    world.read(gocdAgent(taskId, { configState: "Disabled" }));
  }
  assertEquals(only(confirmDeletes(world), "delete-gocd-agents").length > 0, true);
  // Mesos loses its host for a moment; its agent registers again, and somebody enables it.
  world.status(taskId, "TASK_UNREACHABLE", reconciled);
  world.status(taskId, "TASK_RUNNING", reconciled);
  world.wait(5 * second);
  world.read(gocdAgent(taskId, pending));
  world.wait(5 * second);
  world.read(gocdAgent(taskId, building));
  assertEquals(world.instance(taskId).state, "registered");
  // The same again, while lists lack its record.
  world.wait(10 * minute, minute);
  world.read(gocdAgent(taskId, building));
  world.status(taskId, "TASK_UNREACHABLE", reconciled);
  world.status(taskId, "TASK_RUNNING", reconciled);
  world.taken();
  const other = gocdAgent("other", { gocdResources: ["other"] });
  for (let reads = 0; reads < 8; reads++) {
    world.wait(10 * second);
    world.read(other);
  }
  assertEquals([only(world.taken(), "kill-task").length, world.instance(taskId).isDeleted], [0, undefined]);
});
