// Collects measurements: durations in histograms, and totals, with one series per label set.

import type { DurationName, DurationSeries, MeasureLabels, TotalName, TotalSeries } from "../core/view/picture.ts";
import { createHistogram, type Histogram } from "./histogram.ts";

/**
 * Maximum number of series per name; beyond that all labels are `other`, so that no bug can flood a Prometheus server.
 */
const seriesMax = 1_000;

/** Bucket bounds in seconds: for waits up to hours, for steps of a launch up to its timeout, and for the loop. */
const waits: readonly number[] = [1, 5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400];
const launches: readonly number[] = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_200];
const calls: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const lags: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

const bounds: Readonly<Record<DurationName, readonly number[]>> = {
  "job-wait": waits,
  "accept-delay": launches,
  "container-start": launches,
  registration: launches,
  "agent-idle": waits,
  "api-call": calls,
  "loop-lag": lags,
};

/** Durations and totals so far. */
export class Meters {
  readonly #durations = new Map<DurationName, Map<string, Series<Histogram>>>();
  readonly #totals = new Map<TotalName, Map<string, Series<{ value: number }>>>();

  /** Records a duration. */
  duration(name: DurationName, labels: MeasureLabels, ms: number): void {
    seriesOf(this.#durations, name, { labels, create: () => createHistogram(bounds[name]) }).observe(ms / 1_000);
  }

  /** Increases a total. */
  total(name: TotalName, labels: MeasureLabels, by: number): void {
    seriesOf(this.#totals, name, { labels, create: () => ({ value: 0 }) }).value += by;
  }

  /** All current durations. */
  durations(): Readonly<Record<DurationName, readonly DurationSeries[]>> {
    const of = (name: DurationName): readonly DurationSeries[] =>
      [...this.#durations.get(name)?.values() ?? []].map(({ labels, of }) => ({ labels, snapshot: of.snapshot() }));
    const names = Object.keys(bounds) as DurationName[];
    return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<DurationName, readonly DurationSeries[]>;
  }

  /** All current totals; one that nothing was counted of yet is missing. */
  totals(): Readonly<Partial<Record<TotalName, readonly TotalSeries[]>>> {
    const of = (series: Map<string, Series<{ value: number }>>): readonly TotalSeries[] =>
      [...series.values()].map(({ labels, of: { value } }) => ({ labels, value }));
    return Object.fromEntries([...this.#totals].map(([name, series]) => [name, of(series)]));
  }
}

interface Series<T> {
  readonly labels: MeasureLabels;
  readonly of: T;
}

function seriesOf<N, T>(
  all: Map<N, Map<string, Series<T>>>,
  name: N,
  { labels, create }: { readonly labels: MeasureLabels; readonly create: () => T },
): T {
  const series = all.get(name) ?? new Map<string, Series<T>>();
  all.set(name, series);
  const key = JSON.stringify(labels);
  const found = series.get(key);
  if (found !== undefined) return found.of;
  if (series.size < seriesMax) return kept(series, key, { labels, of: create() });
  const others = Object.fromEntries(Object.keys(labels).map((label) => [label, "other"]));
  const rest = JSON.stringify(others);
  return series.get(rest)?.of ?? kept(series, rest, { labels: others, of: create() });
}

function kept<T>(series: Map<string, Series<T>>, key: string, entry: Series<T>): T {
  series.set(key, entry);
  return entry.of;
}
