// The laws of optional limits: launches per minute, share of the cluster's cpus, cpu-hours per day. Counted
// independently here.

import type { Event } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { CpuUse, StoredState } from "../../src/core/record.ts";
import type { State } from "../../src/core/state.ts";
import { isTerminal } from "../../src/sim/mesos/updates.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

/** The memory of these laws. */
export interface LimitWatch {
  /** The minimum cpu usage on the day that the program counts, in cpus times ms. */
  cpuMs: number;
  /** As last stored. */
  stored: CpuUse | undefined;
  /** When the last tick of this run was, by the clock of the program; absent: none yet. */
  tickMs: number | undefined;
  /** The state was restored from a copy: later counts are lost. */
  isRestored: boolean;
}

/** The initial memory. */
export function newLimitWatch(): LimitWatch {
  return { cpuMs: 0, stored: undefined, tickMs: undefined, isRestored: false };
}

/** A longer gap is not watched. */
const breakMs = 90_000;

/** At a start: the usage was not lost. */
export function checkUseReload(world: World, { cpuUse }: StoredState): void {
  const watch = world.watch.limits;
  // A commit that was reported as failed may have reached the disk.
  const { day = "", cpuMs = 0 } = cpuUse ?? {};
  const kept = watch.stored;
  demand(
    // After a clock was set back it counts for the earlier day, with the same amount.
    watch.isRestored || kept === undefined || day > kept.day || cpuMs >= kept.cpuMs,
    "cpu-hours",
    () => `used were ${JSON.stringify(watch.stored)}, after a restart ${JSON.stringify(cpuUse)}`,
  );
  watch.stored = cpuUse;
  watch.cpuMs = Math.min(watch.cpuMs, cpuUse?.cpuMs ?? 0);
  watch.tickMs = undefined;
  watch.isRestored = false;
}

/** After each step. */
export function trackUse(world: World, before: State, { state, records }: Frame, event: Event): void {
  const watch = world.watch.limits;
  for (const record of records) {
    if (record.kind === "cpu-use") watch.stored = record.cpuUse;
  }
  if (state.settings.scaling.cpuHoursPerDay === undefined || event.kind !== "tick") return;
  const { cpuUse } = state;
  if (before.cpuUse !== undefined && cpuUse?.record.day !== before.cpuUse.record.day) watch.cpuMs = 0;
  const passedMs = state.lastStepMs - (watch.tickMs ?? state.lastStepMs);
  watch.tickMs = state.lastStepMs;
  if (passedMs <= 0 || passedMs > breakMs || before.cpuUse === undefined) return;
  watch.cpuMs += cpusOf(state, [...before.instances.values()]) * passedMs;
}

/** Before ACCEPT leaves. */
export function checkLimitsOfLaunch(world: World, { state }: Frame, taskIds: readonly string[]): void {
  const { launchesPerMinute, cpuHoursPerDay, maxCpuShare } = state.settings.scaling;
  if (launchesPerMinute !== undefined) {
    const { launchedMs } = world.watch.launches;
    const recent = [...launchedMs.values()].filter((atMs) => world.nowMs - atMs < 60_000).length;
    demand(recent <= launchesPerMinute, "pace", () => `${recent} launches in a minute, at most ${launchesPerMinute}`);
  }
  if (cpuHoursPerDay !== undefined) {
    const today = new Intl.DateTimeFormat("en-CA", { timeZone: state.settings.scaling.timeZone ?? "UTC" })
      .format(state.lastStepMs);
    // A launch may come before the first tick of a day.
    const isToday = state.cpuUse !== undefined && state.cpuUse.record.day >= today;
    const hours = isToday ? state.cpuUse.record.cpuMs / 3_600_000 : 0;
    demand(hours < cpuHoursPerDay, "cpu-hours", () => `a launch with ${hours} of ${cpuHoursPerDay} cpu-hours used`);
    const missed = world.watch.limits.cpuMs - (state.cpuUse?.record.cpuMs ?? 0);
    demand(missed <= 5_000 * 100, "cpu-hours", () => `${missed} cpu-ms were not counted`);
  }
  if (maxCpuShare !== undefined) checkShare(world, state, { taskIds: new Set(taskIds), maxCpuShare });
}

/**
 * Based on the actual hosts; resources that Mesos has already freed, but that we still count, may have been shown
 * twice.
 */
function checkShare(
  world: World,
  state: State,
  { taskIds, maxCpuShare }: { readonly taskIds: ReadonlySet<string>; readonly maxCpuShare: number },
): void {
  // The master frees the resources of an ended task with the first update that has a terminal latest state.
  const held = world.mesos.view().tasks.filter(({ state: latest }) => !isTerminal(latest));
  const tasks = new Set(held.map(({ taskId }) => taskId));
  const living = [...state.instances.values()].filter((each) => each.state !== "gone" && each.state !== "unreachable");
  const ghosts = living.filter((each) => !tasks.has(each.taskId) && !taskIds.has(each.taskId));
  const cluster = world.scenario.hosts.reduce((sum, { resources, reserved = [] }) => {
    return sum + (resources.cpus ?? 0) + reserved.reduce((all, each) => all + (each.resources.cpus ?? 0), 0);
  }, cpusOf(state, ghosts));
  const used = cpusOf(state, living);
  demand(
    used <= maxCpuShare * cluster + 1e-6,
    "cpu-share",
    () => `agents have ${used} cpus of ${cluster}, their share is ${maxCpuShare}`,
  );
}

function cpusOf({ settings }: State, instances: readonly AgentInstance[]): number {
  return instances.reduce((sum, { state, profile }) => {
    const milli = settings.profiles.find((each) => each.name === profile)?.mesosResources.cpusMilli ?? 0;
    return state === "gone" || state === "unreachable" ? sum : sum + milli / 1_000;
  }, 0);
}
