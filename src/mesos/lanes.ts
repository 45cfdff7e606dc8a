// Runs tasks one at a time, in the order they were queued.

/** Queues a task, starts it when all earlier ones have ended, and returns its outcome. */
export type Lane = (work: () => Promise<void>) => Promise<void>;

/** Creates a lane. */
export function createLane(): Lane {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    const outcome = last.then(work);
    last = outcome.catch(() => {});
    return outcome;
  };
}

/** Parallel lanes: a key always has the same lane, so order is kept for each key. */
export function createKeyedLanes(count: number): (key: string) => Lane {
  const lanes = Array.from({ length: count }, createLane);
  const only = createLane();
  return (key) => lanes[hashOf(key) % count] ?? only;
}

function hashOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (hash * 31 + key.charCodeAt(at)) >>> 0;
  return hash;
}
