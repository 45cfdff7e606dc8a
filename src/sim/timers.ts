// A queue of actions at virtual times, ordered by time, then by insertion: a binary heap, because a replayed day has
// millions of them.

/** A planned action. */
export interface PlannedAct {
  /** When it is due, virtual ms. */
  readonly atMs: number;
  /** Removes it from the queue; does nothing once it has run. */
  cancel(): void;
}

/** The queue. */
export interface VirtualTimers {
  /** Plans `run` for `atMs`. */
  plan(atMs: number, run: () => void): PlannedAct;
  /** The time of the earliest planned action. */
  nextMs(): number | undefined;
  /** Removes the earliest action if its time is not after `nowMs`. */
  take(nowMs: number): { readonly atMs: number; readonly run: () => void } | undefined;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !before(entry, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const leftIndex = 2 * index + 1;
    const left = heap[leftIndex];
    if (left === undefined) break;
    const right = heap[leftIndex + 1];
    const child = right !== undefined && before(right, left) ? right : left;
    if (!before(child, last)) break;
    heap[index] = child;
    index = child === left ? leftIndex : leftIndex + 1;
  }
  heap[index] = last;
}

/** An empty queue. */
export function virtualTimers(): VirtualTimers {
  const heap: Entry[] = [];
  let order = 0;
  const clean = (): Entry | undefined => {
    while (heap[0]?.cancelled === true) pop(heap);
    return heap[0];
  };
  return {
    plan: (atMs, run): PlannedAct => {
      const entry: Entry = { atMs, order: order++, run, cancelled: false };
      push(heap, entry);
      return { atMs, cancel: (): void => void (entry.cancelled = true) };
    },
    nextMs: (): number | undefined => clean()?.atMs,
    take: (nowMs): Entry | undefined => {
      const first = clean();
      if (first === undefined || first.atMs > nowMs) return undefined;
      pop(heap);
      return first;
    },
  };
}
