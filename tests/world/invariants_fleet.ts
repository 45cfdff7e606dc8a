// The laws of upkeep policies: an agent that was seen with its last job is drained immediately, and never enabled
// again; idle agents to keep are not drained.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Event } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import { demand } from "./violation.ts";
import { programMs, type World } from "./world_state.ts";

/** The memory of these laws during a run of the program. */
export interface FleetWatch {
  /** Locators of the jobs that an agent was seen to build while it was enabled, by task id. */
  readonly built: Map<string, Set<string>>;
  /** By profile: how many agents were seen building, and how many including starting ones. */
  readonly inUse: Map<string, { readonly atMs: number; readonly building: number; readonly coming: number }[]>;
}

/** At a start of the program: its counts are stored, and not checked. */
export function newFleetWatch(): FleetWatch {
  return { built: new Map(), inUse: new Map() };
}

/** After a step that has processed a list. */
export function checkWear(world: World, { state }: Frame, event: Event): void {
  if (event.kind !== "gocd-polled" && event.kind !== "gocd-agents-read") return;
  const { built } = world.watch.fleet;
  trackUse(world, state);
  const locators = new Map(
    event.agents.flatMap(({ uuid, agentState, buildLocator }) =>
      agentState === "Building" && buildLocator !== undefined ? [[uuid, buildLocator] as const] : []
    ),
  );
  for (const instance of state.instances.values()) {
    const locator = instance.state === "registered" ? locators.get(instance.uuid) : undefined;
    if (locator === undefined) continue;
    built.set(instance.taskId, new Set([...built.get(instance.taskId) ?? [], locator]));
    if (isHindered(state)) continue;
    demand(
      !isWornOut(world, state, instance),
      "max-jobs",
      () => `${instance.taskId} builds ${locator}, its last job, and may be given another`,
    );
  }
}

/** Before an agent is enabled again. */
export function checkEnabledAgain(world: World, { state }: Frame, taskId: string): void {
  const instance = state.instances.get(taskId);
  demand(
    instance === undefined || !isWornOut(world, state, instance),
    "max-jobs",
    () => `${taskId} has built all its jobs, and is enabled again`,
  );
}

function isWornOut(world: World, { settings }: State, { taskId, profile: name }: AgentInstance): boolean {
  const maxJobs = settings.profiles.find((profile) => profile.name === name)?.maxJobs;
  return maxJobs !== undefined && (world.watch.fleet.built.get(taskId)?.size ?? 0) >= maxJobs;
}

/** No agent is drained in maintenance mode, without a session, or while most agents are missing. */
function isHindered(state: State): boolean {
  return state.server.info?.maintenance === "on" || state.session.kind !== "subscribed" || holdsTakingDown(state);
}

/** How many idle agents must stay: of the whole profile, and in one of its environments. */
export interface Kept {
  readonly inAll: number;
  readonly inEnvironment: number;
}

/** The policies for the agents of this profile in this environment. */
export function keptOf(
  state: Pick<State, "settings" | "instances" | "windows">,
  { profile: name, environment }: AgentInstance,
): Kept {
  const profile = state.settings.profiles.find((each) => each.name === name);
  if (profile === undefined) return { inAll: 0, inEnvironment: 0 };
  const window = state.windows.get(name)?.schedule;
  const isFloorOfWindow = window?.minIdle !== undefined || window?.minIdleOf !== undefined;
  const { minIdle = 0, minIdleOf } = isFloorOfWindow ? window : profile;
  const isHere = (other: string | undefined): boolean =>
    (other ?? "").toLowerCase() === (environment ?? "").toLowerCase();
  const floor = Object.entries(minIdleOf ?? {}).find(([key]) => isHere(key))?.[1] ?? 0;
  const busy = [...state.instances.values()].filter((each) =>
    each.profile === name && isHere(each.environment) &&
    (each.state === "registered" && each.activity.kind === "building" ||
      each.state === "draining" && each.step.kind === "finishing")
  ).length;
  const headroom = window?.headroom ?? profile.headroom;
  const beside = headroom === undefined || busy === 0
    ? 0
    : headroom.kind === "count"
    ? headroom.agents
    : Math.ceil(headroom.percent / 100 * busy);
  return {
    inAll: minIdleOf === undefined ? minIdle : 0,
    inEnvironment: Math.max(floor, beside),
  };
}

