// Parses single values: durations, sizes, numbers, booleans.

import { quote } from "../quote.ts";

export { quote };

/** A value, or what is wrong with its text. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly hint: string };

const durationUnits: ReadonlyMap<string, number> = new Map([
  ...names(1e-6, "ns", "nano", "nanos", "nanosecond", "nanoseconds"),
  ...names(1e-3, "us", "micro", "micros", "microsecond", "microseconds"),
  ...names(1, "ms", "milli", "millis", "millisecond", "milliseconds"),
  ...names(1000, "s", "sec", "secs", "second", "seconds"),
  ...names(60_000, "m", "min", "mins", "minute", "minutes"),
  ...names(3_600_000, "h", "hr", "hrs", "hour", "hours"),
  ...names(86_400_000, "d", "day", "days"),
  ...names(604_800_000, "w", "week", "weeks"),
]);

// Mesos and Docker mean powers of 1024 with every spelling, so MB and MiB are the same.
const memoryUnits: ReadonlyMap<string, number> = new Map([
  ...names(1 / 1_048_576, "b", "byte", "bytes"),
  ...names(1 / 1024, "k", "kb", "ki", "kib", "kilobyte", "kilobytes"),
  ...names(1, "m", "mb", "mi", "mib", "megabyte", "megabytes"),
  ...names(1024, "g", "gb", "gi", "gib", "gigabyte", "gigabytes"),
  ...names(1_048_576, "t", "tb", "ti", "tib", "terabyte", "terabytes"),
]);

/** A duration in whole ms. A bare number other than 0 is rejected: it could mean ms, seconds or minutes. */
export function parseDuration(text: string): Parsed<number> {
  const parts = numberAndUnit(text);
  const hint = "write a number and a unit: 500 ms, 30 seconds, 2 minutes, 1 hour, 7 days";
  if (parts === undefined) return { ok: false, message: `${quote(text)} is not a duration`, hint };
  if (parts.unit === "") {
    if (parts.number === 0) return { ok: true, value: 0 };
    const better = `write the unit, e.g. ${text.trim()} seconds or ${text.trim()} minutes`;
    return { ok: false, message: `${quote(text)} has no unit of time`, hint: better };
  }
  const factor = durationUnits.get(parts.unit);
  if (factor === undefined) return { ok: false, message: `${quote(parts.unit)} is not a unit of time`, hint };
  return { ok: true, value: Math.round(parts.number * factor) };
}

/** An amount of memory or disk in thousandths of MB (2^20 bytes); a bare number is MB. */
export function parseMemoryMilli(text: string): Parsed<number> {
  const parts = numberAndUnit(text);
  const hint = "write 512 MB or 1.5 GB; a bare number is MB";
  if (parts === undefined) return { ok: false, message: `${quote(text)} is not an amount of memory`, hint };
  const factor = parts.unit === "" ? 1 : memoryUnits.get(parts.unit.toLowerCase());
  if (factor === undefined) return { ok: false, message: `${quote(parts.unit)} is not a unit of memory`, hint };
  return { ok: true, value: Math.round(parts.number * factor * 1000) };
}

/** A number such as `2` or `0.5`. */
export function parseNumber(text: string): Parsed<number> {
  const parts = numberAndUnit(text);
  if (parts === undefined || parts.unit !== "") {
    return { ok: false, message: `${quote(text)} is not a number`, hint: "write a number such as 2 or 0.5" };
  }
  return { ok: true, value: parts.number };
}

/** A whole number. */
export function parseInteger(text: string): Parsed<number> {
  const number = parseNumber(text);
  if (number.ok && Number.isSafeInteger(number.value)) return number;
  return { ok: false, message: `${quote(text)} is not a whole number`, hint: "write a whole number such as 5" };
}

/** `true`, `yes`, `on`, or `false`, `no`, `off`, as HOCON has them. */
export function parseBoolean(text: string): Parsed<boolean> {
  const word = text.trim().toLowerCase();
  if (["true", "yes", "on"].includes(word)) return { ok: true, value: true };
  if (["false", "no", "off"].includes(word)) return { ok: true, value: false };
  return { ok: false, message: `${quote(text)} is neither true nor false`, hint: "write true or false" };
}

/** A duration as text, in the largest unit that gives a whole number: `2 minutes`. */
export function durationText(ms: number): string {
  for (
    const [unit, factor] of [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]] as const
  ) {
    if (ms >= factor && ms % factor === 0) return `${ms / factor} ${unit}${ms === factor ? "" : "s"}`;
  }
  return `${ms} ms`;
}

function numberAndUnit(text: string): { readonly number: number; readonly unit: string } | undefined {
  const match = /^(-?\d{1,15}(?:\.\d{1,9})?|-?\.\d{1,9})(?:[eE]([+-]?\d{1,2}))?\s*([a-zA-Z]*)$/.exec(text.trim());
  if (match === null) return undefined;
  const number = Number(`${match[1]}e${match[2] ?? 0}`);
  return { number, unit: match[3] ?? "" };
}

function names(factor: number, ...words: readonly string[]): readonly (readonly [string, number])[] {
  return words.map((word) => [word, factor] as const);
}
