// A binary heap in a list: the first element is before all others. Its cost is logarithmic in their number.

/** Whether the first of two elements comes before the second; equal ones are in no order. */
export type IsBefore<One> = (one: One, other: One) => boolean;

/** Adds an element. */
export function pushTo<One>(heap: One[], element: One, isBefore: IsBefore<One>): void {
  heap.push(element);
  let index = heap.length - 1;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !isBefore(element, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = element;
}

/** Removes the first element; absent: there is none. */
export function popFrom<One>(heap: One[], isBefore: IsBefore<One>): One | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    const childIndex = firstChild(heap, index, isBefore);
    const child = heap[childIndex];
    if (child === undefined || !isBefore(child, last)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = last;
  return first;
}

function firstChild<One>(heap: readonly One[], index: number, isBefore: IsBefore<One>): number {
  const leftIndex = 2 * index + 1;
  const left = heap[leftIndex];
  const right = heap[leftIndex + 1];
  return left !== undefined && right !== undefined && isBefore(right, left) ? leftIndex + 1 : leftIndex;
}
