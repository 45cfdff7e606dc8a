// Time in a test: scaled real time if sockets or processes are needed, otherwise virtual time, which does not depend on
// the load of the machine. Both have the same interface.

import { setImmediate } from "node:timers";
import type { SetTimer } from "../../src/net/timer.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { type VirtualTimers, virtualTimers } from "../../src/sim/timers.ts";
import { scaledClock, sleepReal, type TimeScale, until } from "./scaled_clock.ts";

/** Time, and how a test waits for events. */
export interface TestTime {
  readonly clock: Clock;
  readonly setTimer: SetTimer;
  /** A signal that is aborted after this long. */
  deadline(ms: number): AbortSignal;
  /** Advances time by this much. */
  pass(ms: number): Promise<void>;
  /** Advances time until `isSo` returns true; throws with the text of `describe` if it never does. */
  until(isSo: () => boolean, describe: () => string): Promise<void>;
  /** Advances time until a promise is settled, and returns its result. */
  during<T>(promise: Promise<T>): Promise<T>;
}

/** Virtual time of this process. */
export interface VirtualTime extends TestTime {
  /** Runs `act` after this long. */
  plan(ms: number, act: () => void): void;
}

/** Real time, scaled by this factor. */
export function scaledTime(scale: TimeScale): TestTime {
  const clock = scaledClock(scale);
  const never = new AbortController().signal;
  return {
    clock,
    setTimer: (callback, ms) => {
      const timer = setTimeout(callback, ms / scale.speed);
      return () => clearTimeout(timer);
    },
    deadline: (ms) => AbortSignal.timeout(ms / scale.speed),
    pass: (ms) => clock.sleep(ms, never),
    until,
    during: (promise) => promise,
  };
}

/** If nothing has happened after this much virtual time, nothing will. */
const untilMsMax = 12 * 3_600_000;
/** Limit in real time for events outside of virtual time: only ends a hang. */
const outsideMsMax = 120_000;
const virtualStartMs = 1_700_000_000_000;
/** As of `AbortSignal.timeout`; one for all, because each takes a stack, and most deadlines are of requests that have ended. */
const timedOut = new DOMException("Signal timed out.", "TimeoutError");

/** Time that only advances when a test advances it; due actions run in order. */
export function virtualTime(): VirtualTime {
  const timers = virtualTimers();
  let nowMs = virtualStartMs;
  /** Advances to the next due action, not beyond `endMs`; false if there is none. */
  const step = async (endMs: number): Promise<boolean> => {
    const dueMs = timers.nextMs();
    if (dueMs === undefined || dueMs > endMs) return false;
    nowMs = Math.max(nowMs, dueMs);
    runDue(timers, nowMs);
    await quiet();
    return true;
  };
  const until: TestTime["until"] = async (isSo, describe) => {
    const endMs = nowMs + untilMsMax;
    await quiet();
    while (!isSo()) {
      if (!await step(endMs)) throw new Error(`not within ${untilMsMax / 60_000} virtual minutes: ${describe()}`);
    }
  };
  return {
    clock: virtualClock(timers, () => nowMs),
    setTimer: (callback, ms) => {
      const planned = timers.plan(nowMs + ms, callback);
      return () => planned.cancel();
    },
    deadline: (ms) => {
      const controller = new AbortController();
      timers.plan(nowMs + ms, () => controller.abort(timedOut));
      return controller.signal;
    },
    plan: (ms, act) => void timers.plan(nowMs + ms, act),
    pass: async (ms) => {
      const endMs = nowMs + ms;
      await quiet();
      while (await step(endMs));
      nowMs = endMs;
    },
    until,
    during: async (promise) => {
      let isSettled = false;
      const settled = promise.then(() => isSettled = true, () => isSettled = true);
      await quiet();
      for (const endMs = nowMs + untilMsMax; !isSettled;) {
        if (!await step(endMs)) await Promise.race([settled, outside()]);
      }
      return await promise;
    },
  };
}

function runDue(timers: VirtualTimers, nowMs: number): void {
  for (let due = timers.take(nowMs); due !== undefined; due = timers.take(nowMs)) due.run();
}

/** Resolves when nothing is left to do at this moment: a turn of the event loop runs after all promises. */
function quiet(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

async function outside(): Promise<never> {
  await sleepReal(outsideMsMax);
  throw new Error("nothing is planned, and what is waited for does not come");
}

function virtualClock(timers: VirtualTimers, nowMs: () => number): Clock {
  return {
    nowMs,
    sleep: (ms, signal) => {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          planned.cancel();
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const planned = timers.plan(nowMs() + ms, wake);
        signal.addEventListener("abort", wake, { once: true });
      });
    },
  };
}
