// The laws of pace: what is requested again and how soon, how often servers are called, and how long a phase lasts
// while nothing blocks it. They hold in all weather, because each clock restarts after an obstacle.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import { uuidOf } from "../../src/core/life/phase.ts";
import { isAdopted } from "../../src/core/identity/recognition.ts";
import { gocdRules } from "../../src/sim/gocd/versions.ts";
import { isLookFresh } from "./invariants_clocks.ts";
import { noteHindered } from "./invariants_shown.ts";
import { nameOf } from "../../src/core/identity/hostnames.ts";
import { isNamelessName } from "./scenario_names.ts";
import { demand } from "./violation.ts";
import { type Program, programMs, type World } from "./world_state.ts";

/** The memory of these laws during one run of the program. */
export interface Pace {
  /** Since when the subscription has lasted; undefined: not subscribed. */
  sessionMs: number | undefined;
  /** By task id: when KILL was last sent. */
  readonly killedMs: Map<string, number>;
  /** By task id: when the task was last reconciled explicitly. */
  readonly reconciledMs: Map<string, number>;
  /** By role: when REVIVE was last sent. */
  readonly revivedMs: Map<string, number>;
  /** By task id: its phase, and since when (true time). */
  readonly phases: Map<string, { readonly state: AgentInstance["state"]; readonly sinceMs: number }>;
}

/**
 * At the start of a run of the program, or after a gap: existing phases started before, even if their records are
 * written again later for other reasons.
 */
export function newPace(found: Iterable<AgentInstance>, nowMs: number): Pace {
  return {
    sessionMs: undefined,
    killedMs: new Map(),
    reconciledMs: new Map(),
    revivedMs: new Map(),
    phases: new Map([...found].map(({ taskId, state }) => [taskId, { state, sinceMs: nowMs }])),
  };
}

/** Maximum interval of ticks while an instance changes; messages inside the program take no time. */
const tickMs = 3_000;
/** Minimum interval of KILLs, in the first minute and later. */
const killMs = 10_000;
const killLaterMs = 60_000;
/** Time after which a launch without a status is reconciled. */
const silenceMs = 30_000;
/** Maximum interval of reconciliation of tasks without a response. */
const reconcileMs = 300_000;
/** Minimum interval of REVIVEs of a role. */
const reviveMs = 5_000;
/** Interval of reads of the agents while instances change, on a fast server. */
const agentsMs = 10_000;
/** Pause of a slow server, as a multiple of its response time. */
const restFactor = 9;
/** The first pause after a failed read, then doubled. */
const retryMs = 5_000;
/** Interval of ticks when nothing changes, plus some latency. */
const idleMs = 12_000;

/** Before an effect is performed. */
export function checkPace(world: World, { state }: Frame, effect: Effect): void {
  const { pace } = world.watch;
  switch (effect.kind) {
    case "kill-task": {
      const beforeMs = pace.killedMs.get(effect.taskId);
      demand(
        beforeMs === undefined || world.nowMs - beforeMs >= killMs,
        "pace",
        () => `KILL of ${effect.taskId} again after ${world.nowMs - (beforeMs ?? 0)} ms`,
      );
      pace.killedMs.set(effect.taskId, world.nowMs);
      return;
    }
    case "reconcile-tasks":
      for (const { taskId } of effect.tasks) pace.reconciledMs.set(taskId, world.nowMs);
      return;
    case "revive-offers":
      for (const role of effect.roles) {
        const sinceMs = world.nowMs - (pace.revivedMs.get(role) ?? -Infinity);
        demand(sinceMs >= reviveMs, "pace", () => `REVIVE of ${role} again after ${sinceMs} ms`);
        pace.revivedMs.set(role, world.nowMs);
      }
      return;
    case "poll-gocd":
      return checkPollGap(world, state.settings.poller);
    default:
      return;
  }
}

