// Splits HOCON text into tokens with their lines. Words, quotes and brackets are read by the tokenizer of
// `@pushcorn/hocon-parser`, one at a time: it supports only part of the whitespace, comments and numbers of HOCON.

import tokenizerModule from "@pushcorn/hocon-parser/lib/core/Tokenizer.js";
import { failAt } from "./config_error.ts";

/** Maximum length of one file, in characters: far more than any configuration, small enough to be read at once. */
const textCharsMax = 262_144;
// The tokenizer is quadratic in the length of a quoted text and in its escapes, so long ones are refused beforehand.
const quotedCharsMax = 16_000;
/** A certificate in quotes has a few dozen. */
const escapesMax = 4_000;

/** What a token is. */
export type TokenKind =
  | "ASSIGN"
  | "CLOSE_CURLY"
  | "CLOSE_SQUARE"
  | "COMMA"
  | "NEWLINE"
  | "OPEN_CURLY"
  | "OPEN_SQUARE"
  | "SUBSTITUTION"
  | "VALUE"
  | "WHITESPACE";

/** One token of a text. */
export interface Token {
  /** What it is. */
  readonly kind: TokenKind;
  /** As written, without quotes, escapes resolved. */
  readonly value: string;
  /** The line where it starts, from 1. */
  readonly line: number;
  /** Whether it is a `VALUE` in quotes. */
  readonly quoted: boolean;
}

/** The tokens of a text. */
export interface Tokens {
  /** In order, without comments. */
  readonly tokens: readonly Token[];
  /** What looks like a mistake, each with file and line. */
  readonly warnings: readonly string[];
}

