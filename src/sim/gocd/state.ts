// The whole state of the simulated GoCD server.

import type { GocdRules } from "./versions.ts";
import type { TimerQueue } from "./timers.ts";
import type { SimConfiguration } from "./configuration.ts";
import type { SimStageRuns } from "./stage_runs.ts";
import type { SimFault } from "./faults.ts";
import type { GocdTally } from "./tally.ts";

/** A job's state on the server (GoCD JobState); jobs that ended are not kept. */
export type SimJobState = "Scheduled" | "Assigned" | "Preparing" | "Building" | "Completing";

/** Why a Scheduled job is never handed out although agents match. */
export type SimObstacle = "zombie" | "stale-materials";

/** A variable of a job; the value of a secure one is never shown. */
export interface SimVariable {
  /** The variable's name. */
  readonly name: string;
  /** In clear. */
  readonly value: string;
  /** Shown as `****`. */
  readonly secure: boolean;
}

/** One build that has not ended. A rescheduled one is a new record with the same locator. */
export interface SimJob {
  /** Grows with time; shown by the old feed. */
  readonly id: number;
  /** Of the first build under this locator since it was scheduled: put back, it goes on under a new number. */
  readonly firstId: number;
  /** The pipeline's name. */
  readonly pipeline: string;
  /** The pipeline's counter. */
  readonly counter: number;
  /** The stage's name. */
  readonly stage: string;
  /** The stage's counter. */
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
  /** Unassigned for longer than this: cancelled by servers from 20.9 on. */
  readonly timeoutMs?: number;
  /** Why it is never handed out. */
  readonly obstacle?: SimObstacle;
  /** When it became Scheduled. */
  readonly scheduledMs: number;
  /** Where it stands. */
  state: SimJobState;
  /** The agent that has it. */
  gocdAgentUuid?: string;
  /** When that agent was given it. */
  assignedMs?: number;
}

/** What the server thinks of a GocdAgent (GoCD AgentRuntimeStatus). */
export type SimRuntimeStatus = "Idle" | "Building" | "Cancelled" | "LostContact" | "Missing" | "Unknown";

/** A record of a GocdAgent on the server. */
export interface SimGocdAgent {
  /** Its only identity. */
  readonly uuid: string;
  /** Shown name; may be edited. */
  hostname: string;
  /** Of the connection that registered it, until its agent has pinged; then as the agent says. */
  ipAddress: string;
  /** The agent's work folder. */
  readonly sandbox: string;
  /** As the agent says. */
  readonly operatingSystem: string;
  /** Bytes; undefined where the agent was not heard since the start. */
  freeSpace: number | undefined;
  /** What an administrator or the key decided. */
  configState: "Pending" | "Enabled" | "Disabled";
  /** What was last heard, or not. */
  runtime: SimRuntimeStatus;
  /** As registered or set. */
  gocdResources: readonly string[];
  /** Names as registered or set; those that do not exist count as `unknown`. */
  environments: readonly string[];
  /** Set for an elastic agent. */
  readonly elastic?: { readonly agentId: string; readonly pluginId: string };
  /** Undefined since the server's start. */
  lastHeardMs: number | undefined;
  /** The locator shown as running. */
  buildLocator: string | undefined;
  /** The process whose pings are accepted (the cookie holder). */
  holder: string | undefined;
  /** Its running tasks were asked to be killed. */
  killRequested: boolean;
}

/** What a container of an agent image was told by its environment variables. */
export interface SimRegistration {
  /** `host:port` it calls; undefined where it was told nothing it understands. */
  readonly server: string | undefined;
  /** Compared with the server's key; empty where none was given. */
  readonly key: string;
  /** Asked for, used with the right key only. */
  readonly gocdResources: readonly string[];
  /** Asked for, used with the right key only. */
  readonly environments: readonly string[];
  /** Shown in place of the container's hostname, once the key was right. */
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
  /** What it calls itself where its key is not accepted (GoCD AgentRegistrationController). */
  readonly containerName: string;
  /** What it calls itself, whatever its variables say; undefined: as they say, or as its container is called. */
  readonly ownName: string | undefined;
  /** Of its container. */
  readonly ipAddress: string;
  /** What the server sees its connections come from. */
  readonly peerAddress: string;
  /** So long its record is listed without its environments (GoCD 26.2: a listener adds them after the commit). */
  readonly environmentsLateMs: number;
  /** What it calls itself. */
  readonly uuid: string;
  /** What its image made of the environment variables. */
  readonly registration: SimRegistration;
  /** False once the container is gone: everything planned for it is void. */
  alive: boolean;
  /** `refused`: its record was deleted (20.2 and later); `lost`: it knows no server. */
  phase: "booting" | "registering" | "working" | "refused" | "lost";
  /** The registration properties were used and erased (GoCD AgentAutoRegistrationPropertiesImpl). */
  scrubbed: boolean;
  /** Counts its working phases; timers of an earlier one are void. */
  loop: number;
  /** Its next interval between requests for work (23.1 and later). */
  askDelayMs: number;
  /** What it builds now. */
  work: SimWork | undefined;
  /** What it says in its pings. */
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
  /** Pipelines whose group it administers, so that it may read their configuration. */
  readonly administers?: readonly string[];
  /** Templates that it may view. */
  readonly viewsTemplates?: readonly string[];
  /** Pipelines that it has hidden on its dashboard. */
  readonly hides?: readonly string[];
}

