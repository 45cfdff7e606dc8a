// A task that Mesos has lost while GoCD is in contact with its agent. The container may well be running (empty
// registry, another cluster), so the instance is unreachable until the two agree.

import { isHeard } from "./activity.ts";
import { holdsTakingDown, judgeLosses } from "./brake.ts";
import type { Draft } from "../draft.ts";
import { countLoss, waivePollWait } from "./failures.ts";
import type { GocdAgentIndex } from "./gocd_index.ts";
import { isLostLongEnough, lastListed } from "./gocd_index.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "../identity/hostnames.ts";
import { withPossibleBuild } from "../demand/hung_build.ts";
import { type AgentInstance, type Gone, inPhase, type Unreachable } from "../instance.ts";
import { end, endUnproven, underRecord, uuidOf } from "./phase.ts";
import { askFor } from "../session/reconciliation.ts";
import type { TaskStatus } from "../session/task_status.ts";
import { watchedMs } from "../session/watched.ts";

/**
 * Mesos agents have 10 minutes to reregister with a new master (`--agent_reregister_timeout`). A task that is unknown
 * after that counts as ended, even if the GoCD server is in contact with its agent: it is drained as usual.
 */
export const doubtMsMax = 900_000;

/**
 * Whether the update comes from the Mesos agent, which has seen the container end: only those must be acknowledged
 * (Mesos docs/scheduler-http-api.md, ACKNOWLEDGE). All other reports of loss come from the master, which merely does
 * not know the task.
 */
export function isProof({ uuid }: TaskStatus): boolean {
  return uuid !== undefined && uuid !== "";
}

/**
 * The record of an instance that is in contact with the server according to the last list. If no list was read yet, or
 * if it may be from another server, any registered agent may be in contact.
 */
export function heardRecord(draft: Draft, instance: AgentInstance): { readonly uuid: string } | undefined {
  const { server } = draft.state;
  const uuid = uuidOf(instance);
  const isUnread = server.reading === undefined || draft.state.brake.gocd !== undefined;
  if (isUnread) return uuid === undefined ? undefined : { uuid };
  return server.agents.find((each) =>
    !each.elastic && (each.uuid === uuid || nameOf(each) === instance.taskId) && isHeard(each)
  );
}

/** Only Mesos reports the loss: the instance is unreachable, and is reconciled repeatedly. */
export function doubtLoss(draft: Draft, instance: AgentInstance, uuid: string, message: string): void {
  if (instance.state === "unreachable" && instance.lost !== undefined) {
    const { reconciliation } = draft.state;
    const pending = new Set([...reconciliation.pending, instance.taskId]);
    return draft.patch("reconciliation", { pending });
  }
  askFor(draft, instance.taskId);
  if (instance.state !== "unreachable") countLoss(draft, instance);
  draft.put(inPhase(underRecord(withPossibleBuild(draft, instance), uuid), {
    state: "unreachable",
    sinceMs: instance.state === "unreachable" ? instance.sinceMs : draft.atMs,
    uuid,
    lost: { sinceMs: draft.atMs, message },
  }));
  waivePollWait(draft, instance);
  judgeLosses(draft);
  draft.note({ kind: "agent-doubted", taskId: instance.taskId, host: instance.host, message });
}

/**
 * Whether a dead instance without proof of its end turns out to be in contact: Mesos may still find it. A dropped one
 * may have been launched by another copy of its ACCEPT, which a restored state does not know.
 */
export function isHeardAgain(
  draft: Draft,
  instance: Gone,
  record: GocdAgent,
): boolean {
  const isDropped = instance.cause === "dropped" && instance.lossAccepted !== true && isRecent(draft, instance);
  return isHeard(record) && (isDropped || mayComeBack(draft, instance));
}

/** Whether Mesos, which alone reported its end, may still find it. */
export function mayComeBack(draft: Draft, instance: Gone): boolean {
  return instance.isUnproven === true && instance.lossAccepted !== true && isRecent(draft, instance);
}

function isRecent(draft: Draft, { sinceMs }: Gone): boolean {
  return watchedMs(draft, sinceMs) < doubtMsMax;
}

/** Updates an instance in doubt from a list: silence confirms Mesos. */
export function advanceDoubt(
  draft: Draft,
  instance: Unreachable,
  index: GocdAgentIndex,
): void {
  const { lost, taskId, uuid } = instance;
  if (lost === undefined || draft.state.brake.gocd !== undefined) return;
  const named = index.byName.get(taskId) ?? [];
  const records = [index.byUuid.get(uuid), ...named].filter((each) => each !== undefined);
  const isOpen = instance.lossAccepted !== true &&
    (watchedMs(draft, lost.sinceMs) < doubtMsMax || holdsTakingDown(draft.state));
  if (isOpen) {
    if (records.some(isHeard)) return;
    // A list may lack its record: silence is what lists show, or ten minutes without it.
    const isHidden = records.length === 0 && instance.isDeleted !== true;
    const hidden = isHidden ? lastListed(draft.state.server, uuid) : undefined;
    if (hidden !== undefined && isHeard(hidden)) return;
    // The server has just started: agents are Missing until their next ping.
    if (records.some((each) => each.agentState === "Missing" && !isLostLongEnough(draft, each))) return;
  }
  (isOpen ? endUnproven : end)(draft, instance, "lost", lost.message);
  waivePollWait(draft, instance);
  draft.note({ kind: "agent-lost", taskId, host: instance.host, message: lost.message });
}
