// Max-min fair sharing by weight. The cost of a turn is logarithmic in the number of sharers.

import { popFrom, pushTo } from "../heap.ts";

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
  const heap = turns.toSorted((a, b) => isBefore(a, b) ? -1 : 1);
  for (let next = popFrom(heap, isBefore); next !== undefined; next = popFrom(heap, isBefore)) {
    if (!serve(next.sharer, next.index)) continue;
    next.given++;
    next.level = (next.sharer.inUse + next.given) / next.sharer.weight;
    pushTo(heap, next, isBefore);
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
