// A drain whose DELETE an earlier run has had confirmed: what one list of this run proves.

import { assertEquals } from "@std/assert";
import type { AgentInstance } from "../../../src/core/instance.ts";
import {
  building,
  confirmDeletes,
  drive,
  gocdAgent,
  minute,
  only,
  second,
  watch,
  withIdleAgent,
} from "../../support/core.ts";
import { restartOf } from "../instance_fixtures.ts";

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
  const again = restartOf(world);
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
  const again = restartOf(world);
  watch(again, 30 * second, gocdAgent("other", { gocdResources: ["other"] }));
  assertEquals(only(again.taken(), "kill-task").length, 0);
  watch(again, 10 * second, gocdAgent(taskId, { ...building, uuid: "anew" }));
  assertEquals(again.instance(taskId).state, "draining");
});

Deno.test("nor one whose record does not say when its DELETE was first requested: an older version stored it", () => {
  const { world, taskId } = withIdleAgent();
  const { framework, controls } = world.state;
  const { sinceMs: _, ...others } = world.instance(taskId);
  const step = { kind: "deleting", askedMs: world.atMs } as const;
  const marks = { isDeleteAsked: true, isDeleted: true };
  const instance = { ...others, ...marks, state: "draining", sinceMs: world.atMs, reason: "idle", step };
  const again = drive({ stored: { framework, controls, instances: [instance as AgentInstance] } });
  again.subscribe();
  const other = gocdAgent("other", { gocdResources: ["other"] });
  watch(again, 9 * minute, other);
  assertEquals(again.instance(taskId).state, "draining");
  watch(again, 2 * minute, other);
  assertEquals(again.instance(taskId).state, "killing");
});
