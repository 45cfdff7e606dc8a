// The laws of time: how old the list is that a KILL is based on, and whether a timeout that ends something has really
// elapsed. Judged by what the world knows.

import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import { countedMs, type Gap, standstillMs } from "../../src/core/session/watched.ts";
import { newPace } from "./invariants_pace.ts";
import { noteStart } from "./invariants_shown.ts";
import { demand } from "./violation.ts";
import { programMs, type World } from "./world_state.ts";

/** What these laws remember. Times are true unless said otherwise. */
export interface ClockWatch {
  /** When the list that the program was given last was asked for, by the program's clock. */
  listAskedMs: number;
  /** How long the last lists took, newest last. */
  listsTookMs: readonly number[];
  /** When this run of the program began. */
  startedMs: number;
  /** When somebody last said `resume`. */
  resumedMs: number;
  /** Since when the server registers nobody, and when it last began again to after a long time. */
  closedSinceMs: number | undefined;
  openedMs: number;
  /** When the program had its last step. */
  steppedMs: number;
  /** When it stood still for so long that it must notice, one after the other. */
  stoodStill: readonly Gap[];
  /** When containers began to run, by task id. */
  readonly runningMs: Map<string, number>;
}

/** Nothing has happened. */
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
    runningMs: new Map(),
  };
}

/** The program begins anew and knows nothing. */
export function noteProgramStart({ clocks, nowMs }: World): void {
  Object.assign(clocks, { listAskedMs: -Infinity, listsTookMs: [], startedMs: nowMs, steppedMs: nowMs });
}

/**
 * A step of the program. After a break that is too long to be none it begins anew as far as its pace goes; what it had
 * seen of a restart of the server it remembers. That break is longer than the suspension: it counts from the step before.
 */
export function noteStep(world: World): void {
  const { clocks, nowMs, watch } = world;
  const gap = { fromMs: clocks.steppedMs, toMs: nowMs };
  clocks.steppedMs = nowMs;
  // A shorter break is none that the program must notice.
  if (gap.toMs - gap.fromMs <= standstillMs) return;
  clocks.stoodStill = [...clocks.stoodStill, gap];
  const { restartedMs } = watch.shown;
  noteStart(watch.shown, nowMs);
  watch.shown.restartedMs = restartedMs;
  watch.pace = newPace(world.program?.state.instances.values() ?? [], nowMs);
}

/**
 * How much of the time from then to now the program was there to see. A break of up to 90 s counts, as decision 42 has it:
 * the real clock, which stands still with its machine, makes up for it slowly (core/session/clock_rate.ts), so that the core
 * cannot tell it from running.
 */
function ranMs({ clocks, nowMs }: World, sinceMs: number): number {
  return countedMs({ sinceMs: clocks.startedMs, gaps: clocks.stoodStill }, sinceMs, nowMs);
}

/** The program is given a list. */
export function noteList({ clocks }: World, list: { readonly askedMs: number; readonly tookMs: number }): void {
  clocks.listAskedMs = list.askedMs;
  clocks.listsTookMs = [...clocks.listsTookMs, list.tookMs].slice(-5);
}

/** A shorter time in which the server is closed may lie between two polls. */
const closedMinMs = 240_000;

/**
 * Whether the server registers agents has changed, or is asked. An account without the rights of an administrator is not
 * shown a maintenance mode (403), and all lists look as ever: nobody could know of it.
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

/** A list is a fresh look for so long, beyond what the server always takes. */
const freshLookMs = 3_000;

/** Whether the program's last list is fresh enough for a KILL. */
export function isLookFresh({ clocks }: World, programMs: number): boolean {
  const usualMs = clocks.listsTookMs.length < 3 ? 0 : Math.min(...clocks.listsTookMs);
  return programMs - clocks.listAskedMs <= freshLookMs + usualMs;
}

/** Causes of a KILL that a list must prove. */
const restsOnLook: ReadonlySet<string> = new Set([
  "drained",
  "register-timeout",
  "launch-timeout",
  "pending-stuck",
  "record-deleted",
]);

/** The program's clock may run so much faster. */
const rateMax = 1.06;

/** When the KILL of an instance is decided that a timeout ends: the timeout has really lasted, without a break, as it was watched. */
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
    const changes = world.gocd.tally.changes.filter(({ uuid }) => uuid === instance.uuid);
    const enabledAt = changes.findLastIndex(({ kind }) => kind === "enable");
    const disabledMs = changes.slice(enabledAt + 1).find(({ kind }) => kind === "disable")?.atMs ?? nowMs;
    const lastedMs = ranMs(world, Math.max(disabledMs, clocks.resumedMs));
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

function isClosedShortly({ closedSinceMs }: ClockWatch, nowMs: number): boolean {
  return closedSinceMs !== undefined && nowMs - closedSinceMs < closedMinMs;
}
