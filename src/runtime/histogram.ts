// Counts measured seconds in buckets.

import type { HistogramSnapshot } from "../core/view/picture.ts";

/** A mutable histogram. */
export interface Histogram {
  /** Counts one measured value. */
  observe(seconds: number): void;
  /** The counts so far. */
  snapshot(): HistogramSnapshot;
}

/** Bounds for requests to a server that mostly take between 10 ms and a minute. */
const requestBoundsSeconds: readonly number[] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** An empty histogram. */
export function createHistogram(boundsSeconds: readonly number[] = requestBoundsSeconds): Histogram {
  const counts = new Array<number>(boundsSeconds.length + 1).fill(0);
  let sumSeconds = 0;
  return {
    observe(seconds: number): void {
      const found = boundsSeconds.findIndex((bound) => seconds <= bound);
      const bucket = found === -1 ? boundsSeconds.length : found;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      sumSeconds += seconds;
    },
    snapshot: (): HistogramSnapshot => ({ boundsSeconds, counts: [...counts], sumSeconds }),
  };
}
