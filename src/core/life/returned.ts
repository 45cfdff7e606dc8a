// An instance that Mesos had lost and reports again. If its record was deleted meanwhile, it can hold no build and will
// not register again (GoCD 20.2 on; before, it comes back as Pending), so it is killed.

import type { Draft } from "../draft.ts";
import type { AgentActivity, AgentInstance } from "../instance.ts";
import { agentsAsOfMs, isFresh } from "../session/reading.ts";

/** Given back by Mesos after we had its record deleted, and not seen on the GoCD server since. */
const unrecordedWord = "unrecorded";

/** What an instance does in the moment in which Mesos gives it back, as far as is known. */
export function activityOnReturn(draft: Draft, instance: AgentInstance & { readonly uuid?: string }): AgentActivity {
  const { reading, agents } = draft.state.server;
  if (instance.isDeleteAsked !== true) return { kind: "unsure", sinceMs: draft.atMs, word: "returned" };
  const isListed = reading === undefined || agents.some(({ uuid }) => uuid === instance.uuid);
  return { kind: "unsure", sinceMs: isListed ? draft.atMs : reading.readMs, word: unrecordedWord };
}

/** Whether its record was deleted by us, and the GoCD server has not shown it since it was given back. */
export function isReturning(activity: AgentActivity): activity is AgentActivity & { readonly kind: "unsure" } {
  return activity.kind === "unsure" && activity.word === unrecordedWord;
}

/** Whether it has yet to be enabled: then it registers as any other. */
export function isPendingOnReturn({ state: { server } }: Draft, uuid: string): boolean {
  return server.agents.some((each) => each.uuid === uuid && each.configState === "Pending");
}

/** Whether a list of now that lacks the record was asked for long enough after a list that might have shown it. */
export function isUnrecorded(draft: Draft, activity: AgentActivity): boolean {
  if (!isReturning(activity) || !isFresh(draft)) return false;
  const { server, settings } = draft.state;
  return agentsAsOfMs(server) - activity.sinceMs >= settings.scaling.drainConfirmMs;
}
