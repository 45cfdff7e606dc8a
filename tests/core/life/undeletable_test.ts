// A record that the server never deletes: what its answer says decides whether the agent may be stopped.

import { assertEquals } from "@std/assert";
import { gocdAgent, minute, only, problem, second, withIdleAgent } from "../../support/core.ts";

for (
  const [code, becomes] of [["gocd-agent-busy", "draining"], ["gocd-invalid", "killing"]] as const
) {
  Deno.test(`an agent whose every DELETE is refused with ${code} although it is listed as idle is ${becomes} after an hour`, () => {
    const { world, taskId } = withIdleAgent();
    world.wait(10 * minute, minute);
    world.poll({ agents: [gocdAgent(taskId)] });
    for (let looks = 0; looks < 360 && world.instance(taskId).state === "draining"; looks++) {
      world.wait(10 * second);
      world.read(gocdAgent(taskId, { configState: "Disabled" }));
      for (const call of only(world.taken(), "delete-gocd-agents")) {
        world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "conflict", code }) });
      }
    }
    assertEquals(world.instance(taskId).state, becomes);
  });
}
