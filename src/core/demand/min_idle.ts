// Agents that are kept ready although no job waits (`min-idle`).

import { isMissing, minIdleEnvironment } from "./environments.ts";
import { type LaunchBudget, profileGate } from "./gates.ts";
import type { AgentInstance } from "../instance.ts";
import { namesOf } from "./patterns.ts";
import type { State, WantedAgents } from "../state.ts";

/**
 * Instances to be kept ready although nothing waits. What waits comes first: `reserved` places are kept for profiles that
 * have jobs but pause after a failure, or an agent launched in between would have to give its place up again.
 */
export function minIdleAgents(
  state: State,
  { budget, reserved }: { readonly budget: LaunchBudget; readonly reserved: number },
  atMs: number,
): WantedAgents[] {
  const left: LaunchBudget = { ...budget, total: () => budget.total() - reserved };
  const wanted: WantedAgents[] = [];
  for (const profile of state.settings.profiles) {
    const environment = minIdleEnvironment(profile);
    if (profile.minIdle <= 0 || isMissing(state, environment)) continue;
    const ready = readyAgents(state, profile.name);
    const needs = profile.minIdle - ready;
    if (needs <= 0) continue;
    const registration = {
      gocdResources: namesOf(profile.gocdResources),
      ...(environment === undefined ? {} : { environment }),
    };
    const clamp = profileGate(state, { profile, needs, budget: left, registration }, atMs);
    const count = Math.min(needs, clamp.allowed);
    if (count <= 0) continue;
    budget.take(profile.name, count);
    wanted.push({
      bucketKey: `warm ${profile.name}`,
      profile: profile.name,
      ...registration,
      count,
      reason: { kind: "min-idle", minIdle: profile.minIdle, ready },
    });
  }
  return wanted;
}

/** How many instances of the profile are idle, or will be as soon as they have started. */
function readyAgents({ instances }: State, profile: string): number {
  const isReady = (instance: AgentInstance): boolean =>
    instance.state === "launching" || instance.state === "starting" ||
    instance.state === "registered" && instance.activity.kind === "idle";
  return [...instances.values()].filter((instance) =>
    instance.profile === profile && instance.retire === undefined && isReady(instance)
  ).length;
}
