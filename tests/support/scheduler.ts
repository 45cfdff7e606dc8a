// The real scheduler inside the test process, against the servers of a cluster, on its clock. Used by tests/wire.

import type { Note } from "../../src/core/note.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createFramework, type Framework, type FrameworkEnd } from "../../src/runtime/framework.ts";
import { createHttpScheduler, type HttpSchedulerOptions } from "../../src/mesos/http_scheduler.ts";
import type { SetTimer } from "../../src/mesos/timer.ts";
import { mastersAsWritten } from "../../src/config/connections.ts";
import { newLineage, openGocd, taskEnvironment } from "../../src/runtime/ports.ts";
import { createMemoryDisk, openMemoryStore } from "../../src/store/memory_store.ts";
import type { Store } from "../../src/store/store.ts";
import { createLog } from "../../src/log/log.ts";
import type { Cluster } from "./cluster.ts";

/** A scheduler at work. */
export interface RunningScheduler {
  readonly framework: Framework;
  readonly store: Store;
  /** Every note, gated by nothing. */
  readonly notes: readonly Note[];
  /** What a log of level info writes. */
  readonly lines: readonly string[];
  /** Stops it and gives how it ended. */
  stop(): Promise<FrameworkEnd>;
}

/** Limits of the Mesos client, such as five heartbeats, on the time of the cluster; without, they are in real time. */
export function scaledTimer({ scale }: Cluster): SetTimer {
  return (callback, ms) => {
    const timer = setTimeout(callback, ms / scale.speed);
    return () => clearTimeout(timer);
  };
}

/** Starts one with the cluster's connections and what else the test configures. */
export async function startScheduler(
  cluster: Cluster,
  more = "",
  store?: Store,
  edges: Pick<HttpSchedulerOptions, "setTimer" | "look"> = {},
): Promise<RunningScheduler> {
  const text = cluster.configText(more);
  const config = loadConfig("framework.conf", {}, () => text);
  const { clock } = cluster;
  const kept = store ?? openMemoryStore(createMemoryDisk(), { newLineage });
  const mesos = createHttpScheduler({
    connection: { ...config.mesos, masters: mastersAsWritten(config.mesos) },
    environmentOf: (launch) => taskEnvironment(config, launch),
    nowMs: () => clock.nowMs(),
    ...edges,
  });
  const gocd = openGocd(config, clock);
  const notes: Note[] = [];
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "text",
    write: (line) => void lines.push(line),
    isTerminal: false,
    nowMs: clock.nowMs,
  });
  const framework = await createFramework(config, {
    store: kept,
    gocd,
    mesos,
    clock,
    random: Math.random,
    tell: (note, atMs) => {
      notes.push(note);
      log.note(note, atMs);
    },
  });
  const stop = new AbortController();
  const running = framework.run(stop.signal);
  return {
    framework,
    store: kept,
    notes,
    lines,
    stop: async () => {
      stop.abort();
      try {
        return await running;
      } finally {
        mesos.close();
        gocd.close();
      }
    },
  };
}
