// Scale-in without harm: disable → seen Disabled by GET → idle on two reads `scaling.drain-confirm` apart → delete →
// seen gone → kill. Two reads, because of GoCD's two races of assignment (WorkAssignments, AgentInstance.update).

import { activityOf, activityWord } from "./activity.ts";
import { countedSince, holdsTakingDown } from "./brake.ts";
import type { Draft } from "../draft.ts";
import { absentMs, askAgainMs, deleteMaxMs, reenableMaxMs } from "./gocd_clocks.ts";
import type { GocdAgent } from "../gocd_records.ts";
import {
  isJustUnlisted,
  isLostLongEnough,
  isRequested,
  isWatchedSince,
  lastListed,
  markRequested,
} from "./gocd_index.ts";
import { strangersTo } from "../identity/recognition.ts";
import type { AgentInstance, Draining, DrainStep } from "../instance.ts";
import type { GocdAgentRef } from "../effect.ts";
import { markDeleteAsked, register, startKill, uuidOf } from "./phase.ts";
import { profileOf } from "../profile_of.ts";
import { agentsAsOfMs, isFresh, isIdleConfirmed, shownForMs } from "../session/reading.ts";
import { writesFailing } from "../session/write_failure.ts";
import type { State } from "../state.ts";
import { isWear, wearOf } from "./worn.ts";

/** Takes the next step of a drain, based on its record. `undefined`: its record is not listed. */
export function advanceDrain(draft: Draft, instance: Draining, gocdAgent: GocdAgent | undefined): void {
  // While the server is in maintenance mode, nothing is removed and nothing can be changed.
  if (draft.state.server.info?.maintenance === "on" || holdsTakingDown(draft.state)) return;
  if (gocdAgent?.configState === "Disabled" && isTimeOver(draft, instance)) return;
  // If the agent of a deleted record is still in contact, it reappears as Pending; it gets no work.
  const isBuilding = gocdAgent !== undefined && activityWord(gocdAgent) === "building";
  const isGhost = gocdAgent?.configState === "Pending" && !isBuilding;
  if (gocdAgent === undefined || isGhost) return advanceAbsent(draft, instance, isGhost);
  const { step } = instance;
  if (step.kind === "enabling") return advanceEnabling(draft, instance, step.askedMs, gocdAgent);
  if (gocdAgent.configState === "Enabled") return advanceEnabled(draft, instance, gocdAgent);
  if (gocdAgent.configState === "Disabled") advanceDisabled(draft, instance, step, gocdAgent);
}

/**
 * Ends a drain that has lasted for the drain-timeout; only this may end a build. The timeout runs while the agent is
 * draining and the lists show it Disabled: it is stopped when anyone enables the agent or when it is wanted again.
 */
function isTimeOver(draft: Draft, instance: Draining): boolean {
  const { state } = draft;
  const timeout = drainTimeoutOf(state, instance);
  if (timeout === undefined || instance.step.kind === "enabling") return false;
  const { timeoutMs, sinceMs } = timeout;
  // A KILL that cannot be sent now would be sent later, even if the operator has changed their mind.
  if (shownForMs(state, sinceMs) < timeoutMs || state.session.kind !== "subscribed") return false;
  // Somebody may have enabled it since an old list was made.
  if (!isFresh(draft)) return false;
  startKill(draft, instance, "drain-timeout", { kind: "drain-timeout", afterMs: timeoutMs });
  return true;
}

/** The drain-timeout, and since when it runs; absent: there is none, it is not Disabled yet, or may finish its job. */
export function drainTimeoutOf(
  state: State,
  instance: Draining,
): { readonly timeoutMs: number; readonly sinceMs: number } | undefined {
  const { uuid, sinceMs, profile } = instance;
  if (mayFinish(state, instance)) return undefined;
  const timeoutMs = profileOf(state.settings, profile)?.drainTimeoutMs;
  const disabledMs = state.server.disabledSinceMs.get(uuid);
  if (timeoutMs === undefined || disabledMs === undefined) return undefined;
  return { timeoutMs, sinceMs: Math.max(disabledMs, sinceMs) };
}

/**
 * Whether its job may last as long as any other: an agent that was disabled at the start of its last job blocks nothing,
 * and no build is ended for fair shares. Not if the operator or a maintenance window wants it gone, from then on.
 */
export function mayFinish({ controls: { mode } }: Pick<State, "controls">, { retire, reason }: Draining): boolean {
  const isPressed = mode !== "run" || retire === "operator" || retire === "maintenance";
  return !isPressed && (isWear(retire) || reason === "fair-share");
}

/** Restarts the drain-timeout of this agent. */
export function restartTimeout(draft: Draft, { uuid }: Draining): void {
  const { server } = draft.state;
  if (!server.disabledSinceMs.has(uuid)) return;
  const disabledSinceMs = new Map(server.disabledSinceMs);
  disabledSinceMs.delete(uuid);
  draft.patch("server", { disabledSinceMs });
}

/**
 * The reason for a drain no longer exists: an agent that is still building (as far as known) is enabled again, unless
 * there is another reason to remove it. An agent that is already idle continues to drain, and is enabled again if jobs
 * wait for it (demand/plan.ts).
 */
