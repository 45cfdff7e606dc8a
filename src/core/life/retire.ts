// Agents that the operator wants gone, one by one or with their profile, while the program goes on.

import type { Draft } from "../draft.ts";
import type { AgentInstance } from "../instance.ts";
import { restartTimeout } from "./drain.ts";
import { isWear } from "./worn.ts";

/** Whether an instance can still be taken out of service. */
export function mayRetire({ state }: AgentInstance): boolean {
  return state !== "gone" && state !== "killing";
}

/** Whether it goes in any case, whatever else somebody wants it to go for and takes back. */
export function isForGood(mark: AgentInstance["retire"]): boolean {
  return mark === "surplus" || mark === "stop-sent";
}

/**
 * It is to go for the operator's sake: disabled at the next list, whatever it does then, so that it takes no other job. What
 * goes for good already stays as it is.
 */
export function retire(draft: Draft, instance: AgentInstance): void {
  const mark = instance.retire;
  if (!mayRetire(instance) || mark === "operator" || mark === "maintenance" || isForGood(mark)) return;
  draft.put({ ...instance, retire: "operator" });
  // From now on a drain-timeout may end the last job of a worn agent, which none has limited before.
  if (instance.state === "draining" && isWear(mark)) restartTimeout(draft, instance);
}
