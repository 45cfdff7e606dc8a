// The real client and engine against the strict simulated master, with a record of every call and event on the wire. On
// virtual time, or over sockets if those matter.

import { assertEquals } from "@std/assert";
import type { AgentInstance } from "../../src/core/instance.ts";
import { createPortProbe, type PortProbe } from "../../src/mesos/port_probe.ts";
import { newLineage } from "../../src/runtime/ports.ts";
import type { Plain, SimMesos } from "../../src/sim/mesos/sim_mesos.ts";
import { createMemoryDisk, openMemoryStore } from "./memory_store.ts";
import type { Store } from "../../src/store/store.ts";
import {
  type Cluster,
  type SocketClusterOptions,
  startCluster,
  startVirtualServers,
  type VirtualServers,
  type VirtualServersOptions,
} from "./cluster.ts";
import { type RunningScheduler, startScheduler } from "./scheduler.ts";

/** A cluster with a running scheduler. */
export interface Scene {
  readonly cluster: Cluster;
  readonly scheduler: RunningScheduler;
  /** The traffic as recorded by the model. */
  readonly wire: WireBooks;
  /** The stored states of each instance, in order, by task id. */
  readonly states: ReadonlyMap<string, readonly AgentInstance["state"][]>;
  /** Running instances. */
  living(): readonly AgentInstance[];
  /** Waits for a condition, with diagnostics if it is not met. */
  until(isSo: () => boolean): Promise<void>;
  /** Schedules a job that takes this many virtual ms; returns its locator. */
  job(name: string, durationMs?: number): string;
}

/** Calls received and events sent by the master. */
export interface WireBooks {
  /** `type` of each call, with its time, ms. */
  readonly calls: readonly { readonly type: string; readonly atMs: number; readonly call: Plain }[];
  /** Each delivered event, in order, with its stream. */
  readonly events: readonly { readonly type: string; readonly subscriptionId: number; readonly event: Plain }[];
  /** The calls of one type. */
  of(type: string): readonly Plain[];
}

/** The options of a scene. */
export interface SceneOptions extends VirtualServersOptions {
  /** Lines of framework.conf, in addition to the connections. */
  readonly more?: string;
  /** Another `mesos-master` than the cluster's first one. */
  readonly masters?: (cluster: VirtualServers) => string;
}

/** The options of a scene on sockets. */
export interface SocketSceneOptions extends SocketClusterOptions {
  /** Lines of framework.conf, in addition to the connections. */
  readonly more?: string;
  /** Another `mesos-master` than the cluster's first one. */
  readonly masters?: (cluster: Cluster) => string;
  /** Probes ports of masters before SUBSCRIBE; off by default, because its timeouts are too short for fast time. */
  readonly looks?: "before-subscribe";
}

/** A scene without sockets. */
export interface VirtualScene extends Scene {
  readonly cluster: VirtualServers;
}

/** Runs a scene on virtual time, and always stops everything. */
export async function withScene(options: SceneOptions, act: (scene: VirtualScene) => Promise<void>): Promise<void> {
  const cluster = startVirtualServers({ bootDelayMs: 4_000, ...options });
  await play(
    { cluster, portProbe: cluster.portProbe(), ...linesOf(options, options.masters?.(cluster)) },
    (scene) => act({ ...scene, cluster }),
  );
}

/** Runs a scene on loopback sockets, by default 40 times as fast as the machine's clock. */
export async function withSocketScene(
  options: SocketSceneOptions,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const cluster = startCluster({ speed: 40, bootDelayMs: 4_000, ...options });
  const { clock, setTimer } = cluster.edges;
  const portProbe: PortProbe = options.looks === undefined
    ? () => Promise.resolve(undefined)
    : createPortProbe({ setTimer, nowMs: clock.nowMs });
  await play({ cluster, portProbe, ...linesOf(options, options.masters?.(cluster)) }, act);
}

interface SceneParts {
  readonly cluster: Cluster;
  readonly portProbe: PortProbe;
  readonly more: string;
}

function linesOf({ more = "" }: { readonly more?: string }, masters: string | undefined): { readonly more: string } {
  const master = masters === undefined ? "" : `mesos-master: "${masters}"`;
  return { more: `poller { interval = 5 seconds, attempts = 0 }\n${more}\n${master}` };
}