/** A poll is sent after the interval, later if the server is slow or failing, sooner only after new settings. */
function checkPollGap(
  { nowMs, watch: { shown } }: World,
  { intervalMs, maxIntervalMs }: { readonly intervalMs: number; readonly maxIntervalMs: number },
): void {
  if (shown.polls.length === 0 || shown.startedMs === shown.answeredMs || shown.settingsMs >= shown.answeredMs) return;
  const longestMs = Math.max(intervalMs, maxIntervalMs);
  const { tookMs, failures, answeredMs } = shown;
  const lastPollMs = shown.polls.at(-1)?.atMs ?? 0;
  if (tookMs === undefined) {
    const leastMs = Math.min(Math.min(intervalMs, retryMs) * 2 ** Math.min(failures - 1, 20), longestMs) / 2;
    demand(
      nowMs - answeredMs >= Math.floor(leastMs),
      "pace",
      () => `a poll ${nowMs - answeredMs} ms after failure ${failures} in a row, not after ${leastMs} ms`,
    );
  } else if (lastPollMs === answeredMs) {
    const leastMs = Math.max(intervalMs, Math.min(restFactor * tookMs, longestMs));
    demand(
      nowMs - lastPollMs >= leastMs,
      "pace",
      () => `a poll ${nowMs - lastPollMs} ms after one that took ${tookMs} ms, not after ${leastMs} ms`,
    );
  }
}

/** How long a container may take to stop before nobody waits for its slot, in addition to its grace period. */
const stopMsMax = 360_000;

/** Whether an instance makes room soon: one that is killed, unless its container does not stop. */
export function isMakingRoom({ watch: { pace, shown }, settings, nowMs }: World, instance: AgentInstance): boolean {
  if (instance.state === "draining") return true;
  if (instance.state !== "killing") return false;
  const sinceMs = pace.phases.get(instance.taskId)?.sinceMs ?? shown.startedMs;
  const graceMs = settings.profiles.find(({ name }) => name === instance.profile)?.container.killGraceMs ?? 0;
  return nowMs - sinceMs <= graceMs + stopMsMax;
}

/** After each step. */
export function trackPace(world: World, { state, records }: Frame): void {
  const { watch, nowMs } = world;
  const { pace } = watch;
  if (state.session.kind !== "subscribed") {
    pace.sessionMs = undefined;
    pace.revivedMs.clear();
  } else {
    pace.sessionMs ??= nowMs;
  }
  for (const record of records) {
    if (record.kind === "instance-removed") pace.phases.delete(record.taskId);
    if (record.kind !== "instance") continue;
    const { taskId, state: phase } = record.instance;
    if (pace.phases.get(taskId)?.state !== phase) {
      pace.phases.set(taskId, { state: phase, sinceMs: nowMs });
      if (phase !== "killing") pace.killedMs.delete(taskId);
    }
  }
}

/** At each tick, after the program has processed it. */
export function checkPaceAtTick(world: World, program: Program): void {
  const { state } = program;
  if (state.shuttingDown || world.program !== program || world.disk.failure !== undefined) return;
  if (holdsTakingDown(state)) world.watch.shown.hinderedMs = world.nowMs;
  checkAsking(world, program);
  if (holdsTakingDown(state)) noteHindered(world.watch.shown, world.nowMs);
  for (const instance of state.instances.values()) {
    switch (instance.state) {
      case "launching":
        checkLaunching(world, program, instance);
        break;
      case "starting":
        if (instance.runningSinceMs !== undefined && instance.pendingUuid === undefined) {
          checkStarting(world, program, instance);
        }
        break;
      case "killing":
        if (instance.cause !== "by-mesos") checkKilling(world, instance);
        break;
      default:
        break;
    }
  }
  if (world.watch.pace.sessionMs === undefined) return;
  for (const taskId of state.reconciliation.pending) {
    const instance = state.instances.get(taskId);
    if (instance === undefined || instance.state === "gone") continue;
    const sinceMs = world.nowMs - Math.max(
      world.watch.pace.sessionMs,
      world.watch.shown.hinderedMs,
      world.watch.pace.reconciledMs.get(taskId) ?? 0,
    );
    demand(sinceMs <= reconcileMs + idleMs, "pace", () => `${taskId} is not asked for although Mesos did not answer`);
  }
}

