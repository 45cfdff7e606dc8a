// Plain tables for terminals.

import { unprintable } from "../core/text.ts";

/** The maximum width of all columns but the last. */
const columnMax = 48;

/**
 * Rows under headings with aligned columns; the last column is cut at the terminal's width. Control characters are
 * shown as `?`.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const all = [head, ...rows.map((row) => row.map(printable))];
  const widths = head.map((_, index) =>
    Math.min(columnMax, Math.max(...all.map((row) => [...(row[index] ?? "")].length)))
  );
  return all.map((row) => {
    const line = row.map((cell, index) => index === row.length - 1 ? cell : fit(cell, widths[index] ?? 0)).join("  ");
    return cut(`  ${line}`.trimEnd(), Math.max(columns, 80));
  }).join("\n");
}

/** External text, safe to print: no control characters, no escape sequences, no reordering of text. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, "?");
}

/** The same for a text of several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** JSON, safe to print: unsafe characters are escaped, so that it parses to the same value. */
export function printableJson(json: string): string {
  return json.replaceAll(
    unprintable,
    (character) => character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Cuts a line at a width, with an ellipsis. */
function cut(line: string, width: number): string {
  const characters = [...line];
  return characters.length <= width ? line : `${characters.slice(0, width - 1).join("")}…`;
}

function fit(cell: string, width: number): string {
  const shown = cut(cell, width);
  return shown + " ".repeat(Math.max(0, width - [...shown].length));
}
