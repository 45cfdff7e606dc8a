// Agents drained by the operator, individually or with their profile, while the program continues.

import type { Draft } from "../draft.ts";
import type { AgentInstance } from "../instance.ts";
import { mayFinish, restartTimeout } from "./drain.ts";

/** Whether an instance can still be drained. */
export function mayRetire({ state }: AgentInstance): boolean {
  return state !== "gone" && state !== "killing";
}

/** Whether it is removed in any case, even if another reason for removal is withdrawn. */
export function isForGood(mark: AgentInstance["retire"]): boolean {
  return mark === "surplus" || mark === "stop-sent";
}

/**
 * Marks it for removal by the operator: disabled at the next list, whatever its activity, so that it takes no other
 * job. An instance that is already being removed permanently is not changed.
 */
export function retire(draft: Draft, instance: AgentInstance): void {
  const mark = instance.retire;
  if (!mayRetire(instance) || mark === "operator" || mark === "maintenance" || isForGood(mark)) return;
  markForRemoval(draft, instance, "operator");
}

/** Marks it. From now on a drain-timeout may end a job that was not limited before. */
export function markForRemoval(draft: Draft, instance: AgentInstance, reason: "operator" | "maintenance"): void {
  draft.put({ ...instance, retire: reason });
  if (instance.state === "draining" && mayFinish(draft.state, instance)) restartTimeout(draft, instance);
}
