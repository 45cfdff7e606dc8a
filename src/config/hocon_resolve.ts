// Resolves `${…}` and concatenates adjacent values. Bounded: a configuration that keeps doubling itself is an error,
// not a hang.

import { failAt } from "./config_error.ts";
import type { Place, Raw, RawConcat, RawObject, RawOverride, RawReference } from "./hocon_raw.ts";

/** A value of the configuration with its place; numbers and booleans are still text. */
export type Conf = ConfText | ConfList | ConfObject;

/** Text. `isQuoted` tells `"null"` from `null`, nothing else. */
export interface ConfText {
  /** Which form of {@linkcode Conf}. */
  readonly kind: "text";
  /** Where it is written, or referred to. */
  readonly at: Place;
  /** The text. */
  readonly text: string;
  /** Whether any part of it was in quotes. */
  readonly isQuoted: boolean;
}

/** A list. */
export interface ConfList {
  /** Which form of {@linkcode Conf}. */
  readonly kind: "list";
  /** Where it is written, or referred to. */
  readonly at: Place;
  /** In order. */
  readonly items: readonly Conf[];
}

/** An object; keys that are `null` or unset are not in it. */
export interface ConfObject {
  /** Which form of {@linkcode Conf}. */
  readonly kind: "object";
  /** Where it is written, or referred to. */
  readonly at: Place;
  /** By key. */
  readonly fields: ReadonlyMap<string, Conf>;
}

/** A resolved file. */
export interface Resolved {
  /** The object around all. */
  readonly root: ConfObject;
  /** Names looked for in the environment, found or not. */
  readonly envNames: readonly string[];
}

const stepsMax = 100_000;
/** Characters, items and fields that are put together anew, in all: some times what a file of the largest size holds. */
const copiesMax = 2_000_000;
const depthMax = 200;
const textCharsMax = 65_536;
const itemsMax = 10_000;

/** A value while it is looked up: `null` is one too, since what is set to it is set. */
type Value = ConfText | ValueList | ValueObject | NullValue;

interface ValueList {
  readonly kind: "list";
  readonly at: Place;
  readonly items: readonly Value[];
}

interface ValueObject {
  readonly kind: "object";
  readonly at: Place;
  readonly fields: ReadonlyMap<string, Value>;
}

interface NullValue {
  readonly kind: "null";
  readonly at: Place;
}

interface State {
  readonly root: RawObject;
  readonly env: Readonly<Record<string, string>>;
  readonly envNames: Set<string>;
  /** Values being looked up, each with the earlier value that a reference to itself means. */
  readonly open: Map<Raw, Raw | undefined>;
  readonly done: Map<Raw, Value | undefined>;
  steps: number;
  copies: number;
  depth: number;
}

/** Resolves all substitutions, first from the file, then from `env`; throws {@linkcode ConfigError} with the line. */
export function resolveHocon(root: RawObject, env: Readonly<Record<string, string>>): Resolved {
  const state: State = {
    root,
    env,
    envNames: new Set(),
    open: new Map(),
    done: new Map(),
    steps: 0,
    copies: 0,
    depth: 0,
  };
  const value = resolveSlot(state, root);
  const fields = value?.kind === "object" ? fieldsOf(value) : new Map<string, Conf>();
  return { root: { kind: "object", at: root.at, fields }, envNames: [...state.envNames] };
}

/** The items of an object whose keys are all whole numbers, in their order: HOCON's way to change one item of a list. */
export function listByIndex({ at, fields }: ConfObject): ConfList | undefined {
  const items = itemsByIndex(fields);
  return items === undefined ? undefined : { kind: "list", at, items };
}

function itemsByIndex<V>(fields: ReadonlyMap<string, V>): readonly V[] | undefined {
  const keys = [...fields.keys()];
  if (keys.length === 0 || !keys.every((key) => /^\d{1,9}$/.test(key))) return undefined;
  return [...fields].sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
}

function confOf(value: Value): Conf | undefined {
  switch (value.kind) {
    case "null":
      return undefined;
    case "text":
      return value;
    case "list":
      return { ...value, items: value.items.map(confOf).filter((item) => item !== undefined) };
    case "object":
      return { ...value, fields: fieldsOf(value) };
    default:
      return value satisfies never;
  }
}

