// The agent processes in the containers: boot, register, ping, ask for work, build (GoCD AgentController).

import { isRemotingOpen, pingAgent, registerAgent } from "./agents.ts";
import { readRegistration, type SimImageEra } from "./images.ts";
import { assignWork, buildsAtStake, fetchWork, isStillOurs, reportJob } from "./work.ts";
import type { GocdWorld, SimAgentProcess, SimJob, SimRegistration, SimWork } from "./state.ts";

/** A started container of an agent image. */
export interface SimAgentStart {
  /** Its identity in the model. */
  readonly hostname: string;
  /** The hostname of its container; default: its reported name, or its identity. */
  readonly containerName?: string;
  /** The environment variables of the container. */
  readonly env: Readonly<Record<string, string>>;
  /** The random uuid of the agent (or of its pre-seeded guid.txt). */
  readonly uuid: string;
  /** The family of the image; default `modern`. */
  readonly era?: SimImageEra;
  /**
   * The name that its agent reports regardless of its variables: an image that ignores them, or a container with a
   * domain.
   */
  readonly ownName?: string;
  /** Address of its container; default 172.17.0.2. */
  readonly ipAddress?: string;
  /** The apparent address of its connections; default: its address. */
  readonly peerAddress?: string;
  /** How long its record is listed without its environments; default 0. */
  readonly environmentsLateMs?: number;
  /** Time from start to first contact; default: that of the model. */
  readonly bootDelayMs?: number;
}

/** Starts an agent process; one with the same hostname is stopped first. */
export function startProcess(world: GocdWorld, start: SimAgentStart): void {
  stopProcess(world, start.hostname);
  const process = newProcess(start, readRegistration(start.era ?? "modern", start.env));
  world.processes.set(start.hostname, process);
  const { server } = process.registration;
  if (server === undefined || (world.agentAddresses.length > 0 && !world.agentAddresses.includes(server))) {
    process.phase = "lost";
    return;
  }
  plan(world, process, start.bootDelayMs ?? world.clocks.bootDelayMs, () => {
    process.phase = "registering";
    register(world, process);
  });
}

/** A process whose record already exists. */
export function startRegisteredProcess(world: GocdWorld, hostname: string, uuid: string): void {
  stopProcess(world, hostname);
  const registration: SimRegistration = { server: "here", key: "", gocdResources: [], environments: [], hostname: "" };
  const process = newProcess(
    { hostname, uuid, env: {}, ipAddress: world.agents.get(uuid)?.ipAddress ?? "" },
    registration,
  );
  world.processes.set(hostname, process);
  beginWorking(world, process);
}

function newProcess(start: SimAgentStart, registration: SimRegistration): SimAgentProcess {
  const ipAddress = start.ipAddress ?? "172.17.0.2";
  return {
    containerHostname: start.hostname,
    uuid: start.uuid,
    containerName: start.containerName ?? start.ownName ?? start.hostname,
    ownName: start.ownName,
    ipAddress,
    peerAddress: start.peerAddress ?? ipAddress,
    environmentsLateMs: start.environmentsLateMs ?? 0,
    registration,
    alive: true,
    phase: "booting",
    scrubbed: false,
    loop: 0,
    askDelayMs: 0,
    work: undefined,
    status: "Idle",
  };
}

/** Kills a process: pings stop, a build in progress is lost and counted. Returns false where there is none. */
export function stopProcess(world: GocdWorld, hostname: string): boolean {
  const process = world.processes.get(hostname);
  if (process === undefined) return false;
  process.alive = false;
  world.tally.buildsKilled.push(...buildsAtStake(world, process.uuid, hostname));
  world.processes.delete(hostname);
  return true;
}

function plan(world: GocdWorld, process: SimAgentProcess, delayMs: number, act: () => void): void {
  world.timers.plan(world.nowMs + delayMs, () => {
    if (process.alive) act();
  });
}

function register(world: GocdWorld, process: SimAgentProcess): void {
  if (process.phase !== "registering") return;
  if (registerAgent(world, process) === "registered") {
    process.scrubbed = true;
    beginWorking(world, process);
    return;
  }
  plan(world, process, world.clocks.registerEveryMs, () => register(world, process));
}

