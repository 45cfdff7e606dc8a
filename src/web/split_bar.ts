// What agent time was spent on, as a bar. Not here: the life of one instance, state by state (life_line.ts).

import { hoursText } from "../core/words/history.ts";
import { percent } from "./bars.ts";
import { type Spent, totalMs } from "./history_page.ts";
import { type Html, html } from "./html.ts";

const splitWords = { busy: "building", idle: "idle", starting: "starting", other: "otherwise" } as const;

const kinds = ["busy", "idle", "starting", "other"] as const;

/** `1.5 h building, 0.50 h idle`. */
export function spentText(spent: Spent): string {
  return kinds.filter((kind) => spent[kind] > 0).map((kind) => `${hoursText(spent[kind])} h ${splitWords[kind]}`)
    .join(", ");
}

/** What time was spent on, as a bar that says it, too. */
export function splitBar(spent: Spent): Html {
  const total = Math.max(1, totalMs(spent));
  let from = 0;
  const bars = kinds.map((kind) => {
    const at = from;
    from += spent[kind];
    return html`
      <rect class="${kind}" x="${percent(at, total)}" width="${percent(spent[kind], total)}" height="8" />
    `;
  });
  return html`<svg class="split" role="img" height="8"><title>${spentText(spent)}</title>${bars}</svg>`;
}
