// Resolved values of a configuration, and how they are concatenated and merged, within limits.

import { failAt } from "./config_error.ts";
import { failMixed, isBlank, type Place } from "./hocon_raw.ts";

/** A value of the configuration; numbers and booleans are still text. `at`: where it is written, or referred to. */
export type Conf = ConfText | ConfList | ConfObject | ConfUnset;

/** Text. `isQuoted` only distinguishes `"null"` from `null`. */
export interface ConfText {
  readonly kind: "text";
  readonly at: Place;
  readonly text: string;
  /** Whether any part of it was in quotes. */
  readonly isQuoted: boolean;
}

/** A value that lacks an environment variable; the reader of the key decides whether that is a problem. */
export interface ConfUnset {
  readonly kind: "unset";
  readonly at: Place;
  /** What is wrong with the variable. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** The text without the variable. */
  readonly text: string;
}

/** A list. */
export interface ConfList {
  readonly kind: "list";
  readonly at: Place;
  readonly items: readonly Conf[];
}

/** An object; keys that are `null` or unset are not in it. */
export interface ConfObject {
  readonly kind: "object";
  readonly at: Place;
  readonly fields: ReadonlyMap<string, Conf>;
}

/** A value while it is looked up: including `null`, because a key set to it is set. */
export type Value = SetValue | NullValue;

/** A value that is not `null`. */
export type SetValue = ConfText | ValueList | ValueObject | ConfUnset;

/** A list while it is looked up. */
export interface ValueList {
  readonly kind: "list";
  readonly at: Place;
  readonly items: readonly Value[];
}

/** An object while it is looked up. */
export interface ValueObject {
  readonly kind: "object";
  readonly at: Place;
  readonly fields: ReadonlyMap<string, Value>;
}

/** `null`. */
export interface NullValue {
  readonly kind: "null";
  readonly at: Place;
}

/** The resources that one configuration has used so far. */
export interface Budget {
  /** Values looked up or merged. */
  steps: number;
  /** Characters, items and fields that were copied. */
  copies: number;
}

const stepsMax = 100_000;
/** A few times the contents of the largest possible file. */
const copiesMax = 2_000_000;
const itemsMax = 10_000;
/** Maximum length of one text. */
export const textCharsMax = 65_536;

/** The items of an object with whole numbers as keys, in their order: HOCON's way to change one item of a list. */
export function listByIndex({ at, fields }: ConfObject): ConfList | undefined {
  const items = itemsByIndex(fields);
  return items === undefined ? undefined : { kind: "list", at, items };
}

/** The items of a value that may represent a list. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  return value.kind === "list" ? value.items : value.kind === "object" ? itemsByIndex(value.fields) : undefined;
}

/** Keys that are not numbers do not count (HOCON.md, "Conversion of numerically-indexed objects to arrays"). */
function itemsByIndex<V>(fields: ReadonlyMap<string, V>): readonly V[] | undefined {
  const numbered = [...fields].filter(([key]) => /^\d{1,9}$/.test(key));
  if (numbered.length === 0) return undefined;
  return numbered.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
}

/** The value without `null`; `onNull` is called for lists that lose an item. */
export function confOf(value: Value, onNull: (at: Place) => void): Conf | undefined {
  switch (value.kind) {
    case "null":
      return undefined;
    case "text":
    case "unset":
      return value;
    case "list": {
      const items = value.items.map((item) => confOf(item, onNull)).filter((item) => item !== undefined);
      if (items.length < value.items.length) onNull(value.at);
      return { ...value, items };
    }
    case "object": {
      const fields = new Map<string, Conf>();
      for (const [key, field] of value.fields) {
        const conf = confOf(field, onNull);
        if (conf !== undefined) fields.set(key, conf);
      }
      return { ...value, fields };
    }
    default:
      return value satisfies never;
  }
}

/** Joins adjacent values: texts with the whitespace between them, lists, or objects. */
export function joinValues(budget: Budget, values: readonly SetValue[], at: Place): Value | undefined {
  const unset = values.find((value) => value.kind === "unset");
  if (unset !== undefined) return { ...unset, text: values.map((value) => "text" in value ? value.text : "").join("") };
  const texts = values.filter((value) => value.kind === "text");
  if (values.length === 0) return undefined;
  if (texts.length === values.length) return joinTexts(budget, texts, at);
  // Whitespace between lists and objects does not count.
  const solid = values.filter((value) => value.kind !== "text" || value.isQuoted || !isBlank(value.text));
  return solid.slice(1).reduce<Value | undefined>((left, right) => left && join(budget, left, right, at), solid[0]);
}

function join(budget: Budget, left: Value, right: Value, at: Place): Value {
  if (left.kind === "object" && right.kind === "object") return mergeObjects(budget, left, right);
  const [before, after] = [itemsOf(left), itemsOf(right)];
  return before && after ? joinItems(budget, before, after, at) : failMixed(at);
}

function joinTexts(budget: Budget, parts: readonly ConfText[], at: Place): ConfText {
  // Before they are joined, because the result may exceed the memory.
  const length = parts.reduce((sum, part) => sum + part.text.length, 0);
  if (length > textCharsMax) failAt(at, "a text grows too long", "write the value out");
  countCopies(budget, length, at);
  const text = parts.map((part) => part.text).join("");
  return { kind: "text", at, text, isQuoted: parts.some((part) => part.isQuoted) };
}

/** Both as one list. */
export function joinItems(budget: Budget, before: readonly Value[], after: readonly Value[], at: Place): ValueList {
  const length = before.length + after.length;
  if (length > itemsMax) failAt(at, "a list grows too long", "write the value out");
  countCopies(budget, length, at);
  return { kind: "list", at, items: [...before, ...after] };
}

/** Merges objects field by field; otherwise `right` wins. */
export function mergeObjects(budget: Budget, left: Value, right: Value): Value {
  countStep(budget, right.at);
  if (left.kind !== "object" || right.kind !== "object") return right;
  countCopies(budget, left.fields.size + right.fields.size, right.at);
  const fields = new Map(left.fields);
  for (const [key, value] of right.fields) {
    const existing = fields.get(key);
    fields.set(key, existing === undefined ? value : mergeObjects(budget, existing, value));
  }
  return { kind: "object", at: right.at, fields };
}

/** Counts one step; throws beyond a number that no configuration needs. */
export function countStep(budget: Budget, at: Place): void {
  if (++budget.steps > stepsMax) failAt(at, "the configuration grows without limit", "write the values out");
}

function countCopies(budget: Budget, count: number, at: Place): void {
  budget.copies += count;
  if (budget.copies > copiesMax) failAt(at, "the configuration grows without limit", "write the values out");
}
