// The whole state of the simulated GoCD server.

import type { GocdRules } from "./versions.ts";
import type { VirtualTimers } from "../timers.ts";
import type { SimConfiguration } from "./configuration.ts";
import type { SimStageRuns } from "./stage_runs.ts";
import type { SimFault } from "./faults.ts";
import type { GocdTally } from "./tally.ts";

/** A job's state on the server (GoCD JobState); jobs that ended are not kept. */
export type SimJobState = "Scheduled" | "Assigned" | "Preparing" | "Building" | "Completing";

/** Why a Scheduled job is never assigned although agents match. */
export type SimObstacle = "zombie" | "stale-materials";

/** A variable of a job; the value of a secure one is never shown. */
export interface SimVariable {
  /** The variable's name. */
  readonly name: string;
  /** The plain value. */
  readonly value: string;
  /** Shown as `****`. */
  readonly secure: boolean;
}

/** One build that has not ended. A rescheduled build is a new record with the same locator. */
export interface SimJob {
  /** Increasing; shown by the old feed. */
  readonly id: number;
  /** Id of the first build under this locator since it was scheduled: when rescheduled, it gets a new id. */
  readonly firstId: number;
  readonly pipeline: string;
  readonly counter: number;
  readonly stage: string;
  readonly stageCounter: number;
  /** The job's name. */
  readonly name: string;
  /** pipeline/counter/stage/stageCounter/name */
  readonly locator: string;
  /** As written in the job; empty for an elastic job. */
  readonly gocdResources: readonly string[];
  /** Set for a job of an elastic agent profile. */
  readonly elasticProfile?: string;
  /** Set for run-on-all jobs: only this GocdAgent takes it. */
  readonly pinnedUuid?: string;
  /** In the feed's order. */
  readonly variables: readonly SimVariable[];
  /** Time in state Building. */
  readonly durationMs: number;
  /** If unassigned for longer than this, it is cancelled by servers from 20.9 on. */
  readonly timeoutMs?: number;
  /** Why it is never assigned. */
  readonly obstacle?: SimObstacle;
  /** When it became Scheduled. */
  readonly scheduledMs: number;
  state: SimJobState;
  /** The agent that it is assigned to. */
  gocdAgentUuid?: string;
  /** When it was assigned. */
  assignedMs?: number;
}

/** The server's view of a GocdAgent (GoCD AgentRuntimeStatus). */
export type SimRuntimeStatus = "Idle" | "Building" | "Cancelled" | "LostContact" | "Missing" | "Unknown";

/** A record of a GocdAgent on the server. */
export interface SimGocdAgent {
  /** Its only identity. */
  readonly uuid: string;
  /** Shown name; may be edited. */
  hostname: string;
  /** The address of the connection that registered it; once its agent has pinged, the one that the agent reports. */
  ipAddress: string;
  /** The agent's work folder. */
  readonly sandbox: string;
  /** As reported by the agent. */
  readonly operatingSystem: string;
  /** Bytes; undefined if the agent has not pinged since the start. */
  freeSpace: number | undefined;
  /** The state decided by an administrator or the key. */
  configState: "Pending" | "Enabled" | "Disabled";
  /** The last known runtime status. */
  runtime: SimRuntimeStatus;
  /** As registered or set. */
  gocdResources: readonly string[];
  /** Names as registered or set; missing ones count as `unknown`. */
  environments: readonly string[];
  /** Set for an elastic agent. */
  readonly elastic?: { readonly agentId: string; readonly pluginId: string };
  /** When it last pinged; undefined: not since the start of the server. */
  lastHeardMs: number | undefined;
  /** The locator shown as running. */
  buildLocator: string | undefined;
  /** The process whose pings are accepted (the cookie holder). */
  holder: string | undefined;
  /** Killing its running tasks was requested. */
  killRequested: boolean;
}

/** The settings of an agent container from its environment variables. */
export interface SimRegistration {
  /** `host:port` that it connects to; undefined if it has none that it understands. */
  readonly server: string | undefined;
  /** Compared with the server's key; empty if none was given. */
  readonly key: string;
  /** Requested; only used with the right key. */
  readonly gocdResources: readonly string[];
  /** Requested; only used with the right key. */
  readonly environments: readonly string[];
  /** Replaces the container's hostname if the key is right. */
  readonly hostname: string;
}

/** The build that an agent process works on. */
export interface SimWork {
  /** The record on the server. */
  readonly jobId: number;
  /** The build's locator. */
  readonly locator: string;
  /** A task that does not end when its build is cancelled. */
  hangs: boolean;
}

/** An agent process in a container. */
export interface SimAgentProcess {
  /** Its identity in the model. */
  readonly containerHostname: string;
  /** The name that it reports if its key is not accepted (GoCD AgentRegistrationController). */
  readonly containerName: string;
  /**
   * The name that it reports regardless of its variables; undefined: the one in its variables, or that of its
   * container.
   */
  readonly ownName: string | undefined;
  /** Of its container. */
  readonly ipAddress: string;
  /** The address of its connections as seen by the server. */
  readonly peerAddress: string;
  /** How long its record is listed without its environments (GoCD 26.2: a listener adds them after the commit). */
  readonly environmentsLateMs: number;
  /** What it calls itself. */
  readonly uuid: string;
  /** The settings that its image derived from the environment variables. */
  readonly registration: SimRegistration;
  /** False once the container is gone: everything planned for it is ignored. */
  alive: boolean;
  /** `refused`: its record was deleted (20.2 and later); `lost`: it has no server address. */
  phase: "booting" | "registering" | "working" | "refused" | "lost";
  /** The registration properties were used and erased (GoCD AgentAutoRegistrationPropertiesImpl). */
  scrubbed: boolean;
  /** Counts its working phases; timers of an earlier one are ignored. */
  loop: number;
  /** Its next interval between requests for work (23.1 and later). */
  askDelayMs: number;
  /** Its current build. */
  work: SimWork | undefined;
  /** The status in its pings. */
  status: "Idle" | "Building" | "Cancelled";
}

