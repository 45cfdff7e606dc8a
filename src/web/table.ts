// A table of the status page: bounded, keyed, readable and short on narrow screens.

import { numberText } from "../core/words/phrases.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { whetherOpen } from "./pieces.ts";

/** A table with its rows. */
export interface TableOptions {
  /** The caption, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** The number of further rows, and where they are; absent: shown elsewhere. */
  readonly more?: { readonly hidden: number; readonly href: string };
  /** Shown if there are no rows. */
  readonly empty: HtmlValue;
}

/** A column; `number` columns are right-aligned, `roomy` and `wide` ones are wider, `drawn` ones have a bar. */
export interface Column {
  readonly label: string;
  readonly kind: "text" | "roomy" | "number" | "wide" | "drawn";
  /** What it means, if its label alone does not say it. */
  readonly means?: string;
}

/** A row; its key identifies it across refreshes. */
export interface Row {
  readonly key: string;
  readonly cells: readonly HtmlValue[];
}

/** The table, or a sentence if it has no rows. Roles are named because narrow screens show rows as cards. */
export function table(options: TableOptions): Html {
  if (options.rows.length === 0) return html`<p class="empty">${options.empty}</p>`;
  const heads = options.columns.map(({ label, kind, means }) => {
    const title = means === undefined ? undefined : html`
      title="${means}"
    `;
    return html`<th role="columnheader" scope="col" class="${kind}" ${title}>${label}</th>`;
  });
  return html`
    <table role="table">
      <caption class="unseen">${options.caption}</caption>
      <thead role="rowgroup">
        <tr role="row">${heads}</tr>
      </thead>
      <tbody role="rowgroup">${options.rows.map((row) => bodyRow(row, options.columns))}</tbody>
    </table>
    ${showAll(options.caption, options.rows.length)}${moreLink(options)}${meanings(options.columns)}
  `;
}

/** What the titles of the columns say, also for readers without a mouse. */
function meanings(columns: readonly Column[]): Html | undefined {
  const entries = columns.filter(({ means }) => means !== undefined).map(({ label, means }) =>
    html`
      <div data-key="${label}">
        <dt>${label}</dt>
        <dd>${means}</dd>
      </div>
    `
  );
  return entries.length === 0 ? undefined : html`
    <details class="meanings" data-key="meanings">
      <summary>What the columns mean</summary>
      <dl>${entries}</dl>
    </details>
  `;
}

/** Rows that a narrow screen shows at first; the style sheet has the same. */
const narrowMax = 4;

/**
 * Shows all rows of the list before it on a narrow screen, where only the first are shown initially; on a wide one
 * it is not there. It works without scripts.
 */
export function showAll(of: string, rowsCount: number): Html | undefined {
  if (rowsCount <= narrowMax) return undefined;
  const words = whetherOpen(`Show all ${numberText(rowsCount)}`, `Show the first ${narrowMax}`);
  return html`<label class="all" data-key="all"><input type="checkbox" autocomplete="off"> ${words}<span
    class="unseen"> of ${of}</span></label>`;
}

function moreLink({ more }: TableOptions): Html | undefined {
  return more === undefined || more.hidden === 0
    ? undefined
    : html`<p class="more"><a href="${more.href}">${more.hidden} more</a> are not shown</p>`;
}

function bodyRow(row: Row, columns: readonly Column[]): Html {
  const cells = row.cells.map((cell, index) => {
    const column = columns[index];
    return html`
      <td role="cell" class="${column?.kind}" data-label="${column?.label}">
        <div>${cell}</div>
      </td>
    `;
  });
  return html`<tr role="row" data-key="${row.key}">${cells}</tr>`;
}

/** The first rows of a list, and how many more there are. */
export function firstOf<Item>(
  items: readonly Item[],
  rowsMax: number,
): { readonly shown: readonly Item[]; readonly hidden: number } {
  return { shown: items.slice(0, rowsMax), hidden: Math.max(0, items.length - rowsMax) };
}
