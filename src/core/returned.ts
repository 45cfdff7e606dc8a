// An instance that Mesos had lost and gives back. One whose record was deleted meanwhile can hold no build and does not
// register again (GoCD 20.2 and later; before, it comes back as Pending): it is stopped instead of holding a place.

import type { Draft } from "./draft.ts";
import type { AgentActivity, AgentInstance } from "./instance.ts";
import { agentsAsOfMs, isFresh } from "./reading.ts";

/** Given back by Mesos, and not yet seen by the GoCD server again. */
const returnedWord = "returned";
/** Given back by Mesos, and not in the list of the GoCD server. */
const unrecordedWord = "unrecorded";

/** What an instance does in the moment in which Mesos gives it back, as far as is known. */
export function activityOnReturn(draft: Draft, instance: AgentInstance & { readonly uuid?: string }): AgentActivity {
  const { reading, agents } = draft.state.server;
  const isShown = agents.some(({ uuid }) => uuid === instance.uuid);
  return reading === undefined || isShown
    ? { kind: "unsure", sinceMs: draft.atMs, word: returnedWord }
    : { kind: "unsure", sinceMs: reading.readMs, word: unrecordedWord };
}

/** Whether the GoCD server has yet to show it since it was given back. */
export function isReturning(activity: AgentActivity): activity is AgentActivity & { readonly kind: "unsure" } {
  return activity.kind === "unsure" && (activity.word === returnedWord || activity.word === unrecordedWord);
}

/** What a list without its record says of an instance that is returning. */
export function stillUnrecorded(draft: Draft, before: AgentActivity & { readonly kind: "unsure" }): AgentActivity {
  if (before.word === unrecordedWord) return before;
  return agentsAsOfMs(draft.state.server) < before.sinceMs
    ? before
    : { kind: "unsure", sinceMs: draft.atMs, word: unrecordedWord };
}

/** Whether it has yet to be enabled: then it registers as any other. */
export function isPendingOnReturn({ state: { server } }: Draft, uuid: string): boolean {
  return server.agents.some((each) => each.uuid === uuid && each.configState === "Pending");
}

/** Whether a second list, asked for long enough after the first and a moment ago, lacks the record as well. */
export function isUnrecorded(draft: Draft, activity: AgentActivity): boolean {
  const { state } = draft;
  if (activity.kind !== "unsure" || activity.word !== unrecordedWord || !isFresh(draft)) return false;
  return agentsAsOfMs(state.server) - activity.sinceMs >= state.settings.scaling.drainConfirmMs;
}
