// Takes a sample of a moment, and the maximum of a short span.

import type { VerdictKind } from "../core/demand/verdict.ts";
import type { AgentInstance } from "../core/instance.ts";
import type { State } from "../core/state.ts";
import { type HistoryFigure, type HistorySample, waitingJobs } from "../core/view/history.ts";

const figureOfVerdict = {
  "needs-agent": "needsAgent",
  "coming": "coming",
  "will-be-taken": "willBeTaken",
  "other-cause": "otherCause",
  "unserved": "unserved",
  "not-ours": "notOurs",
} as const satisfies Readonly<Record<VerdictKind, HistoryFigure>>;

/** The figures of a state, from the verdicts of its last poll. */
export function sampleOf({ demand, instances }: State, atMs: number): HistorySample {
  const counts: Record<HistoryFigure, number> = {
    needsAgent: 0,
    coming: 0,
    willBeTaken: 0,
    otherCause: 0,
    unserved: 0,
    notOurs: 0,
    wanted: 0,
    starting: 0,
    idle: 0,
    building: 0,
    draining: 0,
    away: 0,
    oldestWaitMs: 0,
  };
  for (const { verdict, firstSeenMs } of demand.jobs) {
    counts[figureOfVerdict[verdict]]++;
    if (verdict !== "not-ours") counts.oldestWaitMs = Math.max(counts.oldestWaitMs, atMs - firstSeenMs);
  }
  for (const { wanted } of demand.buckets) counts.wanted += wanted;
  for (const instance of instances.values()) {
    const figure = figureOfInstance(instance);
    if (figure !== undefined) counts[figure]++;
  }
  return { atMs, ...counts };
}

/**
 * What a span is remembered by, of two looks in it, the later one last. Jobs are those of the look at which most
 * waited, agents those of the observation with the most of them (if equal, with the most starting ones), so that the
 * numbers added up existed at one moment; `wanted` and the oldest wait are the most of both.
 */
export function peakOf(earlier: HistorySample, later: HistorySample): HistorySample {
  const jobs = waitingJobs(earlier) > waitingJobs(later) ? earlier : later;
  const agents = compareAgents(earlier, later) > 0 ? earlier : later;
  return {
    ...jobs,
    atMs: later.atMs,
    wanted: Math.max(earlier.wanted, later.wanted),
    starting: agents.starting,
    idle: agents.idle,
    building: agents.building,
    draining: agents.draining,
    away: agents.away,
    oldestWaitMs: Math.max(earlier.oldestWaitMs, later.oldestWaitMs),
  };
}

function compareAgents(one: HistorySample, other: HistorySample): number {
  const count = ({ starting, idle, building, draining, away }: HistorySample): number =>
    starting + idle + building + draining + away;
  return count(one) - count(other) || one.starting - other.starting;
}

function figureOfInstance(instance: AgentInstance): HistoryFigure | undefined {
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
