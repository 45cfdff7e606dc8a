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
export function serveInTurn(sharers: readonly Sharer[], serve: (index: number) => boolean): readonly number[] {
  const given = sharers.map(() => 0);
  const levels = sharers.map(({ inUse, weight }) => inUse / weight);
  // The first element of the heap is next.
  const heap = [...sharers.keys()].sort((a, b) => isBefore(levels, a, b) ? -1 : 1);
  for (let next = heap[0]; next !== undefined; next = heap[0]) {
    if (serve(next)) {
      const { inUse = 0, weight = 1 } = sharers[next] ?? {};
      const count = (given[next] ?? 0) + 1;
      given[next] = count;
      levels[next] = (inUse + count) / weight;
    } else {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) break;
      heap[0] = last;
    }
    sink(heap, levels);
  }
  return given;
}

function isBefore(levels: readonly number[], a: number, b: number): boolean {
  const [one = 0, other = 0] = [levels[a], levels[b]];
  return one < other || one === other && a < b;
}

/** Sifts the first element down: all others are in order. */
function sink(heap: number[], levels: readonly number[]): void {
  const [first] = heap;
  if (first === undefined) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (left === undefined) break;
    const isRight = right !== undefined && isBefore(levels, right, left);
    const least = isRight ? right : left;
    if (!isBefore(levels, least, first)) break;
    heap[at] = least;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heap[at] = first;
}
