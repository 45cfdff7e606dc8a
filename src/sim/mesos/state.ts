// The state of the simulated cluster in one record.

import type { Bag } from "./amounts.ts";
import type { Plain } from "./json.ts";
import type {
  SimAmounts,
  SimMasterAddress,
  SimMesosAgentSpec,
  SimMesosFaults,
  SimMesosOptions,
  SimMesosTiming,
} from "./options.ts";
import type { PlannedAct, VirtualTimers } from "../timers.ts";

/** A task as the master knows it. */
export interface SimTask {
  readonly taskId: string;
  readonly frameworkId: string;
  readonly mesosAgentId: string;
  /** As given by the framework. */
  readonly info: Plain;
  /** With the role that it is allocated to. */
  readonly bag: Bag;
  /** A UUID. */
  readonly containerId: string;
  /** The address of its container once it is running; before that, of its Mesos agent. */
  ipAddress: string;
  /** The state last forwarded to the framework. */
  masterState: string;
  /** The uuid (base64) of the update last forwarded. */
  masterUuid: string;
  /** Whether the executor has ever reported; from then on statuses have a container_status. */
  isReported: boolean;
  /** Its resources were returned to the pool. */
  isReleased: boolean;
}

/** A status update that waits for its acknowledgement. */
export interface PendingUpdate {
  /** The exit status. */
  readonly status: Plain;
  /** A TASK_* value. */
  readonly state: string;
  /** In base64. */
  readonly uuid: string;
}

/** A task as its Mesos agent knows it: the truth about the container. */
export interface SimRun {
  readonly task: SimTask;
  /** The phase of its container. */
  phase: "pulling" | "starting" | "running" | "stopping" | "ended";
  /** Latest state created by the agent. */
  state: string;
  /** Whether a KILL was received. */
  isKilled: boolean;
  /** Whether its container is running. */
  isContainerUp: boolean;
  /** Not yet acknowledged, oldest first. */
  readonly updates: PendingUpdate[];
  /** The current retry interval. */
  retryMs: number;
  /** The next retry. */
  retry: PlannedAct | undefined;
  /** The next step of its container. */
  next: PlannedAct | undefined;
}

/** A run without any status update yet. */
export function newRun(task: SimTask, phase: SimRun["phase"], state: string): SimRun {
  const unset = { retry: undefined, next: undefined };
  return { task, phase, state, isKilled: false, isContainerUp: false, updates: [], retryMs: 0, ...unset };
}

/** A Mesos agent. */
export interface SimHost {
  readonly id: string;
  /** Its options. */
  readonly spec: SimMesosAgentSpec;
  /** Its address. */
  readonly ip: string;
  /** The TCP port. */
  readonly port: number;
  /** All its resources, unallocated. */
  readonly total: Bag;
  /** Neither offered nor used; unallocated. */
  available: Bag;
  /** Whether its messages reach the master: `silent`: broken network, `down`: killed process. */
  link: "connected" | "silent" | "down";
  /** The master's view of it. */
  standing: "registered" | "recovered" | "unreachable" | "unknown" | "removed" | "gone";
  /** Its disk is lost, and with it its id: the host now runs another Mesos agent. */
  isWiped: boolean;
  /** When it was marked unreachable, in nanoseconds. */
  unreachableNs: number;
  /** Its tasks by framework and id. */
  readonly runs: Map<string, SimRun>;
  /** Images that do not need to be pulled. */
  readonly images: Set<string>;
  /** The stderr of containers, by the key of their run; kept after the task has ended. */
  readonly sandboxes: Map<string, string>;
  /** Its maintenance window as JSON. */
  unavailability: Plain | undefined;
  /** DRAIN_AGENT was called. */
  isDraining: boolean;
  /** Its resources are not offered. */
  isDeactivated: boolean;
  /** Until then Docker answers nothing there (virtual ms). */
  dockerHungUntilMs: number;
  /** When it will be marked unreachable. */
  lostTimer: PlannedAct | undefined;
}

/** An active offer filter. */
export interface SimFilter {
  /** Offers within this bag are filtered; larger ones pass (Mesos RefusedOfferFilter). */
  readonly bag: Bag;
  /** When it ends, virtual ms. */
  readonly untilMs: number;
}

