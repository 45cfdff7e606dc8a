// Suggests the nearest known key for an unknown one.

/** The likeliest meaning of `written` among `known`; `undefined` if nothing is close. Both are dotted keys. */
export function nearestKey(written: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestCost = Infinity;
  for (const candidate of known) {
    const cost = costOf(written, candidate);
    if (cost < bestCost) [best, bestCost] = [candidate, cost];
  }
  return best ?? longerKey(written, known);
}

/** The only key of the same section that contains the written name as a separate word: `docker-image` for `image`. */
function longerKey(written: string, known: readonly string[]): string | undefined {
  const [parent, word] = split(written);
  const found = known.filter((candidate) => {
    const [section, name] = split(candidate);
    return section === parent && name.split("-").includes(word.toLowerCase());
  });
  return found.length === 1 ? found[0] : undefined;
}

const partCharsMax = 64;

function costOf(written: string, candidate: string): number {
  const [writtenParent, writtenLast] = split(written);
  const [parent, last] = split(candidate);
  if (writtenLast.length > partCharsMax) return Infinity;
  const same = normal(writtenLast) === normal(last);
  const distance = same ? 0 : editDistance(normal(writtenLast), normal(last));
  const allowed = Math.max(1, Math.floor(Math.min(writtenLast.length, last.length) / 3));
  if (distance > allowed) return Infinity;
  if (parent === writtenParent) return distance;
  // A key of another section: only if the name itself is right.
  return distance <= 1 ? distance + 5 : Infinity;
}

function split(path: string): readonly [string, string] {
  const at = path.lastIndexOf(".");
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
}

// userName, user_name and user-name are the same mistake.
function normal(name: string): string {
  return name.replace(/[-_\s]/g, "").toLowerCase();
}

/** Letters to insert, remove, replace or swap to get from one word to the other (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last: number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row: number[] = [i];
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}
