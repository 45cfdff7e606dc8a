// Takes a sample of a moment, and the maximum of a short span.

import { totalOfVerdict } from "../core/demand/verdict.ts";
import type { AgentInstance } from "../core/instance.ts";
import type { State } from "../core/state.ts";
import { isBacklogCurrent } from "../core/view/health.ts";
import {
  type AgentFigures,
  type DemandFigures,
  type HistorySample,
  noDemand,
  waitingJobs,
} from "../core/view/history.ts";

/** The figures of a state; those of jobs are only known while the GoCD server is read. */
export function sampleOf(state: State, atMs: number): HistorySample {
  const agents = { starting: 0, idle: 0, building: 0, draining: 0, away: 0 };
  for (const instance of state.instances.values()) {
    const figure = figureOfInstance(instance);
    if (figure !== undefined) agents[figure]++;
  }
  return { atMs, ...agents, ...isBacklogCurrent(state, atMs) ? demandOf(state, atMs) : {} };
}

function demandOf({ demand }: State, atMs: number): DemandFigures {
  const figures = { ...noDemand };
  for (const { verdict, firstSeenMs } of demand.jobs) {
    figures[verdict === "not-ours" ? "notOurs" : totalOfVerdict[verdict]]++;
    if (verdict !== "not-ours") figures.oldestWaitMs = Math.max(figures.oldestWaitMs, atMs - firstSeenMs);
  }
  for (const bucket of demand.buckets) figures.wanted += bucket.wanted;
  return figures;
}

/**
 * What a span is remembered by, of two looks in it, the later one last. Jobs are those of the look at which most
 * waited, agents those of the observation with the most of them (if equal, with the most starting ones), so that the
 * numbers added up existed at one moment; `wanted` and the oldest wait are the most of both. A look that does not know
 * the jobs says nothing about them.
 */
export function peakOf(earlier: HistorySample, later: HistorySample): HistorySample {
  const { starting, idle, building, draining, away } = compareAgents(earlier, later) > 0 ? earlier : later;
  return { ...peakOfJobs(earlier, later), atMs: later.atMs, starting, idle, building, draining, away };
}

function peakOfJobs(earlier: HistorySample, later: HistorySample): HistorySample {
  if (later.needsAgent === undefined) return earlier;
  if (earlier.needsAgent === undefined) return later;
  return {
    ...(waitingJobs(earlier) ?? 0) > (waitingJobs(later) ?? 0) ? earlier : later,
    wanted: Math.max(earlier.wanted, later.wanted),
    oldestWaitMs: Math.max(earlier.oldestWaitMs, later.oldestWaitMs),
  };
}

function compareAgents(one: HistorySample, other: HistorySample): number {
  const count = ({ starting, idle, building, draining, away }: HistorySample): number =>
    starting + idle + building + draining + away;
  return count(one) - count(other) || one.starting - other.starting;
}

function figureOfInstance(instance: AgentInstance): keyof AgentFigures | undefined {
  switch (instance.state) {
    case "launching":
    case "starting":
      return "starting";
    case "registered":
      return instance.activity.kind === "unsure" ? "away" : instance.activity.kind;
    case "draining":
    case "killing":
      return "draining";
    case "unreachable":
      return "away";
    case "gone":
      return undefined;
    default:
      return instance satisfies never;
  }
}
