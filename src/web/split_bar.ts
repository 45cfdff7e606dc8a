// What agent time was spent on, as a bar. Not here: the life of one instance, state by state (life_line.ts).

import { lifeKinds, type Spent } from "../core/view/history.ts";
import { hoursText, spentTexts } from "../core/words/history.ts";
import { percent } from "./bars.ts";
import { totalMs } from "./history_page.ts";
import { type Html, html } from "./html.ts";

/** `1.5 h building, 0.50 h idle`. */
export function spentText(spent: Spent): string {
  return partsOf(spent).map(({ hours, word }) => `${hours} h ${word}`).join(", ");
}

/** `1.5 h building (75 %), 0.50 h idle (25 %)`. */
export function sharesText(spent: Spent): string {
  return partsOf(spent).map(({ hours, word, share }) =>
    `${hours} h ${word} (${share < 1 ? "<1" : Math.round(share)} %)`
  ).join(", ");
}

function partsOf(
  spent: Spent,
): readonly { readonly hours: string; readonly word: string; readonly share: number }[] {
  const total = Math.max(1, totalMs(spent));
  return lifeKinds.filter((kind) => isShown(spent[kind])).map((kind) => (
    { hours: hoursText(spent[kind]), word: spentTexts[kind], share: 100 * spent[kind] / total }
  ));
}

/** Whether a time has more than zeros in its two decimals. */
export function isShown(ms: number): boolean {
  return Number(hoursText(ms)) > 0;
}

/** What time was spent on, as a bar with a text alternative. */
export function splitBar(spent: Spent): Html {
  const total = Math.max(1, totalMs(spent));
  let from = 0;
  const bars = lifeKinds.map((kind) => {
    const at = from;
    from += spent[kind];
    return html`
      <rect class="${kind}" x="${percent(at, total)}" width="${percent(spent[kind], total)}" height="8" />
    `;
  });
  return html`<svg class="split" role="img" height="8"><title>${spentText(spent)}</title>${bars}</svg>`;
}

/** The colours of the bars. */
export function splitLegend(): Html {
  const words = lifeKinds.map((kind) => html`<li class="${kind}">${spentTexts[kind]}</li>`);
  return html`<ul class="legend spent">${words}</ul>`;
}
