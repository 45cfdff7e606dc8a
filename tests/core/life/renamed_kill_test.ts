// The repeated KILL of an agent whose record shows another hostname than its task id.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { building, gocdAgent, minute, only, problem, second, withIdleAgent } from "../../support/core.ts";

for (const hostname of ["own", "renamed"]) {
  Deno.test(`a KILL without effect is not repeated once somebody has enabled the agent, under its ${hostname} hostname`, () => {
    const { world, taskId } = withIdleAgent();
    const record = (changes: Partial<GocdAgent> = {}): GocdAgent =>
      gocdAgent(taskId, { ...(hostname === "own" ? {} : { hostname }), ...changes });
    // Its record cannot be deleted, so it is stopped without that.
    const refuse = (): void => {
      world.read(record({ configState: "Disabled" }));
      for (const call of only(world.taken(), "delete-gocd-agents")) {
        world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "refused", code: "gocd-forbidden" }) });
      }
    };
    world.wait(10 * minute, minute);
    world.poll({ agents: [record()] });
    for (let reads = 0; world.instance(taskId).state === "draining" && reads < 60; reads++) {
      world.wait(10 * second);
      refuse();
    }
    assertEquals(world.instance(taskId).state, "killing");
    const kill = { kind: "kill-task", taskId, graceMs: 0 } as const;
    world.send({ kind: "mesos-call-failed", call: kill, outcome: "unknown", message: "" });
    world.taken();
    for (let reads = 0; reads < 6; reads++) {
      world.wait(5 * second);
      world.read(record(building));
      world.wait(second);
    }
    assertEquals([only(world.taken(), "kill-task").length, world.instance(taskId).state], [0, "draining"]);
  });
}
