// The laws of drains: which agents they may start with, the two reads before a DELETE, and that nothing is left
// unfinished. Checked against the lists that the program observed (invariants_shown.ts).

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import { checkKept, checkPeak } from "./invariants_fleet.ts";
import { fits } from "./invariants_launch.ts";
import { noteHindered, type Picture, type Run } from "./invariants_shown.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

/** A change of records. */
export type Change = Extract<
  Effect,
  { readonly kind: "enable-gocd-agent" | "disable-gocd-agents" | "delete-gocd-agents" }
>;

/** Before a change of records is sent; `before` is the state before the step. */
export function checkDrains(world: World, before: State, { state }: Frame, effect: Change): void {
  const refs = effect.kind === "enable-gocd-agent" ? [effect] : effect.agents;
  for (const { taskId, uuid } of refs) {
    const instance = state.instances.get(taskId);
    const run = world.watch.shown.runs.get(uuid);
    if (instance?.state === "draining" && instance.uuid === uuid) {
      const isFirst = before.instances.get(taskId)?.state === "registered";
      if (effect.kind === "disable-gocd-agents" && isFirst && instance.reason === "idle") {
        checkBegin(world, state, instance, run);
      }
      const step = before.instances.get(taskId);
      // If repeated after it was lost, it is based on the checks of the first time: while disabled, it has got no work
      // since.
      const isRepeat = step?.state === "draining" && step.step.kind === "deleting";
      if (effect.kind === "delete-gocd-agents" && !isRepeat && !world.watch.tornDown.has(taskId)) {
        checkTwoLooks(world, state, instance, run);
      }
    }
    if (run !== undefined && !world.watch.tornDown.has(taskId)) checkAway(world, effect, { taskId, run });
    if (run !== undefined) run.lists = 0;
    world.watch.shown.calledMs.set(taskId, world.nowMs);
  }
}

/** Agents reconnect to a restarted server within this time. */
const missingMs = 300_000;
/** Time after the loss of contact during which the server may not have rescheduled the build. */
const rescheduleMs = 60_000;

/**
 * An agent out of contact may be running and building: a record is deleted only if its agent has not pinged for long.
 */
function checkAway(
  world: World,
  { kind }: Change,
  { taskId, run }: { readonly taskId: string; readonly run: Run },
): void {
  const awayMs = world.nowMs - run.awayMs;
  const isTooSoon = kind === "delete-gocd-agents" && run.picture === "Disabled Missing" && awayMs < missingMs;
  demand(!isTooSoon, "drain", () => `${taskId} is deleted after it was Missing for ${awayMs} ms`);
  const isHeld = kind === "disable-gocd-agents" && run.picture === "Enabled LostContact" && awayMs < rescheduleMs &&
    world.program?.state.instances.get(taskId)?.state === "gone";
  demand(
    !isHeld,
    "drain",
    () => `${taskId} is disabled ${awayMs} ms after it was lost: its build may not be given back`,
  );
}

/**
 * Only agents that were idle for the whole idle-timeout, that no waiting job can use and that min-idle does not keep.
 */
function checkBegin(world: World, state: State, instance: AgentInstance, run: Run | undefined): void {
  const { taskId, profile: name } = instance;
  demand(run?.picture === "Enabled idle", "drain", () => `${taskId} is drained as idle but shows ${run?.picture}`);
  const profile = state.settings.profiles.find((each) => each.name === name);
  if (profile === undefined || isAnyHeldByLimit(state)) return;
  checkKept(state, instance);
  if (isRoomWanted(state)) return;
  checkPeak(world, state, instance);
  const idleTimeoutMs = state.windows.get(name)?.schedule.idleTimeoutMs ?? profile.idleTimeoutMs;
  const idleMs = world.nowMs - (run?.sinceMs ?? world.nowMs);
  // Errors in the core's state because of a failed commit or a changed clock cannot be checked here.
  const isTold = world.watch.failedCommits === 0 && world.clockAheadMs === 0 && world.nextClockAheadMs === 0;
  demand(
    !isTold || idleMs >= idleTimeoutMs,
    "drain",
    () => `${taskId} is drained after ${idleMs} ms of idleness, idle-timeout is ${idleTimeoutMs} ms`,
  );
  const useful = state.demand.jobs.filter((job) =>
    (job.verdict === "will-be-taken" || job.verdict === "coming" || job.verdict === "needs-agent") &&
    fits(state.demand.backlog.resourceCase, instance, job)
  );
  demand(
    useful.length === 0,
    "drain",
    () => `${taskId} is drained although ${useful[0]?.locator} waits, which it can take`,
  );
}

const limits: ReadonlySet<string> = new Set(["held-limit", "held-rate", "held-pace", "held-share"]);

/** Jobs wait for its slot (`scaling.max-agents` etc.): then it may be removed immediately. */
function isAnyHeldByLimit({ demand: { jobs } }: State): boolean {
  return jobs.some(({ reason }) => limits.has(reason.kind));
}

