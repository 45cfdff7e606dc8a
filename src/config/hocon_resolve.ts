// Resolves `${…}` as HOCON.md specifies: lazily, and looking back where a value refers to itself. Bounded: a
// configuration that keeps doubling itself is an error, not a hang.

import { failAt } from "./config_error.ts";
import type { Place, Raw, RawAppend, RawConcat, RawObject, RawReference, RawSlot } from "./hocon_raw.ts";
import {
  type Budget,
  type Conf,
  type ConfObject,
  confOf,
  countStep,
  itemsOf,
  joinItems,
  joinValues,
  mergeObjects,
  type SetValue,
  textCharsMax,
  type Value,
  type ValueObject,
} from "./hocon_values.ts";

/** A resolved file. */
export interface Resolved {
  /** The object around all. */
  readonly root: ConfObject;
  /** Names looked for in the environment, found or not. */
  readonly envNames: readonly string[];
  /** What looks like a mistake, each with file and line. */
  readonly warnings: readonly string[];
}

/** Well below the stack limit; a key may be appended to a few hundred times. */
const depthMax = 500;

/** One of the values that a path was given. */
type Layer = RawLayer | { readonly value: Value };

interface RawLayer {
  readonly slot: RawSlot;
  readonly index: number;
}

/** What becomes of a value that needs a variable which is not set. */
export type UnsetVariables = "refused" | "kept";

interface State {
  readonly root: RawObject;
  readonly env: Readonly<Record<string, string>>;
  readonly envNames: Set<string>;
  readonly unset: UnsetVariables;
  readonly warnings: Set<string>;
  /** Results so far. Each `${…}` has one value, wherever it occurs again. */
  readonly done: Map<Raw | RawSlot, Value | undefined>;
  /** References that are being looked up. */
  readonly open: Set<Raw>;
  /** References through which a path is being followed. */
  readonly followed: Set<Raw>;
  /** How many of its layers a slot shows while the next one, which may refer to the earlier ones, is looked up. */
  readonly shown: Map<RawSlot, number>;
  /** How often a reference had no value because it led back to itself. */
  circles: number;
  /** How often only the earlier layers of a slot were shown. */
  glances: number;
  readonly budget: Budget;
  depth: number;
}

/** A reference has occurred again while it is looked up. An optional one on the way back then has no value. */
class Circle extends Error {
  /** The reference that closes the circle. */
  closing: RawReference | undefined;

  constructor(readonly raw: Raw) {
    super("a value refers to itself");
  }
}

/** Resolves all substitutions, first from the file, then from `env`; throws {@linkcode ConfigError} with the line. */
export function resolveHocon(
  root: RawObject,
  env: Readonly<Record<string, string>>,
  unset: UnsetVariables = "refused",
): Resolved {
  const state: State = {
    root,
    env,
    envNames: new Set(),
    unset,
    warnings: new Set(),
    done: new Map(),
    open: new Set(),
    followed: new Set(),
    shown: new Map(),
    circles: 0,
    glances: 0,
    budget: { steps: 0, copies: 0 },
    depth: 0,
  };
  const value = resolveObject(state, root);
  const warnings = [...state.warnings];
  const conf = confOf(value, (at) => warnings.push(`${at.file}:${at.line}: a null in a list is left out`));
  const fields = conf?.kind === "object" ? conf.fields : new Map<string, Conf>();
  return { root: { kind: "object", at: root.at, fields }, envNames: [...state.envNames], warnings };
}

// What was found while a circle was broken is looked up again later, when there may be no circle.
function once(state: State, raw: Raw | RawSlot, find: () => Value | undefined): Value | undefined {
  if (state.done.has(raw)) return state.done.get(raw);
  const { circles, glances } = state;
  const value = find();
  const isWhole = state.circles === circles && (value !== undefined || state.glances === glances);
  if (isWhole || state.open.size === 0) state.done.set(raw, value);
  return value;
}

function resolve(state: State, raw: Raw, slot?: RawSlot): Value | undefined {
  return once(state, raw, () =>
    deeper(state, raw.at, () => {
      switch (raw.kind) {
        case "text":
          return raw.text === "null" && !raw.quoted
            ? { kind: "null", at: raw.at }
            : { kind: "text", at: raw.at, text: raw.text, isQuoted: raw.quoted };
        case "list": {
          const items = raw.items.map((item) => resolve(state, item)).filter((item) => item !== undefined);
          return { kind: "list", at: raw.at, items };
        }
        case "object":
          return resolveObject(state, raw);
        case "concat":
          return resolveConcat(state, raw);
        case "reference":
          return resolveReference(state, raw);
        case "append":
          return resolveAppend(state, raw, slot);
        default:
          return raw satisfies never;
      }
    }));
}

