// A simulated GoCD server of any version from 15.2.0 on with the agent processes in its containers, on virtual time:
// strict where the real server is strict.

import { forgetMemory, refreshAgents, restoreAgents } from "./agents.ts";
import { configurator, emptyConfiguration, type SimConfigurator } from "./configuration.ts";
import { armFault, type SimFaultKind } from "./faults.ts";
import type { SimRequest, SimResponse } from "./http_message.ts";
import { type SimAgentStart, startProcess, startRegisteredProcess, stopProcess } from "./processes.ts";
import { answerRequest } from "./routes.ts";
import { cancelJob, cancelOverdueJobs, reloadScheduledList, rescheduleHungJobs, scheduleJob } from "./work.ts";
import type { SimJobRequest } from "./work.ts";
import type {
  GocdWorld,
  SimEnvironment,
  SimGocdAgent,
  SimGocdClocks,
  SimHealthMessage,
  SimJob,
  SimSecurity,
} from "./state.ts";
import { emptyTally, type GocdTally } from "./tally.ts";
import { virtualTimers } from "../timers.ts";
import { gocdRules, gocdVersionNumber } from "./versions.ts";
import { seededRandom } from "../random.ts";

/** The options of a simulated server. */
export interface SimGocdOptions {
  /** A version such as `26.1.0`. */
  readonly version: string;
  /** The start time. */
  readonly nowMs: number;
  /** Default: a fixed seed. */
  readonly random?: () => number;
  /** The server's agentAutoRegisterKey; default "", which matches no agent's key. */
  readonly autoRegisterKey?: string;
  /** Default: no security. */
  readonly security?: SimSecurity;
  /** Existing environments; those of scheduled jobs are added automatically. */
  readonly environments?: readonly SimEnvironment[];
  /** Default `/go`. */
  readonly contextPath?: string;
  /** `host:port` values under which agents reach the server; default: any. */
  readonly agentAddresses?: readonly string[];
  /** Intervals that differ from the real server's. */
  readonly clocks?: Partial<SimGocdClocks>;
}

/** An agent that is not ours. */
export interface SimForeignAgent {
  readonly uuid: string;
  /** The hostname of its record and its process. */
  readonly hostname: string;
  /** Default none. */
  readonly gocdResources?: readonly string[];
  /** Default none. */
  readonly environments?: readonly string[];
  /** Default Enabled. */
  readonly configState?: "Enabled" | "Disabled";
  /** An elastic agent of a plugin; it takes no jobs in the model. */
  readonly elastic?: { readonly agentId: string; readonly pluginId: string };
  /** Default true: it has a process that pings and builds. */
  readonly hasProcess?: boolean;
}

/** An agent process at this moment. */
export interface SimProcessView {
  /** Of its container. */
  readonly hostname: string;
  /** The name that it reports. */
  readonly uuid: string;
  /** The locator of its current build. */
  readonly building: string | undefined;
  /** Its build was cancelled, but a task does not end. */
  readonly hangs: boolean;
}

/** A simulated GoCD server. Times are absolute ms and never go back. */
export interface SimGocd extends SimConfigurator {
  /** Processes everything that is due up to `nowMs`. */
  advance(nowMs: number): void;
  /** When something is due next. */
  nextDueMs(): number;
  /** Handles a request; advances first. */
  handle(request: SimRequest, nowMs: number): SimResponse;
  /** Counts a request in progress of a transport; call the result when it is finished. */
  beginRequest(): () => void;
  /** Schedules a job now; returns its locator. */
  schedule(request: SimJobRequest): string;
  /** Cancels a build; with `hangs` its agent stays Building/Cancelled until its tasks are killed. */
  cancelJob(locator: string, hangs?: boolean): boolean;
  /** Starts a container of an agent image. */
  agentStarted(start: SimAgentStart & { readonly nowMs: number }): void;
  /** Kills or ends a container; its build is lost and counted. False if it was not running. */
  agentStopped(hostname: string, nowMs: number): boolean;
  /** Disconnects a container's network from the server, or reconnects it; processes keep running. */
  setCutOff(hostname: string, isCut: boolean): void;
  /** Adds an agent that is not ours. */
  addAgent(foreign: SimForeignAgent): void;
  /** Adds an environment to the configuration. */
  addEnvironment(environment: SimEnvironment): void;
  /** Removes an environment: agents keep its name as unknown. */
  removeEnvironment(name: string): void;
  /**
   * Restarts the server: it is starting for `startupMs`, its memory is lost, agents are Missing until their next ping.
   */
  restart(startupMs: number): void;
  /**
   * A restart with the agents of an older cruise-config.xml, up to 19.8: later ones are unknown, deleted ones are back,
   * and all are enabled or disabled as then. Jobs are in the database, and stay.
   */
  restoreConfig(agents: readonly SimGocdAgent[], startupMs: number): void;
  /** A restart with another version. */
  upgrade(version: string, startupMs: number): void;
  /** Maintenance mode (drain mode on 18.12). Throws RangeError for a version without it. */
  setMaintenance(on: boolean, by?: string): void;
  /** While a backup is running nearly everything returns 503. */
  setBackup(on: boolean): void;
  /** Changes users and permissions. */
  setSecurity(security: SimSecurity): void;
  /** Replaces the messages that the server does not generate itself. */
  setHealthMessages(messages: readonly SimHealthMessage[]): void;
  /** Arms a fault for the next `requests` requests (default 1), only to paths containing `pathContains`. */
  inject(fault: SimFaultKind, requests?: number, pathContains?: string): void;
  /** Disarms all faults. */
  clearFaults(): void;
  /** The counters of the server. */
  readonly tally: GocdTally;
  /** Its current version. */
  readonly version: string;
  /** The model's time. */
  readonly nowMs: number;
  /** The context path, such as `/go`. */
  readonly contextPath: string;
  /** The environment of a pipeline in the current configuration. */
  environmentOf(pipeline: string): string | undefined;
  /** Whether an environment exists; names are case-insensitive. */
  hasEnvironment(name: string): boolean;
  /** The records, for invariants; must not be modified. */
  agents(): readonly Readonly<SimGocdAgent>[];
  /** The builds that have not ended. */
  jobs(): readonly Readonly<SimJob>[];
  /** Container hostnames of running agent processes, with their actual activity. */
  processes(): readonly SimProcessView[];
}

