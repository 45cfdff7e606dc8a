// A queue of actions at virtual times, ordered by time, then by insertion: a heap, because a replayed day has
// millions of them.

import { popFrom, pushTo } from "../core/heap.ts";

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

/** An empty queue. */
export function virtualTimers(): VirtualTimers {
  const heap: Entry[] = [];
  let order = 0;
  const clean = (): Entry | undefined => {
    while (heap[0]?.cancelled === true) popFrom(heap, before);
    return heap[0];
  };
  return {
    plan: (atMs, run): PlannedAct => {
      const entry: Entry = { atMs, order: order++, run, cancelled: false };
      pushTo(heap, entry, before);
      return { atMs, cancel: (): void => void (entry.cancelled = true) };
    },
    nextMs: (): number | undefined => clean()?.atMs,
    take: (nowMs): Entry | undefined => {
      const first = clean();
      if (first === undefined || first.atMs > nowMs) return undefined;
      popFrom(heap, before);
      return first;
    },
  };
}
