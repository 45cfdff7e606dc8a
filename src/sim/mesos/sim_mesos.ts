// A strict Mesos cluster as a pure model on virtual time: masters, allocator, agents, containers, random or scripted
// faults.

import { addHost, buildWorld } from "./build.ts";
import { answer } from "./calls.ts";
import { failMaster, type SimFailover } from "./failover.ts";
import { noAnswer, redirect, type SimMesosAnswer, type SimMesosRequest } from "./gate.ts";
import { armAllocation, rescindOffer } from "./allocator.ts";
import {
  drainHost,
  markHostGone,
  reactivateHost,
  returnHost,
  setUnavailability,
  silenceHost,
  stopHost,
  unregisterHost,
  wipeHost,
} from "./hosts.ts";
import type { Plain } from "./json.ts";
import { answerMesosAgent, writeStderr } from "./agent_files.ts";
import { answerOperator } from "./operator.ts";
import type { SimAmounts, SimMasterAddress, SimMesosAgentSpec, SimMesosFaults, SimMesosOptions } from "./options.ts";
import { nextDeliveryMs, type SimDelivery, takeDeliveries } from "./stream.ts";
import { detach, masterInfo, removeFramework } from "./subscribe.ts";
import { exitContainer } from "./tasks.ts";
import type { SimContainerEvent, SimHost, SimMesosCounters, SimMesosFaultKind, SimWorld } from "./state.ts";
import { type SimMesosView, viewOf } from "./view.ts";

export { seededRandom } from "../random.ts";
export type { SimFailover } from "./failover.ts";
export type { SimMesosAnswer, SimMesosRequest } from "./gate.ts";
export type { Plain } from "./json.ts";
export type {
  SimAmounts,
  SimMasterAddress,
  SimMesosAgentSpec,
  SimMesosFaults,
  SimMesosOptions,
  SimMesosTiming,
} from "./options.ts";
export type { SimDelivery } from "./stream.ts";
export type { SimHostView, SimMesosView, SimTaskView } from "./view.ts";
export type { SimContainerEvent, SimMesosCounters } from "./state.ts";

/** The output at a time: events of the streams, and changes of containers since the last call. */
export interface SimMesosOutput {
  /** The events of the streams that are due. */
  readonly deliveries: readonly SimDelivery[];
  /** Changes of containers since the last call, oldest first. */
  readonly containers: readonly SimContainerEvent[];
}

/** Additional data of an in-process call. */
export interface SimCaller {
  /** The value of the Mesos-Stream-Id header. */
  readonly streamId?: string;
  /** The value of the Authorization header. */
  readonly authorization?: string;
  /** The target master; default: the leader. */
  readonly master?: number;
}

/** Actions on Mesos agents, which are identified by their Mesos agent id; unknown ids throw RangeError. */
export interface SimHostOperator {
  /** A new agent joins; returns its id. */
  addMesosAgent(spec: SimMesosAgentSpec, nowMs: number): string;
  /** Its network breaks: unreachable after `mesosAgentLostMs`; containers keep running. */
  silenceMesosAgent(id: string, nowMs: number): void;
  /** Its process dies: offers rescinded immediately, unreachable after `mesosAgentLostMs`; containers keep running. */
  stopMesosAgent(id: string, nowMs: number): void;
  /** It is back, with its containers `alive` or `gone`. */
  returnMesosAgent(id: string, containers: "alive" | "gone", nowMs: number): void;
  /**
   * The machine restarts with an empty disk: everything on it is lost, it registers with a new id, which is returned.
   */
  wipeMesosAgent(id: string, nowMs: number): string;
  /** It shuts down cleanly: TASK_LOST. `cause` as in "the agent unregistered". */
  unregisterMesosAgent(id: string, nowMs: number, cause?: string): void;
  /** The operator marks it gone permanently. */
  markMesosAgentGone(id: string, nowMs: number): void;
  /** DRAIN_AGENT; `maxGraceMs` overrides the kill grace period of tasks. */
  drainMesosAgent(id: string, nowMs: number, maxGraceMs?: number): void;
  /** REACTIVATE_AGENT. */
  reactivateMesosAgent(id: string, nowMs: number): void;
  /** Docker hangs on it: no container starts or stops; what runs keeps running. */
  hangDocker(id: string, forMs: number, nowMs: number): void;
  /** A maintenance window of these agents is scheduled; undefined cancels it. */
  setMaintenance(
    ids: readonly string[],
    window: { readonly startMs: number; readonly durationMs?: number } | undefined,
    nowMs: number,
  ): void;
}