function fieldsOf({ fields }: ValueObject): ReadonlyMap<string, Conf> {
  const confs = new Map<string, Conf>();
  for (const [key, value] of fields) {
    const conf = confOf(value);
    if (conf !== undefined) confs.set(key, conf);
  }
  return confs;
}

// A slot is the value of one key (or item): the thing that a reference may meet again while it is looked up.
function resolveSlot(state: State, slot: Raw): Value | undefined {
  if (state.done.has(slot)) return state.done.get(slot);
  if (slot.kind !== "override" && slot.kind !== "text") state.open.set(slot, undefined);
  const value = resolveIn(state, slot, slot);
  state.open.delete(slot);
  state.done.set(slot, value);
  return value;
}

function resolveIn(state: State, slot: Raw, raw: Raw): Value | undefined {
  count(state, raw.at);
  if (++state.depth > depthMax) failAt(raw.at, "values refer to each other too deeply", "write the value out");
  try {
    switch (raw.kind) {
      case "text":
        return raw.text === "null" && !raw.quoted
          ? { kind: "null", at: raw.at }
          : { kind: "text", at: raw.at, text: raw.text, isQuoted: raw.quoted };
      case "list": {
        const items = raw.items.map((item) => resolveSlot(state, item)).filter((item) => item !== undefined);
        return { kind: "list", at: raw.at, items };
      }
      case "object":
        return resolveObject(state, raw);
      case "concat":
        return resolveConcat(state, slot, raw);
      case "reference":
        return resolveReference(state, raw);
      case "append": {
        const item = resolveSlot(state, raw.item);
        return { kind: "list", at: raw.at, items: item === undefined ? [] : [item] };
      }
      case "override": {
        const before = state.open.get(slot);
        state.open.set(slot, raw.prior);
        const next = resolveIn(state, slot, raw.next);
        state.open.set(slot, undefined);
        const value = override(state, slot, raw, next);
        state.open.set(slot, before);
        return value;
      }
      default:
        return raw satisfies never;
    }
  } finally {
    state.depth--;
  }
}

function override(state: State, slot: Raw, raw: RawOverride, next: Value | undefined): Value | undefined {
  const nextRaw = raw.next;
  if (next !== undefined && next.kind !== "object" && nextRaw.kind !== "append") return next;
  const prior = resolveIn(state, slot, raw.prior);
  if (next === undefined) return prior;
  if (nextRaw.kind === "append" && next.kind === "list") {
    if (prior === undefined || prior.kind === "null") return next;
    const before = itemsOf(prior) ?? failAt(nextRaw.at, "+= is used on a key that is no list", "write = instead of +=");
    countCopies(state, before.length + next.items.length, nextRaw.at);
    return { ...next, items: [...before, ...next.items] };
  }
  return prior?.kind === "object" && next.kind === "object" ? mergeObjects(state, prior, next) : next;
}

function resolveObject(state: State, raw: RawObject): Value {
  const fields = new Map<string, Value>();
  for (const [key, inner] of raw.fields) {
    const value = resolveSlot(state, inner);
    if (value !== undefined) fields.set(key, value);
  }
  return { kind: "object", at: raw.at, fields };
}

