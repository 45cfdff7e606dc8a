// Makes a trace of jobs as they were seen.

import type { TimeSpan } from "../core/view/history.ts";
import type { JobLife } from "../core/view/history.ts";
import type { Trace } from "./trace.ts";

/** Assumed duration of a build that no list of agents has shown: shorter than the time between two lists. */
export const unseenBuildMs = 5_000;

/** A trace, and which jobs are not accurately represented. */
export interface Recorded {
  readonly trace: Trace;
  /** Left out: agents that are not ours have built them. */
  readonly others: number;
  /** Jobs whose build was not, or not completely, observed: counted as {@linkcode unseenBuildMs}. */
  readonly unseen: number;
}

/** The trace of a time. */
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
