// Parses one HOCON file into raw values with their lines. Only the tokenizer of `@pushcorn/hocon-parser` is used: its
// evaluator runs JavaScript after a `|`, fetches http includes, and quotes values, hence secrets, in errors.

import tokenizerModule from "@pushcorn/hocon-parser/lib/core/Tokenizer.js";
import { failAt } from "./config_error.ts";
import { prepareHocon } from "./hocon_prepare.ts";
import { type Place, putRaw, type Raw, type RawObject, type RawText } from "./hocon_raw.ts";

const depthMax = 64;

/** An `include` found while reading; the answer is merged where it stands. */
export interface IncludeRequest {
  /** Where the include stands. */
  readonly at: Place;
  /** As written. */
  readonly name: string;
  /** Whether it says `required(…)`. */
  readonly required: boolean;
  /** Where in the whole configuration it stands. */
  readonly prefix: readonly string[];
}

/** What one text is read with. */
export interface SyntaxOptions {
  /** The text, at most {@linkcode textCharsMax} characters. */
  readonly text: string;
  /** Name for messages. */
  readonly file: string;
  /** Keys above this text, where it is included. */
  readonly prefix: readonly string[];
  /** Reads an included file; `undefined` leaves it out. */
  readonly include: (request: IncludeRequest) => RawObject | undefined;
  /** Takes what looks like a mistake and is none that keeps the text from being read. */
  readonly warn: (warning: string) => void;
}

/** Reads one text; throws {@linkcode ConfigError} `config-syntax` with the line. */
export function parseHocon(options: SyntaxOptions): RawObject {
  const prepared = prepareHocon(options.text, options.file);
  prepared.warnings.forEach(options.warn);
  const tokens = tokenize(prepared.text, options.file);
  const state: State = { tokens, index: 0, depth: 0, options };
  const root: RawObject = { kind: "object", at: { file: options.file, line: 1 }, fields: new Map() };
  skip(state, blank);
  const opening = state.tokens[state.index];
  if (kindOf(opening) === "OPEN_CURLY") {
    state.index++;
    parseFields(state, root, options.prefix, opening);
    skip(state, blank);
    if (state.index < tokens.length) {
      fail(state, "something follows the last }", "remove what follows, or a } before it");
    }
  } else {
    parseFields(state, root, options.prefix, undefined);
  }
  return root;
}

interface Token {
  readonly type: { readonly description?: string };
  readonly value: string;
  readonly line: number;
  readonly quoted: boolean;
}

interface State {
  readonly tokens: readonly Token[];
  index: number;
  depth: number;
  readonly options: SyntaxOptions;
}

const blank: readonly string[] = ["WHITESPACE", "NEWLINE"];
const quoteHint = 'put the value in double quotes: key = "value"';

function tokenize(text: string, file: string): readonly Token[] {
  try {
    return new tokenizerModule.Tokenizer("").tokenize(text, true) as readonly Token[];
  } catch (error) {
    // The text of the library's message may quote a secret: only its kind and line are used.
    const message = error instanceof Error ? error.message : "";
    const line = Number(/line: (\d+)/.exec(message)?.[1] ?? 1);
    const at: Place = { file, line };
    if (/^Quoted string not closed/.test(message)) {
      return failAt(at, "a double quote is opened and not closed on this line", 'end the text with "');
    }
    if (/^Multi-line string/.test(message)) {
      return failAt(at, 'a text opened with """ is never closed', 'end the text with """');
    }
    if (/^(Unexpected character|Plus sign)/.test(message)) {
      return failAt(at, "a character on this line needs double quotes ($ + # ` ^ ? ! @ * & \\ do)", quoteHint);
    }
    return failAt(at, "a text in double quotes has a bad escape", "write \\\\ for a backslash and \\n for a line end");
  }
}

function parseFields(state: State, target: RawObject, path: readonly string[], opening: Token | undefined): void {
  enter(state);
  skip(state, blank);
  while (true) {
    const token = state.tokens[state.index];
    if (token === undefined) {
      if (opening === undefined) break;
      failAt(
        { file: state.options.file, line: opening.line },
        "the { of this line is never closed",
        "add the missing }",
      );
    }
    if (kindOf(token) === "CLOSE_CURLY") {
      if (opening === undefined) fail(state, "there is a } without its {", "remove it, or add the missing {");
      state.index++;
      break;
    }
    if (token.value === "include" && !token.quoted) parseInclude(state, target, path);
    else parseField(state, target, path);
    skipComma(state);
  }
  state.depth--;
}

function parseField(state: State, target: RawObject, path: readonly string[]): void {
  const key = parseKey(state);
  const before = state.index;
  skip(state, blank);
  const separator = state.tokens[state.index];
  const kind = kindOf(separator);
  if (kind === "ASSIGN") {
    state.index++;
  } else if (kind !== "OPEN_CURLY") {
    state.index = before;
    fail(state, "a key has no value", "write key = value, or key { … }");
  }
  skip(state, blank);
  const inner = [...path, ...key];
  const at = placeOf(state);
  const value = parseValue(state, inner);
  putRaw(target, key, separator?.value === "+=" ? { kind: "append", at, item: value } : value);
}

