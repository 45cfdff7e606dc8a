// Time that runs faster than real time, so that drains of 20 seconds take a fraction of one over real sockets. Child
// processes share it (fast_time.ts).

import type { Clock } from "../../src/runtime/clock.ts";

/** A scale: `speed` seconds pass in one real second, from `startMs` on. */
export interface TimeScale {
  readonly speed: number;
  /** Ms since the epoch at which scaled and real time are equal. */
  readonly startMs: number;
}

/** Converts real time to scaled time, whole ms. */
export function scaledMs({ speed, startMs }: TimeScale, realMs: number): number {
  return Math.floor(startMs + (realMs - startMs) * speed);
}

/** A clock that runs `speed` times as fast as the machine's. */
export function scaledClock(scale: TimeScale): Clock {
  return {
    nowMs: () => scaledMs(scale, Date.now()),
    sleep: (ms, signal) => sleepReal(ms / scale.speed, signal),
  };
}

/** Resolves after `ms` of real time, or immediately when the signal is aborted; leaves no timer behind. */
export function sleepReal(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Only ends a hang: a busy machine may need many times as long as an idle one. */
const untilMsMax = 180_000;

/** Waits until `isSo` returns true, or throws with the text of `describe` after minutes of real time. */
export async function until(isSo: () => boolean, describe: () => string, limitMs = untilMsMax): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs / 1000} s: ${describe()}`);
    await sleepReal(5);
  }
}
