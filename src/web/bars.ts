// Stacked bars with their legend.

import { numberText } from "../core/words/phrases.ts";
import { type Html, html } from "./html.ts";
import type { Tone } from "./pieces.ts";

/** One kind in a bar: its word is also its class, and so its colour, unless it has a tone. */
export interface BarPart {
  readonly name: string;
  readonly count: number;
  readonly tone?: Tone;
}

/**
 * The kinds side by side as shares of `whole`, which is at least their sum; hidden from screen readers, because the
 * legend has the numbers.
 */
export function stackedBar(parts: readonly BarPart[], whole: number): Html {
  const used = parts.reduce((sum, { count }) => sum + count, 0);
  const all = Math.max(whole, used, 1);
  let start = 0;
  const bars = parts.flatMap(({ name, count, tone }) => {
    const from = start;
    start += count;
    return count === 0 ? [] : [html`
      <rect class="${tone ?? classOf(name)}" x="${percent(from, all)}" width="${percent(count, all)}" height="8" />
    `];
  });
  return html`<svg class="bar" aria-hidden="true" height="8">${bars}</svg>`;
}

/** Number and word of each kind. */
export function legend(parts: readonly BarPart[]): Html {
  const words = parts.map(({ name, count }) =>
    html`<li class="${classOf(name)}" data-key="${name}"><b>${numberText(count)}</b> ${name}</li>`
  );
  return html`<ul class="legend">${words}</ul>`;
}

/** A share as a percentage with two digits at most. */
export function percent(part: number, whole: number): string {
  return `${Math.round((part / whole) * 10_000) / 100}%`;
}

function classOf(name: string): string {
  return name.replaceAll(" ", "-");
}
