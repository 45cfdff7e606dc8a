// Makes a trace of jobs as they were seen.

import type { JobLife, TimeSpan } from "../core/view/history.ts";
import type { Trace } from "./trace.ts";

/** Assumed duration of a build that no list of agents has shown; it was shorter than the time between two lists. */
export const unseenBuildMs = 5_000;

/** A trace, and the number of jobs that it does not represent accurately. */
export interface Recorded {
  readonly trace: Trace;
  /** Jobs built by agents that are not ours, which are left out. */
  readonly others: number;
  /** Jobs whose build was observed only in part or not at all: they take {@linkcode unseenBuildMs}. */
  readonly unseen: number;
}

/** The trace of a period. */
export function recorded(name: string, { fromMs, toMs }: TimeSpan, lives: readonly JobLife[]): Recorded {
  const ours = lives.filter(({ by, atMs }) => by !== "others" && atMs >= fromMs && atMs < toMs);
  const jobs = ours.map(({ atMs, resources, environment, group, buildMs = unseenBuildMs }) => ({
    atMs: atMs - fromMs,
    resources,
    ...(environment === undefined ? {} : { environment }),
    ...(group === undefined ? {} : { group }),
    buildMs,
  })).sort((a, b) => a.atMs - b.atMs);
  return {
    trace: { name, startMs: fromMs, lengthMs: toMs - fromMs, neverRegister: 0, jobs, outages: [] },
    others: lives.filter(({ by }) => by === "others").length,
    unseen: ours.filter(({ buildMs }) => buildMs === undefined).length,
  };
}
