// Parses one HOCON file into raw values with their lines.

import { failAt } from "./config_error.ts";
import {
  failMixed,
  isBlank,
  mergeRaw,
  type Place,
  putRaw,
  type Raw,
  type RawObject,
  type RawText,
} from "./hocon_raw.ts";
import { type Token, tokenize, type TokenKind } from "./hocon_tokens.ts";

const depthMax = 64;

/** An `include` found while reading; the result is merged at its place. */
export interface IncludeRequest {
  /** The place of the include. */
  readonly at: Place;
  /** As written. */
  readonly name: string;
  /** Whether it says `required(…)`. */
  readonly required: boolean;
  /** Its path in the whole configuration; absent inside a list, where there is no path. */
  readonly prefix: readonly string[] | undefined;
}

/** Keys from the root; absent inside a list. */
type Path = readonly string[] | undefined;

/** The parameters for reading one text. */
export interface SyntaxOptions {
  readonly text: string;
  /** Name for messages. */
  readonly file: string;
  /** Keys above this text, if it is included; absent inside a list. */
  readonly prefix: readonly string[] | undefined;
  /** Reads an included file; `undefined` leaves it out. */
  readonly include: (request: IncludeRequest) => RawObject | undefined;
  /** Called with possible mistakes that do not prevent the text from being read. */
  readonly warn: (warning: string) => void;
}

/** Reads one text; throws {@linkcode ConfigError} `config-syntax` with the line. */
export function parseHocon(options: SyntaxOptions): RawObject {
  const { tokens, warnings } = tokenize(options.text, options.file);
  warnings.forEach(options.warn);
  const state: State = { tokens, index: 0, depth: 0, options };
  const root: RawObject = { kind: "object", at: { file: options.file, line: 1 }, fields: new Map() };
  skip(state, blank);
  const opening = state.tokens[state.index];
  if (kindOf(opening) === "OPEN_CURLY") {
    state.index++;
    parseFields(state, root, options.prefix, opening);
    skip(state, blank);
    if (state.index < tokens.length) {
      fail(state, "there is text after the last }", "remove what follows, or a } before it");
    }
  } else {
    parseFields(state, root, options.prefix, undefined);
  }
  return root;
}

interface State {
  readonly tokens: readonly Token[];
  index: number;
  depth: number;
  readonly options: SyntaxOptions;
}

const blank: readonly TokenKind[] = ["WHITESPACE", "NEWLINE"];
const quoteHint = 'put the value in double quotes: key = "value"';

function parseFields(state: State, target: RawObject, path: Path, opening: Token | undefined): void {
  enter(state);
  skip(state, blank);
  while (true) {
    const token = state.tokens[state.index];
    if (token === undefined) {
      if (opening === undefined) break;
      failAt(
        { file: state.options.file, line: opening.line },
        "the { on this line is not closed",
        "add the missing }",
      );
    }
    if (kindOf(token) === "CLOSE_CURLY") {
      if (opening === undefined) fail(state, "there is a } without a {", "remove it, or add the missing {");
      state.index++;
      break;
    }
    if (token.value === "include" && !token.quoted) parseInclude(state, target, path);
    else parseField(state, target, path);
    skipComma(state);
  }
  state.depth--;
}

function parseField(state: State, target: RawObject, path: Path): void {
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
  const inner = path === undefined ? undefined : [...path, ...key];
  const at = placeOf(state);
  if (separator?.value === "+=") {
    const item = parseValue(state, undefined);
    putRaw(target, key, { kind: "append", at, item, ...(inner === undefined ? {} : { path: inner }) });
  } else {
    putRaw(target, key, parseValue(state, inner));
  }
}

function parseKey(state: State): readonly string[] {
  const segments: { text: string; isQuoted: boolean }[] = [{ text: "", isQuoted: false }];
  let space = "";
  for (; state.index < state.tokens.length; state.index++) {
    const token = state.tokens[state.index];
    const last = segments[segments.length - 1];
    if (token === undefined || last === undefined) break;
    if (token.kind === "WHITESPACE") {
      // Whitespace around the whole key does not count; inside it does.
      if (segments.length > 1 || last.text !== "" || last.isQuoted) space += token.value;
    } else if (token.kind === "VALUE" && token.quoted) {
      last.text += space + token.value;
      last.isQuoted = true;
      space = "";
    } else if (token.kind === "VALUE") {
      const [head = "", ...tail] = token.value.split(".");
      last.text += space + head;
      for (const text of tail) segments.push({ text, isQuoted: false });
      space = "";
    } else {
      break;
    }
  }
  if (segments.some((segment) => segment.text === "" && !segment.isQuoted)) {
    fail(state, "a key is expected here", "write key = value; a key has no empty part between its dots");
  }
  if (segments.length > depthMax) fail(state, "a key has too many parts", "write a documented key");
  return segments.map((segment) => segment.text);
}

