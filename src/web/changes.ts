// The difference between two versions of a piece of markup, for a reader who has the first: which pieces to keep, and the
// new ones.

/** A run of pieces that the reader has, by position and number, or a new piece. */
export type Change = readonly [from: number, count: number] | string;

/** Markup split before each row, cell, entry and block, so that one changed cell is one changed piece. */
export function piecesOf(markup: string): readonly string[] {
  return markup === "" ? [] : markup.split(/(?=<(?:tr|td|li|dd|dt|p|div|svg|rect|section|details|option)\b)/);
}

/**
 * How pieces are compared: `exact`, or as if the spans of time in their sentences (`no successful poll for 12 s`) did not
 * matter. Then the reader keeps the older span of the same place, never that of another row. `unknown-spans`: the reader
 * has any span, so that a piece with one is always new.
 */
export type Comparison = "exact" | "but-spans" | "unknown-spans";

/** The changes from `before` to `after`; `undefined`: none. */
export function changesOf(
  before: readonly string[],
  after: readonly string[],
  comparison: Comparison,
): readonly Change[] | undefined {
  const had = keysOf(before, comparison);
  const wanted = keysOf(after, comparison);
  const exactly = firstPlaces(had.exact);
  const nearly = firstPlaces(had.near);
  const isThere = (place: number, index: number): boolean => {
    const key = wanted.exact[index];
    if (key !== undefined && had.exact[place] === key) return true;
    const near = wanted.near[index];
    return near !== undefined && had.near[place] === near;
  };
  const changes: (string | [number, number])[] = [];
  after.forEach((piece, index) => {
    const run = changes.at(-1);
    if (Array.isArray(run) && isThere(run[0] + run[1], index)) {
      run[1]++;
      return;
    }
    const place = exactly.get(wanted.exact[index]) ?? nearly.get(wanted.near[index]);
    changes.push(place === undefined ? piece : [place, 1]);
  });
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

/** What each piece shares with pieces that are the same; `undefined`: it is the same as no other. */
interface Keys {
  readonly exact: readonly (string | undefined)[];
  /** Of pieces with a span of time: their place and their text without it, if no other piece has both. */
  readonly near: readonly (string | undefined)[];
}

function keysOf(pieces: readonly string[], comparison: Comparison): Keys {
  if (comparison === "exact") return { exact: pieces, near: [] };
  const bare = pieces.map(withoutSpans);
  const hasSpan = (index: number): boolean => bare[index] !== pieces[index];
  if (comparison === "unknown-spans") {
    return { exact: pieces.map((piece, index) => hasSpan(index) ? undefined : piece), near: [] };
  }
  const counts = new Map<string, number>();
  const row = { tr: "", other: "" };
  const near = pieces.map((piece, index) => {
    const [, tag, key] = keyedForm.exec(piece) ?? [];
    if (key !== undefined) row[tag === "tr" ? "tr" : "other"] = key;
    if (!hasSpan(index)) return undefined;
    const place = `${row.tr} ${row.other} ${bare[index]}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
    return place;
  });
  return { exact: pieces, near: near.map((place) => counts.get(place ?? "") === 1 ? place : undefined) };
}

/** A piece that begins with a row, an entry or a block of its own. */
const keyedForm = /^<(\w+)\b[^>]*\bdata-key="([^"]*)"/;

/** Where each key is first. */
function firstPlaces(keys: readonly (string | undefined)[]): ReadonlyMap<string | undefined, number> {
  const places = new Map<string, number>();
  keys.forEach((key, index) => key === undefined || places.has(key) || places.set(key, index));
  return places;
}

/** Markup as if the spans of time in its sentences did not matter; `0.05 h` is an amount. */
export function withoutSpans(markup: string): string {
  return markup.replace(/(?<!\.)\b\d+ (?:s|min|h|d)\b/g, "#");
}
