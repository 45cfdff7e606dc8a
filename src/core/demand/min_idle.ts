// Agents that are launched although no job waits (`min-idle`, `headroom`). Their number is computed in kept_idle.ts.

import { registrationOf } from "./matching.ts";
import { isMissing } from "./environments.ts";
import { type LaunchBudget, profileGate } from "./gates.ts";
import { type IdlePool, isOfPool, keptIdle } from "./kept_idle.ts";
import { type AgentInstance, isWaiting } from "../instance.ts";
import { namesOf } from "./patterns.ts";
import type { LaunchReason } from "./reason.ts";
import type { State, WantedAgents } from "../state.ts";

/**
 * Instances to keep ready although nothing waits. Waiting jobs take precedence: `reserved` slots are kept for profiles
 * that have jobs but pause after a failure; otherwise an agent launched in between would have to be removed again.
 */
export function minIdleAgents(
  state: State,
  { budget, reserved }: { readonly budget: LaunchBudget; readonly reserved: number },
  atMs: number,
): WantedAgents[] {
  const pools = keptIdle(state);
  const left: LaunchBudget = { ...budget, total: () => budget.total() - reserved };
  const ready = [...state.instances.values()].filter((each) => isReady(state, each));
  const planned = new Map<string, number>();
  const wanted: WantedAgents[] = [];
  for (const pool of pools) {
    const { profile, environment } = pool;
    if (isMissing(state, environment)) continue;
    const readyCount = ready.filter((each) => isOfPool(pool, each)).length +
      (pool.isOfAll ? planned.get(profile.name) ?? 0 : 0);
    const needs = pool.count - readyCount;
    const registration = registrationOf({ gocdResources: namesOf(profile.gocdResources), environment });
    const clamp = profileGate(state, { profile, needs, budget: left, registration }, atMs);
    const count = Math.min(needs, clamp.allowed);
    if (count <= 0) continue;
    budget.take(profile.name, count);
    planned.set(profile.name, (planned.get(profile.name) ?? 0) + count);
    wanted.push({
      bucketKey: `warm ${profile.name}`,
      profile: profile.name,
      ...registration,
      count,
      reason: reasonOf(pool, readyCount),
    });
  }
  return wanted;
}

function reasonOf({ why, count }: IdlePool, ready: number): LaunchReason {
  return why.kind === "min-idle" ? { ...why, minIdle: count, ready } : { ...why, headroom: count, ready };
}

/**
 * Whether an instance is idle, or will be as soon as it has started. One that only the last list lacks counts: a list
 * may lack some records, and an agent that is launched because of that would be removed again.
 */
function isReady({ server }: State, instance: AgentInstance): boolean {
  if (instance.retire !== undefined) return false;
  if (instance.state !== "registered") return isWaiting(instance);
  const { activity } = instance;
  return activity.kind === "idle" ||
    activity.kind === "unsure" && activity.word === "absent" && activity.sinceMs === server.reading?.readMs;
}