// Values with several layers come first: they may refer to themselves, and must see their earlier layers.
function resolveObject(state: State, raw: RawObject): ValueObject {
  const slots = [...raw.fields];
  slots.filter(([, slot]) => slot.layers.length > 1).forEach(([, slot]) => resolveSlot(state, slot));
  const fields = new Map<string, Value>();
  for (const [key, slot] of slots) {
    const value = resolveSlot(state, slot);
    if (value !== undefined) fields.set(key, value);
  }
  return { kind: "object", at: raw.at, fields };
}

function resolveSlot(state: State, slot: RawSlot): Value | undefined {
  const find = (): Value | undefined => merge(state, layersOf(state, slot));
  return state.shown.has(slot) ? find() : once(state, slot, find);
}

/** The layers that may be seen now, the latest first. */
function layersOf(state: State, slot: RawSlot): readonly RawLayer[] {
  const count = state.shown.get(slot) ?? slot.layers.length;
  if (count < slot.layers.length) state.glances++;
  return slot.layers.slice(0, count).map((_, index) => ({ slot, index })).reverse();
}

/** Merges layers, the latest first; layers below one that is not an object are never evaluated. */
function merge(state: State, layers: readonly Layer[]): Value | undefined {
  let merged: Value | undefined;
  for (const layer of layers) {
    const value = resolveLayer(state, layer);
    if (value === undefined) continue;
    if (merged !== undefined && value.kind !== "object") break;
    merged = merged === undefined ? value : mergeObjects(state.budget, value, merged);
    if (merged.kind !== "object") break;
  }
  return merged;
}

function resolveLayer(state: State, layer: Layer): Value | undefined {
  if ("value" in layer) return layer.value;
  const raw = rawOf(layer);
  return raw === undefined ? undefined : below(state, layer, () => resolve(state, raw, layer.slot));
}

function rawOf({ slot, index }: RawLayer): Raw | undefined {
  return slot.layers[index];
}

/** Within an object or a list the whole key is visible, in all other values only its previous layers. */
function below<T>(state: State, { slot, index }: RawLayer, act: () => T): T {
  const kind = slot.layers[index]?.kind;
  if (kind === "object" || kind === "list" || kind === "text" || slot.layers.length === 1) return act();
  const outer = state.shown.get(slot);
  state.shown.set(slot, index);
  try {
    return act();
  } finally {
    if (outer === undefined) state.shown.delete(slot);
    else state.shown.set(slot, outer);
  }
}

function resolveReference(state: State, raw: RawReference): Value | undefined {
  const value = guarded(state, raw, state.open, () => {
    for (const path of raw.paths) {
      const layers: Layer[] = [];
      findIn(state, state.root, path, layers);
      if (layers.length > 0) return merge(state, layers);
    }
    return fromEnvironment(state, raw);
  });
  if (value !== undefined) return { ...value, at: raw.at };
  if (raw.optional) return undefined;
  const name = nameOf(raw);
  const hint = `set the environment variable ${name}, or write \${?${name}}`;
  return unusable(state, raw, `\${${name}} is not set`, hint);
}

function fromEnvironment(state: State, raw: RawReference): Value | undefined {
  const name = nameOf(raw);
  state.envNames.add(name);
  const value = state.env[name];
  if (typeof value !== "string") return undefined;
  if (value.length <= textCharsMax) return { kind: "text", at: raw.at, text: value, isQuoted: true };
  const what = `the environment variable ${name} has ${value.length} characters, more than ${textCharsMax}`;
  return unusable(state, raw, what, "set it to a shorter value");
}

function unusable({ unset }: State, { at }: RawReference, message: string, hint: string): Value {
  return unset === "kept" ? { kind: "unset", at, message, hint, text: "" } : failAt(at, message, hint);
}

function nameOf({ paths }: RawReference): string {
  return paths[paths.length - 1]?.join(".") ?? "";
}

