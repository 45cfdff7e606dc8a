// Compares two values, secrets included. The compared text must never be shown.

import { Secret } from "../secret.ts";

/** Whether two parts of configurations are equal; the order of keys does not matter. */
export function isSame(one: unknown, other: unknown): boolean {
  return comparable(one) === comparable(other);
}

/** A text that is equal for equal values. It contains secrets in plain text: for comparison only. */
export function comparable(value: unknown): string {
  if (value instanceof Secret) return `secret ${revealed(value)}`;
  if (Array.isArray(value)) return `[${value.map(comparable).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const entries = Object.entries(value).filter(([, each]) => each !== undefined).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${comparable(each)}`).join(",")}}`;
}

function revealed(secret: Secret): string {
  try {
    return JSON.stringify(secret.reveal());
  } catch {
    // Its file is currently missing; the code that uses it reports that.
    return "cannot be read";
  }
}
