// The maximum number of agents that a profile needed recently (`keep-peak-for`): as many are kept, so that a
// fluctuating backlog does not launch new agents each time.

import type { Draft } from "../draft.ts";
import { type AgentInstance, isWaiting } from "../instance.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";

/** A number of agents in use, and when it was last observed. */
export interface Peak {
  readonly lastMs: number;
  readonly agents: number;
}

/** Measures the agents in use. Called after each list, once instances are updated from it. */
export function trackPeaks(draft: Draft): void {
  const { state, atMs } = draft;
  if (!state.settings.profiles.some(({ keepPeakForMs }) => keepPeakForMs !== undefined)) return;
  const peaks = new Map(state.settings.profiles.flatMap(({ name, keepPeakForMs }) => {
    if (keepPeakForMs === undefined) return [];
    const own = [...state.instances.values()].filter((each) => each.profile === name);
    const before = state.demand.peaks?.get(name);
    // The demand before this run is unknown, so all existing agents count that may have been in use in this period.
    const wasInUse = (each: AgentInstance): boolean => isUsable(each) && atMs - usedUntilMs(each, atMs) < keepPeakForMs;
    const agents = own.filter(before === undefined ? wasInUse : isInUse).length;
    const higher = before?.filter((each) => each.agents > agents && atMs - each.lastMs < keepPeakForMs) ?? [];
    return [[name, [...higher, { lastMs: atMs, agents }]] as const];
  }));
  draft.patch("demand", { peaks });
}

/** Tracks whether a profile has more agents than it needed recently, so that some may be removed. */
export interface Surplus {
  /** Whether an agent of this profile may be removed. */
  has(profile: AgentProfile): boolean;
  /** One is removed. */
  take(profile: string): void;
}

/** The agents beyond the peaks. */
export function beyondPeaks({ instances, demand }: Pick<State, "instances" | "demand">, atMs: number): Surplus {
  const left = new Map<string, number>();
  const usable = (name: string): number =>
    left.get(name) ?? [...instances.values()].filter((each) => each.profile === name && isUsable(each)).length;
  return {
    has: ({ name, keepPeakForMs }) => {
      if (keepPeakForMs === undefined) return true;
      const highest = demand.peaks?.get(name)?.find(({ lastMs }) => atMs - lastMs < keepPeakForMs)?.agents ?? 0;
      left.set(name, usable(name));
      return usable(name) > highest;
    },
    take: (name) => {
      const before = left.get(name);
      if (before !== undefined) left.set(name, before - 1);
    },
  };
}

/** It is building, or was launched to build: being kept idle does not count as use. */
function isInUse(instance: AgentInstance): boolean {
  if (instance.state === "registered") return instance.activity.kind === "building";
  if (instance.state === "draining") return instance.step.kind === "finishing";
  return isWaiting(instance) && instance.held !== true &&
    instance.bucketKey?.startsWith("warm ") !== true;
}

function usedUntilMs(instance: AgentInstance, atMs: number): number {
  return instance.state === "registered" && instance.activity.kind === "idle" ? instance.activity.sinceMs : atMs;
}

/** It is building or can get a job, now or soon. */
function isUsable(instance: AgentInstance): boolean {
  if (instance.state === "draining") return instance.step.kind === "finishing";
  if (instance.retire !== undefined) return false;
  if (instance.state === "registered") return instance.activity.kind !== "unsure";
  return isWaiting(instance) && instance.held !== true;
}
