// The life of an instance as a bar: how long it was in each state.

import type { LifeSpan } from "../core/view/view.ts";
import { percent } from "./bars.ts";
import { type Html, html } from "./html.ts";
import { spanText, timeText } from "./wording.ts";

const minuteMs = 60_000;
/** What a whole bar may stand for, so that it changes rarely and bars of equal length can be compared. */
const scalesMs = [2, 5, 10, 20, 40, 60, 120, 240, 480, 960, 1_440, 2_880, 5_760, 10_080].map((min) => min * minuteMs);
/** The end of a running life moves in so many steps along the bar. */
const steps = 40;

/** When a life began, and until when it is known; `endedMs` absent: it goes on. */
export interface LifeBounds {
  readonly createdMs: number;
  readonly atMs: number;
  readonly endedMs?: number;
}

/** The states of a life beside one another; what was before this program has watched is grey. */
export function lifeLine(life: readonly LifeSpan[], { createdMs, atMs, endedMs }: LifeBounds): Html {
  const lastedMs = Math.max(0, (endedMs ?? atMs) - createdMs);
  const wholeMs = scalesMs.find((scale) => scale >= lastedMs) ?? lastedMs;
  const stepMs = wholeMs / steps;
  const endMs = endedMs ?? createdMs + Math.max(1, Math.ceil(lastedMs / stepMs)) * stepMs;
  const spans = spansOf(life, createdMs);
  const parts = spans.map(({ state, sinceMs }, index) => {
    const untilMs = spans[index + 1]?.sinceMs ?? endMs;
    return { state, sinceMs, untilMs: Math.max(sinceMs, untilMs), isLast: index === spans.length - 1 };
  });
  const bars = parts.map(({ state, sinceMs, untilMs }) =>
    html`
      <rect class="${state.replace(" ", "-")}" x="${percent(sinceMs - createdMs, wholeMs)}" width="${percent(
        untilMs - sinceMs,
        wholeMs,
      )}" height="8" />
    `
  );
  const words = parts.map(({ state, sinceMs, untilMs, isLast }) =>
    isLast && endedMs === undefined
      ? `${state} since ${timeText(sinceMs)}`
      : `${state} for ${spanText(untilMs - sinceMs)}`
  );
  const text = words.join(", ");
  return html`<svg class="life" role="img" aria-label="${text}" height="8"><title>${text}</title>${bars}</svg>`;
}

function spansOf(
  life: readonly LifeSpan[],
  createdMs: number,
): readonly (Omit<LifeSpan, "state"> & { state: string })[] {
  const [first] = life;
  const isWhole = first !== undefined && first.sinceMs <= createdMs + 1_000;
  return isWhole ? life : [{ state: "not watched", sinceMs: createdMs }, ...life];
}
