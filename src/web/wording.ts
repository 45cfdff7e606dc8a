// Formats spans of time for people.

import { fullSeconds } from "../core/words/phrases.ts";

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A span in its two largest units: `45 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. Negative spans (clocks differ) are `0 s`. */
export function spanText(spanMs: number): string {
  if (!Number.isFinite(spanMs)) return "0 s";
  if (spanMs < minuteMs) return `${fullSeconds(spanMs)} s`;
  if (spanMs < 10 * minuteMs) return pair(spanMs, [minuteMs, "min"], [secondMs, "s"]);
  if (spanMs < hourMs) return `${Math.floor(spanMs / minuteMs)} min`;
  if (spanMs < dayMs) return pair(spanMs, [hourMs, "h"], [minuteMs, "min"]);
  return pair(spanMs, [dayMs, "d"], [hourMs, "h"]);
}

function pair(spanMs: number, large: readonly [number, string], small: readonly [number, string]): string {
  const rest = Math.floor((spanMs % large[0]) / small[0]);
  const head = `${Math.floor(spanMs / large[0])} ${large[1]}`;
  return rest === 0 ? head : `${head} ${rest} ${small[1]}`;
}