/** After a drain for idleness has started: enough idle agents are left. */
export function checkKept(state: State, gone: AgentInstance): void {
  const idle = [...state.instances.values()].filter((each) =>
    each.profile === gone.profile && each.state === "registered" && each.activity.kind === "idle" &&
    each.retire === undefined
  );
  const kept = keptOf(state, gone);
  const here = idle.filter((each) => (each.environment ?? "").toLowerCase() === (gone.environment ?? "").toLowerCase());
  demand(
    idle.length >= kept.inAll && here.length >= kept.inEnvironment,
    "drain",
    () =>
      `${gone.taskId} is drained: ${idle.length} idle agents of ${gone.profile} are left, ${here.length} of them in its ` +
      `environment; ${kept.inAll} and ${kept.inEnvironment} are to be kept`,
  );
}

/**
 * At each tick: the active window is the last one that contains the current minute. In simulations, schedules only use
 * minutes.
 */
export function checkWindows({ settings, windows }: State, atMs: number): void {
  const now = Math.floor(atMs / 60_000) % 60;
  for (const { name, schedules = [] } of settings.profiles) {
    const open = schedules.findLast((schedule) => {
      const from = minuteOf(schedule.from);
      const to = minuteOf(schedule.to);
      return (now - from + 60) % 60 < (to - from + 60) % 60 || from === to;
    });
    demand(
      windows.get(name)?.schedule === open,
      "schedule",
      () => `in minute ${now} profile ${name} follows ${JSON.stringify(windows.get(name)?.schedule)}`,
    );
  }
}

function minuteOf(expression: string): number {
  return Number.parseInt(expression, 10);
}

function trackUse(world: World, { settings, instances }: State): void {
  for (const { name, keepPeakForMs } of settings.profiles) {
    if (keepPeakForMs === undefined) continue;
    const own = [...instances.values()].filter((each) => each.profile === name);
    const building = own.filter(isAtWork).length;
    const coming = own.filter(({ state }) => state === "launching" || state === "starting").length;
    const inUse = world.watch.fleet.inUse.get(name) ?? [];
    inUse.push({ atMs: programMs(world), building, coming: building + coming });
    world.watch.fleet.inUse.set(name, inUse);
  }
}

function isAtWork(instance: AgentInstance): boolean {
  return instance.state === "registered" && instance.activity.kind === "building" ||
    instance.state === "draining" && instance.step.kind === "finishing";
}

function mayWork(instance: AgentInstance): boolean {
  if (instance.state === "draining") return instance.step.kind === "finishing";
  return instance.retire === undefined &&
    (instance.state === "registered" && instance.activity.kind !== "unsure" || instance.state === "launching" ||
      instance.state === "starting");
}

/** After a drain for idleness has started: as many agents are left as were building at any time of `keep-peak-for`. */
export function checkPeak(world: World, { settings, instances }: State, gone: AgentInstance): void {
  const keepPeakForMs = settings.profiles.find(({ name }) => name === gone.profile)?.keepPeakForMs;
  if (keepPeakForMs === undefined) return;
  const nowMs = programMs(world);
  const recent = (world.watch.fleet.inUse.get(gone.profile) ?? []).filter(({ atMs }) => nowMs - atMs < keepPeakForMs);
  const peak = Math.max(0, ...recent.map(({ building }) => building));
  const left = [...instances.values()].filter((each) => each.profile === gone.profile && mayWork(each)).length;
  demand(
    left >= peak,
    "flapping",
    () => `${gone.taskId} is drained: ${left} agents of ${gone.profile} are left, but ${peak} were at work of late`,
  );
}

/** Whether `keep-peak-for` may keep an agent of this profile; after a start it may keep all existing ones. */
export function isPeak(
  world: World,
  { settings, instances }: Pick<State, "settings" | "instances">,
  name: string,
): boolean {
  const keepPeakForMs = settings.profiles.find((each) => each.name === name)?.keepPeakForMs;
  if (keepPeakForMs === undefined) return false;
  const nowMs = programMs(world);
  if (world.nowMs - world.watch.shown.startedMs <= keepPeakForMs) return true;
  const recent = (world.watch.fleet.inUse.get(name) ?? []).filter(({ atMs }) => nowMs - atMs <= keepPeakForMs);
  const left = [...instances.values()].filter((each) => each.profile === name && mayWork(each)).length;
  return left <= Math.max(0, ...recent.map(({ coming }) => coming));
}
