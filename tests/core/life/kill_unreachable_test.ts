// A KILL that was sent to a host which Mesos then could not reach may arrive later.

import { assertEquals } from "@std/assert";
import { gocdAgent, minute, only, reconciled, second, watch, withRunning } from "../../support/core.ts";

for (const word of ["TASK_UNREACHABLE", "TASK_UNKNOWN"]) {
  Deno.test(`an agent whose KILL was sent before ${word} gets no work when it returns: the KILL may still arrive`, () => {
    const { world, taskId } = withRunning();
    watch(world, 20 * minute);
    assertEquals(only(world.taken(), "kill-task").length > 0, true);
    assertEquals(world.instance(taskId).state, "killing");
    world.status(taskId, word, { uuid: "" });
    world.wait(second);
    world.taken();
    world.status(taskId, "TASK_RUNNING", { ...reconciled, reason: "REASON_AGENT_REREGISTERED" });
    world.read(gocdAgent(taskId));
    assertEquals(world.instance(taskId).retire, "stop-sent");
    assertEquals(only(world.taken(), "disable-gocd-agents").length, 1);
  });
}
