// Time as a port, so that everything above it runs on virtual time in tests. Not here: what happens when it passes.
// The only place with Date and timers, but for the servers' own limits.

/** Where time comes from. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What a clock that is never set showed when this one did not run yet. */
const startedMs = Date.now() - performance.now();

/**
 * The machine's clock as it was at the start, from then on at its pace: it is not set while the program runs, so that
 * neither a pause lasts for ever nor a second look comes too soon.
 */
export const realClock: Clock = {
  nowMs: () => Math.round(startedMs + performance.now()),
  sleep: (ms, signal) => {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
      signal.addEventListener("abort", done, { once: true });
    });
  },
};