async function play({ cluster, portProbe, more }: SceneParts, act: (scene: Scene) => Promise<void>): Promise<void> {
  const wire = keepWire(cluster.mesos);
  const states = new Map<string, AgentInstance["state"][]>();
  try {
    const scheduler = await startScheduler(cluster, more, keepStates(states), { portProbe });
    try {
      await act(sceneOf({ cluster, wire, scheduler, states }));
    } finally {
      await scheduler.stop();
    }
  } finally {
    await cluster.close();
  }
}

function sceneOf(parts: Pick<Scene, "cluster" | "wire" | "scheduler" | "states">): Scene {
  const { cluster, scheduler } = parts;
  const { engine } = scheduler.framework;
  const describe = (): string =>
    [
      ...[...engine.state.instances.values()].map((each) => `${each.taskId} ${each.state} ${each.host}`),
      ...cluster.mesos.view().tasks.map((task) => `${task.taskId} ${task.state} up=${task.isContainerUp}`),
      ...cluster.gocd.agents().map((each) => `${each.hostname} ${each.configState} ${each.runtime}`),
      ...cluster.gocd.jobs().map((job) => `${job.locator} ${job.state}`),
      ...scheduler.lines.slice(-25),
    ].join("\n");
  return {
    ...parts,
    living: () => [...engine.state.instances.values()].filter(({ state }) => state !== "gone"),
    until: (isSo) => cluster.until(isSo, describe),
    job: (name, durationMs = 20_000) => {
      cluster.advance();
      return cluster.gocd.schedule({ pipeline: "p", stage: "s", job: name, gocdResources: [], durationMs });
    },
  };
}

/** The model has its methods on a plain object, and the HTTP front end looks them up for each call. */
function keepWire(model: SimMesos): WireBooks {
  const calls: { type: string; atMs: number; call: Plain }[] = [];
  const events: { type: string; subscriptionId: number; event: Plain }[] = [];
  const { request, advance } = model;
  const tapped: Pick<SimMesos, "request" | "advance"> = {
    request: (asked, nowMs) => {
      const { call } = asked;
      if (typeof call === "object" && call !== null && "type" in call) {
        calls.push({ type: String(call.type), atMs: nowMs, call: call as Plain });
      }
      return request(asked, nowMs);
    },
    advance: (nowMs) => {
      const output = advance(nowMs);
      for (const { subscriptionId, events: told } of output.deliveries) {
        for (const event of told) events.push({ type: String(event["type"]), subscriptionId, event });
      }
      return output;
    },
  };
  Object.assign(model, tapped);
  return {
    calls,
    events,
    of: (type) => calls.filter((each) => each.type === type).map(({ call }) => call),
  };
}

function keepStates(states: Map<string, AgentInstance["state"][]>): Store {
  const store = openMemoryStore(createMemoryDisk(), { newLineage });
  return {
    load: () => store.load(),
    commit: async (records) => {
      for (const record of records) {
        if (record.kind !== "instance") continue;
        const { taskId, state } = record.instance;
        const seen = states.get(taskId) ?? [];
        states.set(taskId, seen);
        if (seen.at(-1) !== state) seen.push(state);
      }
      await store.commit(records);
    },
    close: () => store.close(),
  };
}

/** Conditions caused by the test itself. */
export interface OwnFaults {
  /** Offers were rescinded: an ACCEPT or DECLINE may have come too late. */
  readonly rescinded?: boolean;
  /**
   * Streams were cut or leaders died: a call may have reached a master between two subscriptions, or one that does not
   * lead.
   */
  readonly cut?: boolean;
}

/** Asserts correct client behaviour: no refused call, no wrong offer or acknowledgement, no double launch. */
export function assertNothingRefused({ cluster }: Scene, own: OwnFaults = {}): void {
  const { counters } = cluster.mesos;
  const refused = Object.keys(counters.refused);
  const isOfCut = (why: string): boolean => /403 Framework is not subscribed$|^SUBSCRIBE (307|503) /.test(why);
  assertEquals(refused.filter((why) => own.cut !== true || !isOfCut(why)), []);
  assertEquals(counters.doubleLaunches, 0);
  assertEquals(counters.acknowledgementsUnexpected, 0);
  if (own.rescinded !== true) assertEquals(counters.offersAnsweredInvalid, 0);
  assertEquals([...cluster.launches.values()].filter((count) => count !== 1), [], "each task id is launched once");
  assertEquals(cluster.gocd.tally.buildsKilled, []);
}
