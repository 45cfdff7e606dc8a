// A drain whose DELETE an earlier run has had confirmed: what one list of this run proves.

import { assertEquals } from "@std/assert";
import {
  building,
  confirmDeletes,
  drive,
  type Driver,
  gocdAgent,
  minute,
  only,
  second,
  watch,
  withIdleAgent,
} from "../../support/core.ts";

function restarted(world: Driver): Driver {
  const { framework, controls, instances } = world.state;
  const again = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  again.subscribe();
  again.taken();
  return again;
}

Deno.test("after a restart, a drained agent is not stopped on the first list, which may lack the record of its new process", () => {
  const { world, taskId } = withIdleAgent();
  world.wait(10 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  let isDeleted = false;
  for (let reads = 0; !isDeleted && reads < 60; reads++) {
    world.wait(10 * second);
    world.read(gocdAgent(taskId, { configState: "Disabled" }));
    isDeleted = only(confirmDeletes(world), "delete-gocd-agents").length > 0;
  }
  assertEquals([world.instance(taskId).state, world.instance(taskId).isDeleted], ["draining", true]);
  const again = restarted(world);
  const other = gocdAgent("other", { gocdResources: ["other"] });
  watch(again, 30 * second, other);
  assertEquals(only(again.taken(), "kill-task").length, 0);
  // Its process had started anew while the program was down.
  watch(again, 10 * second, gocdAgent(taskId, { ...building, uuid: "anew" }));
  assertEquals(again.instance(taskId).state, "registered");
});

Deno.test("nor is its KILL, which had no effect, repeated on the first list after a restart", () => {
  const { world, taskId } = withIdleAgent();
  world.wait(10 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  for (let reads = 0; world.instance(taskId).state === "draining" && reads < 60; reads++) {
    world.wait(10 * second);
    world.read(...world.instance(taskId).isDeleted === true ? [] : [gocdAgent(taskId, { configState: "Disabled" })]);
    confirmDeletes(world);
  }
  assertEquals(world.instance(taskId).state, "killing");
  const again = restarted(world);
  watch(again, 30 * second, gocdAgent("other", { gocdResources: ["other"] }));
  assertEquals(only(again.taken(), "kill-task").length, 0);
  watch(again, 10 * second, gocdAgent(taskId, { ...building, uuid: "anew" }));
  assertEquals(again.instance(taskId).state, "draining");
});
