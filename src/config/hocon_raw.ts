// The value of one HOCON text before substitutions are resolved.

/** Where something stands. */
export interface Place {
  /** File as given. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A value that may still hold `${…}`. */
export type Raw = RawText | RawList | RawObject | RawConcat | RawReference | RawAppend | RawOverride;

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
  readonly fields: Map<string, Raw>;
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

/** `key += item`. */
export interface RawAppend {
  /** Which form of {@linkcode Raw}. */
  readonly kind: "append";
  /** Where it begins. */
  readonly at: Place;
  /** What is added. */
  readonly item: Raw;
}

/** A key that was given again; the earlier value counts for objects, `+=` and references to itself. */
export interface RawOverride {
  /** Which form of {@linkcode Raw}. */
  readonly kind: "override";
  /** Where it begins. */
  readonly at: Place;
  /** What stood there before. */
  readonly prior: Raw;
  /** What was written then. */
  readonly next: Raw;
}

/** Sets a key given as a path below an object, as HOCON does: objects merge, the later one wins else. */
export function putRaw(target: RawObject, path: readonly string[], value: Raw): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  const existing = target.fields.get(key);
  if (rest.length === 0) {
    target.fields.set(key, mergeRaw(existing, value));
    return;
  }
  if (existing?.kind === "object") {
    putRaw(existing, rest, value);
    return;
  }
  const inner: RawObject = { kind: "object", at: value.at, fields: new Map() };
  putRaw(inner, rest, value);
  target.fields.set(key, mergeRaw(existing, inner));
}

function mergeRaw(existing: Raw | undefined, value: Raw): Raw {
  if (existing === undefined) return value;
  if (existing.kind === "object" && value.kind === "object") {
    for (const [key, inner] of value.fields) putRaw(existing, [key], inner);
    return existing;
  }
  const isPlain = value.kind === "text" || value.kind === "list" ||
    (value.kind === "object" && (existing.kind === "text" || existing.kind === "list"));
  return isPlain ? value : { kind: "override", at: value.at, prior: existing, next: value };
}
