// The measurements of the whole program on virtual time: each step of each launch once, and how the time was spent.

import { assert, assertEquals } from "@std/assert";
import type { DurationName, TotalName } from "../../src/core/view/picture.ts";
import { startVirtualCluster } from "../support/virtual_cluster.ts";

const minute = 60_000;
const host = { hostname: "h1", resources: { cpus: 16, mem: 32_768, disk: 100_000 } };

Deno.test("waits, the steps of each launch, idle times, agent-hours and calls are measured", async () => {
  const cluster = await startVirtualCluster({ mesosAgents: [host], hopMs: 5 });
  const durations = (name: DurationName): readonly string[] =>
    cluster.framework.picture().measured.durations[name].map(({ labels, snapshot: { counts, sumSeconds } }) => {
      const count = counts.reduce((sum, each) => sum + each, 0);
      return [...Object.values(labels), count, count === 0 ? 0 : Math.round(sumSeconds / count)].join(" ");
    });
  const totals = (name: TotalName): Readonly<Record<string, number>> =>
    Object.fromEntries(
      (cluster.framework.picture().measured.totals[name] ?? []).map((
        { labels, value },
      ) => [Object.values(labels).join(" "), value]),
    );
  try {
    await cluster.pass(minute);
    for (let job = 0; job < 3; job++) {
      cluster.gocd.schedule({ pipeline: "p", stage: "s", job: `j${job}`, gocdResources: [], durationMs: 5 * minute });
    }
    await cluster.pass(10 * minute);
    // Two polls of 15 s, or 1 min while nothing waited, to decide; one more to see that the jobs are taken.
    const [waits = ""] = durations("job-wait");
    assert(/^default 3 ([2-9]\d|1[0-1]\d)$/.test(waits), waits);
    for (const step of ["accept-delay", "container-start", "registration"] as const) {
      assert(durations(step)[0]?.startsWith("default 3 "), `${step}: ${durations(step)}`);
    }
    await cluster.pass(30 * minute);
    const [idle = ""] = durations("agent-idle");
    // Each is idle for a moment before its job, and for idle-timeout after it.
    assert(/^default [3-6] \d{3}$/.test(idle), idle);
    const seconds = totals("agent-seconds");
    assert(Math.abs((seconds["default building"] ?? 0) - 3 * 300) < 120, JSON.stringify(seconds));
    assert(Math.abs((seconds["default idle"] ?? 0) - 3 * 600) < 200, JSON.stringify(seconds));
    assertEquals(totals("offers")["accepted fits"], 1);
    assertEquals(totals("builds-lost"), {});
    assertEquals(totals("api-errors"), {});
    assert(durations("api-call").some((line) => line.startsWith("gocd poll-gocd ")));
    assert(durations("api-call").some((line) => line.startsWith("mesos accept-offers 1 ")));
    assertEquals(new Set(durations("loop-lag").map((line) => line.split(" ")[1])), new Set(["0"]));
    cluster.gocd.inject({ kind: "starting" }, 1_000_000);
    await cluster.pass(5 * minute);
    assert((totals("api-errors")["gocd poll-gocd gocd-starting"] ?? 0) > 2, JSON.stringify(totals("api-errors")));
  } finally {
    await cluster.stop();
  }
});
