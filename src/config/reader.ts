// Reads values by key, with the type, limits and default of the key table, and collects the problems.

import { memoryText } from "../core/words/phrases.ts";
import type { ConfigErrorCode, ConfigProblem } from "./config_error.ts";
import type { Conf, ConfObject } from "./hocon_values.ts";
import { type KeySpec, keySpec } from "./keys.ts";
import { nearestKey } from "./suggest.ts";
import {
  durationText,
  parseBoolean,
  type Parsed,
  parseDuration,
  parseInteger,
  parseMemoryMilli,
  parseNumber,
  quote,
} from "./values.ts";

/**
 * A value that may be absent, with the key that it was found under (`go-agent.cpus` for a profile that inherits it).
 */
export interface Found {
  /** Where it was found. */
  readonly key: string;
  /** The value. */
  readonly conf: Conf;
}

/** The source of the values, and the problems and warnings so far. */
export interface Reader {
  /** The object `gocd-mesos`. */
  readonly root: ConfObject;
  /** The file, for problems without a line. */
  readonly file: string;
  /** What is wrong so far. */
  readonly problems: ConfigProblem[];
  /** The warnings so far. */
  readonly warnings: string[];
  /** Messages at debug level. */
  readonly details: string[];
  /** Reads a text file; throws where it cannot. */
  readonly read: (path: string) => string;
  /** Files that are read at the start or later, in addition to the configuration itself. */
  readonly readFiles: string[];
  /** The unset or empty environment variable that should have supplied the value of this key, which has none. */
  readonly unsetVariable: (key: string) => string | undefined;
  /** Whether the secret of a key, or the certificates, are needed; others are not read. */
  readonly wantsSecret: (key: string) => boolean;
}

/** The value at a dotted key; a key that a profile lacks is looked up in `go-agent`. `null` counts as absent. */
export function find(reader: Reader, key: string): Found | undefined {
  const own = confAt(reader.root, key);
  if (own !== undefined) return { key, conf: own };
  const ofProfile = /^profiles\.[^.]+\.(.+)$/.exec(key)?.[1];
  if (ofProfile === undefined) return undefined;
  const inherited = confAt(reader.root, `go-agent.${ofProfile}`);
  return inherited === undefined ? undefined : { key: `go-agent.${ofProfile}`, conf: inherited };
}

/** The value at a dotted key itself, without inheritance. */
export function confAt(root: ConfObject, key: string): Conf | undefined {
  return key.split(".").reduce<Conf | undefined>(
    (conf, part) => conf?.kind === "object" ? conf.fields.get(part) : undefined,
    root,
  );
}

/** Adds a problem at a value, or at the key if there is none. */
export function addProblem(
  reader: Reader,
  found: { readonly key: string; readonly conf?: Conf },
  problem: { readonly code: ConfigErrorCode; readonly message: string; readonly hint: string },
): void {
  const at = found.conf?.at;
  reader.problems.push({
    code: problem.code,
    key: found.key,
    file: at?.file ?? reader.file,
    ...(at === undefined ? {} : { line: at.line }),
    message: problem.message,
    hint: problem.hint,
  });
}

/**
 * Adds the problem of a key without a value, with the variable that should have supplied it or one of the alternatives
 * in `others`.
 */
export function addMissing(
  reader: Reader,
  found: { readonly key: string; readonly conf?: Conf },
  { message = "it is missing", hint, others = [] }: {
    readonly message?: string;
    readonly hint: string;
    readonly others?: readonly string[];
  },
): void {
  const name = [found.key, ...others].map((key) => reader.unsetVariable(key)).find((each) => each !== undefined);
  addProblem(reader, found, {
    code: name === undefined ? "config-missing-key" : "config-unset-variable",
    message: name === undefined ? message : `${message}: the environment variable ${name} is not set, or empty`,
    hint: name === undefined ? hint : `set ${name} where gocd-mesos is started, or ${hint}`,
  });
}

/** Adds the problem of a key that is none of `names`. */
export function addUnknownKey(reader: Reader, found: Found, name: string, names: readonly string[]): void {
  const near = nearestKey(name, names);
  const hint = near === undefined ? `write one of ${names.join(", ")}` : `did you mean ${near}?`;
  addProblem(reader, found, { code: "config-unknown-key", message: "there is no such key", hint });
}

/** Whether all values of these keys could be read: a default in place of one proves nothing about the others. */
export function areSound({ problems }: Reader, keys: readonly string[]): boolean {
  return !problems.some(({ key }) => keys.includes(key));
}

