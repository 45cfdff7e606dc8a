// Upkeep policies through the whole program, with both simulated servers: schedules, one-job agents, headroom.

import { assert, assertEquals } from "@std/assert";
import { minute, second } from "../support/core.ts";
import { startVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";

async function inCluster(more: string, act: (cluster: VirtualCluster) => Promise<void>): Promise<void> {
  const cluster = await startVirtualCluster({
    hopMs: 5,
    mesosAgents: ["h1", "h2"].map((hostname) => ({ hostname, resources: { cpus: 8, mem: 16_384, disk: 10_000 } })),
    more,
  });
  try {
    await act(cluster);
  } finally {
    await cluster.stop();
  }
}

/** Enabled agents on the server, by what they do. */
function agentsOf({ gocd }: VirtualCluster): { readonly idle: number; readonly building: number } {
  const enabled = gocd.agents().filter(({ configState }) => configState === "Enabled");
  const count = (word: string): number => enabled.filter(({ runtime }) => runtime === word).length;
  return { idle: count("Idle"), building: count("Building") };
}

function schedule({ gocd }: VirtualCluster, count: number, durationMs: number): void {
  for (let job = 0; job < count; job++) {
    gocd.schedule({ pipeline: "shop", stage: "s", job: `j${job}-${count}`, gocdResources: [], durationMs });
  }
}

Deno.test("a schedule keeps agents idle while its window is open, and they are removed afterwards", async () => {
  // The clock of the cluster begins at 22:13 UTC.
  const schedules = 'go-agent.schedules = [{ from = "20 22 * * *", to = "40 22 * * *", min-idle = 2 }]';
  await inCluster(`${schedules}, scaling.idle-timeout = 2 minutes`, async (cluster) => {
    const idleAt: number[] = [];
    for (const minutes of [5, 10, 5, 20]) {
      await cluster.pass(minutes * minute);
      idleAt.push(agentsOf(cluster).idle);
    }
    assertEquals(idleAt, [0, 2, 2, 0]);
    const told = cluster.notes.filter(({ code }) => code.startsWith("schedule-")).map(({ text }) => text);
    assertEquals(told, [
      "profile default keeps min-idle = 2 for 20 min, by the schedule from 20 22 * * * to 40 22 * * * (UTC)",
      "the schedule of profile default from 20 22 * * * to 40 22 * * * (UTC) is over",
    ]);
  });
});

Deno.test("with max-jobs = 1 each job is built by its own agent, and none is killed", async () => {
  await inCluster("go-agent.max-jobs = 1, scaling.max-agents = 2", async (cluster) => {
    schedule(cluster, 6, 40 * second);
    await cluster.pass(30 * minute);
    const launched = cluster.notes.filter(({ code }) => code === "agent-launched").length;
    assertEquals([cluster.gocd.tally.buildsCompleted, cluster.gocd.tally.buildsKilled.length], [6, 0]);
    assert(launched >= 6, `${launched} agents for 6 jobs`);
  });
});

Deno.test("headroom keeps idle agents beside busy ones, and is removed with them", async () => {
  await inCluster('go-agent.headroom = "50%", scaling.idle-timeout = 1 minute', async (cluster) => {
    schedule(cluster, 4, 10 * minute);
    await cluster.pass(6 * minute);
    assertEquals(agentsOf(cluster), { idle: 2, building: 4 });
    await cluster.pass(20 * minute);
    assertEquals(agentsOf(cluster), { idle: 0, building: 0 });
  });
});