/** An account of the server. */
export interface SimUser {
  /** Login name. */
  readonly name: string;
  /** For Basic authentication. */
  readonly password: string;
  /** A personal access token (19.2 and later). */
  readonly token?: string;
  /** An administrator may change everything. */
  readonly admin: boolean;
  /** Pipelines it may view; absent means all. */
  readonly views?: readonly string[];
  /** Pipelines in groups that it administers, so that it may read their configuration. */
  readonly administers?: readonly string[];
  /** Templates that it may view. */
  readonly viewsTemplates?: readonly string[];
  /** Pipelines that it has hidden on its dashboard. */
  readonly hides?: readonly string[];
}

/** Whether security is enabled. */
export type SimSecurity = { readonly kind: "off" } | { readonly kind: "on"; readonly users: readonly SimUser[] };

/** The data of a session. */
export interface SimSession {
  /** Undefined for anonymous. */
  userName: string | undefined;
  /** `basic` or `bearer`, the kind of login; empty for anonymous. */
  scheme: string;
  /** When the user logged in. */
  sinceMs: number;
  /** When its cookie was last sent. */
  usedMs: number;
}

/** An environment of the server's configuration. */
export interface SimEnvironment {
  /** Names are case-insensitive. */
  readonly name: string;
  /** Defined in cruise-config.xml or in a config repository. */
  readonly origin: "gocd" | "config-repo";
}

/** A message of `/api/server_health_messages`. */
export interface SimHealthMessage {
  /** The headline. */
  readonly message: string;
  /** HTML. */
  readonly detail: string;
  /** Its severity. */
  readonly level: "WARNING" | "ERROR";
  /** Shown as `time`. */
  readonly atMs: number;
}

/** A copy of the lists, for stale responses. */
export interface ListSnapshot {
  /** Copies of all records. */
  readonly agents: readonly SimGocdAgent[];
  /** Copies of all builds that had not ended. */
  readonly jobs: readonly SimJob[];
}

/** Intervals and sizes that a simulation may set; times in ms. */
export interface SimGocdClocks {
  /** Container start to first contact (JVM and downloads). Default 40 s. */
  readonly bootDelayMs: number;
  /** Interval of the registration loop. Default 5 s. */
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
  /** Time from assigned work to state Building. Default 3 s. */
  readonly prepareMs: number;
  /** Time from state Completing to the end. Default 1 s. */
  readonly completeMs: number;
  /** Longest delay of the asynchronous assignment. Default 300 ms. */
  readonly assignMs: number;
}

/** The state of the simulated server and of the agent processes. */
export interface GocdWorld {
  /** The virtual time. */
  nowMs: number;
  /** The rules of the current version. */
  rules: GocdRules;
  /** Intervals and limits. */
  readonly clocks: SimGocdClocks;
  /** The context path, such as `/go`. */
  readonly contextPath: string;
  /** The auto-register key; empty means none. */
  readonly autoRegisterKey: string;
  /** `host:port` values under which agents reach the server; empty means any. */
  readonly agentAddresses: readonly string[];
  /** Seeded numbers in [0, 1). */
  readonly random: () => number;
  /** The scheduled actions. */
  readonly timers: VirtualTimers;
  /** Whether it answers or is still starting. */
  life: "running" | "starting";
  /** Counts the server's starts; the planned end of a start checks it. */
  startCount: number;
  /** Since when and by whom maintenance or drain mode is on. */
  maintenance: { readonly atMs: number; readonly by: string } | undefined;
  /** A backup is running: all requests are refused. */
  backup: boolean;
  /** The accounts. */
  security: SimSecurity;
  /** By name in lower case. */
  readonly environments: Map<string, SimEnvironment>;
  /** Pipeline to environment, as configured now. */
  readonly pipelineEnvironments: Map<string, string>;
  /** Pipelines and templates as configured now. */
  readonly configuration: SimConfiguration;
  /** Runs of stages, for the dashboard. */
  readonly stageRuns: SimStageRuns;
  /** By pipeline: what the dashboard showed last, and its number. */
  readonly dashboardStamps: Map<string, { readonly seen: string; readonly stamp: number }>;
  /** The next such number. */
  nextStamp: number;
  /** The dashboard is not ready yet after a start. */
  isDashboardPending: boolean;
  /** The status of a version without the feed; undefined: it has the feed. */
  feedGone: 404 | 410 | undefined;
  /** The highest counter of each pipeline. */
  readonly pipelineCounters: Map<string, number>;
  /** Builds that have not ended, by id in the order of scheduling. */
  readonly jobs: Map<number, SimJob>;
  /** Those of `jobs` that are assigned to an agent. */
  readonly active: Set<SimJob>;
  /** Ids are increasing. */
  nextJobId: number;
  /** Ids of the scheduled list in memory, oldest first. */
  loaded: number[];
  /** Work waiting for the next request of its agent: uuid → job id. */
  readonly assignments: Map<string, number>;
  /** Records by uuid. */
  readonly agents: Map<string, SimGocdAgent>;
  /** By container hostname. */
  readonly processes: Map<string, SimAgentProcess>;
  /** Container hostnames that are currently disconnected from the server. */
  readonly cutOff: Set<string>;
  /** Messages in addition to those that the server generates itself. */
  healthMessages: readonly SimHealthMessage[];
  /** By session id. */
  readonly sessions: Map<string, SimSession>;
  /** Armed faults, oldest first. */
  faults: SimFault[];
  /** The counters. */
  readonly tally: GocdTally;
}
