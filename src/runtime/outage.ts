// How long to wait before the next SUBSCRIBE: truncated exponential backoff with jitter, shared with the simulated
// program (tests/world).

/** First pause before the next try. */
const retryFirstMs = 250;
/** Longest pause at the beginning of an outage, so that a new leader is found within two seconds. */
const retrySoonMaxMs = 1_500;
/** Longest pause after ten minutes of it. */
const retryLateMaxMs = 15_000;
const lateMs = 600_000;
/** Refusals that a person must mend are not repeated faster, but for the first tries. */
const refusedMs = 15_000;
const refusedFirstMs = 2_000;

/** The tries to subscribe since the last session that held. */
export interface Outage {
  readonly tries: number;
  /** When the first of them failed; absent: none has. */
  readonly sinceMs?: number;
}

/** No try has failed since the last session that held. */
export const noOutage: Outage = { tries: 0 };

/** With one more try that failed, or session that ended, at `nowMs`. */
export function withTry({ tries, sinceMs }: Outage, nowMs: number): Outage {
  return { tries: tries + 1, sinceMs: sinceMs ?? nowMs };
}

/** The pause after the last try, ms. `isRefusal`: a person must mend something; `random` is in [0, 1). */
export function pauseMs(
  { tries, sinceMs }: Outage,
  { nowMs, random, isRefusal }: { readonly nowMs: number; readonly random: number; readonly isRefusal: boolean },
): number {
  const isLate = nowMs - (sinceMs ?? nowMs) > lateMs;
  const maxMs = isRefusal ? refusedMs : isLate ? retryLateMaxMs : retrySoonMaxMs;
  const exponentialMs = Math.max(retryFirstMs * 2 ** Math.min(tries - 1, 20), isRefusal ? refusedFirstMs : 0);
  return Math.round(Math.min(exponentialMs, maxMs) * (0.6 + 0.4 * random));
}
