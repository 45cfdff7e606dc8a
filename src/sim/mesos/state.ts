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
  /** The task. */
  readonly taskId: string;
  /** The framework. */
  readonly frameworkId: string;
  /** The Mesos agent. */
  readonly mesosAgentId: string;
  /** As the framework gave it. */
  readonly info: Plain;
  /** With the role it is allocated to. */
  readonly bag: Bag;
  /** A UUID. */
  readonly containerId: string;
  /** Of its container, once it runs; before, of its Mesos agent. */
  ipAddress: string;
  /** The state last forwarded to the framework. */
  masterState: string;
  /** The uuid (base64) of the update last forwarded. */
  masterUuid: string;
  /** Whether the executor has ever reported: then statuses carry container_status. */
  isReported: boolean;
  /** Its resources are back in the pool. */
  isReleased: boolean;
}

/** A status update that waits for its acknowledgement. */
export interface PendingUpdate {
  /** The exit status. */
  readonly status: Plain;
  /** A TASK_* word. */
  readonly state: string;
  /** In base64. */
  readonly uuid: string;
}

/** A task as its Mesos agent knows it: the truth about the container. */
export interface SimRun {
  /** The task. */
  readonly task: SimTask;
  /** How far its container is. */
  phase: "pulling" | "starting" | "running" | "stopping" | "ended";
  /** Latest state made by the agent. */
  state: string;
  /** Whether a KILL came. */
  isKilled: boolean;
  /** Whether its container runs. */
  isContainerUp: boolean;
  /** Not yet acknowledged, oldest first. */
  readonly updates: PendingUpdate[];
  /** The present gap between repeats. */
  retryMs: number;
  /** The next repeat. */
  retry: PlannedAct | undefined;
  /** The next step of its container. */
  next: PlannedAct | undefined;
}

/** A run of which nothing has been told yet. */
export function newRun(task: SimTask, phase: SimRun["phase"], state: string): SimRun {
  const unset = { retry: undefined, next: undefined };
  return { task, phase, state, isKilled: false, isContainerUp: false, updates: [], retryMs: 0, ...unset };
}

/** A Mesos agent. */
export interface SimHost {
  /** Its id. */
  readonly id: string;
  /** What it was built from. */
  readonly spec: SimMesosAgentSpec;
  /** Its address. */
  readonly ip: string;
  /** The TCP port. */
  readonly port: number;
  /** All that it has, allocated to nobody. */
  readonly total: Bag;
  /** Neither offered nor used; allocated to nobody. */
  available: Bag;
  /** Whether its messages reach the master: `silent` as behind a broken network, `down` as with the process killed. */
  link: "connected" | "silent" | "down";
  /** What the master holds of it. */
  standing: "registered" | "recovered" | "unreachable" | "unknown" | "removed" | "gone";
  /** Its disk is lost and with it its id: whatever runs there is another Mesos agent. */
  isWiped: boolean;
  /** When it was marked unreachable, in nanoseconds. */
  unreachableNs: number;
  /** Its tasks by framework and id. */
  readonly runs: Map<string, SimRun>;
  /** Images that need no pull. */
  readonly images: Set<string>;
  /** What containers have written to stderr, by the key of their run; kept when the task is over. */
  readonly sandboxes: Map<string, string>;
  /** Its maintenance window as JSON. */
  unavailability: Plain | undefined;
  /** DRAIN_AGENT was called. */
  isDraining: boolean;
  /** It is offered to nobody. */
  isDeactivated: boolean;
  /** When it will be taken for lost. */
  lostTimer: PlannedAct | undefined;
}

/** A decline that still holds. */
export interface SimFilter {
  /** Offers within this bag are held back; larger ones pass (Mesos RefusedOfferFilter). */
  readonly bag: Bag;
  /** When it ends, virtual ms. */
  readonly untilMs: number;
}