/** The GoCD server is polled at least at the longest interval, and agents are read while they change. */
function checkAsking({ nowMs, watch: { shown } }: World, { state }: Program): void {
  if (shown.isAsking) return;
  const { intervalMs, maxIntervalMs } = state.settings.poller;
  const longestMs = Math.max(intervalMs, maxIntervalMs);
  const sinceMs = nowMs - shown.answeredMs;
  demand(sinceMs <= 1.5 * longestMs + idleMs, "pace", () => `the GoCD server was not asked for ${sinceMs} ms`);
  if (shown.tookMs === undefined || shown.polls.length === 0) return;
  const isChanging = [...state.instances.values()].some(({ state: phase }) =>
    phase === "starting" || phase === "draining"
  );
  if (!isChanging) return;
  const pauseMs = Math.max(Math.min(agentsMs, intervalMs), Math.min(restFactor * shown.tookMs, longestMs));
  demand(
    sinceMs <= pauseMs + idleMs,
    "pace",
    () => `agents change, but the GoCD server was not asked for ${sinceMs} ms`,
  );
}

/**
 * Whether it is correct that an instance keeps running although its time is over: one of our agents is on the server,
 * in contact, and nothing identifies it, not even its address. Foreign agents all existed before the launch, and may be
 * mistaken for it only if all lists of the run of the launch lacked them. (The launch time and registration of an
 * adopted container are not stored: any agent in contact may belong to it.)
 */
export function isRightlyHeld(world: World, instances: Iterable<AgentInstance>, instance: AgentInstance): boolean {
  const { gocd, scenario: { names }, watch, nowMs } = world;
  if ((instance.state !== "launching" && instance.state !== "starting") || instance.held !== true) return false;
  if (isAdopted(instance)) {
    return gocd.agents().some(({ configState, lastHeardMs }) =>
      configState !== "Pending" && nowMs - (lastHeardMs ?? nowMs) < silenceSeenMs(world)
    );
  }
  const unseen = watch.launches.unseen.get(instance.taskId);
  const isNews = gocd.agents().some(({ uuid, configState, lastHeardMs }) =>
    unseen?.has(uuid) === true && configState !== "Pending" && nowMs - (lastHeardMs ?? nowMs) < silenceSeenMs(world)
  );
  if (isNews || isUnderDockersName(world, instance)) return true;
  if (!isNamelessName(names)) return false;
  const isTold = names.hasOwnAddress && !isAddressShared(world, instances, instance);
  return gocd.agents().some(({ uuid, configState, lastHeardMs }) => {
    if (!watch.ourUuids.has(uuid) || configState === "Pending") return false;
    // Somebody has disabled it, and every list of this run shows it as Disabled: this may have been the case before the
    // launch.
    const isTellable = configState === "Enabled" || watch.shown.inService.has(uuid);
    return !(isTold && isTellable) && nowMs - (lastHeardMs ?? nowMs) < silenceSeenMs(world);
  });
}

/**
 * Its record was disabled while it was Pending, and kept Docker's name, which a restored state lacks: only the executor's
 * own update reports it.
 */
function isUnderDockersName({ gocd, watch }: World, { taskId, dockerName }: AgentInstance): boolean {
  return dockerName === undefined &&
    gocd.agents().some((record) =>
      watch.ourUuids.get(record.uuid) === taskId && record.configState === "Disabled" && nameOf(record) !== taskId &&
      !watch.shown.inService.has(record.uuid)
    );
}

/**
 * Whether another container has, or recently had, the same address, and its agent was not identified: the listed agent
 * may belong to either. The agent of an ended container looks alive until the server detects its silence, and if Mesos
 * lost the container before it reported an address, it may have been this one.
 */
function isAddressShared(world: World, instances: Iterable<AgentInstance>, instance: AgentInstance): boolean {
  return [...instances].some((other) =>
    other.taskId !== instance.taskId &&
    (other.state !== "gone" || world.nowMs + world.clockAheadMs - other.sinceMs < silenceSeenMs(world)) &&
    uuidOf(other) === undefined &&
    (other.addresses?.join() === instance.addresses?.join() || wasLostWithoutAddress(other))
  );
}

function wasLostWithoutAddress({ addresses, ...other }: AgentInstance): boolean {
  if (addresses !== undefined) return false;
  return other.state === "unreachable" ||
    other.state === "gone" && other.cause !== "dropped" && other.cause !== "launch-failed";
}

/**
 * Time until the silence of an agent is detected (300 s) and its build rescheduled (60 s), including the checks for
 * both. Old servers check for builds to reschedule every 300 s; the program waits this long for all servers that keep
 * agents in the configuration.
 */
function silenceSeenMs({ gocd }: World): number {
  return gocdRules(gocd.version).agentsInDatabase ? 480_000 : 750_000;
}

