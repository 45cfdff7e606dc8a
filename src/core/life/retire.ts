// Agents drained by the operator, individually or with their profile, while the program continues.

import { holdsTakingDown } from "./brake.ts";
import type { Draft } from "../draft.ts";
import type { AgentInstance } from "../instance.ts";
import { mayFinish, restartTimeout } from "./drain.ts";
import { startDrain } from "./phase.ts";

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
 * job. An instance that is already being removed permanently keeps its mark; a maintenance window may be withdrawn.
 */
export function retire(draft: Draft, instance: AgentInstance): void {
  if (mayRetire(instance)) markByOperator(draft, instance);
}

/** The same with all agents of a profile, including dead ones: Mesos may report one as running again. */
export function retireProfile(draft: Draft, profile: string): void {
  for (const instance of [...draft.state.instances.values()]) {
    if (instance.profile === profile && instance.state !== "killing") markByOperator(draft, instance);
  }
}

function markByOperator(draft: Draft, instance: AgentInstance): void {
  const mark = instance.retire;
  hasten(draft, instance, "operator");
  if (mark !== "operator" && !isForGood(mark)) markForRemoval(draft, instance, "operator");
}

/** A surplus agent that is still in use would only be disabled once it is idle: now it takes no further job. */
export function hasten(draft: Draft, instance: AgentInstance, reason: "operator" | "maintenance"): void {
  if (instance.state !== "registered" || instance.retire !== "surplus" || holdsTakingDown(draft.state)) return;
  startDrain(draft, instance, reason);
}

/** Marks it. From now on a drain-timeout may end a job that was not limited before. */
export function markForRemoval(draft: Draft, instance: AgentInstance, reason: "operator" | "maintenance"): void {
  draft.put({ ...instance, retire: reason });
  if (instance.state === "draining" && mayFinish(draft.state, instance)) restartTimeout(draft, instance);
}
