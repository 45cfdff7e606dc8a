// Counts and durations of calls, for the metrics. Not here: writing them (web/prometheus.ts).
// Filled by perform.ts.

/** Upper bounds of the duration histogram, in seconds. */
export const durationBuckets: readonly number[] = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

/** What is known of one kind of call. */
export interface CallCount {
  ok: number;
  failed: number;
  /** Sum of all durations. */
  totalMs: number;
  /** Calls that took at most the bound of the same index in {@linkcode durationBuckets}, not cumulated. */
  readonly byDuration: number[];
}

/** Counts by kind of call; the kinds are those of core/effect.ts, so there are few. */
export class CallCounts {
  readonly #counts = new Map<string, CallCount>();

  /** All counts by kind. */
  get all(): ReadonlyMap<string, CallCount> {
    return this.#counts;
  }

  /** Adds one finished call. */
  count(call: string, outcome: "ok" | "failed", ms: number): void {
    const count = this.#counts.get(call) ?? { ok: 0, failed: 0, totalMs: 0, byDuration: durationBuckets.map(() => 0) };
    count[outcome]++;
    count.totalMs += ms;
    const index = durationBuckets.findIndex((bound) => ms / 1000 <= bound);
    if (index >= 0) count.byDuration[index] = (count.byDuration[index] ?? 0) + 1;
    this.#counts.set(call, count);
  }
}
