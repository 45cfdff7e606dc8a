// When an instance is removed, as the page shows it: the same as what the core then does.

import { assertEquals, assertMatch } from "@std/assert";
import { statusView } from "../../../src/core/view/status_view.ts";
import { type Driver, gocdAgent, minute, second, withIdleAgent } from "../../support/core.ts";

function detailOf({ state, atMs }: Driver): string {
  return statusView(state, atMs).instances[0]?.detail ?? "gone";
}

function timeIn(detail: string): number {
  return Date.parse(/at (\S+Z)/.exec(detail)?.[1] ?? "");
}

Deno.test("an idle agent is removed no earlier than its detail says, and then at the next poll", () => {
  const { world, taskId } = withIdleAgent();
  const detail = detailOf(world);
  assertMatch(detail, /^removed at \S+Z if still idle$/);
  assertEquals(timeIn(detail) > world.atMs, true);
  let told = timeIn(detail);
  for (let polls = 0; polls < 200 && statusView(world.state, world.atMs).instances[0]?.state === "idle"; polls++) {
    const next = timeIn(detailOf(world));
    assertEquals(next >= told, true, "it is only postponed, by time in which the server was not read");
    told = next;
    world.wait(10 * second);
    world.poll({ agents: [gocdAgent(taskId)] });
  }
  assertEquals(statusView(world.state, world.atMs).instances[0]?.state, "draining");
  assertEquals([world.atMs >= told, world.atMs <= told + 2 * minute], [true, true]);
});