const defaultClocks: SimGocdClocks = {
  bootDelayMs: 40_000,
  registerEveryMs: 5000,
  pingEveryMs: 5000,
  askEveryMs: 10_000,
  reloadEveryMs: 5000,
  refreshEveryMs: 5000,
  silenceMs: 300_000,
  prepareMs: 3000,
  completeMs: 1000,
  assignMs: 300,
};

/** Creates a simulated server; throws RangeError for a version that is not modelled. */
export function createSimGocd(options: SimGocdOptions): SimGocd {
  const world = newWorld(options);
  startServerTimers(world);
  const restart = (startupMs: number): void => restartServer(world, startupMs);
  return {
    ...configurator(world),
    advance: (nowMs) => advance(world, nowMs),
    nextDueMs: () => world.timers.nextMs() ?? Number.POSITIVE_INFINITY,
    handle(request, nowMs): SimResponse {
      advance(world, nowMs);
      return answerRequest(world, request);
    },
    beginRequest: () => beginRequest(world.tally),
    schedule: (request) => scheduleJob(world, request),
    cancelJob: (locator, hangs = false) => cancelJob(world, locator, hangs),
    agentStarted(start): void {
      advance(world, start.nowMs);
      startProcess(world, start);
    },
    agentStopped(hostname, nowMs): boolean {
      advance(world, nowMs);
      return stopProcess(world, hostname);
    },
    setCutOff: (hostname, isCut) => void (isCut ? world.cutOff.add(hostname) : world.cutOff.delete(hostname)),
    addAgent: (foreign) => addForeignAgent(world, foreign),
    addEnvironment: (environment) => void world.environments.set(environment.name.toLowerCase(), environment),
    removeEnvironment: (name) => void world.environments.delete(name.toLowerCase()),
    restart,
    restoreConfig: (agents, startupMs) => restoreConfig(world, agents, startupMs),
    upgrade(version, startupMs): void {
      world.rules = gocdRules(version);
      restart(startupMs);
    },
    setMaintenance: (on, by = "admin") => setMaintenance(world, on, by),
    setBackup: (on) => void (world.backup = on),
    setSecurity: (security) => void (world.security = security),
    setHealthMessages: (messages) => void (world.healthMessages = messages),
    inject: (fault, requests = 1, pathContains) => armFault(world, fault, requests, pathContains),
    clearFaults: () => void (world.faults = []),
    tally: world.tally,
    get version(): string {
      return world.rules.version;
    },
    get nowMs(): number {
      return world.nowMs;
    },
    contextPath: world.contextPath,
    environmentOf: (pipeline) => world.pipelineEnvironments.get(pipeline),
    hasEnvironment: (name) => world.environments.has(name.toLowerCase()),
    agents: () => [...world.agents.values()],
    jobs: () => [...world.jobs.values()],
    processes: () =>
      [...world.processes.values()].map(({ containerHostname, uuid, work }) => ({
        hostname: containerHostname,
        uuid,
        building: work?.locator,
        hangs: work?.hangs === true,
      })),
  };
}

