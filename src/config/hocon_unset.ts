// Finds the variable that should have supplied the value of a key.

import type { Raw, RawObject } from "./hocon_raw.ts";

/**
 * The name of the environment variable that should have supplied the value of a path: `GOCD_PASSWORD` for `password
 * = ${?GOCD_PASSWORD}`. `isUnset` returns whether a name was looked up but not set.
 */
export function unsetVariableAt(
  root: RawObject,
  path: readonly string[],
  isUnset: (name: string) => boolean,
): string | undefined {
  const [key = "", ...rest] = path;
  for (const layer of root.fields.get(key)?.layers.toReversed() ?? []) {
    const name = rest.length === 0
      ? variableOf(layer, isUnset)
      : layer.kind === "object"
      ? unsetVariableAt(layer, rest, isUnset)
      : undefined;
    if (name !== undefined) return name;
  }
  return undefined;
}

function variableOf(raw: Raw, isUnset: (name: string) => boolean): string | undefined {
  if (raw.kind === "concat") {
    return raw.parts.map((part) => variableOf(part, isUnset)).find((name) => name !== undefined);
  }
  if (raw.kind !== "reference") return undefined;
  const name = raw.paths.at(-1)?.join(".") ?? "";
  return isUnset(name) ? name : undefined;
}