/** Actions on the cluster. */
export interface SimMesosOperator extends SimHostOperator {
  /** Sets the quota limits of a role; undefined removes them. */
  setQuota(role: string, limits: SimAmounts | undefined, nowMs: number): void;
  /** The leader dies, another one takes over. */
  failMaster(how: SimFailover, nowMs: number): void;
  /** An operator's teardown, or the end of the failover timeout. False: no such framework. */
  removeFramework(frameworkId: string, nowMs: number): boolean;
  /** The image cannot be pulled anywhere, not on these agents, or everywhere again. */
  setImage(image: string, missing: "everywhere" | "nowhere" | readonly string[]): void;
  /** The container's process exits. False: no such container is running. */
  exitContainer(taskId: string, status: number, nowMs: number): boolean;
  /** A container writes to its stderr. False: it has no sandbox. */
  writeStderr(taskId: string, text: string): boolean;
  /** RESCIND of one offer, or of all outstanding ones. */
  rescindOffers(nowMs: number, offerId?: string): void;
  /** The streams break; the framework counts as disconnected. */
  cutStreams(nowMs: number): void;
  /** Nothing is delivered on the streams for this long, including heartbeats. */
  stallStreams(forMs: number, nowMs: number): void;
  /** Sets the outcome of the next calls, in order. */
  fateOfNextCalls(fates: readonly ("lost" | "answer-lost" | "delayed")[]): void;
  /** Replaces fault probabilities. */
  setFaults(faults: Partial<SimMesosFaults>): void;
}

/** The cluster. `nowMs` must never decrease; everything due until then is processed first. */
export interface SimMesos extends SimMesosOperator {
  /** One HTTP request as received by the master, including headers. */
  request(request: SimMesosRequest, nowMs: number): SimMesosAnswer;
  /** One request of an operator: `/api/v1` with GET_FRAMEWORKS, or `/master/frameworks`. */
  operatorRequest(request: SimMesosRequest, nowMs: number): SimMesosAnswer;
  /** One request to the Mesos agent that listens on this port: `/files/read`. */
  mesosAgentRequest(port: number, request: SimMesosRequest, nowMs: number): SimMesosAnswer;
  /** Where Mesos agents listen. */
  mesosAgentPorts(): readonly number[];
  /** An in-process SUBSCRIBE, in JSON. */
  connect(call: Plain, caller: SimCaller, nowMs: number): SimMesosAnswer;
  /** Any other in-process call, in JSON. */
  call(call: Plain, caller: SimCaller, nowMs: number): SimMesosAnswer;
  /** The client disconnects. */
  disconnect(subscriptionId: number, nowMs: number): void;
  /** Advances time to `nowMs` and returns what is due. */
  advance(nowMs: number): SimMesosOutput;
  /** When something is due next; undefined: never, without further actions. */
  nextDueMs(): number | undefined;
  /** The counters of the master. */
  readonly counters: Readonly<SimMesosCounters>;
  /** How often each random fault has occurred. */
  readonly strikes: ReadonlyMap<SimMesosFaultKind, number>;
  /** A snapshot for checks: agents, tasks, offers, sums. */
  view(): SimMesosView;
  /** The response of a master to GET /redirect. */
  redirect(index: number, nowMs: number): SimMesosAnswer;
  /** The number of masters. */
  readonly mastersCount: number;
  /** Whether this master accepts connections. */
  isMasterUp(index: number): boolean;
  /** Who leads; undefined during an election. */
  leader(): number | undefined;
  /** MasterInfo of a master, as in SUBSCRIBED and on ZooKeeper. */
  masterInfo(index: number): Plain;
  /** Sets the actual address of a master (used by the HTTP front end with port 0). */
  setMasterAddress(index: number, address: SimMasterAddress): void;
  /** The version that the masters report. */
  readonly version: string;
}