function parseKey(state: State): readonly string[] {
  const segments: { text: string; isQuoted: boolean }[] = [{ text: "", isQuoted: false }];
  let space = "";
  for (; state.index < state.tokens.length; state.index++) {
    const token = state.tokens[state.index];
    const kind = kindOf(token);
    const last = segments[segments.length - 1];
    if (token === undefined || last === undefined) break;
    if (kind === "WHITESPACE") {
      space = last.text === "" ? "" : token.value;
    } else if (kind === "VALUE" && token.quoted) {
      last.text += space + token.value;
      last.isQuoted = true;
      space = "";
    } else if (kind === "VALUE") {
      const [head = "", ...tail] = token.value.split(".");
      last.text += (head === "" ? "" : space) + head;
      for (const text of tail) segments.push({ text, isQuoted: false });
      space = "";
    } else {
      break;
    }
  }
  if (segments.some((segment) => segment.text === "" && !segment.isQuoted)) {
    fail(state, "a key is expected here", "write key = value; a key has no empty part between its dots");
  }
  if (segments.length > depthMax) fail(state, "a key has too many parts", "write a key of the documentation");
  return segments.map((segment) => segment.text);
}

function parseValue(state: State, path: readonly string[]): Raw {
  const at = placeOf(state);
  const parts: Raw[] = [];
  let space = "";
  for (; state.index < state.tokens.length;) {
    const token = state.tokens[state.index];
    const kind = kindOf(token);
    if (token === undefined || kind === "WHITESPACE") {
      space = token?.value ?? "";
      state.index++;
      continue;
    }
    if (kind === "ASSIGN" || kind === "AT") fail(state, "a value with : = or @ needs double quotes", quoteHint);
    if (!["VALUE", "PIPE", "OPEN_CURLY", "OPEN_SQUARE", "SUBSTITUTION"].includes(kind)) break;
    if (space !== "" && parts.length > 0) pushText(parts, { kind: "text", at, text: space, quoted: false });
    space = "";
    if (kind === "OPEN_CURLY") {
      const object: RawObject = { kind: "object", at: placeOf(state), fields: new Map() };
      state.index++;
      parseFields(state, object, path, token);
      parts.push(object);
    } else if (kind === "OPEN_SQUARE") {
      parts.push(parseList(state));
    } else if (kind === "SUBSTITUTION") {
      parts.push(parseReference(state));
    } else {
      pushText(parts, { kind: "text", at: placeOf(state), text: token.value, quoted: token.quoted });
      state.index++;
    }
  }
  const [first] = parts;
  if (first === undefined) return fail(state, "a value is missing", 'write key = value; an empty text is ""');
  return parts.length === 1 ? first : { kind: "concat", at, parts };
}

function pushText(parts: Raw[], text: RawText): void {
  const last = parts[parts.length - 1];
  if (last?.kind === "text") {
    parts[parts.length - 1] = { ...last, text: last.text + text.text, quoted: last.quoted || text.quoted };
  } else {
    parts.push(text);
  }
}

function parseList(state: State): Raw {
  const at = placeOf(state);
  const items: Raw[] = [];
  enter(state);
  state.index++;
  skip(state, blank);
  while (true) {
    const kind = kindOf(state.tokens[state.index]);
    if (kind === "") failAt(at, "the [ of this line is never closed", "add the missing ]");
    if (kind === "CLOSE_SQUARE") break;
    if (kind === "CLOSE_CURLY") fail(state, "there is a } where a ] is expected", "close the list with ]");
    items.push(parseValue(state, []));
    skipComma(state);
  }
  state.index++;
  state.depth--;
  return { kind: "list", at, items };
}

function parseReference(state: State): Raw {
  const at = placeOf(state);
  const optional = state.tokens[state.index]?.value.endsWith("?") ?? false;
  state.index++;
  const path = parseKey(state);
  if (kindOf(state.tokens[state.index]) !== "CLOSE_CURLY") {
    fail(state, "a ${ is not closed", "write ${name} or ${?NAME}");
  }
  state.index++;
  const { prefix } = state.options;
  return { kind: "reference", at, optional, paths: prefix.length === 0 ? [path] : [[...prefix, ...path], path] };
}

function parseInclude(state: State, target: RawObject, path: readonly string[]): void {
  const at = placeOf(state);
  let words = "";
  let name: string | undefined;
  state.index++;
  skip(state, blank);
  for (; state.index < state.tokens.length; state.index++) {
    const token = state.tokens[state.index];
    const kind = kindOf(token);
    if (token === undefined || !(kind === "VALUE" || kind === "WHITESPACE")) break;
    if (token.quoted) name = name === undefined ? token.value : undefined;
    words += token.quoted ? '"' : token.value;
  }
  const form = /^\s*(required\(\s*)?(file\(\s*)?"[\s)]*$/.exec(words);
  if (form === null || name === undefined) {
    return failAt(at, "only files can be included", 'write include "file.conf" or include required("file.conf")');
  }
  const included = state.options.include({ at, name, required: form[1] !== undefined, prefix: path });
  if (included === undefined) return;
  for (const [key, value] of included.fields) putRaw(target, [key], value);
}

function enter(state: State): void {
  state.depth++;
  if (state.depth > depthMax) fail(state, `braces are nested deeper than ${depthMax}`, "close some of them");
}

/** What may stand behind a field or an item: blanks, and one comma among them. */
function skipComma(state: State): void {
  skip(state, blank);
  if (kindOf(state.tokens[state.index]) !== "COMMA") return;
  state.index++;
  skip(state, blank);
  if (kindOf(state.tokens[state.index]) === "COMMA") fail(state, "there is a comma too many", "remove it");
}

function skip(state: State, kinds: readonly string[]): void {
  while (kinds.includes(kindOf(state.tokens[state.index]))) state.index++;
}

function kindOf(token: Token | undefined): string {
  return token?.type.description ?? "";
}

function placeOf(state: State): Place {
  const token = state.tokens[state.index] ?? state.tokens[state.tokens.length - 1];
  return { file: state.options.file, line: token?.line ?? 1 };
}

function fail(state: State, message: string, hint: string): never {
  return failAt(placeOf(state), message, hint);
}
