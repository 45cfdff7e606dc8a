// The whole state of the simulated GoCD server, and its words. Not here: any behaviour.
// Made by sim_gocd.ts; changed by the parts named gocd_*.ts, all of them pure but for this one record.

import type { GocdRules } from "./gocd_versions.ts";
import type { TimerQueue } from "./gocd_timers.ts";
import type { SimFault } from "./gocd_faults.ts";
import type { GocdTally } from "./gocd_tally.ts";

/** A job's state on the server (facts: gocd 1.2, 4.6); jobs that ended are not kept. */
export type SimJobState = "Scheduled" | "Assigned" | "Preparing" | "Building" | "Completing";

/** Why a Scheduled job is never handed out although agents match (facts: gocd 1.2, 3.3). */
export type SimObstacle = "zombie" | "stale-materials";

/** A variable of a job; the value of a secure one is never shown. */
export interface SimVariable {
  readonly name: string;
  readonly value: string;
  readonly secure: boolean;
}

/** One build that has not ended. A rescheduled one is a new record with the same locator. */
export interface SimJob {
  readonly id: number;
  readonly pipeline: string;
  readonly counter: number;
  readonly stage: string;
  readonly stageCounter: number;
  readonly name: string;
  /** pipeline/counter/stage/stageCounter/name */
  readonly locator: string;
  readonly gocdResources: readonly string[];
  readonly elasticProfile?: string;
  /** Set for run-on-all jobs: only this GocdAgent takes it. */
  readonly pinnedUuid?: string;
  readonly variables: readonly SimVariable[];
  readonly durationMs: number;
  /** Unassigned for longer than this: cancelled by servers from 20.9 on. */
  readonly timeoutMs?: number;
  readonly obstacle?: SimObstacle;
  readonly scheduledMs: number;
  state: SimJobState;
  gocdAgentUuid?: string;
}

/** What the server thinks of a GocdAgent (facts: gocd 2.2). */
export type SimRuntimeStatus = "Idle" | "Building" | "Cancelled" | "LostContact" | "Missing" | "Unknown";

/** A record of a GocdAgent on the server. */
export interface SimGocdAgent {
  readonly uuid: string;
  hostname: string;
  readonly ipAddress: string;
  readonly sandbox: string;
  readonly operatingSystem: string;
  /** Bytes; undefined where the agent was not heard since the start. */
  freeSpace: number | undefined;
  configState: "Pending" | "Enabled" | "Disabled";
  runtime: SimRuntimeStatus;
  gocdResources: readonly string[];
  /** Names as registered or set; those that do not exist count as `unknown`. */
  environments: readonly string[];
  readonly elastic?: { readonly agentId: string; readonly pluginId: string };
  /** Undefined since the server's start. */
  lastHeardMs: number | undefined;
  /** The locator shown as running. */
  buildLocator: string | undefined;
  /** The process whose pings are accepted (the cookie holder). */
  holder: string | undefined;
  killRequested: boolean;
}

/** What a container of an agent image was told by its environment variables. */
export interface SimRegistration {
  /** `host:port` it calls; undefined where it was told nothing it understands. */
  readonly server: string | undefined;
  readonly key: string;
  readonly gocdResources: readonly string[];
  readonly environments: readonly string[];
  /** Shown in place of the container's hostname, once the key was right. */
  readonly hostname: string;
}

/** The build that an agent process works on. */
export interface SimWork {
  readonly jobId: number;
  readonly locator: string;
  /** A task that does not end when its build is cancelled. */
  hangs: boolean;
}

/** An agent process in a container. */
export interface SimAgentProcess {
  readonly containerHostname: string;
  readonly uuid: string;
  readonly registration: SimRegistration;
  /** False once the container is gone: everything planned for it is void. */
  alive: boolean;
  phase: "booting" | "registering" | "working" | "refused" | "lost";
  /** The registration properties were used and erased (facts: gocd 4.1). */
  scrubbed: boolean;
  /** Counts its working phases; timers of an earlier one are void. */
  loop: number;
  askDelayMs: number;
  work: SimWork | undefined;
  /** What it says in its pings. */
  status: "Idle" | "Building" | "Cancelled";
}

/** An account of the server. */
export interface SimUser {
  readonly name: string;
  readonly password: string;
  /** A personal access token (19.2 and later). */
  readonly token?: string;
  readonly admin: boolean;
  /** Pipelines it may view; absent means all. */
  readonly views?: readonly string[];
}

/** Whether the server knows users. */
export type SimSecurity = { readonly kind: "off" } | { readonly kind: "on"; readonly users: readonly SimUser[] };

/** An environment of the server's configuration. */
export interface SimEnvironment {
  readonly name: string;
  readonly origin: "gocd" | "config-repo";
}

/** A message of `/api/server_health_messages`. */
export interface SimHealthMessage {
  readonly message: string;
  readonly detail: string;
  readonly level: "WARNING" | "ERROR";
  readonly atMs: number;
}

/** A copy of what the lists show, for answers that are late. */
export interface ListSnapshot {
  readonly agents: readonly SimGocdAgent[];
  readonly jobs: readonly SimJob[];
}

/** Clocks and sizes that a simulation may set; times in ms. */
export interface SimGocdClocks {
  /** Container start to first contact (JVM and downloads). Default 40 s. */
  readonly bootDelayMs: number;
  /** Time that a registration loop waits. Default 5 s. */
  readonly registerEveryMs: number;
  /** Default 5 s. */
  readonly pingEveryMs: number;
  /** Default 10 s. */
  readonly askEveryMs: number;
  /** How often the scheduled list is read into memory. Default 5 s. */
  readonly reloadEveryMs: number;
  /** How often agents' states are refreshed. Default 5 s. */
  readonly refreshEveryMs: number;
  /** Silence after which an agent is lost. Default 300 s. */
  readonly silenceMs: number;
  /** Work handed out to state Building. Default 3 s. */
  readonly prepareMs: number;
  /** State Completing to the end. Default 1 s. */
  readonly completeMs: number;
  /** Longest delay of the asynchronous assignment. Default 300 ms. */
  readonly assignMs: number;
}

/** The state of the simulated server and of the agent processes beside it. */
export interface GocdWorld {
  nowMs: number;
  rules: GocdRules;
  readonly clocks: SimGocdClocks;
  readonly contextPath: string;
  readonly autoRegisterKey: string;
  /** `host:port` values under which agents reach the server; empty means any. */
  readonly agentAddresses: readonly string[];
  readonly random: () => number;
  readonly timers: TimerQueue;
  life: "running" | "starting";
  /** Counts the server's starts; planned ends of a start check it. */
  startCount: number;
  maintenance: { readonly atMs: number; readonly by: string } | undefined;
  backup: boolean;
  security: SimSecurity;
  readonly environments: Map<string, SimEnvironment>;
  readonly pipelineEnvironments: Map<string, string>;
  readonly pipelineCounters: Map<string, number>;
  readonly jobs: Map<number, SimJob>;
  /** Those of `jobs` that an agent has. */
  readonly active: Set<SimJob>;
  nextJobId: number;
  /** Ids of the scheduled list in memory, oldest first. */
  loaded: number[];
  /** Work waiting for its agent's next ask: uuid → job id. */
  readonly assignments: Map<string, number>;
  readonly agents: Map<string, SimGocdAgent>;
  /** By container hostname. */
  readonly processes: Map<string, SimAgentProcess>;
  healthMessages: readonly SimHealthMessage[];
  /** Session id → user name and last use. */
  readonly sessions: Map<string, { userName: string | undefined; usedMs: number }>;
  faults: SimFault[];
  readonly tally: GocdTally;
}
