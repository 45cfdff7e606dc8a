// Text on a terminal: its display width, columns, colours. Names of jobs and hosts come from outside and may contain
// anything.

import type { NoteLevel } from "../core/note.ts";

/** How a piece of text looks. */
export type Style = "plain" | "dim" | "bold" | "good" | "busy" | "warn" | "bad" | "head";

/** How notes look by their level. */
export const levelStyles: Readonly<Record<NoteLevel, Style>> = {
  debug: "dim",
  info: "plain",
  warning: "warn",
  error: "bad",
};

const codes: Readonly<Record<Style, string>> = {
  plain: "",
  dim: "2",
  bold: "1",
  good: "32",
  busy: "36",
  warn: "33",
  bad: "31",
  head: "1;34",
};

/** Adds a style to a text, if the terminal shows colours. */
export function paint(text: string, style: Style, hasColour: boolean): string {
  return hasColour && codes[style] !== "" && text !== "" ? `\x1b[${codes[style]}m${text}\x1b[0m` : text;
}

/** Text from others on one line: control and format characters are shown as `?`. */
export function safeText(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "?").replaceAll(/\p{Zs}/gu, " ");
}

/** Of a launch that Docker refused, only Docker's message, without the command line. */
export function shortError(text: string): string {
  return text.replace(/Failed to launch container: .{0,400}?Error response from daemon: /, "");
}

/** The display width of a safe text. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Cuts a safe text at a width, with an ellipsis. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let shown = "";
  let left = Math.max(0, width - 1);
  for (const character of text) {
    left -= characterWidth(character);
    if (left < 0) break;
    shown += character;
  }
  return width <= 0 ? "" : `${shown}…`;
}

/** One cell of a row. */
export interface Cell {
  /** Its text, which may come from others. */
  readonly text: string;
  /** How it looks; default plain. */
  readonly style?: Style;
}

/** A column; the last one takes the remaining width. */
export interface Column {
  /** Its heading. */
  readonly title: string;
  /** Maximum width. */
  readonly max: number;
  /** Omitted if the terminal has fewer columns. */
  readonly fromColumns?: number;
  /** Default: left. */
  readonly align?: "right";
}

/** How rows are laid out. */
export interface Layout {
  /** Width of a whole row. */
  readonly columns: number;
  /** Whether colours are shown. */
  readonly hasColour: boolean;
}

/** Texts next to each other on one line, which is cut at the terminal's width. They are sanitized here. */
export function layCells(cells: readonly Cell[], { columns, hasColour }: Layout): string {
  let left = columns;
  return cells.map(({ text, style = "plain" }) => {
    const shown = cutText(safeText(text), left);
    left -= textWidth(shown);
    return paint(shown, style, hasColour);
  }).join("");
}

/** A heading and its rows, each within the terminal's width. Texts are sanitized here. */
export function layRows(head: readonly Column[], rows: readonly (readonly Cell[])[], layout: Layout): string[] {
  const shown = head.flatMap((column, index) => layout.columns >= (column.fromColumns ?? 0) ? [{ column, index }] : []);
  const safe = rows.map((row) => row.map((cell) => ({ ...cell, text: safeText(cell.text) })));
  const widths: number[] = [];
  let left = layout.columns - 2;
  shown.forEach(({ column, index }, place) => {
    const isLast = place === shown.length - 1;
    const widest = Math.max(column.title.length, ...safe.map((row) => textWidth(row[index]?.text ?? "")));
    const width = Math.max(0, isLast ? left : Math.min(column.max, widest, left));
    widths.push(width);
    left -= width + 2;
  });
  const line = (cells: readonly Cell[]): string =>
    `  ${
      shown.map(({ column, index }, place) => {
        const cell = cells[index] ?? { text: "" };
        const width = widths[place] ?? 0;
        const isLast = place === shown.length - 1;
        const text = cutText(cell.text, width);
        const pad = " ".repeat(width - textWidth(text));
        const painted = paint(text, cell.style ?? "plain", layout.hasColour);
        if (column.align === "right") return pad + painted;
        return isLast ? painted : painted + pad;
      }).join("  ")
    }`.trimEnd();
  return [line(head.map((column) => ({ text: column.title, style: "dim" }))), ...safe.map(line)];
}

/** `0:07`, `12:30`, `1:02:03`. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (number: number): string => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** `7.5 s`, `64 s`. */
export function secondsText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** Blocks that are two columns wide (Unicode EastAsianWidth W and F, whole blocks). */
const wideBlocks: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1b000, 0x1b2ff],
  [0x1f000, 0x1faff],
  [0x20000, 0x3fffd],
];

function characterWidth(character: string): number {
  if (/^\p{M}/u.test(character)) return 0;
  const code = character.codePointAt(0) ?? 0;
  // Characters such as ⌚ and ✅ are wide, too.
  if (code < 0x1100) return 1;
  return wideBlocks.some(([first, last]) => code >= first && code <= last) || /^\p{Emoji_Presentation}/u.test(character)
    ? 2
    : 1;
}

/** Wraps words at `width` columns; a word that is too long is cut. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  const indent = /^ */.exec(text)?.[0] ?? "";
  let line = "";
  for (const word of safeText(text).trim().split(/ +/)) {
    const longer = line === "" ? `${indent}${word}` : `${line} ${word}`;
    if (line !== "" && longer.length > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = longer;
    }
  }
  return [...lines, line].map((each) => cutText(each, width));
}
