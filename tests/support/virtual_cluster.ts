// The whole program with its real clients and both simulated servers in this process on one virtual clock: a day in
// seconds. For tests that need hours to pass; see cluster.ts for others.

import type { NoteLine } from "../../src/core/words/note_line.ts";
import type { OpenFramework } from "../../src/runtime/framework.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import type { SimMesos, SimMesosAgentSpec } from "../../src/sim/mesos/sim_mesos.ts";
import { startVirtualServers } from "./cluster.ts";
import { startScheduler } from "./scheduler.ts";

/** Its options. */
export interface VirtualClusterOptions {
  readonly mesosAgents: readonly SimMesosAgentSpec[];
  /** Lines of framework.conf within `gocd-mesos`, in addition to addresses and names. */
  readonly more?: string;
  /** One-way latency between the program and a server, ms. */
  readonly hopMs: number;
}

/** A running program and its servers. */
export interface VirtualCluster {
  readonly framework: OpenFramework;
  readonly mesos: SimMesos;
  readonly gocd: SimGocd;
  readonly notes: readonly NoteLine[];
  /** Requests handled by the GoCD server. */
  readonly gocdRequests: () => number;
  nowMs(): number;
  /** Advances time; due actions run in order. */
  pass(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** The defaults of framework.conf for keys for which a cluster has faster values. */
const defaults = `
  poller { interval = 15 seconds, attempts = 1, max-interval = 1 minute }
  scaling { idle-timeout = 10 minutes }
`;

/** Starts it; nothing happens until time advances. */
export async function startVirtualCluster(options: VirtualClusterOptions): Promise<VirtualCluster> {
  const { mesosAgents, hopMs, more = "" } = options;
  let gocdRequests = 0;
  const cluster = startVirtualServers({
    seed: 11,
    hopMs,
    mesos: { mesosAgents },
    onRequest: (what) => void (gocdRequests += what.includes(" /go/") ? 1 : 0),
  });
  const scheduler = await startScheduler(cluster, `${defaults}\n${more}`);
  return {
    framework: scheduler.framework,
    mesos: cluster.mesos,
    gocd: cluster.gocd,
    notes: scheduler.notes,
    gocdRequests: () => gocdRequests,
    nowMs: cluster.clock.nowMs,
    pass: cluster.pass,
    stop: async () => {
      await scheduler.stop();
      await cluster.close();
    },
  };
}
