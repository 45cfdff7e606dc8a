// How the program's clock follows the machine's, which can be set and runs on while the machine is suspended: never
// back, or pauses counted from later would never end, and never by jumps too small for the core to notice (watched.ts).

import { standstillMs } from "./watched.ts";

/** What the clocks of a machine show, ms. */
export interface MachineTime {
  /** Never goes back; on most systems it stands still while the machine is suspended. */
  readonly monotonicMs: number;
  /** Time of day: windows of Mesos and Retry-After are meant by it. */
  readonly wallMs: number;
}

/** What the program's clock showed, and when by the monotonic one. */
export interface ClockReading {
  readonly monotonicMs: number;
  readonly shownMs: number;
}

/**
 * A difference up to this is made up for slowly. A larger one, forward, is a suspended machine or a clock that was set: the
 * clock jumps, and the core notices that by the length of the jump.
 */
export const jumpMs: number = standstillMs;
/** How much faster than time passes. It shortens the 20 s between two looks by a second. */
const catchUpRate = 0.05;
/** How much slower, while the machine's clock is behind: pauses last twice as long, which harms nobody. */
const waitRate = 0.5;

/** The program's clock, read now. */
export function readClock(before: ClockReading, { monotonicMs, wallMs }: MachineTime): ClockReading {
  const passedMs = Math.max(0, monotonicMs - before.monotonicMs);
  const expectedMs = before.shownMs + passedMs;
  const behindMs = wallMs - expectedMs;
  if (behindMs > jumpMs) return { monotonicMs, shownMs: wallMs };
  const correctionMs = Math.max(-passedMs * waitRate, Math.min(behindMs, passedMs * catchUpRate));
  return { monotonicMs, shownMs: expectedMs + correctionMs };
}