/** Pings and work requests start at different times, because they have separate timers. */
function beginWorking(world: GocdWorld, process: SimAgentProcess): void {
  process.scrubbed = true;
  process.phase = "working";
  process.loop++;
  const { loop } = process;
  process.askDelayMs = world.rules.adaptiveAsk ? 1000 : world.clocks.askEveryMs;
  plan(world, process, Math.floor(world.random() * world.clocks.pingEveryMs), () => ping(world, process, loop));
  plan(world, process, Math.floor(world.random() * process.askDelayMs), () => ask(world, process, loop));
}

function ping(world: GocdWorld, process: SimAgentProcess, loop: number): void {
  if (process.phase !== "working" || process.loop !== loop) return;
  const answer = pingAgent(world, process);
  if (answer === "unknown-agent") return becomeUnknown(world, process);
  if (answer === "cancel" || answer === "kill-tasks") cleanUp(world, process, answer);
  plan(world, process, world.clocks.pingEveryMs, () => ping(world, process, loop));
}

/** The server cancelled the build: the next ping reports Idle, unless a task hangs and was not killed. */
function cleanUp(world: GocdWorld, process: SimAgentProcess, answer: "cancel" | "kill-tasks"): void {
  if (process.work?.hangs === true && answer === "cancel") {
    process.status = "Cancelled";
    return;
  }
  // The command may be repeated when the next build has started: it does not apply to that one.
  if (process.work === undefined || !isStillOurs(world, process.work.jobId, process.uuid)) endWork(process);
}

/** A running agent whose record is gone (GoCD 20.2 AgentAuthenticationFilter; before, AgentHTTPClientController). */
function becomeUnknown(world: GocdWorld, process: SimAgentProcess): void {
  if (world.rules.deletedAgent === "refused") {
    process.phase = "refused";
    return;
  }
  process.phase = "registering";
  register(world, process);
}

function ask(world: GocdWorld, process: SimAgentProcess, loop: number): void {
  if (process.phase !== "working" || process.loop !== loop) return;
  if (process.work === undefined && isRemotingOpen(world, process) && isHolder(world, process)) {
    askForWork(world, process);
  }
  plan(world, process, nextAskMs(world, process), () => ask(world, process, loop));
}

function isHolder(world: GocdWorld, process: SimAgentProcess): boolean {
  return world.agents.get(process.uuid)?.holder === process.containerHostname;
}

function nextAskMs(world: GocdWorld, process: SimAgentProcess): number {
  if (!world.rules.adaptiveAsk) return world.clocks.askEveryMs;
  const delayMs = process.askDelayMs;
  process.askDelayMs = process.work === undefined ? Math.min(world.clocks.askEveryMs, delayMs * 1.5) : 1000;
  return Math.round(delayMs);
}

function askForWork(world: GocdWorld, process: SimAgentProcess): void {
  const job = fetchWork(world, process.uuid);
  if (job === undefined) {
    const delayMs = 1 + Math.floor(world.random() * world.clocks.assignMs);
    world.timers.plan(world.nowMs + delayMs, () => assignWork(world, process.uuid));
    return;
  }
  const work: SimWork = { jobId: job.id, locator: job.locator, hangs: false };
  process.work = work;
  process.status = "Building";
  walk(world, process, work, [
    { to: "Preparing", afterMs: 500 },
    { to: "Building", afterMs: world.clocks.prepareMs },
    { to: "Completing", afterMs: job.durationMs },
    { to: "Completed", afterMs: world.clocks.completeMs },
  ]);
}

interface BuildStep {
  readonly to: SimJob["state"] | "Completed";
  readonly afterMs: number;
}

/** The steps of a build; a report without a response from the server is repeated. */
function walk(world: GocdWorld, process: SimAgentProcess, work: SimWork, steps: readonly BuildStep[]): void {
  const [step, ...rest] = steps;
  if (step === undefined) return;
  const report = (): void => {
    if (process.work !== work || work.hangs) return;
    if (!isRemotingOpen(world, process)) return plan(world, process, world.clocks.pingEveryMs, report);
    reportJob(world, work.jobId, process.uuid, step.to);
    if (step.to === "Completed") endWork(process);
    else walk(world, process, work, rest);
  };
  plan(world, process, step.afterMs, report);
}

/** After work the interval between requests is reset (23.1 and later). */
function endWork(process: SimAgentProcess): void {
  process.work = undefined;
  process.status = "Idle";
  process.askDelayMs = 1000;
}
