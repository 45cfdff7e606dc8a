// Operations on the Mesos cluster through the whole framework, counted by the simulated master.

import { assert, assertEquals } from "@std/assert";
import { startVirtualServers } from "../support/cluster.ts";
import { startScheduler } from "../support/scheduler.ts";

Deno.test("the tasks that a drained Mesos agent kills are reported as drained, without KILL and without blame", async () => {
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

Deno.test("a teardown removes the framework even while a call to GoCD is in flight", async () => {
  const cluster = startVirtualServers();
  const scheduler = await startScheduler(cluster);
  const told = () => scheduler.lines.join("\n");
  const frameworks = (): number => cluster.mesos.view().frameworks.length;
  try {
    await cluster.until(() => told().includes("subscribed to the Mesos master") && frameworks() === 1, told);
    cluster.gocd.inject({ kind: "slow", delayMs: 20_000 }, 1_000);
    await cluster.pass(10_000);
    const answer = scheduler.framework.command({ kind: "teardown-requested", mode: "now" });
    await cluster.during(answer);
    await cluster.until(() => frameworks() === 0, told);
    await cluster.pass(60_000);
    assertEquals(frameworks(), 0, told());
  } finally {
    assertEquals((await scheduler.stop()).kind, "torn-down");
    await cluster.close();
  }
});