export function takeBack(draft: Draft, instance: Draining): void {
  const { reason, retire, step } = instance;
  const wear = retire === undefined ? wearOf(draft.state, instance, draft.atMs) : undefined;
  if (wear !== undefined) return draft.put({ ...instance, retire: wear });
  const isWanted = retire === undefined && draft.state.controls.mode === "run" &&
    (reason === "operator" || reason === "maintenance" || reason === "profile-changed");
  const isBusy = step.kind === "disabling" || step.kind === "finishing";
  if (isWanted && isBusy && !isPendingAgain(draft.state, instance)) enableAgain(draft, instance);
  else restartTimeout(draft, instance);
}

/**
 * Whether its record is Pending, because an older configuration of the server lacks it: enabled as it is, it would have
 * no resources.
 */
export function isPendingAgain({ server }: State, { uuid }: Draining): boolean {
  return lastListed(server, uuid)?.configState === "Pending";
}

/** New demand: the instance is enabled again instead of a new one being launched. */
export function reuse(draft: Draft, instance: Draining): void {
  enableAgain(draft, instance);
  draft.note({ kind: "agent-reused", taskId: instance.taskId, profile: instance.profile });
}

function enableAgain(draft: Draft, instance: Draining): void {
  setStep(draft, instance, { kind: "enabling", askedMs: draft.atMs });
  restartTimeout(draft, instance);
  markRequested(draft, instance.uuid);
  draft.effect({ kind: "enable-gocd-agent", taskId: instance.taskId, uuid: instance.uuid });
}

/**
 * The server refused the DELETE because the agent is building after all: its record stays, and the job is allowed to
 * finish.
 */
export function deleteRefused(draft: Draft, instance: AgentInstance): void {
  const { isDeleteAsked, isDeleted: _, ...rest } = instance;
  if (rest.state === "draining" && rest.step.kind === "deleting") setStep(draft, rest, { kind: "finishing" });
  else if (isDeleteAsked === true) draft.put(rest);
}

/** The server has confirmed the DELETE of its record. */
export function deleteDone(draft: Draft, { taskId, uuid }: GocdAgentRef): void {
  const instance = draft.instance(taskId);
  if (instance?.isDeleteAsked === true && uuidOf(instance) === uuid) draft.put({ ...instance, isDeleted: true });
}

/**
 * The instance with the agents that lists showed while its own was known: should the KILL have no effect, none of them
 * is mistaken for its own.
 */
function withStrangers(draft: Draft, instance: Draining, untilMs: number): Draining {
  const { appearedMs } = draft.state.server;
  const strangers = strangersTo(draft.state, instance)?.filter((uuid) =>
    uuid !== instance.uuid && (appearedMs.get(uuid) ?? untilMs) < untilMs
  );
  return strangers === undefined || strangers.length === 0 ? instance : { ...instance, strangers };
}

/**
 * Only DELETE removes a record from the list, and the server refuses to delete a building agent; but a list may lack a
 * record that somebody enables meanwhile, so that the response to the DELETE is needed, or absence for minutes. A
 * successful DELETE alone is not enough for a KILL either: the process may have restarted since the last list and be
 * building under another uuid. The list without its record was read after the DELETE, and shows that too
 * (identity/reregistered.ts).
 */
function advanceAbsent(draft: Draft, instance: Draining, isGhost: boolean): void {
  const { step } = instance;
  if (step.kind === "deleting") {
    // A list requested before the DELETE lacks the record for another reason; a list that took long does not count.
    if (agentsAsOfMs(draft.state.server) < step.askedMs || !isFresh(draft)) return;
    if (instance.isDeleted === true || isGhost) {
      // While nothing was watched, its process may have registered anew.
      if (!isGhost && !isWatchedSince(draft.state, step.sinceMs ?? step.askedMs)) return;
      const known = withStrangers(draft, instance, step.sinceMs ?? step.askedMs);
      return startKill(draft, known, "drained", { kind: "drained", isDeleted: true });
    }
    if (!isJustUnlisted(draft.state, instance.uuid)) {
      return startKill(draft, instance, "record-deleted", { kind: "record-deleted" });
    }
    // It was refused, or its response was lost: the DELETE of a record that does not exist succeeds.
    return isDeleteDue(draft, step) ? askDelete(draft, instance, step.sinceMs ?? step.askedMs) : undefined;
  }
  if (step.kind !== "absent") return setStep(draft, instance, { kind: "absent", sinceMs: draft.atMs });
  if (shownForMs(draft.state, countedSince(draft.state, step.sinceMs)) < absentMs || !isFresh(draft)) return;
  startKill(draft, instance, "record-deleted", { kind: "record-deleted" });
}

