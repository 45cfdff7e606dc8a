// The built-in traces: generated from a seed, so that everyone replays the same ones.

import { seededRandom } from "../sim/random.ts";
import type { Trace, TraceJob, TraceOutage } from "./trace.ts";

const [secondMs, minuteMs, hourMs] = [1_000, 60_000, 3_600_000] as const;
const seed = 1;
/** A Monday. */
const startMs = Date.UTC(2026, 0, 5);

/** The needs of a job of a built-in trace: what a profile of the configuration offers. */
export type Needs = Pick<TraceJob, "resources" | "environment">;

/** Not offered by any profile. */
const unservedNeeds: Needs = { resources: ["offered-by-nobody"] };

interface Plot {
  readonly lengthMs: number;
  /** Jobs per hour at a given time, apart from bursts. */
  readonly perHour: (atMs: number) => number;
  readonly bursts?: readonly { readonly atMs: number; readonly jobs: number }[];
  readonly outages?: readonly TraceOutage[];
  readonly neverRegister?: number;
  /** Share of jobs that no profile serves. */
  readonly unserved?: number;
  /** The mean duration of a build. */
  readonly buildMs: number;
}

/** Jobs per hour by hour of a working day; the sum is 20,000. */
const workingDay = [
  ...[90, 70, 60, 60, 90, 160, 330, 780, 1_390, 1_760, 1_830, 1_640],
  ...[1_240, 1_540, 1_770, 1_810, 1_640, 1_290, 840, 560, 430, 310, 190, 120],
] as const;

function steadily(perHour: number): Plot["perHour"] {
  return () => perHour;
}

/** The server is down for two of every ten minutes, from 30 minutes on. */
const flaps: readonly TraceOutage[] = Array.from({ length: 9 }, (_, index) => ({
  atMs: (30 + 10 * index) * minuteMs,
  forMs: 2 * minuteMs,
}));

const plots: Readonly<Record<string, Plot>> = {
  steady: {
    lengthMs: 4 * hourMs,
    perHour: steadily(240),
    buildMs: 4 * minuteMs,
  },
  burst: {
    lengthMs: 3 * hourMs,
    perHour: steadily(6),
    bursts: [{ atMs: hourMs, jobs: 200 }],
    buildMs: 4 * minuteMs,
  },
  day: {
    lengthMs: 24 * hourMs,
    perHour: (atMs) => workingDay[Math.floor(atMs / hourMs)] ?? 0,
    buildMs: 72 * secondMs,
  },
  flapping: {
    lengthMs: 150 * minuteMs,
    perHour: steadily(200),
    outages: flaps,
    buildMs: 4 * minuteMs,
  },
  "never-register": {
    lengthMs: 4 * hourMs,
    perHour: steadily(240),
    neverRegister: 0.05,
    buildMs: 4 * minuteMs,
  },
  unserved: {
    lengthMs: 4 * hourMs,
    perHour: steadily(240),
    unserved: 0.2,
    buildMs: 4 * minuteMs,
  },
};

/** The names of the built-in traces. */
export const builtInTraces: readonly string[] = Object.keys(plots);

/** The built-in trace with this name, if there is one. Each of its jobs has one of `needs`, which must not be empty. */
export function builtInTrace(name: string, needs: readonly Needs[]): Trace | undefined {
  const plot = Object.hasOwn(plots, name) ? plots[name] : undefined;
  if (plot === undefined) return undefined;
  const random = seededRandom(seed);
  const times = [...arrivals(plot, random), ...(plot.bursts ?? []).flatMap((burst) => timesOf(burst))];
  const jobs = times.sort((a, b) => a - b).map((atMs): TraceJob => {
    const isUnserved = random() < (plot.unserved ?? 0);
    const own = needs[Math.floor(random() * needs.length)] ?? { resources: [] };
    return { atMs, ...(isUnserved ? unservedNeeds : own), buildMs: buildTime(plot.buildMs, random) };
  });
  const { lengthMs, neverRegister = 0, outages = [] } = plot;
  return { name, startMs, lengthMs, neverRegister, jobs, outages };
}

/** Exactly the given number of jobs in each hour, at random times. */
function arrivals({ lengthMs, perHour }: Plot, random: () => number): readonly number[] {
  const times: number[] = [];
  for (let hour = 0; hour < lengthMs; hour += hourMs) {
    const spanMs = Math.min(hourMs, lengthMs - hour);
    const count = Math.round(perHour(hour) * spanMs / hourMs);
    for (let job = 0; job < count; job++) times.push(hour + Math.floor(random() * spanMs));
  }
  return times;
}

/** One push triggers them all: they are scheduled within a second. */
function timesOf({ atMs, jobs }: { readonly atMs: number; readonly jobs: number }): readonly number[] {
  return Array.from({ length: jobs }, (_, index) => atMs + Math.floor(index * secondMs / jobs));
}

/** Most builds are shorter than the mean, a few far longer: log-normal with sigma 0.8, from 0.1 to 8 times the mean. */
function buildTime(meanMs: number, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const factor = Math.exp(0.8 * normal - 0.32);
  return Math.round(meanMs * Math.min(8, Math.max(0.1, factor)));
}
