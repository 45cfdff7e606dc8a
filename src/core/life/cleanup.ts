// Disables and deletes the GocdAgent record of an instance whose task has ended, then removes the instance. A record is
// changed only once no job depends on it.

import { activityWord } from "./activity.ts";
import { holdsTakingDown } from "./brake.ts";
import { doubtLoss, isHeardAgain } from "./doubt.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent } from "../gocd_records.ts";
import type { Gone } from "../instance.ts";
import {
  type GocdAgentIndex,
  isIdleTwice,
  isJustUnlisted,
  isLostLongEnough,
  isRequested,
  markRequested,
} from "./gocd_index.ts";
import { isRemembered } from "../demand/hung_build.ts";
import { shownForMs } from "../session/reading.ts";
import { formerRecords, markDeleteAsked } from "./phase.ts";
import { isUsedByAnother } from "../identity/shared_guid.ts";

/** A dead instance is remembered at least this long, so that a stale record of it is never enabled. */
const rememberMs = 600_000;

/**
 * After this long a dead agent that seems to build is deleted: up to 17.8 the server does not detect the silence of a
 * disabled agent, and 15.2 shows the last build forever. It refuses to delete an agent that is really building.
 */
const stuckMs = 600_000;

/** Takes the next step towards removing it. */
export function cleanUp(draft: Draft, instance: Gone, index: GocdAgentIndex): void {
  if (holdsTakingDown(draft.state)) return;
  const found = findRecord(instance, index);
  const record = found !== undefined && isUsedByAnother(draft.state, instance, found.uuid) ? undefined : found;
  if (record === undefined || record.configState === "Pending") {
    // Pending records cannot be deleted and disappear on their own; ours are never enabled once the task has ended.
    if (record === undefined && isOver(draft, instance)) draft.remove(instance.taskId);
    return;
  }
  if (isHeardAgain(draft, instance, record)) return doubtLoss(draft, instance, record.uuid, instance.message);
  if (instance.uuid === record.uuid) return removeRecord(draft, instance, record);
  const { isDeleteAsked: _, isDeleted, formerUuids: before = [], ...others } = instance;
  const { formerUuids = before } = formerRecords(instance, record.uuid);
  // One that the server has deleted for certain need not be remembered.
  const left = formerUuids.filter((each) => each !== record.uuid && (isDeleted !== true || each !== instance.uuid));
  const other = { ...others, ...(left.length === 0 ? {} : { formerUuids: left }), uuid: record.uuid };
  draft.put(other);
  removeRecord(draft, other, record);
}

/** Disables the record, or deletes it if it is disabled. */
function removeRecord(draft: Draft, instance: Gone, record: GocdAgent): void {
  if (isRequested(draft, record.uuid) || draft.state.server.info?.maintenance === "on") return;
  const word = activityWord(record);
  if (record.configState === "Disabled") {
    if (word === "building" && draft.atMs - instance.sinceMs < stuckMs) return;
    // The server has restarted: although Mesos reports it as lost, the agent may still be running and building.
    if (word === "Missing" && !isLostLongEnough(draft, record)) return;
    if (word === "idle" && mayLive(instance) && !isIdleTwice(draft, record)) return;
    markRequested(draft, record.uuid);
    markDeleteAsked(draft, instance);
    draft.effect({ kind: "delete-gocd-agents", agents: [{ taskId: instance.taskId, uuid: record.uuid }] });
    return;
  }
  // Enabled: while it seems to build, the server itself must detect that it is dead, otherwise its job is never
  // rescheduled.
  if (word === "building") return;
  if (word === "LostContact" && !isLostLongEnough(draft, record)) return;
  markRequested(draft, record.uuid);
  draft.effect({ kind: "disable-gocd-agents", agents: [{ taskId: instance.taskId, uuid: record.uuid }] });
}

/**
 * Whether nothing of it is left. Based on the time covered by lists, because one list may lack its record, the clock
 * may have been set, and a run that has just started may not have seen it yet.
 */
function isOver(draft: Draft, instance: Gone): boolean {
  return shownForMs(draft.state, instance.sinceMs) >= rememberMs && !isRemembered(draft, instance) &&
    !isJustUnlisted(draft.state, instance.uuid);
}

/** The end of its container was not observed: an agent in contact with the server is drained as usual. */
function mayLive({ cause, isUnproven }: Gone): boolean {
  return isUnproven === true || cause === "lost" || cause === "dropped" || cause === "never-registered";
}

/**
 * The server treats the dead agent as building: if it is enabled, its silence is detected, and its job is rescheduled.
 */
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
