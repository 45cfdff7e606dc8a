// The value of one HOCON text before substitutions are resolved.

import { failAt } from "./config_error.ts";

/** A place in a file. */
export interface Place {
  /** File as given. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A value that may still hold `${…}`. `at`: where it starts. */
export type Raw = RawText | RawList | RawObject | RawConcat | RawReference | RawAppend;

/** Text, quoted or not; numbers and booleans are text, so that `007` is kept as it is. */
export interface RawText {
  readonly kind: "text";
  readonly at: Place;
  /** Without its quotes, escapes resolved. */
  readonly text: string;
  /** Whether any part of it is in quotes: `"null"` is not `null`. */
  readonly quoted: boolean;
}

/** `[ … ]`. */
export interface RawList {
  readonly kind: "list";
  readonly at: Place;
  readonly items: readonly Raw[];
}

/** `{ … }`. A map, so that `__proto__` is a key like any other. Only the parser adds to it. */
export interface RawObject {
  readonly kind: "object";
  readonly at: Place;
  readonly fields: Map<string, RawSlot>;
}

/**
 * The values assigned to one key, the latest last. A text or a list hides everything before it, so nothing is kept
 * below one; it is itself kept below an object, because it also hides the values of the key where the object is
 * included.
 */
export interface RawSlot {
  /** At least one. */
  readonly layers: Raw[];
}

/** Adjacent values on a line: texts are joined, lists and objects merged. */
export interface RawConcat {
  readonly kind: "concat";
  readonly at: Place;
  /** In order, including the whitespace between them. */
  readonly parts: readonly Raw[];
}

/** `${path}` or `${?path}`; the paths are tried in order (an included file sees its own place first). */
export interface RawReference {
  readonly kind: "reference";
  readonly at: Place;
  /** Where to look, in order. */
  readonly paths: readonly (readonly string[])[];
  /** Whether nothing may be found. */
  readonly optional: boolean;
}

/** `key += item`: a list of the previous values of the key, and the item. */
export interface RawAppend {
  readonly kind: "append";
  readonly at: Place;
  /** The whole path of the key; absent inside a list, where there is no path. */
  readonly path?: readonly string[];
  /** What is added. */
  readonly item: Raw;
}

/** Sets a key given as a path below an object, as HOCON does: objects are merged, otherwise the later one wins. */
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

/** Sets all fields of `source`. */
export function mergeRaw(target: RawObject, source: RawObject): void {
  for (const [key, { layers }] of source.fields) layers.forEach((layer) => putRaw(target, [key], layer));
}

function putLayer({ layers }: RawSlot, value: Raw): void {
  const last = layers[layers.length - 1];
  if (value.kind === "object" && last?.kind === "object") return mergeRaw(last, value);
  if (value.kind === "text" || value.kind === "list") layers.length = 0;
  layers.push(value);
}

/** Reports adjacent values that cannot be joined. */
export function failMixed(at: Place): never {
  failAt(at, "text, lists and objects cannot be combined on one line", "put a comma or a line break between them");
}

/** Whether a text contains only HOCON whitespace. */
export function isBlank(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /^[\s\u001c-\u001f]*$/.test(text);
}