/** A text; empty text counts as absent. The default is not used. */
export function textAt(reader: Reader, key: string): string | undefined {
  const found = find(reader, key);
  if (found === undefined) return undefined;
  const text = textOf(reader, found);
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

/** One of the words of the table, in any case. */
export function wordAt(reader: Reader, key: string): string {
  const spec = specOf(key);
  const found = find(reader, key);
  const fallback = unquoted(spec.default ?? "");
  if (found === undefined) return fallback;
  const text = textOf(reader, found)?.trim().toLowerCase();
  if (text === undefined) return fallback;
  const words = spec.words ?? [];
  if (words.includes(text)) return text;
  const message = `${quote(text)} is not one of its values`;
  addProblem(reader, found, { code: "config-bad-value", message, hint: `write ${words.join(" or ")}` });
  return fallback;
}

/** A boolean, or the default. */
export function booleanAt(reader: Reader, key: string): boolean {
  return parsedAt(reader, key, parseBoolean, "config-wrong-type") ?? false;
}

/** A whole number, or the default; `undefined` if neither is there. */
export function integerAt(reader: Reader, key: string): number | undefined {
  return limited(reader, key, parsedAt(reader, key, parseInteger, "config-wrong-type"), (value) => `${value}`);
}

/** A number, or the default; `undefined` if neither is there. */
export function numberAt(reader: Reader, key: string): number | undefined {
  return limited(reader, key, parsedAt(reader, key, parseNumber, "config-wrong-type"), (value) => `${value}`);
}

/** A duration in ms, or the default; `undefined` if neither is there. */
export function durationMsAt(reader: Reader, key: string): number | undefined {
  return limited(reader, key, parsedAt(reader, key, parseDuration, "config-bad-duration"), durationText);
}

/** Memory in thousandths of MB, or the default; `undefined` if neither is there. */
export function memoryMbMilliAt(reader: Reader, key: string): number | undefined {
  const milli = parsedAt(reader, key, parseMemoryMilli, "config-bad-memory");
  const mb = limited(reader, key, milli === undefined ? undefined : milli / 1000, memoryText);
  return mb === undefined ? undefined : Math.round(mb * 1000);
}

/** A list of texts; with `splitCommas` a single text is split. Absent: empty. */
export function textsAt(reader: Reader, key: string, splitting: "whole" | "commas"): readonly string[] {
  const found = find(reader, key);
  if (found === undefined) return [];
  const { conf } = found;
  if (conf.kind === "text") {
    const parts = splitting === "commas" ? conf.text.split(",") : [conf.text];
    return parts.map((part) => part.trim()).filter((part) => part !== "");
  }
  if (conf.kind === "object" || conf.kind === "unset") {
    wrongType(reader, found, "a list");
    return [];
  }
  const texts: string[] = [];
  for (const item of conf.items) {
    const text = textOf(reader, { key, conf: item });
    if (text !== undefined && splitting === "commas") texts.push(text.trim());
    else if (text !== undefined) texts.push(text);
  }
  return texts;
}

/** The text of a value; another kind is a problem. */
export function textOf(reader: Reader, found: Found): string | undefined {
  if (found.conf.kind === "text") return found.conf.text;
  wrongType(reader, found, "a single value");
  return undefined;
}

/** Adds the problem of a value of the wrong kind, or of one whose variable is not set. */
export function wrongType(reader: Reader, found: Found, wanted: string): void {
  const { conf } = found;
  if (conf.kind === "unset") return addProblem(reader, found, { ...conf, code: "config-unset-variable" });
  const kinds = { text: "a single value", list: "a list", object: "an object { … }" } as const;
  const example = keySpec(found.key)?.example;
  const name = found.key.split(".").pop() ?? found.key;
  addProblem(reader, found, {
    code: "config-wrong-type",
    message: `it is ${kinds[conf.kind]}, but must be ${wanted}`,
    hint: example === undefined ? `write ${wanted}` : `write for example ${name} = ${example}`,
  });
}

/** The row of a key; a key that is not in the table is a bug. */
export function specOf(key: string): KeySpec {
  const spec = keySpec(key);
  if (spec === undefined) throw new TypeError(`the key table lacks ${key}`);
  return spec;
}

/** A default of the table without its quotes. */
export function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, "$1");
}

function parsedAt<T>(
  reader: Reader,
  key: string,
  parse: (text: string) => Parsed<T>,
  code: ConfigErrorCode,
): T | undefined {
  const found = find(reader, key);
  const fallback = specOf(key).default;
  const text = found === undefined ? undefined : textOf(reader, found);
  const parsed = text === undefined ? undefined : parse(text);
  if (parsed?.ok === true) return parsed.value;
  if (parsed !== undefined && found !== undefined) {
    addProblem(reader, found, { code, message: parsed.message, hint: parsed.hint });
  }
  const byDefault = fallback === undefined ? undefined : parse(unquoted(fallback));
  return byDefault?.ok === true ? byDefault.value : undefined;
}

function limited(
  reader: Reader,
  key: string,
  value: number | undefined,
  show: (value: number) => string,
): number | undefined {
  const found = find(reader, key);
  if (value === undefined || found === undefined) return value;
  const { min, max } = specOf(key);
  const limit = min !== undefined && value < min
    ? { message: `${show(value)} is too little`, hint: `write at least ${show(min)}` }
    : max !== undefined && value > max
    ? { message: `${show(value)} is too much`, hint: `write at most ${show(max)}` }
    : undefined;
  if (limit !== undefined) addProblem(reader, found, { code: "config-bad-value", ...limit });
  return value;
}
