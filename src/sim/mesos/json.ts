// Reads plain JSON objects in Mesos' own shape (snake_case).

/** A JSON object as received; its fields are not checked yet. */
export type Plain = Readonly<Record<string, unknown>>;

/** `value` as an object; `{}` if it is not one. */
export function plainOf(value: unknown): Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Plain : {};
}

/** The value under a path of keys; undefined if a step is missing. Own properties only. */
export function at(object: unknown, ...path: readonly string[]): unknown {
  let value: unknown = object;
  for (const key of path) {
    const step = plainOf(value);
    if (!Object.hasOwn(step, key)) return undefined;
    value = step[key];
  }
  return value;
}

/** A string under a path; numbers are accepted as strings, as in the JSON reader of Mesos. */
export function textAt(object: unknown, ...path: readonly string[]): string | undefined {
  const value = at(object, ...path);
  return typeof value === "string" ? value : undefined;
}

/** A number under a path; strings of digits are accepted, as the master accepts them. */
export function numberAt(object: unknown, ...path: readonly string[]): number | undefined {
  const value = at(object, ...path);
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  return undefined;
}

/** A list of objects under a path; empty if there is none. */
export function listAt(object: unknown, ...path: readonly string[]): readonly Plain[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value.map(plainOf) : [];
}

/** A list of strings under a path; empty if there is none. */
export function wordsAt(object: unknown, ...path: readonly string[]): readonly string[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value.filter((word): word is string => typeof word === "string") : [];
}

/** Whether the path exists. */
export function has(object: unknown, ...path: readonly string[]): boolean {
  const value = at(object, ...path);
  return value !== undefined && value !== null;
}

/** Omits keys whose value is undefined, keeping the order: absent fields do not appear on the wire. */
export function compact(object: Plain): Plain {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
