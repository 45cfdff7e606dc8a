// Query parameters of /api/v1: their types, and reading them. Unknown parameters are rejected, because a misspelt
// filter would otherwise return everything.

import type { Refusal } from "../responses.ts";
import type { Schema } from "./schema.ts";

/** One parameter. */
export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
}

/** A text to filter by. */
export function textParameter(name: string, description: string): Parameter {
  return { name, description, schema: { type: "string", minLength: 1, maxLength: textMax } };
}

/** One of these words. */
export function wordParameter(name: string, description: string, words: readonly string[]): Parameter {
  return { name, description, schema: { type: "string", enum: words } };
}

/** A number of things. */
export function numberParameter(
  name: string,
  description: string,
  limits: { readonly default: number; readonly minimum: number; readonly maximum: number },
): Parameter {
  return { name, description, schema: { type: "integer", ...limits } };
}

/** A moment: ms since the epoch, or a time of ISO 8601. */
export function timeParameter(name: string, description: string): Parameter {
  return { name, description: `${description}; ms since the epoch, or ISO 8601`, schema: { type: "string" } };
}

/** Longest text of a filter. */
const textMax = 1_000;

/** The values of a query by name. */
export type Query = Readonly<Record<string, string>>;

/** Parses a query; returns the error response if it has unknown or invalid parameters. */
export function readQuery(
  parameters: readonly Parameter[],
  given: URLSearchParams,
): { readonly query: Query } | { readonly refusal: Refusal } {
  const query: Record<string, string> = {};
  for (const [name, value] of given) {
    const parameter = parameters.find((each) => each.name === name);
    if (parameter === undefined) return badQuery(`there is no parameter ${quoted(name)}`, knownText(parameters));
    if (Object.hasOwn(query, name)) return badQuery(`${name} is given twice`, "use each parameter once");
    const trouble = troubleOf(parameter, value);
    if (trouble !== undefined) return badQuery(`${name}: ${quoted(value)} ${trouble}`, parameter.description);
    query[name] = value;
  }
  return { query };
}

function troubleOf({ schema }: Parameter, value: string): string | undefined {
  const { type, enum: words, minimum, maximum, minLength } = schema;
  if (Array.isArray(words)) return words.includes(value) ? undefined : `is none of ${words.join(", ")}`;
  if (type === "integer") {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
    const isGood = number >= Number(minimum) && number <= Number(maximum);
    return isGood ? undefined : `is not a whole number from ${minimum} to ${maximum}`;
  }
  if (minLength === undefined) return Number.isNaN(timeOf(value)) ? "is not a time" : undefined;
  return value === "" || value.length > textMax ? `is not a text of 1 to ${textMax} characters` : undefined;
}

/** The moment that a parameter names, ms since the epoch; NaN: none. */
export function timeOf(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  return /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(value) ? Date.parse(value) : NaN;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function knownText(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return "this path takes none";
  return `the parameters are: ${parameters.map(({ name }) => name).join(", ")}`;
}

function badQuery(message: string, hint: string): { readonly refusal: Refusal } {
  return { refusal: { status: 400, code: "bad-query", message, hint } };
}
