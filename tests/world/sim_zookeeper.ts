// The parts of ZooKeeper that an election needs: sessions with ephemeral candidates, the epoch, and numbers that
// leaders store. Stricter than a real one: sessions expire as early as allowed, and reads may be stale.

/** A ZooKeeper. All times are its own. */
export interface SimZookeeper {
  /** Incremented by each leader; the version of the znode `leader`. */
  readonly epoch: number;
  /** What leaders have stored, and in which epoch. */
  readonly stored: ReadonlyMap<number, number>;
  /** Opens a session with its candidate and returns both. */
  join(owner: string, timeoutMs: number, nowMs: number): { readonly session: number; readonly candidate: string };
  /** A request of a session has arrived; false if the session has expired. */
  hear(session: number, nowMs: number): boolean;
  /** Closes the session. */
  close(session: number): void;
  /** Names of candidates and the epoch, up to `ageMs` old. */
  read(ageMs: number, nowMs: number): { readonly names: readonly string[]; readonly epoch: number };
  /** Makes a candidate the leader if it exists and there was no other leader since `epoch`; returns its epoch. */
  lead(candidate: string, epoch: number): number | undefined;
  /** A transaction of a leader, which may store a number. False if it is no longer the leader. */
  transact(leader: { readonly candidate: string; readonly epoch: number }, number?: number): boolean;
  /** The same without checking the leader: for a planted bug. */
  storeUnfenced(epoch: number, number: number): void;
  /** Expires sessions that are silent for too long. */
  advance(nowMs: number): void;
}

interface Session {
  readonly candidate: string;
  readonly timeoutMs: number;
  heardMs: number;
}

/** Maximum age of a read, ms. */
export const readAgeMsMax = 60_000;

/** Creates an empty one. */
export function createSimZookeeper(): SimZookeeper {
  const sessions = new Map<number, Session>();
  const stored = new Map<number, number>();
  const past: { readonly atMs: number; readonly names: readonly string[]; readonly epoch: number }[] = [];
  let epoch = 0;
  let count = 0;
  let atMs = 0;
  const names = (): string[] => [...sessions.values()].map(({ candidate }) => candidate);
  const note = (): void => {
    past.push({ atMs, names: names(), epoch });
    while ((past[1]?.atMs ?? Infinity) < atMs - readAgeMsMax) past.shift();
  };
  const isThere = (candidate: string): boolean => names().includes(candidate);
  return {
    get epoch(): number {
      return epoch;
    },
    stored,
    join(owner, timeoutMs, nowMs): { session: number; candidate: string } {
      atMs = nowMs;
      const session = ++count;
      const candidate = `candidate-${owner}-${String(session).padStart(10, "0")}`;
      sessions.set(session, { candidate, timeoutMs, heardMs: nowMs });
      note();
      return { session, candidate };
    },
    hear(session, nowMs): boolean {
      const found = sessions.get(session);
      if (found !== undefined) found.heardMs = nowMs;
      return found !== undefined;
    },
    close(session): void {
      sessions.delete(session);
      note();
    },
    read(ageMs, nowMs): { names: readonly string[]; epoch: number } {
      const shown = past.findLast((each) => each.atMs <= nowMs - ageMs);
      return ageMs === 0 || shown === undefined ? { names: names(), epoch } : shown;
    },
    lead(candidate, before): number | undefined {
      if (!isThere(candidate) || before !== epoch) return undefined;
      epoch++;
      note();
      return epoch;
    },
    transact(leader, number): boolean {
      if (!isThere(leader.candidate) || leader.epoch !== epoch) return false;
      if (number !== undefined) stored.set(number, epoch);
      return true;
    },
    storeUnfenced: (epoch, number) => void stored.set(number, epoch),
    advance(nowMs): void {
      atMs = nowMs;
      for (const [session, { heardMs, timeoutMs }] of sessions) {
        if (nowMs - heardMs >= timeoutMs) this.close(session);
      }
    },
  };
}
