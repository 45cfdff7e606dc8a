// The real scheduler in the test process, with the servers and the clock of a cluster.

import type { NoteLine } from "../../src/core/words/note_line.ts";
import { noteLine } from "../../src/core/words/notes.ts";
import { loadConfig } from "../../src/config/load.ts";
import {
  createFramework,
  type FrameworkEnd,
  type FrameworkPorts,
  type OpenFramework,
} from "../../src/runtime/framework.ts";
import { createHttpScheduler, type HttpSchedulerOptions } from "../../src/mesos/http_scheduler.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { newLineage, taskEnvironment } from "../../src/runtime/ports.ts";
import { createMemoryDisk, openMemoryStore } from "./memory_store.ts";
import type { Store } from "../../src/store/store.ts";
import { createLog } from "../../src/log/log.ts";
import type { Cluster } from "./cluster.ts";

/** A running scheduler. */
export interface RunningScheduler {
  readonly framework: OpenFramework;
  readonly store: Store;
  /** All notes, unfiltered. */
  readonly notes: readonly NoteLine[];
  /** The log at level info. */
  readonly lines: readonly string[];
  /** Stops it and returns how it ended. */
  stop(): Promise<FrameworkEnd>;
}

/** Starts one with the cluster's connections and the test's configuration. */
export async function startScheduler(
  cluster: Cluster,
  more = "",
  store?: Store,
  parts: Pick<HttpSchedulerOptions, "portProbe"> & Pick<FrameworkPorts, "recorder"> = {},
): Promise<RunningScheduler> {
  const text = cluster.configText(more);
  const config = loadConfig("framework.conf", {}, () => text);
  const { clock, fetch, setTimer, deadline, random } = cluster.edges;
  const network = fetch === undefined ? {} : { fetch };
  const kept = store ?? openMemoryStore(createMemoryDisk(), { newLineage });
  const mesos = createHttpScheduler({
    connection: config.mesos,
    environmentOf: (launch) => taskEnvironment(config, launch),
    nowMs: () => clock.nowMs(),
    setTimer,
    ...network,
    ...(parts.portProbe === undefined ? {} : { portProbe: parts.portProbe }),
  });
  const gocd = createHttpGocdApi(config.gocd, { nowMs: () => clock.nowMs(), deadline, ...network });
  const notes: NoteLine[] = [];
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
    random,
    ...(parts.recorder === undefined ? {} : { recorder: parts.recorder }),
    tell: (note, atMs) => {
      notes.push(noteLine(note, atMs));
      log.note(noteLine(note, atMs), atMs);
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
        return await cluster.during(running);
      } finally {
        mesos.close();
        gocd.close();
      }
    },
  };
}
