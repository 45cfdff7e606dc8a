// The life of an instance as a bar: how long it was in each state.

import { timeText } from "../core/words/phrases.ts";
import type { LifeSpan } from "../core/view/view.ts";
import { type Html, html } from "./html.ts";
import { spanText } from "./wording.ts";

/** Maximum number of states in the text; a life of a day has many. */
const wordsMax = 8;

/** When a life began, and until when it is known; `endedMs` absent: it continues. */
export interface LifeBounds {
  readonly createdMs: number;
  readonly atMs: number;
  readonly endedMs?: number;
}

/**
 * The states of a life next to each other, drawn in seconds since it started: the whole bar is the whole life, however
 * long it is. The time before this program observed it is grey. The length of a life that continues is filled in by the reader (`withoutAges` in pieces.ts): the bar of an
 * agent that only grows older is not sent again.
 */
export function lifeLine(life: readonly LifeSpan[], { createdMs, atMs, endedMs }: LifeBounds): Html {
  const secondsAt = (ms: number): number => Math.max(0, Math.round((ms - createdMs) / 1_000));
  const lasted = secondsAt(endedMs ?? atMs);
  const spans = spansOf(life, createdMs);
  const parts = spans.map(({ state, sinceMs }, index) => {
    const untilMs = spans[index + 1]?.sinceMs ?? endedMs;
    return {
      state,
      sinceMs,
      untilMs,
      from: secondsAt(sinceMs),
      until: untilMs === undefined ? lasted : secondsAt(untilMs),
    };
  });
  const bars = parts.map(({ state, from, until, untilMs }) => {
    const grows = untilMs === undefined
      ? html`
        data-grows
      `
      : undefined;
    return html`
      <rect class="${state.replace(" ", "-")}" ${grows} x="${from}" width="${Math.max(0, until - from)}" height="8" />
    `;
  });
  const words = parts.slice(-wordsMax).map(({ state, sinceMs, untilMs }) =>
    untilMs === undefined ? `${state} since ${timeText(sinceMs)}` : `${state} for ${spanText(untilMs - sinceMs)}`
  );
  const text = [...(parts.length > wordsMax ? ["…"] : []), ...words].join(", ");
  const since = endedMs === undefined
    ? html`
      data-since="${timeText(createdMs)}"
    `
    : undefined;
  return html`
    <svg class="life" role="img" ${since} viewBox="0 0 ${Math.max(1, lasted)} 8"
      preserveAspectRatio="none"><title>${text}</title>${bars}</svg>
  `;
}

function spansOf(
  life: readonly LifeSpan[],
  createdMs: number,
): readonly (Omit<LifeSpan, "state"> & { state: string })[] {
  const [first] = life;
  const isWhole = first !== undefined && first.sinceMs <= createdMs + 1_000;
  return isWhole ? life : [{ state: "not watched", sinceMs: createdMs }, ...life];
}
