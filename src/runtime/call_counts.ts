// Counts calls and measures polls for the metrics.

import { createHistogram, type Histogram } from "../web/histogram.ts";

/** Counts by kind of call; the kinds are those of core/effect.ts, so there are few. */
export class CallCounts {
  readonly #counts = new Map<string, { ok: number; failed: number }>();
  /** How long full polls of the GoCD server took, failed ones included. */
  readonly pollDuration: Histogram = createHistogram();

  /** Finished calls by kind. */
  get all(): ReadonlyMap<string, { readonly ok: number; readonly failed: number }> {
    return this.#counts;
  }

  /** Adds one finished call. */
  count(call: string, outcome: "ok" | "failed", ms: number): void {
    const count = this.#counts.get(call) ?? { ok: 0, failed: 0 };
    count[outcome]++;
    this.#counts.set(call, count);
    if (call === "poll-gocd") this.pollDuration.observe(ms / 1000);
  }
}
