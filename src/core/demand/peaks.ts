// How many agents a profile needed at most in the time before now (`keep-peak-for`): as many stay, so that a backlog that
// comes and goes does not launch agents each time anew.

import type { Draft } from "../draft.ts";
import type { AgentInstance } from "../instance.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";

/** So many agents were in use, last at that time. */
export interface Peak {
  readonly lastMs: number;
  readonly agents: number;
}

/** Measures what is in use now. To be called after each list, once instances are as it shows them. */
export function trackPeaks(draft: Draft): void {
  const { state, atMs } = draft;
  if (!state.settings.profiles.some(({ keepPeakForMs }) => keepPeakForMs !== undefined)) return;
  const peaks = new Map(state.settings.profiles.flatMap(({ name, keepPeakForMs }) => {
    if (keepPeakForMs === undefined) return [];
    const own = [...state.instances.values()].filter((each) => each.profile === name);
    const before = state.demand.peaks?.get(name);
    // What was needed before this run began nobody knows: all that it has found.
    const agents = own.filter(before === undefined ? isUsable : isInUse).length;
    const higher = before?.filter((each) => each.agents > agents && atMs - each.lastMs < keepPeakForMs) ?? [];
    return [[name, [...higher, { lastMs: atMs, agents }]] as const];
  }));
  draft.set({ demand: { ...state.demand, peaks } });
}

/** Whether a profile has more agents than it has needed of late, so that some may go. */
export interface Surplus {
  /** Whether one of this profile may go. */
  has(profile: AgentProfile): boolean;
  /** One goes. */
  take(profile: string): void;
}

/** What is beyond the peaks. */
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

/** It builds, or has been launched to: what is kept idle is no use of it. */
function isInUse(instance: AgentInstance): boolean {
  if (instance.state === "registered") return instance.activity.kind === "building";
  if (instance.state === "draining") return instance.step.kind === "finishing";
  return (instance.state === "launching" || instance.state === "starting") && instance.held !== true &&
    instance.bucketKey?.startsWith("warm ") !== true;
}

/** It builds or can be given a job, now or soon. */
function isUsable(instance: AgentInstance): boolean {
  if (instance.state === "draining") return instance.step.kind === "finishing";
  if (instance.retire !== undefined) return false;
  if (instance.state === "registered") return instance.activity.kind !== "unsure";
  return (instance.state === "launching" || instance.state === "starting") && instance.held !== true;
}