function resolveConcat(state: State, slot: Raw, raw: RawConcat): Value | undefined {
  const parts = raw.parts.map((part) => part.kind === "text" ? textOf(part) : resolveIn(state, slot, part));
  const values = parts.filter((part) => part !== undefined).map((part) => part.kind === "null" ? nullText(part) : part);
  const solid = values.filter((part) => part.kind !== "text" || part.isQuoted || part.text.trim() !== "");
  if (solid.length === 0) return undefined;
  if (solid.every((part) => part.kind === "text")) {
    const texts = values.map((part) => part.kind === "text" ? part.text : "");
    // Before they are joined, as the whole may be larger than the memory.
    const length = texts.reduce((sum, part) => sum + part.length, 0);
    if (length > textCharsMax) failAt(raw.at, "a text grows too long", "write the value out");
    countCopies(state, length, raw.at);
    const text = texts.join("");
    const isQuoted = solid.some((part) => part.isQuoted);
    return { kind: "text", at: raw.at, text: isQuoted ? text : text.trim(), isQuoted };
  }
  const lists = solid.map(itemsOf).filter((items) => items !== undefined);
  if (lists.length === solid.length && solid.some((part) => part.kind === "list")) {
    const length = lists.reduce((sum, items) => sum + items.length, 0);
    if (length > itemsMax) failAt(raw.at, "a list grows too long", "write the value out");
    countCopies(state, length, raw.at);
    return { kind: "list", at: raw.at, items: lists.flat() };
  }
  const objects = solid.filter((part) => part.kind === "object");
  if (objects.length !== solid.length) {
    return failAt(
      raw.at,
      "text, lists and objects stand beside each other on one line",
      "put a comma or a line between",
    );
  }
  return objects.slice(1).reduce<Value | undefined>(
    (left, right) => left && mergeObjects(state, left, right),
    objects[0],
  );
}

function resolveReference(state: State, raw: RawReference): Value | undefined {
  for (const path of raw.paths) {
    const found = lookUp(state, path, raw);
    if (found !== undefined) return { ...found, at: raw.at };
  }
  const name = raw.paths[raw.paths.length - 1]?.join(".") ?? "";
  state.envNames.add(name);
  const value = state.env[name];
  if (typeof value === "string" && value.length <= textCharsMax) {
    return { kind: "text", at: raw.at, text: value, isQuoted: true };
  }
  if (raw.optional) return undefined;
  return failAt(raw.at, `nothing sets \${${name}}`, `set the environment variable ${name}, or write \${?${name}}`);
}

function lookUp(state: State, path: readonly string[], reference: RawReference): Value | undefined {
  let raw: Raw = state.root;
  for (const [index, key] of path.entries()) {
    if (raw.kind !== "object") {
      const conf = resolveMet(state, raw, reference);
      return path.slice(index).reduce<Value | undefined>(
        (value, inner) => value?.kind === "object" ? value.fields.get(inner) : undefined,
        conf,
      );
    }
    const next: Raw | undefined = raw.fields.get(key);
    if (next === undefined) return undefined;
    raw = next;
  }
  return resolveMet(state, raw, reference);
}

function resolveMet(state: State, slot: Raw, reference: RawReference): Value | undefined {
  if (!state.open.has(slot)) return resolveSlot(state, slot);
  const prior = state.open.get(slot);
  if (prior !== undefined) {
    state.open.set(slot, undefined);
    const value = resolveIn(state, slot, prior);
    state.open.set(slot, prior);
    return value;
  }
  if (reference.optional) return undefined;
  return failAt(reference.at, "a value refers to itself", "write the value out");
}

function mergeObjects(state: State, left: Value, right: Value): Value {
  count(state, right.at);
  if (left.kind !== "object" || right.kind !== "object") return right;
  countCopies(state, left.fields.size + right.fields.size, right.at);
  const fields = new Map(left.fields);
  for (const [key, value] of right.fields) {
    const existing = fields.get(key);
    fields.set(key, existing === undefined ? value : mergeObjects(state, existing, value));
  }
  return { kind: "object", at: right.at, fields };
}

function itemsOf(value: Value): readonly Value[] | undefined {
  return value.kind === "list" ? value.items : value.kind === "object" ? itemsByIndex(value.fields) : undefined;
}

/** Beside other text a `null` is the word. */
function nullText({ at }: NullValue): ConfText {
  return { kind: "text", at, text: "null", isQuoted: false };
}

function textOf(raw: { readonly at: Place; readonly text: string; readonly quoted: boolean }): ConfText {
  return { kind: "text", at: raw.at, text: raw.text, isQuoted: raw.quoted };
}

function count(state: State, at: Place): void {
  if (++state.steps > stepsMax) failAt(at, "the configuration multiplies itself", "write the values out");
}

function countCopies(state: State, count: number, at: Place): void {
  state.copies += count;
  if (state.copies > copiesMax) failAt(at, "the configuration multiplies itself", "write the values out");
}