/** Maximum number of actions of one advance before it counts as an infinite loop. */
const actsMax = 5_000_000;

function settle(world: SimWorld, nowMs: number): void {
  for (let count = 0; count < actsMax; count++) {
    const act = world.timers.take(nowMs);
    if (act === undefined) {
      world.nowMs = Math.max(world.nowMs, nowMs);
      return;
    }
    world.nowMs = Math.max(world.nowMs, act.atMs);
    act.run();
  }
  throw new RangeError(`The simulated Mesos did not settle until ${nowMs} ms: more than ${actsMax} actions`);
}

function hostById(world: SimWorld, id: string): SimHost {
  const host = world.hosts.get(id);
  if (host === undefined) throw new RangeError(`No simulated Mesos agent has the id ${id}`);
  return host;
}

function headersOf(caller: SimCaller): Record<string, string> {
  const headers: Record<string, string> = { "content-type": "application/json", accept: "application/json" };
  if (caller.streamId !== undefined) headers["mesos-stream-id"] = caller.streamId;
  if (caller.authorization !== undefined) headers["authorization"] = caller.authorization;
  return headers;
}

function operatorOf(world: SimWorld): SimMesosOperator {
  const onHost = (id: string, nowMs: number, act: (host: SimHost) => void): void => {
    settle(world, nowMs);
    act(hostById(world, id));
  };
  return {
    ...hostOperator(world, onHost),
    setQuota: (role, limits, nowMs): void => {
      settle(world, nowMs);
      if (limits === undefined) world.quotaLimits.delete(role);
      else world.quotaLimits.set(role, limits);
      armAllocation(world, world.timing.hopMs);
    },
    failMaster: (how, nowMs): void => {
      settle(world, nowMs);
      failMaster(world, how);
    },
    removeFramework: (frameworkId, nowMs): boolean => {
      settle(world, nowMs);
      const framework = world.frameworks.get(frameworkId);
      if (framework !== undefined) removeFramework(world, framework);
      return framework !== undefined;
    },
    setImage: (image, missing): void => {
      if (missing === "nowhere") world.missingImages.delete(image);
      else world.missingImages.set(image, missing === "everywhere" ? missing : new Set(missing));
      for (const host of world.hosts.values()) host.images.delete(image);
    },
    exitContainer: (taskId, status, nowMs): boolean => {
      settle(world, nowMs);
      return exitContainer(world, taskId, status);
    },
    writeStderr: (taskId, text): boolean => writeStderr(world, taskId, text),
    rescindOffers: (nowMs, offerId): void => {
      settle(world, nowMs);
      for (const id of offerId === undefined ? [...world.offers.keys()] : [offerId]) rescindOffer(world, id);
    },
    cutStreams: (nowMs): void => {
      settle(world, nowMs);
      for (const subscription of world.subscriptions.values()) {
        if (subscription.end === "open") detach(world, subscription);
      }
    },
    stallStreams: (forMs, nowMs): void => {
      settle(world, nowMs);
      for (const subscription of world.subscriptions.values()) subscription.stalledUntilMs = nowMs + forMs;
    },
    fateOfNextCalls: (fates): void => void world.callFates.push(...fates),
    setFaults: (faults): void => void (world.faults = { ...world.faults, ...faults }),
  };
}

