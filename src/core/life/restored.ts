// Adjusts restored instances to the current clock: it may have been set back while the program was down, and no time
// may be in the future, otherwise a pause counted from it would never end.

/**
 * A stored value with every time after `atMs` reset to `atMs`; the same object if there is none. Each number of an
 * instance whose name ends in `Ms` is a time, at any depth.
 */
export function notInFuture<Stored extends object>(stored: Stored, atMs: number): Stored {
  const before = Object.entries(stored);
  const after = before.map(([name, value]) => [name, valueNotInFuture(name, value, atMs)] as const);
  const isSame = after.every(([, value], index) => value === before[index]?.[1]);
  return isSame ? stored : Object.fromEntries(after) as Stored;
}

function valueNotInFuture(name: string, value: unknown, atMs: number): unknown {
  if (typeof value === "number") return name.endsWith("Ms") ? Math.min(value, atMs) : value;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? notInFuture(value, atMs) : value;
}
