// What a person does to the Mesos cluster, through the whole framework, counted by the simulated master.

import { assert, assertEquals } from "@std/assert";
import { startVirtualServers } from "../support/cluster.ts";
import { startScheduler } from "../support/scheduler.ts";

Deno.test("a drained Mesos agent kills its tasks: understood as such, no KILL of ours, no host blamed", async () => {
  const cluster = startVirtualServers();
  const scheduler = await startScheduler(cluster, `poller { interval = 15 seconds, max-interval = 1 minute }`);
  const { mesos } = cluster;
  const told = () => scheduler.lines.join("\n");
  try {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 600_000 });
    const { engine } = scheduler.framework;
    const ours = () => [...engine.state.instances.values()];
    await cluster.until(() => ours().some(({ state }) => state === "registered"), told);
    const taskId = ours()[0]?.taskId ?? "";
    const mesosAgentId = ours()[0]?.mesosAgentId ?? "";
    mesos.drainMesosAgent(mesosAgentId, cluster.clock.nowMs());
    const isOver = () =>
      !cluster.running.has(taskId) && !ours().some((each) => each.taskId === taskId && each.state !== "gone");
    await cluster.until(isOver, told);
    const killing = scheduler.notes.filter(({ fields }) => fields["taskId"] === taskId);
    assert(killing.some(({ text }) => /drain/i.test(text)), killing.map(({ text }) => text).join("\n"));
    assertEquals(mesos.counters.kills, 0);
    assertEquals(engine.state.breakers.hosts.size, 0);
    assertEquals(mesos.counters.offersAnsweredInvalid, 0);
    assertEquals(mesos.counters.refused, {});
  } finally {
    await scheduler.stop();
    await cluster.close();
  }
});