/** A framework as the leading master knows it. */
export interface SimFramework {
  /** Its id. */
  readonly id: string;
  /** As the framework gave it. */
  info: Plain;
  /** The roles it takes offers for. */
  roles: ReadonlySet<string>;
  /** Words of FrameworkInfo.Capability.Type. */
  capabilities: ReadonlySet<string>;
  /** Its stream, while connected. */
  subscription: SimSubscription | undefined;
  /** Roles without offers. */
  readonly suppressed: Set<string>;
  /** Which hosts it wants offers of, by role; roles without are not constrained. */
  offerConstraints: Plain;
  /** Keyed by role, then by Mesos agent. */
  readonly filters: Map<string, Map<string, SimFilter[]>>;
  /** Keyed by Mesos agent: no inverse offer before this time. */
  readonly inverseFilters: Map<string, number>;
  /** The tasks, by id. */
  readonly tasks: Map<string, SimTask>;
  /** Tasks of unreachable agents, by id. */
  readonly unreachableTasks: Map<string, SimTask>;
  /** When it is removed unless it comes back. */
  failoverTimer: PlannedAct | undefined;
}

/** An offer that is out. */
export interface SimOffer {
  /** Its id. */
  readonly id: string;
  /** The framework. */
  readonly frameworkId: string;
  /** The Mesos agent. */
  readonly mesosAgentId: string;
  /** The role it is made to. */
  readonly role: string;
  /** What it holds, allocated to the role. */
  readonly bag: Bag;
  /** When it was sent, virtual ms. */
  readonly sentMs: number;
}

/** An inverse offer that is out. */
export interface SimInverseOffer {
  /** Its id. */
  readonly id: string;
  /** The framework. */
  readonly frameworkId: string;
  /** The Mesos agent. */
  readonly mesosAgentId: string;
}

/** One stream of events. */
export interface SimSubscription {
  /** Its id. */
  readonly id: number;
  /** The value of the Mesos-Stream-Id header. */
  readonly streamId: string;
  /** The framework. */
  frameworkId: string;
  /** Events on their way. */
  readonly outbox: { readonly dueMs: number; readonly order: number; readonly event: Plain }[];
  /** `closing`: the rest is delivered, then it ends; `cut`: it ends now. */
  end: "open" | "closing" | "cut";
  /** Whether the end was delivered. */
  isEndTold: boolean;
  /** Nothing is delivered before. */
  stalledUntilMs: number;
  /** The next heartbeat. */
  heartbeat: PlannedAct | undefined;
}

/** A master process. */
export interface SimMaster {
  /** Its id. */
  id: string;
  /** Where it listens. */
  address: SimMasterAddress;
  /** Whether its process runs. */
  isUp: boolean;
  /** Whom it takes for the leader; undefined: nobody. */
  believedLeader: number | undefined;
}

/** What happened to a container: for the world that its GocdAgent lives in. */
export type SimContainerEvent =
  | {
    readonly kind: "started";
    readonly atMs: number;
    readonly taskId: string;
    readonly mesosAgentId: string;
    /** The machine. */
    readonly host: string;
    /** The name that the container has. */
    readonly hostname: string;
    /** As `container_status` tells it. */
    readonly ipAddress: string;
    readonly env: Readonly<Record<string, string>>;
    readonly image: string;
  }
  | {
    readonly kind: "stopped";
    readonly atMs: number;
    readonly taskId: string;
    readonly mesosAgentId: string;
    /** `exited` by itself, `stopped` by SIGTERM within the grace, `killed` after it, `lost` with its machine. */
    readonly how: "exited" | "stopped" | "killed" | "lost";
    /** Mesos has ended it because of its host: a drain, a removal. */
    readonly by?: "host";
    /** Exit status, where there is one. */
    readonly status?: number;
  };