function advanceEnabling(draft: Draft, instance: Draining, askedMs: number, gocdAgent: GocdAgent): void {
  if (gocdAgent.configState === "Enabled") return keep(draft, instance, gocdAgent);
  if (!isWelcome(draft, instance)) {
    // It would take a job that it must not take any more. A request that is on its way is undone by the next DISABLE.
    restartTimeout(draft, instance);
    return setStep(draft, instance, { kind: "finishing" });
  }
  if (shownForMs(draft.state, askedMs) >= reenableMaxMs) {
    // Not tried a second time: it would count as capacity again without effect.
    restartTimeout(draft, instance);
    return setStep(draft, { ...instance, retire: "surplus" }, { kind: "finishing" });
  }
  if (isRequested(draft, instance.uuid)) return;
  markRequested(draft, instance.uuid);
  draft.effect({ kind: "enable-gocd-agent", taskId: instance.taskId, uuid: instance.uuid });
}

function keep(draft: Draft, instance: Draining, gocdAgent: GocdAgent): void {
  register(draft, instance, instance.uuid, activityOf(gocdAgent, undefined, draft.atMs));
}

/** Whether nothing but its idleness is a reason to remove it. */
function isWelcome({ state: { controls } }: Draft, { retire }: AgentInstance): boolean {
  return retire === undefined && controls.mode === "run";
}

function advanceEnabled(draft: Draft, instance: Draining, gocdAgent: GocdAgent): void {
  const { step } = instance;
  if (step.kind !== "disabling" && isWelcome(draft, instance)) {
    keep(draft, instance, gocdAgent);
    draft.note({ kind: "drain-undone", taskId: instance.taskId, profile: instance.profile });
    return;
  }
  if (step.kind === "disabling" && draft.atMs - step.askedMs < askAgainMs) return;
  setStep(draft, instance, { kind: "disabling", askedMs: draft.atMs });
  draft.effect({ kind: "disable-gocd-agents", agents: [{ taskId: instance.taskId, uuid: instance.uuid }] });
}

function advanceDisabled(
  draft: Draft,
  instance: Draining,
  step: Exclude<DrainStep, { readonly kind: "enabling" }>,
  gocdAgent: GocdAgent,
): void {
  if (!isSafe(draft, gocdAgent)) {
    if (step.kind !== "finishing") setStep(draft, instance, { kind: "finishing" });
    return;
  }
  switch (step.kind) {
    case "disabling":
    case "finishing":
    case "absent":
      setStep(draft, instance, { kind: "confirming", firstIdleMs: draft.atMs });
      return;
    case "confirming": {
      // Lists that were read while the brake was on or in maintenance mode count: one without the record, or with a
      // build, resets this.
      const sinceMs = Math.max(step.firstIdleMs, safeSinceMs(draft, gocdAgent));
      return isIdleConfirmed(draft, sinceMs) ? askDelete(draft, instance, draft.atMs) : undefined;
    }
    case "deleting":
    default: {
      step.kind satisfies "deleting";
      const sinceMs = step.sinceMs ?? step.askedMs;
      if (shownForMs(draft.state, sinceMs) >= deleteMaxMs) return leaveRecord(draft, instance);
      if (isDeleteDue(draft, step)) askDelete(draft, instance, sinceMs);
    }
  }
}

function isDeleteDue({ atMs }: Draft, { askedMs }: { readonly askedMs: number }): boolean {
  return atMs - askedMs >= askAgainMs;
}

function askDelete(draft: Draft, instance: Draining, sinceMs: number): void {
  const asked: Draining = { ...instance, step: { kind: "deleting", askedMs: draft.atMs, sinceMs } };
  draft.put(asked);
  markDeleteAsked(draft, asked);
  draft.effect({ kind: "delete-gocd-agents", agents: [{ taskId: instance.taskId, uuid: instance.uuid }] });
}

/**
 * The server does not delete the record, e.g. because our account is no longer an administrator. The agent was Disabled
 * and idle all the time and cannot get work, so it is stopped, and the record is deleted once the server allows that.
 */
function leaveRecord(draft: Draft, instance: Draining): void {
  if (!isFresh(draft)) return;
  startKill(draft, instance, "drained", { kind: "drained", isDeleted: false });
  const problem = writesFailing(draft.state, draft.atMs)?.problem;
  draft.note({
    kind: "gocd-record-left",
    taskId: instance.taskId,
    uuid: instance.uuid,
    forMs: deleteMaxMs,
    ...(problem === undefined ? {} : { problem }),
  });
}

/**
 * Idle, or out of contact for so long that the server has rescheduled its job, if any. Up to 18.6 the server never
 * marks an agent as lost that was not in contact since the start of the server (AgentInstance.refresh): it stays
 * Missing.
 */
function isSafe(draft: Draft, gocdAgent: GocdAgent): boolean {
  const word = activityWord(gocdAgent);
  const isLost = word === "LostContact" || word === "Missing";
  return word === "idle" || (isLost && isLostLongEnough(draft, gocdAgent));
}

/** Since when every list has shown it in this state. */
function safeSinceMs({ state: { server }, atMs }: Draft, { uuid }: GocdAgent): number {
  return server.disabledIdleSinceMs.get(uuid) ?? server.lostSinceMs.get(uuid) ?? atMs;
}

function setStep(draft: Draft, instance: Draining, step: DrainStep): void {
  draft.put({ ...instance, step });
}