function hostOperator(
  world: SimWorld,
  onHost: (id: string, nowMs: number, act: (host: SimHost) => void) => void,
): SimHostOperator {
  const join = (spec: SimMesosAgentSpec): string => {
    const host = addHost(world, spec);
    if (world.leader === undefined) host.standing = "recovered";
    armAllocation(world, world.timing.hopMs);
    return host.id;
  };
  return {
    addMesosAgent: (spec, nowMs): string => {
      settle(world, nowMs);
      return join(spec);
    },
    silenceMesosAgent: (id, nowMs): void => onHost(id, nowMs, (host) => silenceHost(world, host)),
    stopMesosAgent: (id, nowMs): void => onHost(id, nowMs, (host) => stopHost(world, host)),
    returnMesosAgent: (id, containers, nowMs): void => onHost(id, nowMs, (host) => returnHost(world, host, containers)),
    wipeMesosAgent: (id, nowMs): string => {
      settle(world, nowMs);
      const host = hostById(world, id);
      wipeHost(world, host);
      return join({ ...host.spec, ip: host.ip, port: host.port });
    },
    unregisterMesosAgent: (id, nowMs, cause): void => onHost(id, nowMs, (host) => unregisterHost(world, host, cause)),
    markMesosAgentGone: (id, nowMs): void => onHost(id, nowMs, (host) => markHostGone(world, host)),
    drainMesosAgent: (id, nowMs, maxGraceMs): void => onHost(id, nowMs, (host) => drainHost(world, host, maxGraceMs)),
    reactivateMesosAgent: (id, nowMs): void => onHost(id, nowMs, (host) => reactivateHost(world, host)),
    hangDocker: (id, forMs, nowMs): void => onHost(id, nowMs, (host) => void (host.dockerHungUntilMs = nowMs + forMs)),
    setMaintenance: (ids, window, nowMs): void => {
      settle(world, nowMs);
      setUnavailability(world, ids.map((id) => hostById(world, id)), window);
    },
  };
}

/** Builds a cluster; the same options, seed and calls give the same events. */
export function createSimMesos(options: SimMesosOptions): SimMesos {
  const world = buildWorld(options);
  const request = (asked: SimMesosRequest, nowMs: number): SimMesosAnswer => {
    settle(world, nowMs);
    return answer(world, asked);
  };
  const inside = (call: Plain, caller: SimCaller, nowMs: number): SimMesosAnswer => {
    const master = caller.master === undefined ? {} : { master: caller.master };
    if (caller.master === undefined && world.leader === undefined) return settledNoAnswer(world, nowMs);
    return request({ ...master, method: "POST", headers: headersOf(caller), call }, nowMs);
  };
  return {
    ...operatorOf(world),
    request,
    operatorRequest: (asked, nowMs): SimMesosAnswer => {
      settle(world, nowMs);
      return answerOperator(world, asked);
    },
    mesosAgentRequest: (port, asked, nowMs): SimMesosAnswer => {
      settle(world, nowMs);
      return answerMesosAgent(world, port, asked);
    },
    mesosAgentPorts: () => [...world.hosts.values()].map(({ port }) => port),
    connect: inside,
    call: inside,
    disconnect: (subscriptionId, nowMs): void => {
      settle(world, nowMs);
      const subscription = world.subscriptions.get(subscriptionId);
      if (subscription !== undefined) detach(world, subscription);
    },
    advance: (nowMs): SimMesosOutput => {
      settle(world, nowMs);
      return { deliveries: takeDeliveries(world), containers: world.containerEvents.splice(0) };
    },
    nextDueMs: (): number | undefined => {
      if (world.containerEvents.length > 0) return world.nowMs;
      const dueMs = Math.min(world.timers.nextMs() ?? Infinity, nextDeliveryMs(world) ?? Infinity);
      return dueMs === Infinity ? undefined : Math.max(world.nowMs, dueMs);
    },
    counters: world.counters,
    strikes: world.strikes,
    view: (): SimMesosView => viewOf(world),
    redirect: (index, nowMs): SimMesosAnswer => {
      settle(world, nowMs);
      return redirect(world, index, "/redirect");
    },
    mastersCount: world.masters.length,
    isMasterUp: (index): boolean => world.masters[index]?.isUp === true,
    leader: (): number | undefined => world.leader,
    masterInfo: (index): Plain => masterInfo(world, index),
    setMasterAddress: (index, address): void => {
      const master = world.masters[index];
      if (master !== undefined) master.address = address;
    },
    version: options.version ?? "1.12.0",
  };
}

function settledNoAnswer(world: SimWorld, nowMs: number): SimMesosAnswer {
  settle(world, nowMs);
  return noAnswer;
}