/**
 * No offer fits a wanted agent: then it may be removed immediately for its resources on the host, but `min-idle` is
 * respected.
 */
function isRoomWanted({ demand: { wanted } }: State): boolean {
  return wanted.some(({ count }) => count > 0);
}

/** How long a series of idle reads must be if some reads failed in between. */
const surelyIdleMs = 300_000;

/**
 * The two reads that show it disabled and idle are at least `drain-confirm` apart, without a failed read in between.
 */
function checkTwoLooks(world: World, { settings }: State, { taskId }: AgentInstance, run: Run | undefined): void {
  const freeMs = run?.freeMs ?? Infinity;
  if (world.watch.shown.askedMs - (run?.sinceMs ?? Infinity) >= surelyIdleMs) return;
  demand(freeMs < Infinity, "drain", () => `${taskId} is deleted but shows ${run?.picture}`);
  const { drainConfirmMs } = settings.scaling;
  const apartMs = world.watch.shown.askedMs - freeMs;
  demand(
    apartMs >= drainConfirmMs,
    "drain",
    () => `${taskId} is deleted after two looks that are ${apartMs} ms apart, not ${drainConfirmMs} ms`,
  );
}

/** The number of successful lists, and the time, during which the same record requires the same action. */
const listsMax = 4;
const leftoverMsMax = 60_000;
/** The longest pause between two reads of a slow server, including the read. */
const slowMaxMs = 150_000;
const minute = 60_000;

/** After each step that has processed a list. */
export function checkNothingLies(world: World, { state, effects }: Frame): void {
  const { watch: { shown, pace }, nowMs } = world;
  // While most agents seem to have vanished at once, nothing is removed.
  if (state.server.info?.maintenance === "on" || holdsTakingDown(state)) noteHindered(shown, nowMs);
  if (shown.hinderedMs === nowMs || world.disk.failure !== undefined) return;
  // A slow server is read less often: we use a tenth of its time.
  const slowMs = 2 * Math.min(10 * Math.max(0, ...world.clocks.listsTookMs), slowMaxMs);
  for (const instance of state.instances.values()) {
    const uuid = "uuid" in instance ? instance.uuid : undefined;
    const run = uuid === undefined ? undefined : shown.runs.get(uuid);
    if (run === undefined || run.lists < listsMax || isCalled(effects, instance.taskId)) continue;
    const patienceMs = patienceWith(instance, run.picture) ?? patienceWithOld(state, instance, run.picture);
    if (patienceMs === undefined) continue;
    const forMs = nowMs - Math.max(
      run.settledMs,
      shown.hinderedMs,
      shown.calledMs.get(instance.taskId) ?? 0,
      pace.phases.get(instance.taskId)?.sinceMs ?? shown.startedMs,
    );
    demand(
      forMs <= leftoverMsMax + patienceMs + slowMs,
      "left-lying",
      () =>
        `${instance.taskId} is ${instance.state} and shows ${run.picture} for ${forMs} ms, and nothing is done about it`,
    );
  }
}

/** Whether a change of one of its records is sent in this step. */
function isCalled(effects: readonly Effect[], taskId: string): boolean {
  return effects.some((effect) => {
    if (effect.kind === "enable-gocd-agent") return effect.taskId === taskId;
    const isOfMany = effect.kind === "disable-gocd-agents" || effect.kind === "delete-gocd-agents";
    return isOfMany && effect.agents.some((each) => each.taskId === taskId);
  });
}

/** If its settings have changed, an idle agent is removed at a poll; a new one may take a job first. */
function patienceWithOld({ settings }: State, instance: AgentInstance, picture: Picture): number | undefined {
  if (instance.state !== "registered" || picture !== "Enabled idle") return undefined;
  const profile = settings.profiles.find(({ name }) => name === instance.profile);
  if (profile === undefined || instance.profileHash === "" || profile.hash === instance.profileHash) return undefined;
  const { intervalMs, maxIntervalMs, assignGraceMs } = settings.poller;
  return 2 * Math.max(intervalMs, maxIntervalMs) + assignGraceMs + minute;
}

/** How long such a record may be observed before an action is requested; undefined: it waits for the server. */
function patienceWith(instance: AgentInstance, picture: Picture): number | undefined {
  switch (instance.state) {
    case "registered":
      if (picture.endsWith(" LostContact")) return 10 * minute;
      return picture === "Enabled Missing" ? 15 * minute : picture === "Pending" ? 12 * minute : undefined;
    case "draining":
      if (picture === "Pending") return 12 * minute;
      if (picture.startsWith("Enabled ")) return 0;
      // An agent out of contact counts as dead once the server has had time to reschedule its job: minutes on old
      // versions.
      if (picture === "Disabled LostContact" || picture === "Disabled Missing") return 7 * minute;
      return picture === "Disabled idle" ? minute : undefined;
    case "gone":
      if (picture === "Enabled idle" || picture === "Disabled idle") return 0;
      return picture.endsWith(" LostContact") || picture === "Disabled Missing" ? 7 * minute : undefined;
    default:
      return undefined;
  }
}
