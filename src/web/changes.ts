// The difference between two versions of a piece of markup, for a reader who has the first: which pieces to keep, and the
// new ones.

/** A run of pieces that the reader has, by position and number, or a new piece. */
export type Change = readonly [from: number, count: number] | string;

/** Markup split before each row, cell, entry and block, so that one changed cell is one changed piece. */
export function piecesOf(markup: string): readonly string[] {
  return markup === "" ? [] : markup.split(/(?=<(?:tr|td|li|dd|dt|p|div|svg|rect|section|details|option)\b)/);
}

/**
 * How pieces are compared: `exact`, or as if the spans of time in their sentences (`no successful poll for 12 s`) did not matter. Then
 * the reader keeps the older span. `unknown-spans`: the reader has any span, so that a piece with one is always new.
 */
export type Comparison = "exact" | "but-spans" | "unknown-spans";

/** The changes from `before` to `after`; `undefined`: none. */
export function changesOf(
  before: readonly string[],
  after: readonly string[],
  comparison: Comparison,
): readonly Change[] | undefined {
  const keyOf = keysOf[comparison];
  const keys = before.map(keyOf);
  const places = new Map<string, number>();
  keys.forEach((key, index) => key === undefined || places.has(key) || places.set(key, index));
  const changes: (string | [number, number])[] = [];
  for (const piece of after) {
    const key = keyOf(piece);
    const run = changes.at(-1);
    if (key !== undefined && Array.isArray(run) && keys[run[0] + run[1]] === key) {
      run[1]++;
      continue;
    }
    const place = key === undefined ? undefined : places.get(key);
    changes.push(place === undefined ? piece : [place, 1]);
  }
  const [only] = changes;
  const isSame = changes.length === 1 && Array.isArray(only) && only[0] === 0 && only[1] === before.length;
  return isSame || before.length === 0 && after.length === 0 ? undefined : changes;
}

/** What the reader has after the changes. */
export function changed(before: readonly string[], changes: readonly Change[]): readonly string[] {
  return changes.flatMap((change) =>
    typeof change === "string" ? [change] : before.slice(change[0], change[0] + change[1])
  );
}

/** What pieces that are the same share; `undefined`: it is the same as no other. */
const keysOf: Readonly<Record<Comparison, (piece: string) => string | undefined>> = {
  "exact": (piece) => piece,
  "but-spans": withoutSpans,
  "unknown-spans": (piece) => withoutSpans(piece) === piece ? piece : undefined,
};

/** Markup as if the spans of time in its sentences did not matter. */
export function withoutSpans(markup: string): string {
  return markup.replace(/\b\d+ (?:s|min|h|d)\b/g, "#");
}
