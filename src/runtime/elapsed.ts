// Measures elapsed time for deadlines that must hold even if the machine's clock changes.

/** The two clocks of a machine, ms. */
export interface MachineClocks {
  /** Never goes back, but stops while a virtual machine is suspended. */
  readonly monotonicMs: () => number;
  /** Continues while it is suspended, but can be set. */
  readonly wallMs: () => number;
}

/**
 * Counts ms from now on by whichever clock advanced more, at each call: neither a suspended machine nor a clock set
 * back hides time. A clock set forward ends a deadline early, never late.
 */
export function elapsedCounter(
  clocks: MachineClocks = { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
): () => number {
  let monotonicMs = clocks.monotonicMs();
  let wallMs = clocks.wallMs();
  let elapsedMs = 0;
  return () => {
    const nowMonotonicMs = clocks.monotonicMs();
    const nowWallMs = clocks.wallMs();
    elapsedMs += Math.max(nowMonotonicMs - monotonicMs, nowWallMs - wallMs, 0);
    monotonicMs = nowMonotonicMs;
    wallMs = nowWallMs;
    return elapsedMs;
  };
}
