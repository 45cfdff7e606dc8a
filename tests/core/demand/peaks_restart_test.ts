// How many agents a profile keeps of a peak when the program is restarted again and again.

import { assertEquals } from "@std/assert";
import {
  building,
  drive,
  type Driver,
  emptyStore,
  gocdAgent,
  linux,
  minute,
  reconciled,
  second,
  withIdleAgent,
} from "../../support/core.ts";

const options = { profiles: [{ ...linux, keepPeakForMs: 60 * minute }] };
const other = gocdAgent("other", building);

Deno.test("an agent that nobody has used for the period goes, although the program is restarted once an hour", () => {
  const first = withIdleAgent(options);
  const { taskId } = first;
  first.world.poll({ agents: [gocdAgent(taskId, building), other] });
  first.world.poll({ agents: [gocdAgent(taskId), other] });
  let world: Driver = first.world;
  for (let minutes = 0; minutes < 240; minutes++) {
    if (minutes % 55 === 54) {
      const stored = {
        ...emptyStore,
        framework: world.state.framework,
        instances: [...world.state.instances.values()],
      };
      const { atMs } = world;
      world = drive({ ...options, stored });
      world.skip(atMs - world.atMs);
      world.subscribe();
      world.status(taskId, "TASK_RUNNING", reconciled);
    }
    world.wait(minute, 10 * second);
    world.poll({ agents: [gocdAgent(taskId), other] });
    if (world.instance(taskId).state === "draining") return assertEquals(minutes < 180, true);
  }
  assertEquals(world.instance(taskId).state, "draining");
});
