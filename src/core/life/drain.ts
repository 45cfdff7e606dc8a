// Scale-in without harm: disable → seen Disabled by GET → idle on two reads far enough apart → delete → seen gone →
// kill. Two reads, because of GoCD's two races of assignment (WorkAssignments, AgentInstance.update).

import { activityOf, activityWord } from "./activity.ts";
import { countedSince, holdsTakingDown } from "./brake.ts";
import type { Draft } from "../draft.ts";
import { absentMs, askAgainMs, deleteMaxMs, reenableMaxMs } from "./gocd_clocks.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { ask, isAsked, isLostLongEnough } from "./gocd_index.ts";
import type { AgentInstance, Draining, DrainStep } from "../instance.ts";
import { register, startKill } from "./phase.ts";
import { profileOf } from "../profile_of.ts";
import { agentsAsOfMs, isFresh, isIdleConfirmed, shownForMs } from "../session/reading.ts";
import { writesFailing } from "../session/write_failure.ts";
import { isWear, wearOf } from "./worn.ts";

/** Takes the next step of a drain, by what the server shows. `undefined`: its record is not in the list. */
export function advanceDrain(draft: Draft, instance: Draining, gocdAgent: GocdAgent | undefined): void {
  // Nothing is taken down, nor can be changed, while the server is in maintenance mode.
  if (draft.state.server.info?.maintenance === "on" || holdsTakingDown(draft.state)) return;
  if (gocdAgent?.configState === "Disabled" && isTimeOver(draft, instance)) return;
  // A deleted record whose agent still talks comes back as Pending; it gets no work.
  const isBuilding = gocdAgent !== undefined && activityWord(gocdAgent) === "building";
  const isGhost = gocdAgent?.configState === "Pending" && !isBuilding;
  if (gocdAgent === undefined || isGhost) return advanceAbsent(draft, instance);
  if (instance.step.kind === "enabling") return advanceEnabling(draft, instance, instance.step.askedMs, gocdAgent);
  if (gocdAgent.configState === "Enabled") return advanceEnabled(draft, instance, gocdAgent);
  if (gocdAgent.configState === "Disabled") advanceDisabled(draft, instance, gocdAgent);
}

/**
 * Ends a drain that has lasted for the drain-timeout, which alone may end a build. That clock runs while the agent drains
 * and the lists show it Disabled: whoever enables it, and whatever makes it wanted again, stops it.
 */
function isTimeOver(draft: Draft, instance: Draining): boolean {
  const { state } = draft;
  // What was disabled as it began its last job is in nobody's way: that job may last as long as any other.
  if (isWear(instance.retire) && state.controls.mode === "run") return false;
  // Nor is a build ended for the share of others.
  if (instance.reason === "fair-share" && state.controls.mode === "run") return false;
  const timeoutMs = profileOf(state.settings, instance.profile)?.drainTimeoutMs;
  const sinceMs = state.server.disabledSinceMs.get(instance.uuid);
  if (timeoutMs === undefined || sinceMs === undefined || instance.step.kind === "enabling") return false;
  // A KILL that cannot leave now would leave later, whatever the operator wants by then.
  if (shownForMs(state, Math.max(sinceMs, instance.sinceMs)) < timeoutMs || state.session.kind !== "subscribed") {
    return false;
  }
  startKill(draft, instance, "drain-timeout", { kind: "drain-timeout", afterMs: timeoutMs });
  return true;
}

/** Restarts the drain-timeout of this agent. */
export function restartTimeout(draft: Draft, { uuid }: Draining): void {
  const { server } = draft.state;
  if (!server.disabledSinceMs.has(uuid)) return;
  const disabledSinceMs = new Map(server.disabledSinceMs);
  disabledSinceMs.delete(uuid);
  draft.set({ server: { ...server, disabledSinceMs } });
}

/**
 * What somebody wanted a drain for is over: an agent that still builds (as far as is known) is enabled again, unless it
 * is to go for another reason. One that is idle already continues to drain, and is enabled again if jobs wait for it
 * (demand/plan.ts).
 */
export function takeBack(draft: Draft, instance: Draining): void {
  const { reason, retire, step } = instance;
  const wear = retire === undefined ? wearOf(draft.state, instance, draft.atMs) : undefined;
  if (wear !== undefined) return draft.put({ ...instance, retire: wear });
  const isWanted = retire === undefined && draft.state.controls.mode === "run" &&
    (reason === "operator" || reason === "maintenance" || reason === "profile-changed");
  const isBusy = step.kind === "disabling" || step.kind === "finishing";
  if (isWanted && isBusy) enableAgain(draft, instance);
  else restartTimeout(draft, instance);
}

/** New demand: the instance is enabled again instead of a new one being launched. */
export function reuse(draft: Draft, instance: Draining): void {
  enableAgain(draft, instance);
  draft.note({ kind: "agent-reused", taskId: instance.taskId, profile: instance.profile });
}

function enableAgain(draft: Draft, instance: Draining): void {
  setStep(draft, instance, { kind: "enabling", askedMs: draft.atMs });
  restartTimeout(draft, instance);
  ask(draft, instance.uuid);
  draft.effect({ kind: "enable-gocd-agent", taskId: instance.taskId, uuid: instance.uuid });
}