function newWorld(options: SimGocdOptions): GocdWorld {
  return {
    nowMs: options.nowMs,
    rules: gocdRules(options.version),
    clocks: { ...defaultClocks, ...options.clocks },
    contextPath: options.contextPath ?? "/go",
    autoRegisterKey: options.autoRegisterKey ?? "",
    agentAddresses: options.agentAddresses ?? [],
    random: options.random ?? seededRandom(1),
    timers: virtualTimers(),
    life: "running",
    startCount: 1,
    maintenance: undefined,
    backup: false,
    security: options.security ?? { kind: "off" },
    environments: new Map((options.environments ?? []).map((one) => [one.name.toLowerCase(), one])),
    pipelineEnvironments: new Map(),
    configuration: emptyConfiguration(),
    stageRuns: new Map(),
    dashboardStamps: new Map(),
    nextStamp: options.nowMs,
    isDashboardPending: false,
    feedGone: undefined,
    pipelineCounters: new Map(),
    jobs: new Map(),
    active: new Set(),
    nextJobId: 1,
    loaded: [],
    assignments: new Map(),
    agents: new Map(),
    processes: new Map(),
    cutOff: new Set(),
    healthMessages: [],
    sessions: new Map(),
    faults: [],
    tally: emptyTally(),
  };
}

function advance(world: GocdWorld, nowMs: number): void {
  for (;;) {
    const due = world.timers.take(nowMs);
    if (due === undefined) break;
    world.nowMs = Math.max(world.nowMs, due.atMs);
    due.run();
  }
  world.nowMs = Math.max(world.nowMs, nowMs);
}

function startServerTimers(world: GocdWorld): void {
  repeat(world, () => world.clocks.refreshEveryMs, () => refreshAgents(world));
  repeat(world, () => world.clocks.reloadEveryMs, () => reloadScheduledList(world));
  repeat(world, () => world.rules.hungJobsEveryMs, () => rescheduleHungJobs(world));
  repeat(world, () => 30_000, () => {
    cancelOverdueJobs(world);
    dropIdleSessions(world);
  });
}

function repeat(world: GocdWorld, everyMs: () => number, act: () => void): void {
  world.timers.plan(world.nowMs + everyMs(), () => {
    act();
    repeat(world, everyMs, act);
  });
}

function dropIdleSessions(world: GocdWorld): void {
  for (const [id, session] of world.sessions) {
    if (world.nowMs - session.usedMs >= 300_000) world.sessions.delete(id);
  }
}

function restartServer(world: GocdWorld, startupMs: number): void {
  world.life = "starting";
  world.backup = false;
  world.maintenance = undefined;
  world.startCount++;
  const start = world.startCount;
  forgetMemory(world);
  world.timers.plan(world.nowMs + startupMs, () => {
    if (world.startCount === start) world.life = "running";
  });
}

function restoreConfig(world: GocdWorld, agents: readonly SimGocdAgent[], startupMs: number): void {
  restoreAgents(world, agents);
  restartServer(world, startupMs);
}

function setMaintenance(world: GocdWorld, on: boolean, by: string): void {
  if (world.rules.pause === "none") throw new RangeError(`GoCD ${world.rules.version} has no maintenance mode`);
  world.maintenance = on ? { atMs: world.nowMs, by } : undefined;
}

function addForeignAgent(world: GocdWorld, foreign: SimForeignAgent): void {
  const hasProcess = foreign.hasProcess ?? true;
  if (foreign.elastic !== undefined && gocdVersionNumber(world.rules.version) < gocdVersionNumber("16.8.0")) {
    throw new RangeError(`GoCD ${world.rules.version} has no elastic agents`);
  }
  world.agents.set(foreign.uuid, {
    uuid: foreign.uuid,
    hostname: foreign.hostname,
    ipAddress: "10.12.20.47",
    sandbox: "/var/lib/go-agent",
    operatingSystem: "Linux",
    freeSpace: hasProcess ? 84_983_328_768 : undefined,
    configState: foreign.configState ?? "Enabled",
    runtime: hasProcess ? "Idle" : "Missing",
    gocdResources: foreign.gocdResources ?? [],
    environments: foreign.environments ?? [],
    ...(foreign.elastic === undefined ? {} : { elastic: foreign.elastic }),
    lastHeardMs: hasProcess ? world.nowMs : undefined,
    buildLocator: undefined,
    holder: hasProcess ? foreign.hostname : undefined,
    killRequested: false,
  });
  if (hasProcess) startRegisteredProcess(world, foreign.hostname, foreign.uuid);
}

function beginRequest(tally: GocdTally): () => void {
  tally.concurrentRequests++;
  tally.concurrentRequestsMax = Math.max(tally.concurrentRequestsMax, tally.concurrentRequests);
  let isOpen = true;
  return (): void => {
    if (isOpen) tally.concurrentRequests--;
    isOpen = false;
  };
}
