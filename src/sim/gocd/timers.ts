// The scheduled actions of the simulated GoCD server by virtual time; ties keep their order.

/** Actions planned at times in ms; the same plans always run in the same order. */
export interface TimerQueue {
  /** Plans an action. */
  plan(atMs: number, act: () => void): void;
  /** When the next action is due; undefined if nothing is planned. */
  nextDueMs(): number | undefined;
  /** Removes the next action that is due at `nowMs`, if any. */
  take(nowMs: number): { readonly atMs: number; readonly act: () => void } | undefined;
}

interface Plan {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** An empty queue (a binary heap: a day of many agents has millions of actions). */
export function createTimerQueue(): TimerQueue {
  const heap: Plan[] = [];
  let order = 0;
  const isBefore = (left: Plan, right: Plan): boolean =>
    left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
  const sinkFrom = (start: number, plan: Plan): void => {
    let index = start;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = heap[childIndex];
      if (child === undefined) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childIndex++;
      }
      if (!isBefore(child, plan)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = plan;
  };
  return {
    plan(atMs, act): void {
      const plan: Plan = { atMs, order: order++, act };
      let index = heap.length;
      heap.push(plan);
      while (index > 0) {
        const parentIndex = (index - 1) >> 1;
        const parent = heap[parentIndex];
        if (parent === undefined || !isBefore(plan, parent)) break;
        heap[index] = parent;
        index = parentIndex;
      }
      heap[index] = plan;
    },
    nextDueMs: () => heap[0]?.atMs,
    take(nowMs): Plan | undefined {
      const first = heap[0];
      if (first === undefined || first.atMs > nowMs) return undefined;
      const last = heap.pop();
      if (last !== undefined && last !== first) sinkFrom(0, last);
      return first;
    },
  };
}