/** Whether an overdue KILL could be sent now: it needs a list that is fresh enough for the speed of the server. */
function mayKill(world: World): boolean {
  return isLookFresh(world, programMs(world));
}

/** A launch without a status is reconciled, and finally given up. */
function checkLaunching(world: World, { state }: Program, instance: AgentInstance): void {
  const { taskId } = instance;
  const { pace, shown } = world.watch;
  const sinceMs = pace.phases.get(taskId)?.sinceMs ?? shown.startedMs;
  if (pace.sessionMs === undefined) return;
  const silentMs = world.nowMs - Math.max(sinceMs, pace.sessionMs, shown.hinderedMs);
  const isAsked = (pace.reconciledMs.get(taskId) ?? 0) >= sinceMs;
  demand(isAsked || silentMs <= silenceMs + idleMs, "pace", () => `Mesos is silent on ${taskId}, but not asked`);
  const limitMs = 1.5 * state.settings.scaling.launchTimeoutMs + slowestLookMs(state.settings.poller);
  const forMs = world.nowMs - Math.max(sinceMs, pace.sessionMs, shown.healthySinceMs, shown.hinderedMs);
  if (forMs <= limitMs || !mayKill(world) || isRightlyHeld(world, state.instances.values(), instance)) return;
  demand(false, "phase", () => `${taskId} is launching for ${forMs} ms, although Mesos and GoCD answer`);
}

/**
 * An instance that never registers is given up after register-timeout, counting only time during which it could have
 * registered.
 */
function checkStarting(world: World, { state }: Program, instance: AgentInstance): void {
  const { taskId, profile } = instance;
  const { pace, shown } = world.watch;
  if (pace.sessionMs === undefined || world.weather.isGocdInMaintenance) return;
  const timeoutMs = state.settings.profiles.find(({ name }) => name === profile)?.registerTimeoutMs ?? Infinity;
  const sinceMs = pace.phases.get(taskId)?.sinceMs ?? shown.startedMs;
  const forMs = world.nowMs - Math.max(
    sinceMs,
    pace.sessionMs,
    shown.healthySinceMs,
    shown.hinderedMs,
    world.watch.maintenanceEndMs,
  );
  const limitMs = state.settings.scaling.launchTimeoutMs + timeoutMs + slowestLookMs(state.settings.poller);
  if (forMs <= limitMs || !mayKill(world) || isRightlyHeld(world, state.instances.values(), instance)) return;
  demand(false, "phase", () => `${taskId} is starting for ${forMs} ms, although Mesos and GoCD answer`);
}

/** The longest wait for the next list of a responding server, and for a second one. */
function slowestLookMs(poller: { readonly intervalMs: number; readonly maxIntervalMs: number }): number {
  return 2 * (Math.max(poller.intervalMs, poller.maxIntervalMs) + 60_000);
}

/** For so long lists may lack a record. */
const hiddenMs = 600_000;

/**
 * A KILL without effect is repeated, with the next list of a server that responds fast enough. If lists were interrupted
 * since it was decided, the agent may have registered meanwhile: then they must have covered ten minutes.
 */
function checkKilling(world: World, { taskId, cause }: AgentInstance & { readonly cause: string }): void {
  const { nowMs, settings, watch: { pace, shown, maintenanceEndMs } } = world;
  const killedMs = pace.killedMs.get(taskId);
  const sinceMs = pace.phases.get(taskId)?.sinceMs;
  if (killedMs === undefined || sinceMs === undefined || pace.sessionMs === undefined) return;
  const gapMs = nowMs - sinceMs < killLaterMs ? killMs : killLaterMs;
  const readableMs = Math.max(shown.healthySinceMs, shown.hinderedMs);
  const anewMs = Math.max(readableMs, shown.startedMs, maintenanceEndMs);
  const isAnew = sinceMs < anewMs && cause !== "drain-timeout" && cause !== "teardown";
  const silentMs = nowMs - Math.max(killedMs, pace.sessionMs, isAnew ? anewMs + hiddenMs : readableMs);
  demand(
    silentMs <= gapMs + tickMs + slowestLookMs(settings.poller) || !mayKill(world),
    "pace",
    () => `${taskId} did not end, but KILL was not repeated for ${silentMs} ms`,
  );
}
