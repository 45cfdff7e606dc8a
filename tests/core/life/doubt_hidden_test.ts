// An agent that Mesos has lost and the GoCD server is in contact with, while some lists lack its record.

import { assertEquals } from "@std/assert";
import {
  building,
  type Driver,
  gocdAgent,
  minute,
  only,
  reconciled,
  second,
  withIdleAgent,
} from "../../support/core.ts";

const other = gocdAgent("other", { ...building, gocdResources: [] });

/** Polls every minute, each answered by Mesos that it does not know the task. The minutes until it counts as ended. */
function endedAfter(
  { world, taskId }: { readonly world: Driver; readonly taskId: string },
  isListed: (at: number) => boolean,
): number {
  world.status(taskId, "TASK_UNKNOWN", reconciled);
  for (let at = 1; at <= 120; at++) {
    world.wait(minute, 10 * second);
    const asked = only(world.taken(), "reconcile-tasks").some(({ tasks }) =>
      tasks.some((task) => task.taskId === taskId)
    );
    if (asked) world.status(taskId, "TASK_UNKNOWN", reconciled);
    world.poll({ agents: [...(isListed(at) ? [gocdAgent(taskId)] : []), other] });
    const now = world.state.instances.get(taskId);
    if (now === undefined || now.state === "gone" && now.isUnproven !== true) return at;
  }
  return Infinity;
}

Deno.test("it counts as ended after a quarter of an hour, although every tenth list lacks it", () => {
  assertEquals(endedAfter(withIdleAgent(), () => true), 15);
  assertEquals(endedAfter(withIdleAgent(), (at) => at % 10 !== 0), 15);
});

Deno.test("one that no list shows any more is lost after ten minutes", () => {
  const { world, taskId } = withIdleAgent();
  endedAfter({ world, taskId }, () => false);
  const told = world.noted().filter(({ code }) => code === "agent-lost");
  assertEquals(told.length, 1);
});
