// Formats an entry as one log line, as text or JSON; no entry can break the line or control a terminal.

import { unprintable } from "../core/text.ts";
import type { NoteLevel } from "../core/note.ts";
import { isAct } from "../core/words/phrases.ts";
import type { Secret } from "../secret.ts";

/** A value in addition to the text of a line. A {@linkcode Secret} prints as `***`. */
export type LogValue = string | number | boolean | Secret;

/** Values for machines; in text lines only if `text` does not contain them. */
export type LogFields = Readonly<Record<string, LogValue>>;

/** The content of one line. */
export interface LogEntry {
  /** When it happened, ms since the epoch. */
  readonly atMs: number;
  readonly level: NoteLevel;
  /** Stable code of a note; free messages have none. */
  readonly code?: string;
  readonly text: string;
  readonly hint?: string;
  readonly fields: LogFields;
}

/** Longer texts are cut, and the rest is only counted. */
export const textCharactersMax: number = 4_000;

const levelWords: Readonly<Record<NoteLevel, string>> = {
  debug: "DEBUG",
  info: "INFO ",
  warning: "WARN ",
  error: "ERROR",
};

/**
 * A line for people: `2026-11-23T00:45:05Z INFO  agent-launched: launching 2 linux agents (fix: …)`. The fields of a
 * note are part of its text, those of a free message follow as `key=value`.
 */
export function textLine(entry: LogEntry): string {
  const code = entry.code === undefined ? "" : `${entry.code}: `;
  const fields = entry.code === undefined ? Object.entries(entry.fields).map(fieldText).join("") : "";
  const hint = entry.hint === undefined ? "" : ` (${isAct(entry.hint) ? "fix: " : ""}${entry.hint})`;
  return `${isoSeconds(entry.atMs)} ${levelWords[entry.level]} ${printable(`${code}${entry.text}${fields}${hint}`)}`;
}

/** A line for machines: one JSON object with `time`, `level`, `code`, `message`, `hint`, `fields`. */
export function jsonLine(entry: LogEntry): string {
  return JSON.stringify({
    time: isoTime(entry.atMs),
    level: entry.level,
    code: entry.code,
    message: bounded(entry.text),
    hint: entry.hint,
    fields: Object.fromEntries(
      Object.entries(entry.fields).map((
        [name, value],
      ) => [name, typeof value === "string" ? bounded(value) : value]),
    ),
  }).replace(unprintable, (character) => `\\u${codeOf(character).toString(16).padStart(4, "0")}`);
}

const shortEscapes: ReadonlyMap<string, string> = new Map([["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

/** A text on one line, its unprintable characters as `\n`, `\x1b` or `\u202e`, cut at {@linkcode textCharactersMax}. */
export function printable(text: string): string {
  return bounded(text).replace(unprintable, (character) => {
    const short = shortEscapes.get(character);
    if (short !== undefined) return short;
    const code = codeOf(character);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

function bounded(text: string): string {
  if (text.length <= textCharactersMax) return text;
  return `${text.slice(0, textCharactersMax)}… (${text.length - textCharactersMax} more characters)`;
}

function codeOf(character: string): number {
  return character.charCodeAt(0);
}

function fieldText([name, value]: [string, LogValue]): string {
  return ` ${name}=${typeof value === "string" && /[\s"=]|^$/.test(value) ? JSON.stringify(value) : String(value)}`;
}

function isoSeconds(atMs: number): string {
  return isoTime(atMs).replace(/\.\d+Z$/, "Z");
}

/** Invalid times come from wrong clocks; the line must be written anyway. */
function isoTime(atMs: number): string {
  const calendarMsMax = 8.64e15;
  return new Date(Number.isFinite(atMs) && Math.abs(atMs) <= calendarMsMax ? atMs : 0).toISOString();
}
