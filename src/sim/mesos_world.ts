// The state of the simulated cluster, in one record that the mesos_*.ts functions change. Not here: any rule.
// Called by the simulated master only; outsiders see it through sim_mesos.ts.

import type { Bag } from "./mesos_amounts.ts";
import type { Plain } from "./mesos_json.ts";
import type {
  SimMasterAddress,
  SimMesosAgentSpec,
  SimMesosFaults,
  SimMesosOptions,
  SimMesosTiming,
} from "./mesos_options.ts";
import type { PlannedAct, VirtualTimers } from "./mesos_timers.ts";

/** A task as the master knows it. */
export interface SimTask {
  readonly taskId: string;
  readonly frameworkId: string;
  readonly mesosAgentId: string;
  readonly info: Plain;
  /** With the role it is allocated to. */
  readonly bag: Bag;
  readonly containerId: string;
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
  readonly status: Plain;
  readonly state: string;
  readonly uuid: string;
}

/** A task as its Mesos agent knows it: the truth about the container. */
export interface SimRun {
  readonly task: SimTask;
  phase: "pulling" | "starting" | "running" | "stopping" | "ended";
  /** Latest state made by the agent. */
  state: string;
  isKilled: boolean;
  isContainerUp: boolean;
  readonly updates: PendingUpdate[];
  retryMs: number;
  retry: PlannedAct | undefined;
  next: PlannedAct | undefined;
}

/** A Mesos agent. */
export interface SimHost {
  readonly id: string;
  readonly spec: SimMesosAgentSpec;
  readonly ip: string;
  readonly port: number;
  readonly total: Bag;
  /** Neither offered nor used; allocated to nobody. */
  available: Bag;
  /** Whether its messages reach the master: `silent` as behind a broken network, `down` as with the process killed. */
  link: "connected" | "silent" | "down";
  /** What the master holds of it. */
  standing: "registered" | "recovered" | "unreachable" | "removed" | "gone";
  /** When it was marked unreachable, in nanoseconds. */
  unreachableNs: number;
  readonly runs: Map<string, SimRun>;
  readonly images: Set<string>;
  unavailability: Plain | undefined;
  isDraining: boolean;
  isDeactivated: boolean;
  lostTimer: PlannedAct | undefined;
}

/** A decline that still holds. */
export interface SimFilter {
  /** Offers within this bag are held back; larger ones pass (Mesos RefusedOfferFilter). */
  readonly bag: Bag;
  readonly untilMs: number;
}

/** A framework as the leading master knows it. */
export interface SimFramework {
  readonly id: string;
  info: Plain;
  roles: ReadonlySet<string>;
  capabilities: ReadonlySet<string>;
  subscription: SimSubscription | undefined;
  readonly suppressed: Set<string>;
  /** Keyed by role, then by Mesos agent. */
  readonly filters: Map<string, Map<string, SimFilter[]>>;
  /** Keyed by Mesos agent: no inverse offer before this time. */
  readonly inverseFilters: Map<string, number>;
  readonly tasks: Map<string, SimTask>;
  readonly unreachableTasks: Map<string, SimTask>;
  failoverTimer: PlannedAct | undefined;
}

/** An offer that is out. */
export interface SimOffer {
  readonly id: string;
  readonly frameworkId: string;
  readonly mesosAgentId: string;
  readonly role: string;
  readonly bag: Bag;
  readonly sentMs: number;
}

/** An inverse offer that is out. */
export interface SimInverseOffer {
  readonly id: string;
  readonly frameworkId: string;
  readonly mesosAgentId: string;
}

/** One stream of events. */
export interface SimSubscription {
  readonly id: number;
  readonly streamId: string;
  frameworkId: string;
  readonly outbox: { readonly dueMs: number; readonly order: number; readonly event: Plain }[];
  /** `closing`: the rest is delivered, then it ends; `cut`: it ends now. */
  end: "open" | "closing" | "cut";
  isEndTold: boolean;
  /** Nothing is delivered before. */
  stalledUntilMs: number;
  heartbeat: PlannedAct | undefined;
}

/** A master process. */
export interface SimMaster {
  id: string;
  address: SimMasterAddress;
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
    /** Exit status, where there is one. */
    readonly status?: number;
  };

/** What the master counted; for good manners and for proofs. */
export interface SimMesosCounters {
  /** Answered calls by type, refused ones not among them. */
  readonly calls: Record<string, number>;
  /** Refused calls: `TYPE STATUS text` → how often. */
  readonly refused: Record<string, number>;
  offersSent: number;
  offersRescinded: number;
  offersAccepted: number;
  offersDeclined: number;
  /** ACCEPT or DECLINE of an offer that was not out any more. */
  offersAnsweredInvalid: number;
  offersOutstandingMax: number;
  /** Longest time from sending an offer to its answer, ms. */
  offerHeldMsMax: number;
  updatesSent: number;
  updatesRepeated: number;
  updatesAcknowledged: number;
  /** ACKNOWLEDGE of something not awaited. */
  acknowledgementsUnexpected: number;
  kills: number;
  /** Launches by task id; more than one is a double launch. */
  readonly launches: Record<string, number>;
  /** Task ids launched more than once. */
  doubleLaunches: number;
  subscriptions: number;
  tasksErred: number;
  tasksDropped: number;
}

/** Everything. */
export interface SimWorld {
  nowMs: number;
  readonly random: () => number;
  readonly options: SimMesosOptions;
  readonly timing: SimMesosTiming;
  faults: SimMesosFaults;
  readonly timers: VirtualTimers;
  readonly masters: SimMaster[];
  leader: number | undefined;
  /** The leader answers 503 before this time. */
  recoveringUntilMs: number;
  readonly hosts: Map<string, SimHost>;
  readonly frameworks: Map<string, SimFramework>;
  readonly completed: Set<string>;
  readonly offers: Map<string, SimOffer>;
  readonly inverseOffers: Map<string, SimInverseOffer>;
  readonly subscriptions: Map<number, SimSubscription>;
  readonly containerEvents: SimContainerEvent[];
  readonly missingImages: Map<string, ReadonlySet<string> | "everywhere">;
  readonly counters: SimMesosCounters;
  allocation: PlannedAct | undefined;
  /** Scripted fates of the next calls, first in first out. */
  readonly callFates: ("lost" | "answer-lost" | "delayed")[];
  sequence: { framework: number; offer: number; mesosAgent: number; subscription: number; event: number };
}

/** How many subscriptions, ended ones included, are kept for reading their last events. */
export const subscriptionsKeptMax = 64;

/** `count` random bytes. */
export function randomBytes(world: SimWorld, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(world.random() * 256));
}

function uuidBytes(world: SimWorld): Uint8Array {
  const bytes = randomBytes(world, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

/** Lower-case hexadecimal. */
export function hexOf(bytes: Uint8Array): string {
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

/** Whether the fault happens this time. */
export function happens(world: SimWorld, odds: number): boolean {
  return odds > 0 && world.random() < odds;
}

/** The host of a task, if the cluster still has it. */
export function hostOf(world: SimWorld, mesosAgentId: string): SimHost | undefined {
  return world.hosts.get(mesosAgentId);
}

/** The key of a run on its host. */
export function runKey(frameworkId: string, taskId: string): string {
  return `${frameworkId}\n${taskId}`;
}
