// What one HOCON text says before substitutions are looked up. Not here: reading it (hocon_syntax.ts), looking up (hocon_resolve.ts).
// Used by these two only.

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
  readonly kind: "text";
  readonly at: Place;
  readonly text: string;
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
  readonly fields: Map<string, Raw>;
}

/** Values beside each other on a line: texts join, lists and objects merge. */
export interface RawConcat {
  readonly kind: "concat";
  readonly at: Place;
  readonly parts: readonly Raw[];
}

/** `${path}` or `${?path}`; the paths are tried in order (an included file sees its own place first). */
export interface RawReference {
  readonly kind: "reference";
  readonly at: Place;
  readonly paths: readonly (readonly string[])[];
  readonly optional: boolean;
}

/** `key += item`. */
export interface RawAppend {
  readonly kind: "append";
  readonly at: Place;
  readonly item: Raw;
}

/** A key that was given again; the earlier value counts for objects, `+=` and references to itself. */
export interface RawOverride {
  readonly kind: "override";
  readonly at: Place;
  readonly prior: Raw;
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
