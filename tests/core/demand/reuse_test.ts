// Which of the agents that are being drained are enabled again for waiting jobs.

import { assertEquals } from "@std/assert";
import { building, gocdAgent, jobs, lostContact, minute, only, second, withIdleAgent } from "../../support/core.ts";

Deno.test("of the drained agents only those that were just idle are enabled again", () => {
  const { world, taskId } = withIdleAgent();
  world.read(gocdAgent(taskId, lostContact));
  world.wait(10 * minute, 10 * second);
  world.read(gocdAgent(taskId, lostContact));
  assertEquals(world.instance(taskId).state, "draining", "as surplus: the server has lost it");
  world.taken();
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId, { ...lostContact, configState: "Disabled" })] });
  assertEquals([only(world.taken(), "enable-gocd-agent"), world.verdict("j0").verdict], [[], "needs-agent"]);
});

Deno.test("one that still builds, or that is deleted already, is not enabled again for waiting jobs", () => {
  for (const how of ["builds", "deleting"] as const) {
    const { world, taskId } = withIdleAgent();
    world.wait(10 * minute, 10 * second);
    world.poll({ agents: [gocdAgent(taskId)] });
    const record = gocdAgent(taskId, { configState: "Disabled", ...how === "builds" ? building : {} });
    world.read(record);
    world.skip(20 * second);
    world.read(record);
    world.taken();
    world.poll({ jobs: jobs(1), agents: [record] });
    assertEquals([only(world.taken(), "enable-gocd-agent"), world.verdict("j0").verdict], [[], "needs-agent"], how);
  }
});
