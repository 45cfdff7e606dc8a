// A timer as a port, so that tests need not wait.

/** Calls back once after `ms` milliseconds, unless the function it gives is called before. */
export type SetTimer = (callback: () => void, ms: number) => () => void;

/** The machine's timer. */
export const realTimer: SetTimer = (callback, ms): () => void => {
  const id = setTimeout(callback, ms);
  return () => clearTimeout(id);
};
