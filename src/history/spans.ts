// The samples of equal spans of time: jobs at their most, agents by how long they were in each state. Each look counts
// until the next one, so that a late look leaves no span without a sample.

import type { HistorySample } from "../core/view/history.ts";
import { peakOf } from "./sample.ts";

/** The length of a span; they begin at multiples of it. */
export const sampleMs = 15_000;
/** A longer gap between looks is unwatched: the program was suspended, or did not lead. */
const gapMsMax = 60_000;

const agentFigures = ["starting", "idle", "building", "draining", "away"] as const;

/** A span that is not over. */
interface Open {
  readonly beginMs: number;
  peak: HistorySample;
  watchedMs: number;
  /** How long each state was held, times its agents. */
  readonly heldMs: Record<typeof agentFigures[number], number>;
}

/** Collects looks. A class, because it has state. */
export class SampleSpans {
  #last: HistorySample | undefined;
  #open: Open | undefined;

  /** The samples that are to be stored; the first span is stored at once, and again when it is over. */
  look(now: HistorySample): readonly HistorySample[] {
    const finished: HistorySample[] = [];
    const last = this.#last;
    this.#last = now;
    if (last !== undefined && now.atMs >= last.atMs && now.atMs - last.atMs <= gapMsMax) {
      this.#hold(last, now.atMs, finished);
    } else {
      finished.push(...this.rest());
      this.#open = undefined;
    }
    const isFirst = this.#open === undefined;
    const open = this.#open ??= openSpan(now, now.atMs);
    open.peak = peakOf(open.peak, now);
    return isFirst ? [sampleOfSpan(open)] : finished;
  }

  /** What there is of the last span. */
  rest(): readonly HistorySample[] {
    return this.#open === undefined ? [] : [sampleOfSpan(this.#open)];
  }

  /** What was seen last counts up to a moment. */
  #hold(last: HistorySample, untilMs: number, finished: HistorySample[]): void {
    let atMs = last.atMs;
    for (let open = this.#open; open !== undefined; this.#open = open) {
      const endMs = open.beginMs + sampleMs;
      const heldMs = Math.min(untilMs, endMs) - atMs;
      for (const name of agentFigures) open.heldMs[name] += last[name] * heldMs;
      open.watchedMs += heldMs;
      if (untilMs < endMs) return;
      finished.push(sampleOfSpan(open));
      atMs = endMs;
      open = openSpan(last, atMs);
    }
  }
}

function openSpan(peak: HistorySample, atMs: number): Open {
  return {
    beginMs: Math.floor(atMs / sampleMs) * sampleMs,
    peak,
    watchedMs: 0,
    heldMs: { starting: 0, idle: 0, building: 0, draining: 0, away: 0 },
  };
}

function sampleOfSpan({ beginMs, peak, watchedMs, heldMs }: Open): HistorySample {
  const sample = { ...peak, atMs: beginMs };
  if (watchedMs === 0) return sample;
  for (const name of agentFigures) sample[name] = Math.round(heldMs[name] / watchedMs * 1_000) / 1_000;
  return sample;
}