/** A framework as the leading master knows it. */
export interface SimFramework {
  readonly id: string;
  /** As given by the framework. */
  info: Plain;
  roles: ReadonlySet<string>;
  /** Values of FrameworkInfo.Capability.Type. */
  capabilities: ReadonlySet<string>;
  /** Its stream while it is connected. */
  subscription: SimSubscription | undefined;
  /** Suppressed roles. */
  readonly suppressed: Set<string>;
  /** Its offer constraints by role; roles without an entry are not constrained. */
  offerConstraints: Plain;
  /** By role, then by Mesos agent. */
  readonly filters: Map<string, Map<string, SimFilter[]>>;
  /** By Mesos agent: no inverse offer before this time. */
  readonly inverseFilters: Map<string, number>;
  /** The tasks, by id. */
  readonly tasks: Map<string, SimTask>;
  /** Tasks of unreachable agents, by id. */
  readonly unreachableTasks: Map<string, SimTask>;
  /** When it is removed unless it reconnects. */
  failoverTimer: PlannedAct | undefined;
}

/** An outstanding offer. */
export interface SimOffer {
  readonly id: string;
  readonly frameworkId: string;
  readonly mesosAgentId: string;
  /** The role that it is offered to. */
  readonly role: string;
  /** Its resources, allocated to the role. */
  readonly bag: Bag;
  /** When it was sent, virtual ms. */
  readonly sentMs: number;
}

/** An outstanding inverse offer. */
export interface SimInverseOffer {
  readonly id: string;
  readonly frameworkId: string;
  readonly mesosAgentId: string;
}

/** One stream of events. */
export interface SimSubscription {
  readonly id: number;
  /** The value of the Mesos-Stream-Id header. */
  readonly streamId: string;
  frameworkId: string;
  /** Events in transit. */
  readonly outbox: { readonly dueMs: number; readonly order: number; readonly event: Plain }[];
  /** `closing`: the rest is delivered, then it ends; `cut`: it ends now. */
  end: "open" | "closing" | "cut";
  /** Whether the end was delivered. */
  isEndTold: boolean;
  /** Nothing is delivered before this time. */
  stalledUntilMs: number;
  /** The next heartbeat. */
  heartbeat: PlannedAct | undefined;
}

/** A master process. */
export interface SimMaster {
  id: string;
  address: SimMasterAddress;
  /** Whether its process is running. */
  isUp: boolean;
  /** The leader known to it; undefined: none. */
  believedLeader: number | undefined;
}

/** A change of a container, for the simulation of its GocdAgent. */
export type SimContainerEvent =
  | {
    readonly kind: "started";
    readonly atMs: number;
    readonly taskId: string;
    readonly mesosAgentId: string;
    /** The machine. */
    readonly host: string;
    /** The hostname of the container. */
    readonly hostname: string;
    /** As in `container_status`. */
    readonly ipAddress: string;
    readonly env: Readonly<Record<string, string>>;
    readonly image: string;
  }
  | {
    readonly kind: "stopped";
    readonly atMs: number;
    readonly taskId: string;
    readonly mesosAgentId: string;
    /**
     * `exited` on its own, `stopped` by SIGTERM within the grace period, `killed` after it, `lost` with its machine.
     */
    readonly how: "exited" | "stopped" | "killed" | "lost";
    /** Mesos has ended it because of its host: a drain, a removal. */
    readonly by?: "host";
    /** Exit status, if any. */
    readonly status?: number;
  };

/** Counters of the master, for tests of client behaviour. */
export interface SimMesosCounters {
  /** Accepted calls by type. */
  readonly calls: Record<string, number>;
  /** When a call of each type was last accepted, virtual ms. */
  lastCallMs?: Record<string, number>;
  /** Minimum time between two REVIVEs of any roles, ms; absent until there were two. */
  reviveGapMsMin?: number;
  /** When an offer was last sent, virtual ms; absent: no offer was sent. */
  lastOfferMs?: number;
  /** Refused calls: `TYPE STATUS text` → count. */
  readonly refused: Record<string, number>;
  offersSent: number;
  /** RESCINDs sent. */
  offersRescinded: number;
  /** Offers used by a valid ACCEPT. */
  offersAccepted: number;
  /** Offers declined while they were outstanding. */
  offersDeclined: number;
  /** ACCEPT or DECLINE of an offer that was no longer outstanding. */
  offersAnsweredInvalid: number;
  /** Maximum number of concurrently outstanding offers. */
  offersOutstandingMax: number;
  /** Maximum time from sending an offer to its answer, ms. */
  offerHeldMsMax: number;
  /** UPDATEs with a uuid sent by the master. */
  updatesSent: number;
  /** Retries by the agents. */
  updatesRepeated: number;
  /** Expected acknowledgements. */
  updatesAcknowledged: number;
  acknowledgementsUnexpected: number;
  /** KILL calls. */
  kills: number;
  /** Launches by task id; more than one is a double launch. */
  readonly launches: Record<string, number>;
  /** Task ids launched more than once. */
  doubleLaunches: number;
  /** Accepted SUBSCRIBEs. */
  subscriptions: number;
  /** TASK_ERRORs sent. */
  tasksErred: number;
  /** TASK_DROPPEDs created by the master. */
  tasksDropped: number;
}

