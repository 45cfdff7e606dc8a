// From the response that shows demand to the ACCEPT at the master, over real sockets: the last request of the poll,
// planning, REVIVE, the offers of the master, placement, store, ACCEPT. Target: less than 50 ms plus the response time
// of the master.

import { openSqliteStore } from "../../src/store/sqlite_store.ts";
import { startCluster } from "../support/cluster.ts";
import { startScheduler } from "../support/scheduler.ts";
import { until } from "../support/scaled_clock.ts";

async function launch(b: Deno.BenchContext, jobs: number): Promise<void> {
  let isDue = false;
  const accepted = Promise.withResolvers<void>();
  const cluster = startCluster({
    speed: 10,
    onRequest: (what) => {
      // Beside the agents the server's health is read; it is the last request of a poll.
      if (isDue && what.includes("server_health_messages")) {
        isDue = false;
        b.start();
      }
      if (what === "ACCEPT") {
        b.end();
        accepted.resolve();
      }
    },
  });
  const folder = Deno.makeTempDirSync();
  const store = openSqliteStore(`${folder}/state.db`, { newLineage: () => "abc123" });
  const scheduler = await startScheduler(cluster, "poller.attempts = 0", store);
  try {
    const { engine } = scheduler.framework;
    await until(
      () => engine.state.server.lastPollMs !== undefined && engine.state.session.kind === "subscribed",
      () => scheduler.lines.join("\n"),
    );
    cluster.advance();
    for (let job = 0; job < jobs; job++) {
      cluster.gocd.schedule({ pipeline: "p", stage: "s", job: `j${job}`, gocdResources: [], durationMs: 1_000 });
    }
    isDue = true;
    await accepted.promise;
  } finally {
    await scheduler.stop();
    await store.close();
    await cluster.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

for (const jobs of [1, 20]) {
  Deno.bench(`poll to ACCEPT, ${jobs} job${jobs === 1 ? "" : "s"}`, { n: 10, warmup: 2 }, (b) => launch(b, jobs));
}
