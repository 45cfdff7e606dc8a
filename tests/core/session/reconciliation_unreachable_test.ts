// A task on a Mesos agent that is back, but has never received it: nobody reports it, so that it is requested.

import { assertEquals } from "@std/assert";
import { drive, jobs, kinds, minute, offer, only, reconciled, second } from "../../support/core.ts";

Deno.test("an unreachable task is requested again with the tasks of the framework: its host may be back without it", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  const { mesosAgentId } = world.instance(taskId);
  world.status(taskId, "TASK_UNREACHABLE", { reason: "REASON_AGENT_REMOVED", uuid: "", mesosAgentId });
  world.status(taskId, "TASK_UNREACHABLE", { ...reconciled, mesosAgentId });
  for (let round = 0; round < 3; round++) {
    world.taken();
    world.wait(11 * minute);
    const asked = only(world.taken(), "reconcile-tasks").map(({ tasks }) => tasks.map((each) => each.taskId));
    assertEquals(asked.filter((tasks) => tasks.includes(taskId)).length > 0, true, `round ${round}`);
    world.status(taskId, "TASK_UNREACHABLE", { ...reconciled, mesosAgentId });
  }
  world.status(taskId, "TASK_GONE", { ...reconciled, mesosAgentId });
  assertEquals(world.state.instances.get(taskId)?.state ?? "gone", "gone");
  assertEquals(kinds(world.taken()).includes("kill-task"), false);
});
