// Looks up `${…}` and joins what stands beside each other. Not here: reading text (hocon_syntax.ts), keys (keys.ts).
// Called by hocon.ts. Bounded: a configuration that doubles itself again and again is an error, not a hang.

import { ConfigError } from "./config_error.ts";
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

interface State {
  readonly root: RawObject;
  readonly env: Readonly<Record<string, string>>;
  readonly envNames: Set<string>;
  /** Values being looked up, each with the earlier value that a reference to itself means. */
  readonly open: Map<Raw, Raw | undefined>;
  readonly done: Map<Raw, Conf | undefined>;
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
  const conf = resolveSlot(state, root);
  const fields = conf?.kind === "object" ? conf.fields : new Map<string, Conf>();
  return { root: { kind: "object", at: root.at, fields }, envNames: [...state.envNames] };
}

// A slot is the value of one key (or item): the thing that a reference may meet again while it is looked up.
function resolveSlot(state: State, slot: Raw): Conf | undefined {
  if (state.done.has(slot)) return state.done.get(slot);
  if (slot.kind !== "override" && slot.kind !== "text") state.open.set(slot, undefined);
  const value = resolveIn(state, slot, slot);
  state.open.delete(slot);
  state.done.set(slot, value);
  return value;
}

function resolveIn(state: State, slot: Raw, raw: Raw): Conf | undefined {
  count(state, raw.at);
  if (++state.depth > depthMax) fail(raw.at, "values refer to each other too deeply", "write the value out");
  try {
    switch (raw.kind) {
      case "text":
        return raw.text === "null" && !raw.quoted
          ? undefined
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

function override(state: State, slot: Raw, raw: RawOverride, next: Conf | undefined): Conf | undefined {
  const nextRaw = raw.next;
  if (next !== undefined && next.kind !== "object" && nextRaw.kind !== "append") return next;
  const prior = resolveIn(state, slot, raw.prior);
  if (next === undefined) return prior;
  if (nextRaw.kind === "append" && next.kind === "list") {
    if (prior === undefined) return next;
    if (prior.kind !== "list") fail(nextRaw.at, "+= is used on a key that is no list", "write = instead of +=");
    countCopies(state, prior.items.length + next.items.length, nextRaw.at);
    return { ...next, items: [...prior.items, ...next.items] };
  }
  return prior?.kind === "object" && next.kind === "object" ? mergeObjects(state, prior, next) : next;
}

function resolveObject(state: State, raw: RawObject): Conf {
  const fields = new Map<string, Conf>();
  for (const [key, inner] of raw.fields) {
    const value = resolveSlot(state, inner);
    if (value !== undefined) fields.set(key, value);
  }
  return { kind: "object", at: raw.at, fields };
}

function resolveConcat(state: State, slot: Raw, raw: RawConcat): Conf | undefined {
  const parts = raw.parts.map((part) => part.kind === "text" ? textOf(part) : resolveIn(state, slot, part));
  const values = parts.filter((part) => part !== undefined);
  const solid = values.filter((part) => part.kind !== "text" || part.isQuoted || part.text.trim() !== "");
  if (solid.length === 0) return undefined;
  if (solid.every((part) => part.kind === "text")) {
    const texts = values.map((part) => part.kind === "text" ? part.text : "");
    // Before they are joined, as the whole may be larger than the memory.
    const length = texts.reduce((sum, part) => sum + part.length, 0);
    if (length > textCharsMax) fail(raw.at, "a text grows too long", "write the value out");
    countCopies(state, length, raw.at);
    const text = texts.join("");
    const isQuoted = solid.some((part) => part.isQuoted);
    return { kind: "text", at: raw.at, text: isQuoted ? text : text.trim(), isQuoted };
  }
  const lists = solid.filter((part) => part.kind === "list");
  if (lists.length === solid.length) {
    const length = lists.reduce((sum, list) => sum + list.items.length, 0);
    if (length > itemsMax) fail(raw.at, "a list grows too long", "write the value out");
    countCopies(state, length, raw.at);
    return { kind: "list", at: raw.at, items: lists.flatMap((list) => list.items) };
  }
  const objects = solid.filter((part) => part.kind === "object");
  if (objects.length !== solid.length) {
    return fail(raw.at, "text, lists and objects stand beside each other on one line", "put a comma or a line between");
  }
  return objects.slice(1).reduce<Conf | undefined>(
    (left, right) => left && mergeObjects(state, left, right),
    objects[0],
  );
}

function resolveReference(state: State, raw: RawReference): Conf | undefined {
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
  return fail(raw.at, `nothing sets \${${name}}`, `set the environment variable ${name}, or write \${?${name}}`);
}

function lookUp(state: State, path: readonly string[], reference: RawReference): Conf | undefined {
  let raw: Raw = state.root;
  for (const [index, key] of path.entries()) {
    if (raw.kind !== "object") {
      const conf = resolveMet(state, raw, reference);
      return path.slice(index).reduce<Conf | undefined>(
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

function resolveMet(state: State, slot: Raw, reference: RawReference): Conf | undefined {
  if (!state.open.has(slot)) return resolveSlot(state, slot);
  const prior = state.open.get(slot);
  if (prior !== undefined) {
    state.open.set(slot, undefined);
    const value = resolveIn(state, slot, prior);
    state.open.set(slot, prior);
    return value;
  }
  if (reference.optional) return undefined;
  return fail(reference.at, "a value refers to itself", "write the value out");
}

function mergeObjects(state: State, left: Conf, right: Conf): Conf {
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

function textOf(raw: { readonly at: Place; readonly text: string; readonly quoted: boolean }): Conf {
  return { kind: "text", at: raw.at, text: raw.text, isQuoted: raw.quoted };
}

function count(state: State, at: Place): void {
  if (++state.steps > stepsMax) fail(at, "the configuration multiplies itself", "write the values out");
}

function countCopies(state: State, count: number, at: Place): void {
  state.copies += count;
  if (state.copies > copiesMax) fail(at, "the configuration multiplies itself", "write the values out");
}

function fail(at: Place, message: string, hint: string): never {
  throw new ConfigError({ code: "config-syntax", key: "", file: at.file, line: at.line, message, hint });
}