/** The server refused the DELETE because it builds after all: its record stays, and the job is allowed to finish. */
export function deleteRefused(draft: Draft, instance: AgentInstance): void {
  const { isDeleteAsked, ...rest } = instance;
  if (rest.state === "draining" && rest.step.kind === "deleting") setStep(draft, rest, { kind: "finishing" });
  else if (isDeleteAsked === true) draft.put(rest);
}

/**
 * Only DELETE takes a record out of the list, and the server deletes none that builds; but one list may be wrong. Nor
 * is the server's word that it is deleted enough for a KILL: the process may have restarted since the last list and
 * build under another uuid. The list without its record is a look from after the DELETE, and shows that too
 * (identity/reregistered.ts).
 */
function advanceAbsent(draft: Draft, instance: Draining): void {
  const { step } = instance;
  if (step.kind === "deleting") {
    // A list from before the DELETE lacks the record for another reason; one that took long is no look.
    if (agentsAsOfMs(draft.state.server) < step.askedMs || !isFresh(draft)) return;
    return startKill(draft, instance, "drained", { kind: "drained", isDeleted: true });
  }
  if (step.kind !== "absent") return setStep(draft, instance, { kind: "absent", sinceMs: draft.atMs });
  if (shownForMs(draft.state, countedSince(draft.state, step.sinceMs)) < absentMs || !isFresh(draft)) return;
  startKill(draft, instance, "record-deleted", { kind: "record-deleted" });
}

function advanceEnabling(draft: Draft, instance: Draining, askedMs: number, gocdAgent: GocdAgent): void {
  if (gocdAgent.configState === "Enabled") return keep(draft, instance, gocdAgent);
  if (shownForMs(draft.state, askedMs) >= reenableMaxMs) {
    // Not tried a second time: it would be counted on again without effect.
    restartTimeout(draft, instance);
    return setStep(draft, { ...instance, retire: "surplus" }, { kind: "finishing" });
  }
  if (isAsked(draft, instance.uuid)) return;
  ask(draft, instance.uuid);
  draft.effect({ kind: "enable-gocd-agent", taskId: instance.taskId, uuid: instance.uuid });
}

function keep(draft: Draft, instance: Draining, gocdAgent: GocdAgent): void {
  register(draft, instance, instance.uuid, activityOf(gocdAgent, undefined, draft.atMs));
}

function advanceEnabled(draft: Draft, instance: Draining, gocdAgent: GocdAgent): void {
  const { step } = instance;
  const isWelcome = instance.retire === undefined && draft.state.controls.mode === "run";
  if (step.kind !== "disabling" && isWelcome) {
    keep(draft, instance, gocdAgent);
    draft.note({ kind: "drain-undone", taskId: instance.taskId, profile: instance.profile });
    return;
  }
  if (step.kind === "disabling" && draft.atMs - step.askedMs < askAgainMs) return;
  setStep(draft, instance, { kind: "disabling", askedMs: draft.atMs });
  draft.effect({ kind: "disable-gocd-agents", agents: [{ taskId: instance.taskId, uuid: instance.uuid }] });
}

function advanceDisabled(draft: Draft, instance: Draining, gocdAgent: GocdAgent): void {
  const { step } = instance;
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
      // Lists that came under the brake, or in maintenance mode, count: one without the record, or with a build, starts
      // over.
      const sinceMs = Math.max(step.firstIdleMs, safeSinceMs(draft, gocdAgent));
      return isIdleConfirmed(draft, sinceMs) ? askDelete(draft, instance, draft.atMs) : undefined;
    }
    case "deleting": {
      const sinceMs = step.sinceMs ?? step.askedMs;
      if (shownForMs(draft.state, sinceMs) >= deleteMaxMs) return leaveRecord(draft, instance);
      if (draft.atMs - step.askedMs >= askAgainMs) askDelete(draft, instance, sinceMs);
      return;
    }
    case "enabling":
      return;
    default:
      step satisfies never;
  }
}

function askDelete(draft: Draft, instance: Draining, sinceMs: number): void {
  setStep(draft, { ...instance, isDeleteAsked: true }, { kind: "deleting", askedMs: draft.atMs, sinceMs });
  draft.effect({ kind: "delete-gocd-agents", agents: [{ taskId: instance.taskId, uuid: instance.uuid }] });
}

/**
 * The server does not delete the record, say because our account is no administrator any more. Disabled and idle all the
 * while, the agent can be given no work: its place is given back, and the record is deleted once the server allows that.
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
 * Idle, or out of contact for so long that the server has given its job, if any, to another. A server up to 18.6 never
 * calls one lost that it has not heard since its own start (AgentInstance.refresh): it stays Missing.
 */
function isSafe(draft: Draft, gocdAgent: GocdAgent): boolean {
  const word = activityWord(gocdAgent);
  const isLost = word === "LostContact" || word === "Missing";
  return word === "idle" || (isLost && isLostLongEnough(draft, gocdAgent));
}

/** Since when each list has shown it so. */
function safeSinceMs({ state: { server }, atMs }: Draft, { uuid }: GocdAgent): number {
  return server.disabledIdleSinceMs.get(uuid) ?? server.lostSinceMs.get(uuid) ?? atMs;
}

function setStep(draft: Draft, instance: Draining, step: DrainStep): void {
  draft.put({ ...instance, step });
}
