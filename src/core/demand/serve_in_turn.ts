// Max-min fair sharing by weight. The cost of a turn is logarithmic in the number of sharers.

/** One of the sharers of a limit. */
export interface Sharer {
  /** Agents that it has. */
  readonly inUse: number;
  /** Above 0. */
  readonly weight: number;
}

/**
 * Serves the sharers one unit after the other: each time the one with the least for its weight, the first of equal
 * ones. `serve` grants a unit, or reports that this one gets no more. Returns how much each got.
 */
export function serveInTurn<One extends Sharer>(
  sharers: readonly One[],
  serve: (sharer: One, index: number) => boolean,
): readonly number[] {
  const turns = sharers.map((sharer, index) => ({ sharer, index, given: 0, level: sharer.inUse / sharer.weight }));
  // The first element of the heap is next.
  const heap = turns.toSorted((a, b) => isBefore(a, b) ? -1 : 1);
  for (let next = heap[0]; next !== undefined; next = heap[0]) {
    if (serve(next.sharer, next.index)) {
      next.given++;
      next.level = (next.sharer.inUse + next.given) / next.sharer.weight;
      sink(heap, next);
    } else {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) break;
      sink(heap, last);
    }
  }
  return turns.map(({ given }) => given);
}

interface Turn {
  readonly index: number;
  readonly level: number;
}

function isBefore(a: Turn, b: Turn): boolean {
  return a.level < b.level || a.level === b.level && a.index < b.index;
}

/** Puts an element in the place of the first, and sifts it down: all others are in order. */
function sink<One extends Turn>(heap: One[], first: One): void {
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (left === undefined) break;
    const isRight = right !== undefined && isBefore(right, left);
    const least = isRight ? right : left;
    if (!isBefore(least, first)) break;
    heap[at] = least;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heap[at] = first;
}