/** Whitespace of HOCON.md, except the line feed: that of JavaScript, and four control characters that Java includes. */
// deno-lint-ignore no-control-regex
const blank = /(?:(?!\n)[\s\u001c-\u001f])+/y;
const comment = /(?:#|\/\/)[^\n]*/y;
const quoted = /"(?:\\.|[^"\\\n])*"/y;
/** The escapes of JSON. */
const escapes = /^(?:[^\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*$/;
/** What is read as a number where one may start, and numbers with a plus sign. */
const number = /-?\d[\d.eE+-]*/y;
const numberWithPlus = /^-?\d+\.?\d*[eE]\+\d+$/;
const sign = /\$\{\??|[{}[\]:,=]/y;
// deno-lint-ignore no-control-regex
const word = /(?:[^\s"#/+{}[\]:,=$\u001c-\u001f]|\/(?!\/))+/y;
/** Characters that are invisible on the screen but not whitespace. */
const invisible = /[\u00ad\u180e\u200b-\u200d\u2060]/;

/** Splits the text of `file` into tokens; throws `ConfigError` with the line. */
export function tokenize(text: string, file: string): Tokens {
  if (text.length > textCharsMax) {
    failAt({ file, line: 1 }, `the file has more than ${textCharsMax} characters`, "check that it is the right file");
  }
  const scan: Scan = { text, file, at: 0, line: 1, wordEnd: -1, tokens: [], oddities: new Map() };
  while (scan.at < text.length) takeToken(scan);
  const warnings = [...scan.oddities].map(([what, line]) => `${file}:${line}: ${what}`);
  return { tokens: scan.tokens, warnings };
}

interface Scan {
  readonly text: string;
  readonly file: string;
  at: number;
  line: number;
  /** Where the last unquoted word ends: no number starts there, and no intended comment. */
  wordEnd: number;
  readonly tokens: Token[];
  /** The oddities found, each with its first line. */
  readonly oddities: Map<string, number>;
}

function takeToken(scan: Scan): void {
  const { text, at } = scan;
  const char = text[at] ?? "";
  if (char === "\n") {
    put(scan, 1, { kind: "NEWLINE", value: char });
    scan.line++;
  } else if (text.startsWith('"""', at)) {
    takeTripleQuoted(scan);
  } else if (char === '"') {
    takeQuoted(scan);
  } else if (char === "+") {
    if (text[at + 1] !== "=") refuseSign(scan);
    put(scan, 2, { kind: "ASSIGN", value: "+=" });
  } else {
    takeUnquoted(scan);
  }
}

function takeUnquoted(scan: Scan): void {
  const blanks = match(scan, blank);
  if (blanks !== undefined) {
    noteOddBlank(scan, blanks);
    return put(scan, blanks.length, { kind: "WHITESPACE", value: blanks });
  }
  const remark = match(scan, comment);
  if (remark !== undefined) return skipComment(scan, remark);
  const digits = scan.at === scan.wordEnd ? undefined : match(scan, number);
  if (digits?.includes("+")) {
    if (!numberWithPlus.test(digits)) refuseSign(scan);
    return put(scan, digits.length, { kind: "VALUE", value: digits });
  }
  const piece = match(scan, sign) ?? match(scan, word) ?? scan.text[scan.at] ?? "";
  noteInvisible(scan, piece);
  put(scan, piece.length, ...read(piece, () => refuseSign(scan)));
}

function skipComment(scan: Scan, remark: string): void {
  if (scan.at === scan.wordEnd) {
    const mark = remark.startsWith("#") ? "#" : "//";
    note(scan, `a comment starts in the middle of a word; put the value in double quotes if ${mark} belongs to it`);
  }
  scan.at += remark.length;
}

function refuseSign({ file, line }: Scan): never {
  failAt(
    { file, line },
    "a character on this line needs double quotes ($ + # ` ^ ? ! @ * & \\ do)",
    'put the value in double quotes: key = "value"',
  );
}

function takeQuoted(scan: Scan): void {
  const at = { file: scan.file, line: scan.line };
  const whole = match(scan, quoted) ??
    failAt(at, "a double quote on this line is not closed", 'end the text with "');
  if (whole.split("\\").length - 1 > escapesMax) {
    failAt(at, "too many backslashes in a text in quotes", "put the text into a file of its own");
  }
  if (whole.length > quotedCharsMax) failAt(at, "a text in quotes is too long", 'write a long text as """…"""');
  noteInvisible(scan, whole);
  const refuse = (): never =>
    failAt(at, "a text in double quotes has an invalid escape", "write \\\\ for a backslash and \\n for a line break");
  if (!escapes.test(whole)) refuse();
  put(scan, whole.length, ...read(whole, refuse));
}

function takeTripleQuoted(scan: Scan): void {
  const at = { file: scan.file, line: scan.line };
  const closing = /"{3,}/g;
  closing.lastIndex = scan.at + 3;
  const found = closing.exec(scan.text) ??
    failAt(at, 'a text that starts with """ is not closed', 'end the text with """');
  const whole = scan.text.slice(scan.at, found.index + found[0].length);
  put(scan, whole.length, { kind: "VALUE", value: whole.slice(3, -3), quoted: true });
  scan.line += whole.split("\n").length - 1;
}

interface LibraryToken {
  readonly type: { readonly description?: string };
  readonly value: string;
  readonly quoted: boolean;
}

/**
 * How the package classifies a piece. Its errors quote the text, which may be a secret, so `refuse` throws another
 * error.
 */
function read(piece: string, refuse: () => never): readonly Piece[] {
  let tokens: readonly LibraryToken[];
  try {
    tokens = new tokenizerModule.Tokenizer("").tokenize(piece, true) as readonly LibraryToken[];
  } catch {
    return refuse();
  }
  return tokens.map(({ type, value, quoted }) => {
    // A | is text: nothing in a configuration is ever executed.
    const kind = type.description === "PIPE" ? "VALUE" : type.description as TokenKind;
    return { kind, value, quoted };
  });
}

interface Piece {
  readonly kind: TokenKind;
  readonly value: string;
  readonly quoted?: boolean;
}

function put(scan: Scan, length: number, ...pieces: readonly Piece[]): void {
  for (const piece of pieces) scan.tokens.push({ quoted: false, ...piece, line: scan.line });
  scan.at += length;
  const last = scan.tokens[scan.tokens.length - 1];
  if (last?.kind === "VALUE" && !last.quoted) scan.wordEnd = scan.at;
}

function match(scan: Scan, pattern: RegExp): string | undefined {
  pattern.lastIndex = scan.at;
  return pattern.exec(scan.text)?.[0];
}

function noteOddBlank(scan: Scan, blanks: string): void {
  // deno-lint-ignore no-control-regex
  const odd = /[^ \t\r\f\v\ufeff\u001c-\u001f]/.exec(blanks)?.[0];
  if (odd !== undefined) note(scan, `the character ${codeOf(odd)} counts as white space`);
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
