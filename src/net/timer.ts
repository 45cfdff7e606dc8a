// A timer as an interface, so that tests do not have to wait.

/** Calls back once after `ms` milliseconds, unless the returned function is called before. */
export type SetTimer = (callback: () => void, ms: number) => () => void;

/** The machine's timer. */
export const realTimer: SetTimer = (callback, ms): () => void => {
  const id = setTimeout(callback, ms);
  return () => clearTimeout(id);
};

/** A pause of this timer: resolves after `ms`, or immediately when the signal is aborted. Never rejects. */
export function sleepWith(setTimer: SetTimer): (ms: number, signal: AbortSignal) => Promise<void> {
  return (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const stop = setTimer(() => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      }, ms);
      const giveUp = (): void => {
        stop();
        resolve();
      };
      signal.addEventListener("abort", giveUp, { once: true });
    });
}
