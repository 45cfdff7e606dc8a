// Time as a port, so that everything above it runs on virtual time in tests. Nothing else uses Date or timers.

import { type ClockReading, type MachineTime, readClock } from "../core/session/clock_rate.ts";

/** Where time comes from. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Follows the clock of the machine without ever going back; `read` gives the machine's clocks. */
function followingClock(read: () => MachineTime): () => number {
  const { monotonicMs, wallMs } = read();
  let reading: ClockReading = { monotonicMs, shownMs: wallMs };
  return () => {
    reading = readClock(reading, read());
    return Math.round(reading.shownMs);
  };
}

/** The machine's clock: right after a suspension and when it was set, but never back, and no second look comes too soon. */
export const realClock: Clock = {
  nowMs: followingClock(() => ({ monotonicMs: performance.now(), wallMs: Date.now() })),
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
