// Scale-in without harm: disable → seen Disabled by GET → idle on two reads far enough apart → delete → seen gone → kill.
// Not here: who is drained (scale_in.ts). Source: the two races of GoCD assignment (facts: gocd 4.5). Called by lifecycle_gocd.ts.

import { activityOf, activityWord } from "./activity.ts";
import { countedSince, holdsTakingDown } from "./brake.ts";
import type { Draft } from "./draft.ts";
import { absentMs, askAgainMs, reenableMaxMs } from "./gocd_clocks.ts";
import type { GocdAgent } from "./gocd_records.ts";
import { ask, isAsked, isLostLongEnough } from "./gocd_index.ts";
import type { AgentInstance, DrainStep } from "./instance.ts";
import { identityOf, register, startKill } from "./phase.ts";
import { profileOf } from "./profile_of.ts";
import { formatDuration } from "./reason.ts";

/** An instance on its way out. */
export type Draining = AgentInstance & { readonly state: "draining" };

/** Takes the next step of a drain, by what the server shows. `undefined`: its record is not in the list. */
export function followDrain(draft: Draft, instance: Draining, gocdAgent: GocdAgent | undefined): void {
  // Nothing is taken down, nor can be changed, while the server is in maintenance mode.
  if (draft.state.server.info?.maintenance === "on" || holdsTakingDown(draft.state)) return;
  const timeoutMs = profileOf(draft.state.settings, instance.profile)?.drainTimeoutMs;
  if (timeoutMs !== undefined && draft.atMs - instance.sinceMs >= timeoutMs) {
    startKill(
      draft,
      instance,
      "drain-timeout",
      `it was still busy ${formatDuration(timeoutMs)} after it was disabled (drain-timeout)`,
    );
    return;
  }
  // A deleted record whose agent still talks comes back as Pending; it gets no work (facts: gocd 4.7).
  const isBuilding = gocdAgent !== undefined && activityWord(gocdAgent) === "building";
  const isGhost = gocdAgent?.configState === "Pending" && !isBuilding;
  if (gocdAgent === undefined || isGhost) return followAbsent(draft, instance);
  if (instance.step.kind === "enabling") return followEnabling(draft, instance, instance.step.askedMs, gocdAgent);
  if (gocdAgent.configState === "Enabled") return followEnabled(draft, instance, gocdAgent);
  if (gocdAgent.configState === "Disabled") followDisabled(draft, instance, gocdAgent);
}

/** New demand: the instance is enabled again instead of a new one being launched. */
export function reuse(draft: Draft, instance: Draining): void {
  setStep(draft, instance, { kind: "enabling", askedMs: draft.atMs });
  ask(draft, instance.uuid);
  draft.effect({ kind: "enable-gocd-agent", taskId: instance.taskId, uuid: instance.uuid });
  draft.note({
    level: "info",
    code: "agent-reused",
    text: `${instance.taskId} is enabled again: jobs wait that it can take`,
    fields: { taskId: instance.taskId, profile: instance.profile },
  });
}

/** The server refused the DELETE because it builds after all: the job is allowed to finish. */
export function deleteRefused(draft: Draft, instance: Draining): void {
  if (instance.step.kind === "deleting") setStep(draft, instance, { kind: "finishing" });
}

/**
 * Only DELETE takes a record out of the list, and the server deletes none that builds; but one list may be wrong. Nor is
 * the server's word that it is deleted enough for a KILL: the process may have started anew since the last look and
 * build under another uuid. The list without its record is a look from after the DELETE, and shows that too
 * (reregistered.ts).
 */
function followAbsent(draft: Draft, instance: Draining): void {
  const { step } = instance;
  if (step.kind === "deleting") {
    return startKill(draft, instance, "drained", "drained and deleted from the GoCD server");
  }
  if (step.kind !== "absent") return setStep(draft, instance, { kind: "absent", sinceMs: draft.atMs });
  if (draft.atMs - countedSince(draft.state, step.sinceMs) < absentMs) return;
  startKill(draft, instance, "record-deleted", "somebody has deleted its record on the GoCD server");
}

function followEnabling(draft: Draft, instance: Draining, askedMs: number, gocdAgent: GocdAgent): void {
  if (gocdAgent.configState === "Enabled") return keep(draft, instance, gocdAgent);
  if (draft.atMs - askedMs >= reenableMaxMs) {
    // Not tried a second time: it would be counted on again, in vain.
    return setStep(draft, { ...instance, retire: "surplus" }, { kind: "finishing" });
  }
  if (isAsked(draft, instance.uuid)) return;
  ask(draft, instance.uuid);
  draft.effect({ kind: "enable-gocd-agent", taskId: instance.taskId, uuid: instance.uuid });
}

function keep(draft: Draft, instance: Draining, gocdAgent: GocdAgent): void {
  register(draft, instance, instance.uuid, activityOf(gocdAgent, undefined, draft.atMs));
}

function followEnabled(draft: Draft, instance: Draining, gocdAgent: GocdAgent): void {
  const { step } = instance;
  const isWelcome = instance.retire === undefined && draft.state.controls.mode === "run";
  if (step.kind !== "disabling" && isWelcome) {
    keep(draft, instance, gocdAgent);
    draft.note({
      level: "info",
      code: "drain-undone",
      text: `${instance.taskId} was enabled again by somebody; it is kept`,
      fields: { taskId: instance.taskId, profile: instance.profile },
    });
    return;
  }
  if (step.kind === "disabling" && draft.atMs - step.askedMs < askAgainMs) return;
  setStep(draft, instance, { kind: "disabling", askedMs: draft.atMs });
  draft.effect({ kind: "disable-gocd-agents", agents: [{ taskId: instance.taskId, uuid: instance.uuid }] });
}

function followDisabled(draft: Draft, instance: Draining, gocdAgent: GocdAgent): void {
  const { step } = instance;
  const readAskedMs = draft.state.server.readAskedMs ?? draft.atMs;
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
    case "confirming":
      // A server that was away in between may have kept work that the agent has not fetched yet: count from its return.
      if ((draft.state.server.healthySinceMs ?? draft.atMs) > step.firstIdleMs) {
        setStep(draft, instance, { kind: "confirming", firstIdleMs: draft.atMs });
        return;
      }
      // The answer may be slow: what it shows is as old as the question.
      if (readAskedMs - step.firstIdleMs < draft.state.settings.scaling.drainConfirmMs) return;
      return askDelete(draft, instance);
    case "deleting":
      if (draft.atMs - step.askedMs >= askAgainMs) askDelete(draft, instance);
      return;
    case "enabling":
      return;
    default:
      step satisfies never;
  }
}

function askDelete(draft: Draft, instance: Draining): void {
  setStep(draft, instance, { kind: "deleting", askedMs: draft.atMs });
  draft.effect({ kind: "delete-gocd-agents", agents: [{ taskId: instance.taskId, uuid: instance.uuid }] });
}

/**
 * Idle, or out of contact for so long that the server has given its job, if any, to another. A server up to 18.6 never
 * calls one lost that it has not heard since its own start (facts: gocd 4.4): it stays Missing.
 */
function isSafe(draft: Draft, gocdAgent: GocdAgent): boolean {
  const word = activityWord(gocdAgent);
  const isLost = word === "LostContact" || word === "Missing";
  return word === "idle" || (isLost && isLostLongEnough(draft, gocdAgent));
}

function setStep(draft: Draft, instance: Draining, step: DrainStep): void {
  draft.put({
    ...identityOf(instance),
    state: "draining",
    sinceMs: instance.sinceMs,
    uuid: instance.uuid,
    reason: instance.reason,
    step,
  });
}
