// The laws of time: the age of the list that a KILL is based on, and whether a timeout that ends something has really
// elapsed. Checked against the true time of the world.

import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import { countedMs, type Gap, standstillMs } from "../../src/core/session/watched.ts";
import { newPace } from "./invariants_pace.ts";
import { noteStart } from "./invariants_shown.ts";
import { demand } from "./violation.ts";
import { programMs, type World } from "./world_state.ts";

/** The memory of these laws. Times are true times unless stated otherwise. */
export interface ClockWatch {
  /** When the last list that the program got was requested, by the program's clock. */
  listAskedMs: number;
  /** How long the last lists took, newest last. */
  listsTookMs: readonly number[];
  /** When this run of the program started. */
  startedMs: number;
  /** When `resume` was last given. */
  resumedMs: number;
  /** Since when the server does not register agents, and when it last resumed after a long time. */
  closedSinceMs: number | undefined;
  openedMs: number;
  /** When the program had its last step. */
  steppedMs: number;
  /** When it was suspended for so long that it must detect it, in order. */
  stoodStill: readonly Gap[];
  /** By task id: since when the drain of an instance may end its build. */
  readonly pressedMs: Map<string, number>;
  /** When containers started running, by task id. */
  readonly runningMs: Map<string, number>;
}

/** The initial memory. */
export function newClockWatch(nowMs: number): ClockWatch {
  return {
    listAskedMs: -Infinity,
    listsTookMs: [],
    startedMs: nowMs,
    resumedMs: -Infinity,
    closedSinceMs: undefined,
    openedMs: -Infinity,
    steppedMs: nowMs,
    stoodStill: [],
    pressedMs: new Map(),
    runningMs: new Map(),
  };
}

/** The program starts without knowledge. */
export function noteProgramStart({ clocks, nowMs }: World): void {
  Object.assign(clocks, { listAskedMs: -Infinity, listsTookMs: [], startedMs: nowMs, steppedMs: nowMs });
}

/**
 * A step of the program. After a gap that is too long its pace starts over; its observation of a server restart is
 * kept. The gap is longer than the suspension: it counts from the previous step.
 */
export function noteStep(world: World): void {
  const { clocks, nowMs, watch } = world;
  const gap = { fromMs: clocks.steppedMs, toMs: nowMs };
  clocks.steppedMs = nowMs;
  // The program does not have to detect a shorter gap.
  if (gap.toMs - gap.fromMs <= standstillMs) return;
  clocks.stoodStill = [...clocks.stoodStill, gap];
  const { restartedMs, missing } = watch.shown;
  noteStart(watch.shown, nowMs);
  Object.assign(watch.shown, { restartedMs, missing });
  watch.pace = newPace(world.program?.state.instances.values() ?? [], nowMs);
}

/**
 * The watched part of the time from then to now. A gap of up to 90 s counts (decision 42): the real clock, which stops
 * with its machine, corrects it gradually (core/session/clock_rate.ts), so that the core cannot distinguish it from
 * running.
 */
function ranMs({ clocks, nowMs }: World, sinceMs: number): number {
  return countedMs({ sinceMs: clocks.startedMs, gaps: clocks.stoodStill }, sinceMs, nowMs);
}

/** For how long the program has stood still since then. */
export function stoodStillMs({ clocks }: World, sinceMs: number): number {
  return clocks.stoodStill.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, sinceMs)), 0);
}

/** The program gets a list. */
export function noteList({ clocks }: World, list: { readonly askedMs: number; readonly tookMs: number }): void {
  clocks.listAskedMs = list.askedMs;
  clocks.listsTookMs = [...clocks.listsTookMs, list.tookMs].slice(-5);
}

/** A shorter maintenance may be between two polls. */
const closedMinMs = 240_000;

/**
 * Updates whether the server registers agents. An account without the administrator role cannot see the maintenance
 * mode (403), and all lists look normal: it is unobservable.
 */
export function noteOpenness({ clocks, nowMs, weather }: World): void {
  const isClosed = (weather.isGocdInMaintenance && weather.hasRights) || weather.isGocdInBackup ||
    nowMs < weather.gocdStartsUntilMs;
  if (isClosed) {
    clocks.closedSinceMs ??= nowMs;
    return;
  }
  const sinceMs = clocks.closedSinceMs;
  clocks.closedSinceMs = undefined;
  if (sinceMs !== undefined && nowMs - sinceMs >= closedMinMs) clocks.openedMs = nowMs;
}

