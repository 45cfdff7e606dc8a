// Disables and deletes the GocdAgent record of an instance whose task is over, then forgets the instance. A record is
// touched only once no job depends on it.

import { activityWord } from "./activity.ts";
import { holdsTakingDown } from "./brake.ts";
import { doubtLoss, isHeardAgain } from "./doubt.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent } from "../gocd_records.ts";
import type { Gone } from "../instance.ts";
import { ask, type GocdAgentIndex, isAsked, isIdleTwice, isLostLongEnough } from "./gocd_index.ts";
import { isRemembered } from "../demand/hung_build.ts";
import { shownForMs } from "../session/reading.ts";
import type { State } from "../state.ts";
import { absentMs } from "./gocd_clocks.ts";
import { isUsedByAnother } from "../identity/shared_guid.ts";

/** A dead instance is remembered at least this long, so that a ghost of it is never enabled. */
const rememberMs = 600_000;

/**
 * A dead agent that still seems to build after so long: the server up to 17.8 does not see the silence of a disabled
 * agent, that of 15.2 shows the last build for ever. It deletes none that really builds.
 */
const stuckMs = 600_000;

/** Takes the next step towards forgetting it. */
export function cleanUp(draft: Draft, instance: Gone, index: GocdAgentIndex): void {
  if (holdsTakingDown(draft.state)) return;
  const found = findRecord(instance, index);
  const record = found !== undefined && isUsedByAnother(draft.state, instance, found.uuid) ? undefined : found;
  if (record === undefined || record.configState === "Pending") {
    // Pending records cannot be deleted and vanish by themselves; ours are never enabled once the task is over.
    if (record === undefined && isOver(draft, instance)) draft.remove(instance.taskId);
    return;
  }
  if (isHeardAgain(draft, instance, record)) return doubtLoss(draft, instance, record.uuid, instance.message);
  if (instance.uuid !== record.uuid) {
    const { isDeleteAsked: _, ...others } = instance;
    draft.put({ ...others, uuid: record.uuid });
  }
  if (isAsked(draft, record.uuid) || draft.state.server.info?.maintenance === "on") return;
  const word = activityWord(record);
  if (record.configState === "Disabled") {
    if (word === "building" && draft.atMs - instance.sinceMs < stuckMs) return;
    // The server has restarted: although Mesos calls it lost, the agent may still be alive and building.
    if (word === "Missing" && !isLostLongEnough(draft, record)) return;
    if (word === "idle" && mayLive(instance) && !isIdleTwice(draft, record)) return;
    ask(draft, record.uuid);
    if (instance.isDeleteAsked !== true) draft.put({ ...instance, uuid: record.uuid, isDeleteAsked: true });
    draft.effect({ kind: "delete-gocd-agents", agents: [{ taskId: instance.taskId, uuid: record.uuid }] });
    return;
  }
  // Enabled: while it seems to build, the server must find out by itself that it is dead, or its job is never rescheduled.
  if (word === "building") return;
  if (word === "LostContact" && !isLostLongEnough(draft, record)) return;
  ask(draft, record.uuid);
  draft.effect({ kind: "disable-gocd-agents", agents: [{ taskId: instance.taskId, uuid: record.uuid }] });
}

/**
 * Whether nothing of it is left. Counted by the time that lists have shown, as one list may lack its record, the clock may
 * have been set, and a run that has just begun may not have seen it yet.
 */
function isOver(draft: Draft, instance: Gone): boolean {
  return shownForMs(draft.state, instance.sinceMs) >= rememberMs && !isRemembered(draft, instance) &&
    !isJustUnlisted(draft.state, instance.uuid);
}

/** Whether the lists of this run have yet to lack a record for long enough to say that the server has none. */
export function isJustUnlisted({ server }: State, uuid: string | undefined): boolean {
  return uuid !== undefined && shownForMs({ server }, server.unlisted.get(uuid)?.sinceMs ?? 0) < absentMs;
}

/** Nobody has seen its container end: an agent that the server hears is taken out of service as in any drain. */
function mayLive({ cause }: Gone): boolean {
  return cause === "lost" || cause === "dropped" || cause === "never-registered";
}

/** The server believes that the dead agent builds: enabled, its silence is seen, and its job given to another. */
export function reenableDeadRecord(draft: Draft, instance: Gone): void {
  if (instance.uuid === undefined || draft.atMs - instance.sinceMs < stuckMs) return;
  draft.effect({ kind: "enable-gocd-agent", taskId: instance.taskId, uuid: instance.uuid });
}

function findRecord(instance: Gone, index: GocdAgentIndex): GocdAgent | undefined {
  const byUuid = index.byUuid.get(instance.uuid);
  if (byUuid !== undefined) return byUuid;
  const named = index.byName.get(instance.taskId) ?? [];
  return named.find((each) => each.configState !== "Pending") ?? named[0];
}
