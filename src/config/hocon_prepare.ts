// Normalizes HOCON text for the tokenizer: one kind of whitespace, no comments, no plus sign in numbers. Line numbers
// stay.

import { failAt } from "./config_error.ts";

/** Longest text of one file, in characters: far more than any configuration, little enough to be read at once. */
export const textCharsMax = 262_144;
// The tokenizer is quadratic in the length of a quoted text and in its escapes, so long ones are refused first.
const quotedCharsMax = 16_000;
/** A certificate in quotes has some dozens. */
const escapesMax = 4_000;

/** A text as the tokenizer can read it. */
export interface PreparedText {
  readonly text: string;
  /** What looks like a mistake, each with file and line. */
  readonly warnings: readonly string[];
}

/** White space of HOCON.md, but for the line feed: JavaScript's, and four control characters that Java counts. */
// deno-lint-ignore no-control-regex
const blank = /(?:(?!\n)[\s\u001c-\u001f])+/y;
const quoted = /"(?:\\.|[^"\\\r\n])*"?/y;
const comment = /(?:#|\/\/)[^\n]*/y;
const number = /-?\d[\d.eE+-]*/y;
const numberWithPlus = /^-?\d+(?:\.\d+)?[eE]\+\d+$/;
// deno-lint-ignore no-control-regex
const plain = /[^\s"#/+\u001c-\u001f]+|\//y;
/** Characters that take no room on the screen and are no white space. */
const invisible = /[\u00ad\u180e\u200b-\u200d\u2060]/;

/** Prepares the text of `file`; throws `ConfigError` with the line. */
export function prepareHocon(text: string, file: string): PreparedText {
  if (text.length > textCharsMax) {
    failAt({ file, line: 1 }, `the file has more than ${textCharsMax} characters`, "check that it is the right file");
  }
  const scan: Scan = { text, file, at: 0, line: 1, isStart: true, out: [], oddities: new Map() };
  while (scan.at < text.length) takePiece(scan);
  const warnings = [...scan.oddities].map(([what, line]) => `${file}:${line}: ${what}`);
  return { text: scan.out.join(""), warnings };
}

interface Scan {
  readonly text: string;
  readonly file: string;
  at: number;
  line: number;
  /** A number may begin here: it follows a blank, a bracket, a comma, a separator or a quoted text. */
  isStart: boolean;
  readonly out: string[];
  /** What was noticed, with the first line of it. */
  readonly oddities: Map<string, number>;
}

function takePiece(scan: Scan): void {
  const { text, at } = scan;
  const char = text[at] ?? "";
  if (char === "\n") {
    scan.line++;
    put(scan, 1, "\n", true);
  } else if (text.startsWith('"""', at)) {
    takeTripleQuoted(scan);
  } else if (char === '"') {
    takeQuoted(scan);
  } else if (char === "+") {
    takePlus(scan);
  } else {
    takeUnquoted(scan);
  }
}

function takeUnquoted(scan: Scan): void {
  const blanks = match(scan, blank);
  if (blanks !== undefined) {
    noteOddBlank(scan, blanks);
    return put(scan, blanks.length, " ".repeat(blanks.length), true);
  }
  const remark = match(scan, comment);
  if (remark !== undefined) return put(scan, remark.length, "", true);
  const digits = scan.isStart ? match(scan, number) : undefined;
  if (digits?.includes("+")) {
    if (!numberWithPlus.test(digits)) refuseSign(scan);
    return put(scan, digits.length, digits.replace("+", ""), false);
  }
  const word = match(scan, plain) ?? scan.text[scan.at] ?? "";
  noteInvisible(scan, word);
  put(scan, word.length, word, /[{}[\],:=]$/.test(word));
}

/** `+=`; any other plus sign outside of quotes is no HOCON. */
function takePlus(scan: Scan): void {
  if (scan.text[scan.at + 1] !== "=") refuseSign(scan);
  put(scan, 2, "+=", true);
}

function refuseSign({ file, line }: Scan): never {
  failAt(
    { file, line },
    "a character on this line needs double quotes ($ + # ` ^ ? ! @ * & \\ do)",
    'put the value in double quotes: key = "value"',
  );
}

function takeQuoted(scan: Scan): void {
  const whole = match(scan, quoted) ?? "";
  const at = { file: scan.file, line: scan.line };
  if (whole.split("\\").length - 1 > escapesMax) {
    failAt(at, "too many backslashes in a text in quotes", "put the text into a file of its own");
  }
  if (whole.length > quotedCharsMax) failAt(at, "a text in quotes is too long", 'write a long text as """…"""');
  noteInvisible(scan, whole);
  put(scan, whole.length, whole, true);
}

function takeTripleQuoted(scan: Scan): void {
  const closing = /"{3,}/g;
  closing.lastIndex = scan.at + 3;
  const found = closing.exec(scan.text);
  // One that is never closed is told by the tokenizer.
  const end = found === null ? scan.text.length : found.index + found[0].length;
  const whole = scan.text.slice(scan.at, end);
  put(scan, whole.length, whole, true);
  scan.line += whole.split("\n").length - 1;
}

function put(scan: Scan, length: number, text: string, isStart: boolean): void {
  scan.out.push(text);
  scan.at += length;
  scan.isStart = isStart;
}

function match(scan: Scan, pattern: RegExp): string | undefined {
  pattern.lastIndex = scan.at;
  return pattern.exec(scan.text)?.[0];
}

function noteOddBlank(scan: Scan, blanks: string): void {
  // deno-lint-ignore no-control-regex
  const odd = /[^ \t\r\f\v\ufeff\u001c-\u001f]/.exec(blanks)?.[0];
  if (odd !== undefined) note(scan, `the blank ${codeOf(odd)} is read as a space`);
}

function noteInvisible(scan: Scan, text: string): void {
  const found = invisible.exec(text)?.[0];
  if (found !== undefined) {
    note(scan, `there is an invisible character (${codeOf(found)}); it is taken as part of the text`);
  }
}

function note({ oddities, line }: Scan, what: string): void {
  if (!oddities.has(what)) oddities.set(what, line);
}

function codeOf(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
