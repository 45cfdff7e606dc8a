// Plain tables for terminals.

import { unprintable } from "../core/text.ts";
import { layRows } from "./text.ts";

/** The maximum width of all columns but the last. */
const columnMax = 48;

/**
 * Rows under headings with aligned columns; the last column is cut at the terminal's width, or at 80. Control characters
 * are shown as `?`.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const cells = rows.map((row) => row.map((text) => ({ text })));
  const layout = { columns: Math.max(columns, 80), hasColour: false };
  return layRows(head.map((title) => ({ title, max: columnMax })), cells, layout).join("\n");
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
