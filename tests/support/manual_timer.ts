// A timer that a test drives.

import type { SetTimer } from "../../src/net/timer.ts";

/** Timers that expire when the test says so. */
export interface ManualTimer {
  readonly setTimer: SetTimer;
  /** The number of timers with exactly this time. */
  running(ms: number): number;
  /** Expires those with exactly this time; returns their number. */
  fire(ms: number): number;
  /** Resolves as soon as this many (default 1) with exactly this time have been started. */
  started(ms: number, times?: number): Promise<void>;
}

/** Creates a timer. */
export function createManualTimer(): ManualTimer {
  const timers = new Set<{ readonly callback: () => void; readonly ms: number }>();
  const starts = new Map<number, number>();
  const waiting = new Set<() => void>();
  return {
    setTimer: (callback, ms) => {
      const timer = { callback, ms };
      timers.add(timer);
      starts.set(ms, (starts.get(ms) ?? 0) + 1);
      waiting.forEach((look) => look());
      return () => timers.delete(timer);
    },
    running: (ms) => [...timers].filter((timer) => timer.ms === ms).length,
    fire: (ms) => {
      const due = [...timers].filter((timer) => timer.ms === ms);
      for (const timer of due) {
        timers.delete(timer);
        timer.callback();
      }
      return due.length;
    },
    started: (ms, times = 1) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if ((starts.get(ms) ?? 0) >= times) {
          waiting.delete(look);
          resolve();
        }
      };
      waiting.add(look);
      look();
      return promise;
    },
  };
}