/** How long a list counts as fresh, in addition to the usual duration of the server. */
const freshLookMs = 3_000;

/** Whether the program's last list is fresh enough for a KILL. */
export function isLookFresh({ clocks }: World, programMs: number): boolean {
  const usualMs = clocks.listsTookMs.length < 3 ? 0 : Math.min(...clocks.listsTookMs);
  return programMs - clocks.listAskedMs <= freshLookMs + usualMs;
}

/** Causes of a KILL that require proof by a list. */
const restsOnLook: ReadonlySet<string> = new Set([
  "drained",
  "drain-timeout",
  "register-timeout",
  "launch-timeout",
  "pending-stuck",
  "record-deleted",
]);

/** The maximum speed-up of the program's clock. */
const rateMax = 1.06;

/**
 * When a KILL because of a timeout is decided: the timeout has really elapsed in watched time, without interruption.
 */
export function checkTimeout(world: World, { settings }: State, instance: AgentInstance): void {
  if (instance.state !== "killing") return;
  demand(
    !restsOnLook.has(instance.cause) || isLookFresh(world, programMs(world)),
    "old-look",
    () => `${instance.taskId} is killed (${instance.cause}) on a list that was asked for long ago`,
  );
  const profile = settings.profiles.find(({ name }) => name === instance.profile);
  const { clocks, nowMs } = world;
  if (instance.cause === "drain-timeout") {
    // What has changed since its list was requested is not known to the program.
    const shownMs = nowMs - (programMs(world) - clocks.listAskedMs);
    const changes = world.gocd.tally.changes.filter(({ uuid, atMs }) => uuid === instance.uuid && atMs <= shownMs);
    const enabledAt = changes.findLastIndex(({ kind }) => kind === "enable");
    const disabledMs = changes.slice(enabledAt + 1).find(({ kind }) => kind === "disable")?.atMs ?? nowMs;
    const pressedMs = clocks.pressedMs.get(instance.taskId) ?? nowMs;
    const lastedMs = ranMs(world, Math.max(disabledMs, clocks.resumedMs, pressedMs));
    const wantedMs = profile?.drainTimeoutMs ?? Infinity;
    demand(
      lastedMs * rateMax >= wantedMs,
      "drain-timeout",
      () => `${instance.taskId} is killed after a drain of ${lastedMs} ms, drain-timeout is ${wantedMs} ms`,
    );
  }
  const runningMs = clocks.runningMs.get(instance.taskId);
  if (instance.cause !== "register-timeout" || profile === undefined || runningMs === undefined) return;
  const hadMs = clocks.closedSinceMs === undefined ? ranMs(world, Math.max(runningMs, clocks.openedMs)) : 0;
  demand(
    hadMs * rateMax >= profile.registerTimeoutMs || isClosedShortly(clocks, nowMs),
    "register-timeout",
    () => `${instance.taskId} had ${hadMs} ms to register, register-timeout is ${profile.registerTimeoutMs} ms`,
  );
}

/**
 * After each step: since when drains may end builds. For fair shares, and at the end of the life of an agent, none may,
 * unless the operator or a maintenance window wants the agent gone.
 */
export function trackPressed({ clocks: { pressedMs }, nowMs }: World, { instances, controls }: State): void {
  for (const [taskId, instance] of instances) {
    const isSpared = instance.state === "draining" && controls.mode === "run" &&
      instance.retire !== "operator" && instance.retire !== "maintenance" &&
      (instance.reason === "fair-share" || instance.retire === "max-jobs" || instance.retire === "max-lifetime");
    if (instance.state !== "draining" || instance.step.kind === "enabling" || isSpared) pressedMs.delete(taskId);
    else if (!pressedMs.has(taskId)) pressedMs.set(taskId, nowMs);
  }
}

function isClosedShortly({ closedSinceMs }: ClockWatch, nowMs: number): boolean {
  return closedSinceMs !== undefined && nowMs - closedSinceMs < closedMinMs;
}
