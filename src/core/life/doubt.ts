// A task that Mesos has lost while GoCD is in contact with its agent. The container may well be alive (empty registry,
// another cluster), so the instance is unreachable until one of the two gives in.

import { isHeard } from "./activity.ts";
import { holdsTakingDown, judgeLosses } from "./brake.ts";
import type { Draft } from "../draft.ts";
import { countLoss, waivePollWait } from "./failures.ts";
import type { GocdAgentIndex } from "./gocd_index.ts";
import { isLostLongEnough } from "./gocd_index.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "../identity/hostnames.ts";
import { withPossibleBuild } from "../demand/hung_build.ts";
import { type AgentInstance, type Gone, inPhase, type Unreachable } from "../instance.ts";
import { end, endUnproven, uuidOf } from "./phase.ts";
import { askFor } from "../session/reconciliation.ts";
import type { TaskStatus } from "../session/task_status.ts";

/**
 * Mesos agents have 10 minutes to come back to a new master (`--agent_reregister_timeout`). A task that it does not know
 * after that is over, whoever still hears its agent: it is taken out of service as in any drain.
 */
export const doubtMsMax = 900_000;

/**
 * Whether the update comes from the Mesos agent, which has seen the container end: only those must be acknowledged
 * (Mesos docs/scheduler-http-api.md, ACKNOWLEDGE). All other words of loss are the master's, which just does not know.
 */
export function isProof({ uuid }: TaskStatus): boolean {
  return uuid !== undefined && uuid !== "";
}

/**
 * The record of an instance that the server hears, by the last list. A list that was not read yet, or is perhaps another
 * server's, may show any that had registered.
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

/** Mesos' word alone: the instance is unreachable, and Mesos is asked again and again. */
export function doubtLoss(draft: Draft, instance: AgentInstance, uuid: string, message: string): void {
  if (instance.state === "unreachable" && instance.lost !== undefined) {
    const { reconciliation } = draft.state;
    const pending = new Set([...reconciliation.pending, instance.taskId]);
    return draft.set({ reconciliation: { ...reconciliation, pending } });
  }
  askFor(draft, instance.taskId);
  if (instance.state !== "unreachable") countLoss(draft, instance);
  draft.put(inPhase(withPossibleBuild(draft, instance), {
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
 * Whether a dead instance, of whose end there is no proof, turns out to be heard: Mesos may yet find it. One that was
 * dropped may have been launched by another copy of its ACCEPT, which a restored state does not know of.
 */
export function isHeardAgain(
  draft: Draft,
  instance: Gone,
  record: GocdAgent,
): boolean {
  const isDropped = instance.cause === "dropped" && instance.lossAccepted !== true && isRecent(draft, instance);
  return isHeard(record) && (isDropped || mayComeBack(draft, instance));
}

/** Whether Mesos, of whose word alone it is dead, may yet find it. */
export function mayComeBack(draft: Draft, instance: Gone): boolean {
  return instance.isUnproven === true && instance.lossAccepted !== true && isRecent(draft, instance);
}

function isRecent({ atMs, state: { startedMs } }: Draft, { sinceMs }: Gone): boolean {
  return atMs - Math.max(sinceMs, startedMs) < doubtMsMax;
}

/** What the list says of an instance in doubt: silence proves Mesos right. */
export function advanceDoubt(
  draft: Draft,
  instance: Unreachable,
  index: GocdAgentIndex,
): void {
  const { lost, taskId, uuid } = instance;
  if (lost === undefined || draft.state.brake.gocd !== undefined) return;
  const named = index.byName.get(taskId) ?? [];
  const records = [index.byUuid.get(uuid), ...named].filter((each) => each !== undefined);
  const watchedMs = draft.atMs - Math.max(lost.sinceMs, draft.state.startedMs);
  const isOpen = instance.lossAccepted !== true && (watchedMs < doubtMsMax || holdsTakingDown(draft.state));
  if (isOpen) {
    if (records.some(isHeard)) return;
    // The server has just started: agents are Missing until their next ping.
    if (records.some((each) => each.agentState === "Missing" && !isLostLongEnough(draft, each))) return;
  }
  (isOpen ? endUnproven : end)(draft, instance, "lost", lost.message);
  waivePollWait(draft, instance);
  draft.note({ kind: "agent-lost", taskId, host: instance.host, message: lost.message });
}
