// A manual clock for everything that waits through the interface Clock.

import type { Clock } from "../../src/runtime/clock.ts";

/** A manual clock. */
export interface VirtualClock extends Clock {
  /** Advances time; sleepers are woken in order of time, and can run before the next one. */
  pass(ms: number): Promise<void>;
  /** The number of current sleepers. */
  readonly sleepers: number;
}

/** Runs everything that is ready: promises, not timers. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Creates a stopped clock. */
export function virtualClock(startMs = 1_700_000_000_000): VirtualClock {
  let nowMs = startMs;
  const sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();
  return {
    nowMs: () => nowMs,
    sleep: (ms, signal) => {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { dueMs: nowMs + ms, wake };
        sleepers.add(sleeper);
        signal.addEventListener("abort", wake, { once: true });
      });
    },
    pass: async (ms) => {
      const endMs = nowMs + ms;
      await settle();
      while (true) {
        const next = [...sleepers].sort((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined || next.dueMs > endMs) break;
        nowMs = Math.max(nowMs, next.dueMs);
        next.wake();
        await settle();
      }
      nowMs = endMs;
    },
    get sleepers(): number {
      return sleepers.size;
    },
  };
}
