// How the program's clock follows the machine's clock, which can be set and continues while the machine is suspended:
// it never goes back, otherwise pauses counted from a later time would never end, and never jumps by less than the core
// can detect (watched.ts).

import { standstillMs } from "./watched.ts";

/** The clocks of a machine, ms. */
export interface MachineTime {
  /** Monotonic; on most systems it stops while the machine is suspended. */
  readonly monotonicMs: number;
  /** Wall clock: used for maintenance windows of Mesos and Retry-After. */
  readonly wallMs: number;
}

/** The program's clock, and the monotonic clock at that time. */
export interface ClockReading {
  readonly monotonicMs: number;
  readonly shownMs: number;
}

/**
 * A difference up to this is corrected gradually. A larger one, forward, means a suspended machine or a clock that was
 * set: the clock jumps, and the core detects this by the length of the jump.
 */
export const jumpMs: number = standstillMs;
/** Speed-up during correction. It shortens the 20 s between two checks by a second. */
const catchUpRate = 0.05;
/** Slow-down while the machine's clock is behind: pauses last twice as long, which does no harm. */
const waitRate = 0.5;

/** Reads the program's clock. */
export function readClock(before: ClockReading, { monotonicMs, wallMs }: MachineTime): ClockReading {
  const passedMs = Math.max(0, monotonicMs - before.monotonicMs);
  const expectedMs = before.shownMs + passedMs;
  const behindMs = wallMs - expectedMs;
  if (behindMs > jumpMs) return { monotonicMs, shownMs: wallMs };
  const correctionMs = Math.max(-passedMs * waitRate, Math.min(behindMs, passedMs * catchUpRate));
  return { monotonicMs, shownMs: expectedMs + correctionMs };
}