/** What the master counted; for good manners and for proofs. */
export interface SimMesosCounters {
  /** Answered calls by type, refused ones not among them. */
  readonly calls: Record<string, number>;
  /** When a call of a type was last answered so, virtual ms. */
  lastCallMs?: Record<string, number>;
  /** Shortest time between two REVIVEs, whatever their roles, ms; absent until there were two. */
  reviveGapMsMin?: number;
  /** When an offer was last sent, virtual ms; absent: never. */
  lastOfferMs?: number;
  /** Refused calls: `TYPE STATUS text` → how often. */
  readonly refused: Record<string, number>;
  /** Offers sent. */
  offersSent: number;
  /** RESCINDs sent. */
  offersRescinded: number;
  /** Offers used by a valid ACCEPT. */
  offersAccepted: number;
  /** Offers declined while they were out. */
  offersDeclined: number;
  /** ACCEPT or DECLINE of an offer that was not out any more. */
  offersAnsweredInvalid: number;
  /** Most offers that were out at once. */
  offersOutstandingMax: number;
  /** Longest time from sending an offer to its answer, ms. */
  offerHeldMsMax: number;
  /** UPDATEs with a uuid that left the master. */
  updatesSent: number;
  /** Repeats by the agents. */
  updatesRepeated: number;
  /** Acknowledgements that were awaited. */
  updatesAcknowledged: number;
  /** ACKNOWLEDGE of something not awaited. */
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
  /** TASK_DROPPEDs made by the master. */
  tasksDropped: number;
}

/** Everything. */
export interface SimWorld {
  /** The virtual time, ms. */
  nowMs: number;
  /** The only source of chance. */
  readonly random: () => number;
  /** What it was built from. */
  readonly options: SimMesosOptions;
  /** Delays that differ from the defaults. */
  readonly timing: SimMesosTiming;
  /** What goes wrong. */
  faults: SimMesosFaults;
  /** What will happen. */
  readonly timers: VirtualTimers;
  /** The masters, in the order of the options. */
  readonly masters: SimMaster[];
  /** Index of the leading master; undefined during an election. */
  leader: number | undefined;
  /** The leader answers 503 before this time. */
  recoveringUntilMs: number;
  /** Mesos agents by id. */
  readonly hosts: Map<string, SimHost>;
  /** The frameworks that the leader knows. */
  readonly frameworks: Map<string, SimFramework>;
  /** FrameworkInfo of each framework that ever was, by id: agents tell a new leader of them. */
  readonly frameworkInfos: Map<string, Plain>;
  /** Ids of frameworks that were removed. */
  readonly completed: Set<string>;
  /** Offers that are out, by id. */
  readonly offers: Map<string, SimOffer>;
  /** Inverse offers that are out, by id. */
  readonly inverseOffers: Map<string, SimInverseOffer>;
  /** Accepted SUBSCRIBEs. */
  readonly subscriptions: Map<number, SimSubscription>;
  /** Not yet told to the world. */
  readonly containerEvents: SimContainerEvent[];
  /** Quota limits by role. */
  readonly quotaLimits: Map<string, SimAmounts>;
  /** Images that cannot be pulled, and where. */
  readonly missingImages: Map<string, ReadonlySet<string> | "everywhere">;
  /** What was counted. */
  readonly counters: SimMesosCounters;
  /** How often each fault has happened. */
  readonly strikes: Map<SimMesosFaultKind, number>;
  /** The next allocation round. */
  allocation: PlannedAct | undefined;
  /** Scripted fates of the next calls, first in first out. */
  readonly callFates: ("lost" | "answer-lost" | "delayed")[];
  /** The next number of each kind. */
  sequence: { framework: number; offer: number; mesosAgent: number; subscription: number; event: number };
}

/** How many subscriptions, ended ones included, are kept for reading their last events. */
export const subscriptionsKeptMax = 64;

/** `count` random bytes. */
function randomBytes(world: SimWorld, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(world.random() * 256));
}

function uuidBytes(world: SimWorld): Uint8Array {
  const bytes = randomBytes(world, 16);
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

/** A fault that happens by itself, at its odds. */
export type SimMesosFaultKind = Exclude<keyof SimMesosFaults, "eventDelayMsMax" | "callDelayMsMax">;

/** Whether the fault happens this time; counted where it does. */
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
