// An instance that Mesos had lost and reports as running again. If its record was deleted in the meantime, it cannot
// have a build and will not register again (GoCD 20.2 and later; before, it reappears as Pending), so it is killed.

import type { Draft } from "../draft.ts";
import type { AgentActivity, AgentInstance, Gone, Unreachable } from "../instance.ts";
import { isJustUnlisted, isWatchedSince, lastListed } from "./gocd_index.ts";
import { agentsAsOfMs, isFresh } from "../session/reading.ts";
import type { State } from "../state.ts";

/** Reported as running by Mesos after we deleted its record, and not seen on the GoCD server since. */
const unrecordedWord = "unrecorded";

/** Reported as running by Mesos again, and not shown by a list since. */
const returnedWord = "returned";

/** The activity of an instance when Mesos reports it as running again, as far as known. */
export function activityOnReturn(draft: Draft, instance: AgentInstance & { readonly uuid?: string }): AgentActivity {
  const { reading, agents } = draft.state.server;
  if (instance.isDeleted !== true || mayHaveOther(draft.state, instance)) {
    return { kind: "unsure", sinceMs: draft.atMs, word: returnedWord };
  }
  const isListed = reading === undefined || agents.some(({ uuid }) => uuid === instance.uuid);
  return { kind: "unsure", sinceMs: isListed ? draft.atMs : reading.readMs, word: unrecordedWord };
}

/** Whether Mesos has reported it as running again, and no list has shown it since. */
export function isBack(activity: AgentActivity): boolean {
  return activity.kind === "unsure" && activity.word === returnedWord;
}

/** Whether one of its other records may exist: it may be in contact, and a list may temporarily lack it. */
function mayHaveOther(state: State, { formerUuids = [] }: AgentInstance): boolean {
  return formerUuids.some((uuid) => lastListed(state.server, uuid) !== undefined || isJustUnlisted(state, uuid));
}

/** Whether we deleted its record, and the GoCD server has not listed it since it was reported as running again. */
export function isReturning(activity: AgentActivity): activity is AgentActivity & { readonly kind: "unsure" } {
  return activity.kind === "unsure" && activity.word === unrecordedWord;
}

/** Whether it was not enabled yet, as far as known: then it registers like any other. */
export function isPendingOnReturn({ state: { server } }: Draft, { uuid, wasPending }: Unreachable | Gone): boolean {
  const record = lastListed(server, uuid);
  return record === undefined ? wasPending === true : record.configState === "Pending";
}

/**
 * Whether the current list, which lacks the record, was requested long enough after a list that might have shown it.
 */
export function isUnrecorded(draft: Draft, activity: AgentActivity): boolean {
  if (!isReturning(activity) || !isFresh(draft)) return false;
  const { server, settings } = draft.state;
  // Before that its process may have registered anew.
  if (!isWatchedSince(draft.state, activity.sinceMs)) return false;
  return agentsAsOfMs(server) - activity.sinceMs >= settings.scaling.drainConfirmMs;
}
