// The log lines and the calls of a quiet hour.

import { assert, assertEquals } from "@std/assert";
import { clusterNames, startVirtualServers } from "../support/cluster.ts";
import { startScheduler } from "../support/scheduler.ts";

const hourMs = 3_600_000;

Deno.test("an hour without changes writes no line, and sends Mesos only reconciliations", async () => {
  const cluster = startVirtualServers();
  const scheduler = await startScheduler(cluster, `poller { interval = 15 seconds, max-interval = 1 minute }`);
  try {
    cluster.gocd.addAgent({ uuid: "person", hostname: "mac-mini", gocdResources: ["mac"] });
    const { engine, picture } = scheduler.framework;
    const polls = (): number => picture().measured.pollDuration.counts.reduce((sum, each) => sum + each, 0);
    await cluster.until(() => engine.state.server.lastPollMs !== undefined, () => scheduler.lines.join("\n"));
    await cluster.pass(5 * 60_000);
    const linesBefore = scheduler.lines.length;
    const callsBefore = picture().measured.mesosCalls;
    const pollsBefore = polls();
    await cluster.pass(hourMs);
    assertEquals(scheduler.lines.slice(linesBefore), []);
    assert(polls() - pollsBefore >= 50, "it looked at the server all the time");
    assertEquals(cluster.gocd.tally.changes, []);
    const called = new Map(
      Object.entries(picture().measured.mesosCalls).map(([call, count]) => [call, count - (callsBefore[call] ?? 0)]),
    );
    // One reconciliation every ten minutes is all that Mesos receives from a framework without demand.
    assert((called.get("reconcile-tasks") ?? 0) <= 7, JSON.stringify([...called]));
    called.delete("reconcile-tasks");
    assertEquals([...called.values()].filter((count) => count > 0), [], JSON.stringify([...called]));
    assertEquals(scheduler.lines.filter((line) => line.includes(clusterNames.password)), []);
  } finally {
    await scheduler.stop();
    await cluster.close();
  }
});

Deno.test("in an hour with a job that no profile serves, only a reminder every ten minutes is logged", async () => {
  const cluster = startVirtualServers({ version: "16.6.0" });
  const scheduler = await startScheduler(cluster, `poller { interval = 15 seconds, max-interval = 1 minute }`);
  try {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: ["windows"], durationMs: 1_000 });
    await cluster.until(
      () => scheduler.lines.some((line) => line.includes("job-unserved")),
      () => scheduler.lines.join("\n"),
    );
    await cluster.pass(5 * 60_000);
    const linesBefore = scheduler.lines.length;
    await cluster.pass(hourMs);
    const lines = scheduler.lines.slice(linesBefore);
    assert(lines.length >= 4 && lines.length <= 7, lines.join("\n"));
    assertEquals(lines.filter((line) => !line.includes("(still, ")), []);
  } finally {
    await scheduler.stop();
    await cluster.close();
  }
});
