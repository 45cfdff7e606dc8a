// A dead agent that stays Missing.

import { assertEquals } from "@std/assert";
import { building, drive, type Driver, gocdAgent, jobs, minute, missing, withIdleAgent } from "../../support/core.ts";

const verdictOf = (world: Driver, name: string): string =>
  `${world.verdict(name).verdict} ${world.verdict(name).reasonCode}`;

Deno.test("a dead agent that stays Missing for good does not look like a restart each time our last agent goes", () => {
  const { world, taskId } = withIdleAgent();
  const dead = gocdAgent("dead", { ...missing, gocdResources: [] });
  for (let minutes = 0; minutes < 20; minutes++) {
    world.skip(minute);
    world.poll({ agents: [dead, gocdAgent(taskId, building)] });
  }
  world.skip(minute);
  world.poll({ jobs: jobs(1), agents: [dead] });
  assertEquals(verdictOf(world, "j0"), "needs-agent launching");
});

Deno.test("nor does a list that lacks it, and the next one", () => {
  const world = drive();
  world.subscribe();
  const dead = gocdAgent("dead", { ...missing, gocdResources: [] });
  // The first list of a run may be that of a server that has just started.
  for (const agents of [[dead], [dead], [dead], [], [dead]]) {
    world.skip(minute);
    world.poll({ jobs: jobs(1), agents });
  }
  assertEquals(verdictOf(world, "j0"), "needs-agent no-offer");
});