/** Whether the server knows users. */
export type SimSecurity = { readonly kind: "off" } | { readonly kind: "on"; readonly users: readonly SimUser[] };

/** What the server knows of a session cookie. */
export interface SimSession {
  /** Undefined for anonymous. */
  userName: string | undefined;
  /** `basic` or `bearer`, by which the user logged in; empty for anonymous. */
  scheme: string;
  /** When the user logged in. */
  sinceMs: number;
  /** When its cookie was last sent. */
  usedMs: number;
}

/** An environment of the server's configuration. */
export interface SimEnvironment {
  /** Names compare without regard to case. */
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
  /** How bad it is. */
  readonly level: "WARNING" | "ERROR";
  /** Shown as `time`. */
  readonly atMs: number;
}

/** A copy of what the lists show, for answers that are late. */
export interface ListSnapshot {
  /** Copies of all records. */
  readonly agents: readonly SimGocdAgent[];
  /** Copies of all builds that had not ended. */
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
  /** The virtual time. */
  nowMs: number;
  /** What the present release does. */
  rules: GocdRules;
  /** Intervals and limits. */
  readonly clocks: SimGocdClocks;
  /** The path in front of all, such as `/go`. */
  readonly contextPath: string;
  /** The key that lets agents register; empty means none does. */
  readonly autoRegisterKey: string;
  /** `host:port` values under which agents reach the server; empty means any. */
  readonly agentAddresses: readonly string[];
  /** Seeded numbers in [0, 1). */
  readonly random: () => number;
  /** What is due when. */
  readonly timers: TimerQueue;
  /** Whether it answers or is still starting. */
  life: "running" | "starting";
  /** Counts the server's starts; planned ends of a start check it. */
  startCount: number;
  /** Since when and by whom maintenance or drain mode is on. */
  maintenance: { readonly atMs: number; readonly by: string } | undefined;
  /** A backup runs: nothing is answered. */
  backup: boolean;
  /** Who may log in. */
  security: SimSecurity;
  /** By name in lower case. */
  readonly environments: Map<string, SimEnvironment>;
  /** Pipeline to environment, as configured now. */
  readonly pipelineEnvironments: Map<string, string>;
  /** Pipelines and templates as configured now. */
  readonly configuration: SimConfiguration;
  /** Runs of stages, for the dashboard. */
  readonly stageRuns: SimStageRuns;
  /** By pipeline: what the dashboard showed last, and the number of that. */
  readonly dashboardStamps: Map<string, { readonly seen: string; readonly stamp: number }>;
  /** The next such number. */
  nextStamp: number;
  /** The dashboard is not made yet after a start. */
  isDashboardPending: boolean;
  /** How a release without the feed answers for it; undefined: it has the feed. */
  feedGone: 404 | 410 | undefined;
  /** The highest counter of each pipeline. */
  readonly pipelineCounters: Map<string, number>;
  /** Builds that have not ended, by id in the order of scheduling. */
  readonly jobs: Map<number, SimJob>;
  /** Those of `jobs` that an agent has. */
  readonly active: Set<SimJob>;
  /** Ids grow with time. */
  nextJobId: number;
  /** Ids of the scheduled list in memory, oldest first. */
  loaded: number[];
  /** Work waiting for its agent's next ask: uuid → job id. */
  readonly assignments: Map<string, number>;
  /** Records by uuid. */
  readonly agents: Map<string, SimGocdAgent>;
  /** By container hostname. */
  readonly processes: Map<string, SimAgentProcess>;
  /** Container hostnames whose network does not reach the server just now. */
  readonly cutOff: Set<string>;
  /** Messages besides those that the server finds by itself. */
  healthMessages: readonly SimHealthMessage[];
  /** By session id. */
  readonly sessions: Map<string, SimSession>;
  /** Armed faults, oldest first. */
  faults: SimFault[];
  /** What is counted. */
  readonly tally: GocdTally;
}
