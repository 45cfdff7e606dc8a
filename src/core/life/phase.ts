// Moves an instance from one phase to another.

import { errorCharactersMax, oneLine } from "../text.ts";
import type { Draft } from "../draft.ts";
import {
  type AgentActivity,
  type AgentInstance,
  type DrainReason,
  type EndCause,
  type Gone,
  inPhase,
  type InstanceMarks,
  type KillCause,
  type Registered,
} from "../instance.ts";
import type { IdleReason, KillReason } from "./causes.ts";
import { clocksOf } from "../profile_of.ts";

/** The uuid of its GocdAgent, if known. */
export function uuidOf(instance: AgentInstance): string | undefined {
  switch (instance.state) {
    case "launching":
      return undefined;
    case "starting":
      return instance.pendingUuid;
    default:
      return instance.uuid;
  }
}

/** Maximum number of earlier records remembered for an instance. */
const formerMax = 10;

/** Its earlier records once this one counts, or none. */
export function formerRecords(instance: AgentInstance, uuid: string | undefined): Pick<InstanceMarks, "formerUuids"> {
  // A Pending record that was being enabled may be that of somebody who has copied the name.
  const before = instance.state === "starting" ? undefined : uuidOf(instance);
  if (before === undefined || before === uuid) return {};
  const others = (instance.formerUuids ?? []).filter((each) => each !== before && each !== uuid);
  return { formerUuids: [...others, before].slice(-formerMax) };
}

/** The instance once this record counts: a DELETE that was requested for the former one does not concern it. */
export function underRecord<Instance extends AgentInstance>(instance: Instance, uuid: string): Instance {
  if (uuidOf(instance) === uuid) return instance;
  const { isDeleteAsked: _, isDeleted: __, ...kept } = instance;
  return { ...kept as Instance, ...formerRecords(instance, uuid) };
}

/** The GoCD server lists this record for it, which must no longer be deleted. */
export function register(draft: Draft, instance: AgentInstance, uuid: string, activity: AgentActivity): Registered {
  const { strangers: _, wasPending: __, isDeleteAsked: ___, isDeleted: ____, ...kept } = instance;
  const registered = inPhase({ ...kept, ...formerRecords(instance, uuid) }, {
    state: "registered",
    sinceMs: draft.atMs,
    uuid,
    activity,
  });
  draft.put(registered);
  return registered;
}

/** A DELETE of its record is requested, which the server has not confirmed yet, even if it confirmed an earlier one. */
export function markDeleteAsked(draft: Draft, instance: AgentInstance): void {
  if (instance.isDeleteAsked === true && instance.isDeleted !== true) return;
  const { isDeleted: _, ...kept } = instance;
  draft.put({ ...kept, isDeleteAsked: true });
}

/** Its record is listed as enabled: it exists again, whatever was confirmed. A DELETE may still be on its way. */
export function notDeleted<Instance extends AgentInstance>(instance: Instance): Instance {
  if (instance.isDeleted === undefined) return instance;
  const { isDeleted: _, ...kept } = instance;
  return kept as Instance;
}

/** Drains a registered instance: DISABLE is sent, the next steps follow from lists. */
export function startDrain(
  draft: Draft,
  instance: Registered,
  reason: DrainReason,
  whyIdle: IdleReason = { kind: "unneeded" },
): void {
  const step = { kind: "disabling", askedMs: draft.atMs } as const;
  draft.put(inPhase(instance, { state: "draining", sinceMs: draft.atMs, uuid: instance.uuid, reason, step }));
  draft.effect({ kind: "disable-gocd-agents", agents: [{ taskId: instance.taskId, uuid: instance.uuid }] });
  draft.note({
    kind: "agent-draining",
    taskId: instance.taskId,
    profile: instance.profile,
    uuid: instance.uuid,
    reason,
    idleMs: draft.atMs - instance.activity.sinceMs,
    why: whyIdle,
  });
}

/** Sends KILL, repeatedly until Mesos reports a terminal state (core/life/lifecycle_clock.ts). */
export function startKill(draft: Draft, instance: AgentInstance, cause: KillCause, why: KillReason): void {
  const uuid = uuidOf(instance);
  const isOurs = cause !== "by-mesos";
  const canSend = isOurs && draft.state.session.kind === "subscribed";
  const { lastKillMs: _, ...kept } = instance;
  draft.put(inPhase(canSend ? { ...kept, lastKillMs: draft.atMs } : kept, {
    state: "killing",
    sinceMs: draft.atMs,
    ...(uuid === undefined ? {} : { uuid }),
    cause,
  }));
  if (canSend) sendKill(draft, instance);
  draft.note({
    kind: "agent-killing",
    taskId: instance.taskId,
    profile: instance.profile,
    host: instance.host,
    cause,
    why,
  });
}

/** Its task as used in calls; if its Mesos agent is not known, the master finds it by its id alone. */
export function taskOf({ taskId, mesosAgentId }: AgentInstance): { taskId: string; mesosAgentId?: string } {
  return mesosAgentId === "" ? { taskId } : { taskId, mesosAgentId };
}

/** Sends KILL with the grace period of the profile. */
export function sendKill(draft: Draft, instance: AgentInstance): void {
  draft.effect({
    kind: "kill-task",
    ...taskOf(instance),
    graceMs: clocksOf(draft.state.settings, instance.profile).killGraceMs,
  });
}

/** The first KILL was certainly not sent: it is as if there had been no session. */
export function killUnsent(draft: Draft, taskId: string): void {
  const instance = draft.instance(taskId);
  if (instance?.state !== "killing" || instance.lastKillMs !== instance.sinceMs) return;
  const { lastKillMs: _, ...kept } = instance;
  draft.put(kept);
}

/** It has ended according to Mesos, and is not in contact with the GoCD server. */
export function endUnproven(draft: Draft, instance: AgentInstance, cause: EndCause, message: string): void {
  draft.put({ ...ended(draft, instance, cause, message), isUnproven: true });
}

/** The task has ended; its record on the GoCD server is cleaned up from here on. */
export function end(draft: Draft, instance: AgentInstance, cause: EndCause, message: string): void {
  draft.put(ended(draft, instance, cause, message));
}

function ended({ atMs }: Draft, instance: AgentInstance, cause: EndCause, message: string): Gone {
  const uuid = uuidOf(instance);
  return inPhase(instance, {
    state: "gone",
    sinceMs: atMs,
    ...(uuid === undefined ? {} : { uuid }),
    cause,
    message: oneLine(message, errorCharactersMax),
  });
}
