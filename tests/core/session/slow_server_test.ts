// A server that answers slowly is asked less often: it is busy with us for about a tenth of its time at most.

import { assertEquals } from "@std/assert";
import { drive, type Driver, jobs, minute, second, serverInfo, withIdleAgent } from "../../support/core.ts";

const fast = { intervalMs: 10 * second, maxIntervalMs: 2 * minute };

function polledIn(tookMs: number, poller: Partial<typeof fast> = fast): Driver {
  const world = drive({ poller });
  world.send({ kind: "gocd-polled", server: serverInfo, jobs: jobs(1), agents: [], findings: [], tookMs });
  return world;
}

for (const [tookMs, pauseMs] of [[50, 10_000], [1_000, 10_000], [2_000, 18_000], [10_000, 90_000], [20_000, 120_000]]) {
  Deno.test(`after a poll that took ${tookMs} ms the next one comes in ${pauseMs} ms`, () => {
    const world = polledIn(tookMs ?? 0);
    assertEquals(world.state.server.nextPollMs - world.atMs, pauseMs);
  });
}

Deno.test("the configured interval is never undercut, and max-interval is the slowest", () => {
  const world = polledIn(60_000, { intervalMs: 5 * minute, maxIntervalMs: 5 * minute });
  assertEquals(world.state.server.nextPollMs - world.atMs, 5 * minute);
});

Deno.test("reads of the agents between polls keep their distance from a slow server, too", () => {
  const { world, taskId } = withIdleAgent({ poller: fast });
  const agents = world.state.server.agents;
  world.send({ kind: "gocd-agents-read", agents, tookMs: 200 });
  assertEquals(world.state.server.nextAgentsMs - world.atMs, 10 * second);
  world.send({ kind: "gocd-agents-read", agents, tookMs: 5 * second });
  assertEquals(world.state.server.nextAgentsMs - world.atMs, 45 * second);
  assertEquals(world.instance(taskId).state, "registered");
});
