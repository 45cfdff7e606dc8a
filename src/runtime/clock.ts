// Time as an interface, so that everything above it runs on virtual time in tests. Nothing else uses Date or timers.

import { type ClockReading, type MachineTime, readClock } from "../core/session/clock_rate.ts";

/** A source of time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Resolves after `ms`, or immediately if the signal is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Follows the machine's clock without ever going back; `read` returns the machine's clocks. */
function followingClock(read: () => MachineTime): () => number {
  const { monotonicMs, wallMs } = read();
  let reading: ClockReading = { monotonicMs, shownMs: wallMs };
  return () => {
    reading = readClock(reading, read());
    return Math.round(reading.shownMs);
  };
}

/** The machine's clock: correct after a suspension or an adjustment, but never going back. */
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