/** Looks something up for a reference; if it occurs again `within` those being looked up, it has no value. */
function guarded<T>(state: State, raw: RawReference | RawAppend, within: Set<Raw>, act: () => T): T | undefined {
  if (within.has(raw)) throw new Circle(raw);
  within.add(raw);
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Circle)) throw error;
    state.circles++;
    if (raw.kind === "append" || raw.optional) return undefined;
    error.closing ??= raw;
    if (error.raw !== raw) throw error;
    const { at } = error.closing;
    const hint = "write the value out, or give the key a value before";
    return failAt(at, `\${${nameOf(error.closing)}} refers to itself`, hint);
  } finally {
    within.delete(raw);
  }
}

/**
 * Adds the layers of a path, the latest first, down to the last one that may matter. Returns whether one hides all
 * below it.
 */
function findIn(state: State, object: RawObject, path: readonly string[], found: Layer[]): boolean {
  const [key = "", ...rest] = path;
  const slot = object.fields.get(key);
  return slot !== undefined && layersOf(state, slot).some((layer) => findInLayer(state, layer, rest, found));
}

function findInLayer(state: State, layer: RawLayer, rest: readonly string[], found: Layer[]): boolean {
  const raw = rawOf(layer);
  if (raw === undefined) return false;
  const hides = raw.kind === "text" || raw.kind === "list";
  if (rest.length === 0) found.push(layer);
  if (hides || rest.length === 0) return hides;
  if (raw.kind === "object") return findIn(state, raw, rest, found);
  if (raw.kind !== "reference" || state.done.has(raw)) return findInValue(resolveLayer(state, layer), rest, found);
  const find = (): boolean | undefined =>
    guarded(state, raw, state.followed, () => findThrough(state, raw, rest, found));
  return below(state, layer, () => deeper(state, raw.at, find)) ?? false;
}

/** Looks for the rest of a path in the value of a reference, without looking up anything else. */
function findThrough(state: State, raw: RawReference, rest: readonly string[], found: Layer[]): boolean {
  const path = raw.paths.find((path, index) => {
    const layers: Layer[] = [];
    if (index < raw.paths.length - 1) findIn(state, state.root, path, layers);
    return index === raw.paths.length - 1 || layers.length > 0;
  });
  return findIn(state, state.root, [...path ?? [], ...rest], found);
}

function findInValue(value: Value | undefined, rest: readonly string[], found: Layer[]): boolean {
  let inner = value;
  for (const key of rest) {
    if (inner !== undefined && inner.kind !== "object") return true;
    inner = inner?.fields.get(key);
  }
  if (inner !== undefined) found.push({ value: inner });
  return inner !== undefined && inner.kind !== "object";
}

function resolveAppend(state: State, raw: RawAppend, slot: RawSlot | undefined): Value {
  const item = resolve(state, raw.item);
  const items = item === undefined ? [] : [item];
  const prior = guarded(state, raw, state.open, () => {
    const layers: Layer[] = [];
    if (raw.path !== undefined) findIn(state, state.root, raw.path, layers);
    else if (slot !== undefined && slot.layers.length > 1) layers.push(...layersOf(state, slot));
    return merge(state, layers);
  });
  if (prior?.kind === "unset") return prior;
  if (prior === undefined) return { kind: "list", at: raw.at, items };
  const before = itemsOf(prior) ?? failAt(raw.at, "+= is used on a key that is not a list", "write = instead of +=");
  return joinItems(state.budget, before, items, raw.at);
}

function resolveConcat(state: State, raw: RawConcat): Value | undefined {
  const values = raw.parts.map((part) => resolve(state, part)).filter((part) => part !== undefined);
  if (values.length === 1) return values[0];
  return joinValues(state.budget, values.map((value) => wordOf(state, value)), raw.at);
}

/** Next to other text, `null` is a word. */
function wordOf(state: State, value: Value): SetValue {
  if (value.kind !== "null") return value;
  warn(state, value.at, "null next to other text is treated as a word");
  return { kind: "text", at: value.at, text: "null", isQuoted: false };
}

function warn({ warnings }: State, { file, line }: Place, what: string): void {
  warnings.add(`${file}:${line}: ${what}`);
}

function deeper<T>(state: State, at: Place, act: () => T): T {
  countStep(state.budget, at);
  if (++state.depth > depthMax) failAt(at, "values refer to each other too deeply", "write the value out");
  try {
    return act();
  } finally {
    state.depth--;
  }
}
