// A KILL of an earlier run, of an agent that had not registered: what one list of this run proves.

import { assertEquals } from "@std/assert";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  ownPending,
  second,
  watch,
} from "../../support/core.ts";
import { restartOf } from "../instance_fixtures.ts";

for (
  const [name, prepare] of [
    ["register-timeout", (world: Driver, taskId: string) => {
      world.status(taskId, "TASK_RUNNING");
      watch(world, 11 * minute);
    }],
    ["launch-timeout", (world: Driver, _: string) => {
      watch(world, 11 * minute);
    }],
    ["pending-stuck", (world: Driver, taskId: string) => {
      world.status(taskId, "TASK_RUNNING");
      watch(world, 11 * minute, ownPending(taskId));
    }],
  ] as const
) {
  Deno.test(`after a restart, a KILL at ${name} is not repeated on the first list, which may lack its agent`, () => {
    const world = drive();
    world.subscribe();
    world.poll({ jobs: jobs(1) });
    world.wait(6 * second);
    world.offers(offer("h1"));
    const [taskId = ""] = world.state.instances.keys();
    prepare(world, taskId);
    assertEquals(world.instance(taskId).state, "killing");
    const again = restartOf(world);
    const other = gocdAgent("other", { gocdResources: ["other"] });
    watch(again, 30 * second, other);
    assertEquals(only(again.taken(), "kill-task").length, 0);
    watch(again, 10 * second, gocdAgent(taskId, building));
    assertEquals(again.instance(taskId).state, "draining");
  });
}
