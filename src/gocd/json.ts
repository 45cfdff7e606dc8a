// Reads the needed parts of the server's JSON. By hand, not with schemas: one odd entry in a list of thousands must not
// invalidate the others, and unneeded parts may have any form.

import { contentError } from "./content_problems.ts";

/** A JSON object. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Parses JSON without quoting it in the error: bodies may contain secrets. */
export function parseJson(text: string, source: string): unknown {
  if (text.trim() === "") throw contentError(source, { kind: "empty" });
  try {
    return JSON.parse(text);
  } catch {
    throw contentError(source, { kind: "not-json" });
  }
}

/** Whether a JSON value is an object. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at these keys, one within the other; `undefined` if there is none. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce((within: unknown, key) => isRecord(within) ? within[key] : undefined, value);
}
