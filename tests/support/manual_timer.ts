// A timer that a test drives. Not here: a clock. Called by the tests of mesos/.

import type { SetTimer } from "../../src/mesos/timer.ts";

/** Timers that run out when the test says so. */
export interface ManualTimer {
  readonly setTimer: SetTimer;
  /** How many run with exactly this time. */
  running(ms: number): number;
  /** Lets those that run with exactly this time run out; gives how many. */
  fire(ms: number): number;
  /** Resolves as soon as one runs with exactly this time. */
  started(ms: number): Promise<void>;
}

/** Makes a timer. */
export function createManualTimer(): ManualTimer {
  const timers = new Set<{ readonly callback: () => void; readonly ms: number }>();
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  const withTime = (ms: number): { readonly callback: () => void }[] => [...timers].filter((timer) => timer.ms === ms);
  return {
    setTimer: (callback, ms) => {
      const timer = { callback, ms };
      timers.add(timer);
      waiting.get(ms)?.resolve();
      waiting.delete(ms);
      return () => timers.delete(timer);
    },
    running: (ms) => withTime(ms).length,
    fire: (ms) => {
      const due = withTime(ms);
      for (const timer of [...timers].filter((timer) => timer.ms === ms)) {
        timers.delete(timer);
        timer.callback();
      }
      return due.length;
    },
    started: (ms) => {
      if (withTime(ms).length > 0) {
        return Promise.resolve();
      }
      const waiter = waiting.get(ms) ?? Promise.withResolvers<void>();
      waiting.set(ms, waiter);
      return waiter.promise;
    },
  };
}
