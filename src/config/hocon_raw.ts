// The value of one HOCON text before substitutions are resolved.

import { failAt } from "./config_error.ts";

/** Where something stands. */
export interface Place {
  /** File as given. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A value that may still hold `${…}`. */
export type Raw = RawText | RawList | RawObject | RawConcat | RawReference | RawAppend;

/** Text, quoted or not; numbers and booleans are text, so that `007` stays what it is. */
export interface RawText {
  /** Which form of {@linkcode Raw}. */
  readonly kind: "text";
  /** Where it begins. */
  readonly at: Place;
  /** Without its quotes, escapes resolved. */
  readonly text: string;
  /** Whether any part of it is in quotes: `"null"` is no `null`. */
  readonly quoted: boolean;
}

/** `[ … ]`. */
export interface RawList {
  /** Which form of {@linkcode Raw}. */
  readonly kind: "list";
  /** Where it begins. */
  readonly at: Place;
  /** In order. */
  readonly items: readonly Raw[];
}

/** `{ … }`. A map, so that `__proto__` is a key like any other. Only the parser adds to it. */
export interface RawObject {
  /** Which form of {@linkcode Raw}. */
  readonly kind: "object";
  /** Where it begins. */
  readonly at: Place;
  /** By key. */
  readonly fields: Map<string, RawSlot>;
}

/**
 * What one key was given, the latest last. A text or a list hides what came before it, so nothing is kept below one; it
 * is kept below an object itself, as it also hides what the key has where the object is included.
 */
export interface RawSlot {
  /** At least one. */
  readonly layers: Raw[];
}

/** Values beside each other on a line: texts join, lists and objects merge. */
export interface RawConcat {
  /** Which form of {@linkcode Raw}. */
  readonly kind: "concat";
  /** Where it begins. */
  readonly at: Place;
  /** In order, blanks between them too. */
  readonly parts: readonly Raw[];
}

/** `${path}` or `${?path}`; the paths are tried in order (an included file sees its own place first). */
export interface RawReference {
  /** Which form of {@linkcode Raw}. */
  readonly kind: "reference";
  /** Where it begins. */
  readonly at: Place;
  /** Where to look, in order. */
  readonly paths: readonly (readonly string[])[];
  /** Whether nothing may be found. */
  readonly optional: boolean;
}

/** `key += item`: a list of what the key has been given before, and the item. */
export interface RawAppend {
  /** Which form of {@linkcode Raw}. */
  readonly kind: "append";
  /** Where it begins. */
  readonly at: Place;
  /** The whole path of the key; absent inside of a list, where no path leads. */
  readonly path?: readonly string[];
  /** What is added. */
  readonly item: Raw;
}

/** Sets a key given as a path below an object, as HOCON does: objects merge, the later one wins else. */
export function putRaw(target: RawObject, path: readonly string[], value: Raw): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  const slot = target.fields.get(key) ?? { layers: [] };
  target.fields.set(key, slot);
  const last = slot.layers[slot.layers.length - 1];
  if (rest.length === 0) {
    putLayer(slot, value);
  } else if (last?.kind === "object") {
    putRaw(last, rest, value);
  } else {
    const inner: RawObject = { kind: "object", at: value.at, fields: new Map() };
    putRaw(inner, rest, value);
    putLayer(slot, inner);
  }
}

/** Sets all that `source` has. */
export function mergeRaw(target: RawObject, source: RawObject): void {
  for (const [key, { layers }] of source.fields) layers.forEach((layer) => putRaw(target, [key], layer));
}

function putLayer({ layers }: RawSlot, value: Raw): void {
  const last = layers[layers.length - 1];
  if (value.kind === "object" && last?.kind === "object") return mergeRaw(last, value);
  if (value.kind === "text" || value.kind === "list") layers.length = 0;
  layers.push(value);
}

/** Tells that values stand beside each other that cannot be joined. */
export function failMixed(at: Place): never {
  failAt(at, "text, lists and objects cannot be combined on one line", "put a comma or a line break between them");
}

/** Whether a text has nothing but white space of HOCON. */
export function isBlank(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /^[\s\u001c-\u001f]*$/.test(text);
}