function parseValue(state: State, path: Path): Raw {
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
    if (kind === "ASSIGN") fail(state, "a value with : = or @ needs double quotes", quoteHint);
    if (!["VALUE", "OPEN_CURLY", "OPEN_SQUARE", "SUBSTITUTION"].includes(kind)) break;
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
  return parts.length === 1 ? first : joinParts(parts, at);
}

/** Literal lists and objects are combined immediately; text next to one is refused, whatever follows. */
function joinParts(parts: readonly Raw[], at: Place): Raw {
  const solid = parts.filter((part) => part.kind !== "text" || part.quoted || !isBlank(part.text));
  const lists = solid.filter((part) => part.kind === "list");
  const objects = solid.filter((part) => part.kind === "object");
  if (lists.length === solid.length) return { kind: "list", at, items: lists.flatMap(({ items }) => items) };
  if (objects.length === solid.length) {
    const joined: RawObject = { kind: "object", at, fields: new Map() };
    objects.forEach((object) => mergeRaw(joined, object));
    return joined;
  }
  const hasText = solid.some((part) => part.kind === "text");
  return hasText && lists.length + objects.length > 0 ? failMixed(at) : { kind: "concat", at, parts };
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
    if (kind === "") failAt(at, "the [ on this line is not closed", "add the missing ]");
    if (kind === "CLOSE_SQUARE") break;
    if (kind === "CLOSE_CURLY") fail(state, "there is a } where a ] is expected", "close the list with ]");
    items.push(parseValue(state, undefined));
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
  if (prefix === undefined) {
    failAt(
      at,
      "a ${…} in a file that is included inside a list cannot be resolved",
      "move the include, or the ${…}, out of the list",
    );
  }
  return { kind: "reference", at, optional, paths: prefix.length === 0 ? [path] : [[...prefix, ...path], path] };
}

function parseInclude(state: State, target: RawObject, path: Path): void {
  const at = placeOf(state);
  state.index++;
  skip(state, blank);
  const { words, name, open } = readInclude(state);
  const form = /^(required\( ?)?(file\( ?)?"[ )]*$/.exec(words);
  if (form === null || open !== 0 || /^[a-z]+:\/\//i.test(name)) {
    failAt(at, "only files can be included", 'write include "file.conf" or include required("file.conf")');
  }
  const included = state.options.include({ at, name, required: form[1] !== undefined, prefix: path });
  if (included !== undefined) mergeRaw(target, included);
  skip(state, ["WHITESPACE"]);
  if (!["NEWLINE", "COMMA", "CLOSE_CURLY", ""].includes(kindOf(state.tokens[state.index]))) {
    fail(state, "there is text after the included file on its line", "put a comma or a line between");
  }
}

/** Longer than everything that may surround the name of a file. */
const wordsMax = 64;

interface Included {
  /** The text, with whitespace reduced to one space, and `"` in place of the name. */
  readonly words: string;
  readonly name: string;
  /** Parentheses that are open at the end. */
  readonly open: number;
}

/** What follows `include`, up to the end of its name and the parentheses around it. */
function readInclude(state: State): Included {
  let words = "";
  let name: string | undefined;
  let open = 0;
  for (; (name === undefined || open > 0) && words.length < wordsMax; state.index++) {
    const token = state.tokens[state.index];
    if (token?.kind === "WHITESPACE" || token?.kind === "NEWLINE") {
      if (!words.endsWith(" ")) words += " ";
    } else if (token?.kind === "VALUE") {
      if (token.quoted) name = token.value;
      else open += token.value.split("(").length - token.value.split(")").length;
      words += token.quoted ? '"' : token.value;
    } else {
      break;
    }
  }
  return { words, name: name ?? "", open };
}

function enter(state: State): void {
  state.depth++;
  if (state.depth > depthMax) fail(state, `braces are nested deeper than ${depthMax}`, "close some of them");
}

/** What may follow a field or an item: whitespace with at most one comma. */
function skipComma(state: State): void {
  skip(state, blank);
  if (kindOf(state.tokens[state.index]) !== "COMMA") return;
  state.index++;
  skip(state, blank);
  if (kindOf(state.tokens[state.index]) === "COMMA") fail(state, "there is an extra comma", "remove it");
}

function skip(state: State, kinds: readonly TokenKind[]): void {
  for (let kind = kindOf(state.tokens[state.index]); kind !== "" && kinds.includes(kind);) {
    state.index++;
    kind = kindOf(state.tokens[state.index]);
  }
}

function kindOf(token: Token | undefined): TokenKind | "" {
  return token?.kind ?? "";
}

function placeOf(state: State): Place {
  const token = state.tokens[state.index] ?? state.tokens[state.tokens.length - 1];
  return { file: state.options.file, line: token?.line ?? 1 };
}

function fail(state: State, message: string, hint: string): never {
  return failAt(placeOf(state), message, hint);
}
