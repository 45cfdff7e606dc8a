// The rules by which instances that share a state elect a leader, and by which a leader can be sure that no other
// instance can lead yet. Pure: the simulation runs these rules (tests/world/world_election.ts).

/** The part of the session timeout for which one confirmation is valid; the rest allows for clock drift. */
const heldPart = 2 / 3;
/** Confirmations per session timeout. */
const confirmationsPerSession = 6;

/** Proof that ZooKeeper has responded to a request of the leader's session. */
export interface Confirmation {
  /**
   * When it was requested, by a clock that does not stop with the process or the machine; it was true then or later,
   * ms.
   */
  readonly askedMs: number;
  /** Time without a request after which ZooKeeper ends the session, ms. */
  readonly timeoutMs: number;
}

/** How long an instance may still act on a confirmation, ms; 0 or less: it may not. */
export function heldForMs({ askedMs, timeoutMs }: Confirmation, nowMs: number): number {
  return timeoutMs * heldPart - (nowMs - askedMs);
}

/** Whether the session may have expired according to the clock: another instance may lead. */
export function isSessionOver({ askedMs, timeoutMs }: Confirmation, nowMs: number): boolean {
  return nowMs - askedMs > timeoutMs;
}

/** The pause between two confirmations, and between two checks of a standby, ms. */
export function confirmEveryMs(timeoutMs: number): number {
  return timeoutMs / confirmationsPerSession;
}

/** The candidates among the names of znodes in the order in which they will lead: by the number at the end. */
export function inOrder(names: readonly string[]): readonly string[] {
  const numberOf = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? Infinity);
  return names.filter((name) => name.startsWith("candidate-")).sort((a, b) => numberOf(a) - numberOf(b));
}
