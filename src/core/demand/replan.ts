// Recomputes the plan between polls.

import type { Draft } from "../draft.ts";
import { reuse } from "../life/drain.ts";
import { paceMs } from "./limit_pace.ts";
import { makePlan } from "./plan.ts";
import type { State } from "../state.ts";

/** Maximum age of the plan while jobs need agents: grace times may end. */
const planMaxMs = 10_000;

/**
 * Recomputes the plan if instances have changed, or if the passing of time may have changed its input: nothing is
 * launched based on an outdated plan.
 */
export function replanIfDue(draft: Draft): void {
  if (draft.state.demand.isStale || isOutdated(draft.state, draft.atMs)) replan(draft);
}

function isOutdated({ demand, server, settings, breakers, offers }: State, atMs: number): boolean {
  const { lastPollMs = atMs } = server;
  const { madeMs = 0 } = demand;
  if (demand.wanted.length > 0 && atMs - lastPollMs > settings.poller.staleAfterMs) return true;
  if (!demand.buckets.some((bucket) => bucket.needsAgent > bucket.wanted)) return false;
  if (atMs - madeMs >= planMaxMs) return true;
  const hasCome = (timeMs: number): boolean => timeMs <= atMs && timeMs > madeMs;
  return [...breakers.profiles.values()].some(({ retryMs }) => hasCome(retryMs)) ||
    offers.launchTimesMs.some((launchedMs) => hasCome(launchedMs + paceMs));
}

function replan(draft: Draft): void {
  const plan = makePlan(draft.state, draft.atMs, "replan");
  draft.set({ demand: plan.demand });
  reuseAll(draft, plan.reuse);
}

/** Enables the draining instances that a plan needs again. */
export function reuseAll(draft: Draft, taskIds: readonly string[]): void {
  for (const taskId of taskIds) {
    const instance = draft.instance(taskId);
    if (instance?.state === "draining") reuse(draft, instance);
  }
}