/** The complete state. */
export interface SimWorld {
  /** The virtual time, ms. */
  nowMs: number;
  /** The only source of randomness. */
  readonly random: () => number;
  readonly options: SimMesosOptions;
  /** Delays that differ from the defaults. */
  readonly timing: SimMesosTiming;
  faults: SimMesosFaults;
  /** The scheduled actions. */
  readonly timers: VirtualTimers;
  /** The masters, in the order of the options. */
  readonly masters: SimMaster[];
  /** Index of the leading master; undefined during an election. */
  leader: number | undefined;
  /** The leader returns 503 before this time. */
  recoveringUntilMs: number;
  /** Mesos agents by id. */
  readonly hosts: Map<string, SimHost>;
  /** The frameworks that the leader knows. */
  readonly frameworks: Map<string, SimFramework>;
  /** FrameworkInfo of every framework so far, by id: agents report them to a new leader. */
  readonly frameworkInfos: Map<string, Plain>;
  /** Ids of frameworks that were removed. */
  readonly completed: Set<string>;
  /** Outstanding offers, by id. */
  readonly offers: Map<string, SimOffer>;
  /** Outstanding inverse offers, by id. */
  readonly inverseOffers: Map<string, SimInverseOffer>;
  /** Accepted SUBSCRIBEs. */
  readonly subscriptions: Map<number, SimSubscription>;
  /** Not yet returned to the caller. */
  readonly containerEvents: SimContainerEvent[];
  /** Quota limits by role. */
  readonly quotaLimits: Map<string, SimAmounts>;
  /** Images that cannot be pulled, and where. */
  readonly missingImages: Map<string, ReadonlySet<string> | "everywhere">;
  readonly counters: SimMesosCounters;
  /** How often each fault has occurred. */
  readonly strikes: Map<SimMesosFaultKind, number>;
  /** The next allocation round. */
  allocation: PlannedAct | undefined;
  /** Scripted outcomes of the next calls, first in first out. */
  readonly callFates: ("lost" | "answer-lost" | "delayed")[];
  /** The next sequence number of each kind. */
  sequence: { framework: number; offer: number; mesosAgent: number; subscription: number; event: number };
}

/** Maximum number of subscriptions kept, including ended ones whose last events can still be read. */
export const subscriptionsKeptMax = 64;

function uuidBytes(world: SimWorld): Uint8Array {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(world.random() * 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

/** Lower-case hexadecimal. */
function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A random UUID (version 4) as text. */
export function newUuid(world: SimWorld): string {
  return hexOf(uuidBytes(world)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A random UUID as the 16 bytes of an update, in base64. */
export function newUuidBase64(world: SimWorld): string {
  return btoa(String.fromCharCode(...uuidBytes(world)));
}

/** The leading master's id: prefix of frameworks' and offers' ids. */
export function leaderId(world: SimWorld): string {
  return world.masters[world.leader ?? 0]?.id ?? "";
}

/** A random fault with its probability. */
export type SimMesosFaultKind = Exclude<keyof SimMesosFaults, "eventDelayMsMax" | "callDelayMsMax">;

/** Whether the fault occurs this time; counted if it does. */
export function happens(world: SimWorld, kind: SimMesosFaultKind): boolean {
  const odds = world.faults[kind];
  if (odds <= 0 || world.random() >= odds) return false;
  world.strikes.set(kind, (world.strikes.get(kind) ?? 0) + 1);
  return true;
}

/** The key of a run on its host. */
export function runKey(frameworkId: string, taskId: string): string {
  return `${frameworkId}\n${taskId}`;
}
