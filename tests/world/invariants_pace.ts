// The laws of pace: what is requested again and how soon, how often servers are asked, and how long a phase lasts while
// nothing stands in the way. They hold in all weather, as each clock restarts after an obstacle.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import { uuidOf } from "../../src/core/life/phase.ts";
import { isAdopted } from "../../src/core/identity/recognition.ts";
import { gocdRules } from "../../src/sim/gocd/versions.ts";
import { isLookFresh } from "./invariants_clocks.ts";
import { noteHindered } from "./invariants_shown.ts";
import { isNamelessName } from "./scenario_names.ts";
import { demand } from "./violation.ts";
import { type Program, programMs, type World } from "./world_state.ts";

/** What the laws of pace remember of one run of the program. */
export interface Pace {
  /** Since when Mesos is subscribed without a break; undefined: it is not. */
  sessionMs: number | undefined;
  /** By task id: when KILL last left. */
  readonly killedMs: Map<string, number>;
  /** By task id: when the task was last asked for by its id. */
  readonly reconciledMs: Map<string, number>;
  /** By role: when REVIVE last left. */
  readonly revivedMs: Map<string, number>;
  /** By task id: the phase it is in, and since when (true time). */
  readonly phases: Map<string, { readonly state: AgentInstance["state"]; readonly sinceMs: number }>;
}

/**
 * At the start of a run of the program, or of what it sees after a break: the phases that it finds began before, however
 * often their records are written after, for other reasons.
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

/** Ticks come at least so often while an instance changes, and a message inside the program takes no time. */
const tickMs = 3_000;
/** So often KILL may be repeated at most, in the first minute and later. */
const killMs = 10_000;
const killLaterMs = 60_000;
/** So soon a launch of which Mesos says nothing is asked for. */
const silenceMs = 30_000;
/** Unanswered tasks are asked for at least so often. */
const reconcileMs = 300_000;
/** So often a role is revived at most. */
const reviveMs = 5_000;
/** The agents are read so often while instances change, on a quick server. */
const agentsMs = 10_000;
/** A slow server rests for this multiple of its own answer. */
const restFactor = 9;
/** The pauses after failed reads begin so, and double. */
const retryMs = 5_000;
/** Between two ticks where nothing changes, and a little for what is on its way. */
const idleMs = 12_000;

/** Before an effect leaves. */
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

/** A poll comes after the interval, later where the server is slow or failing, sooner only after new settings. */
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

/** At each tick, once the program has had it. */
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
        if (instance.cause !== "by-mesos") checkKilling(world, instance.taskId);
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

/** The GoCD server is never left alone for longer than the slowest rhythm, and while agents change they are looked after. */
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
 * Whether an instance is rightly left running although its time is over: an agent of ours is on the server, in contact,
 * and nothing tells whose it is, not even its address. Agents of others were all there before the launch, and may be taken
 * for it only where lists that lacked them had been all that the run of the launch was shown. (When an adopted container
 * was launched, and what its agent was to register with, is in no store: any agent in contact may be it.)
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
  if (isNews) return true;
  if (!isNamelessName(names)) return false;
  const isTold = names.hasOwnAddress && !isAddressShared(world, instances, instance);
  return gocd.agents().some(({ uuid, configState, lastHeardMs }) => {
    if (!watch.ourUuids.has(uuid) || configState === "Pending") return false;
    // Somebody has disabled it, and every list of this run shows it so: it may have been out of service before the launch.
    const isTellable = configState === "Enabled" || watch.shown.inService.has(uuid);
    return !(isTold && isTellable) && nowMs - (lastHeardMs ?? nowMs) < silenceSeenMs(world);
  });
}

/**
 * Whether another container has, or just had, the same address, and nothing has told its agent: the one on the list may
 * be either's. That of a container that has ended looks alive until the server sees its silence, and where Mesos lost it
 * before it told an address, it may have been this one.
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
 * Until the silence of an agent is seen (300 s), and its build given to another (60 s), with the looks for both. Old servers
 * look every 300 s for builds to give to another; the program waits as long wherever agents are kept in the configuration.
 */
function silenceSeenMs({ gocd }: World): number {
  return gocdRules(gocd.version).agentsInDatabase ? 480_000 : 750_000;
}

/** Whether a KILL that was due long ago could leave now: it needs a look that is not too old, as slow as the server may be. */
function mayKill(world: World): boolean {
  return isLookFresh(world, programMs(world));
}

/** A launch of which Mesos says nothing is asked for, and given up in the end. */
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

/** One that never registers is abandoned after register-timeout of a time in which it could have. */
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

/** The longest wait for the next list of a server that answers, and for a second one. */
function slowestLookMs(poller: { readonly intervalMs: number; readonly maxIntervalMs: number }): number {
  return 2 * (Math.max(poller.intervalMs, poller.maxIntervalMs) + 60_000);
}

/** A KILL without effect is repeated, with the next list of a server that answers soon enough. */
function checkKilling(world: World, taskId: string): void {
  const { nowMs, settings, watch: { pace, shown } } = world;
  const killedMs = pace.killedMs.get(taskId);
  const sinceMs = pace.phases.get(taskId)?.sinceMs;
  if (killedMs === undefined || sinceMs === undefined || pace.sessionMs === undefined) return;
  const gapMs = nowMs - sinceMs < killLaterMs ? killMs : killLaterMs;
  const silentMs = nowMs - Math.max(killedMs, pace.sessionMs, shown.healthySinceMs, shown.hinderedMs);
  demand(
    silentMs <= gapMs + tickMs + slowestLookMs(settings.poller) || !mayKill(world),
    "pace",
    () => `${taskId} did not end, but KILL was not repeated for ${silentMs} ms`,
  );
}
