// How long to wait before the next SUBSCRIBE: truncated exponential backoff with jitter, shared with the simulated
// program (tests/world).

/** First pause before the next attempt. */
const retryFirstMs = 250;
/** Maximum pause at the start of an outage, so that a new leader is found within two seconds. */
const retrySoonMaxMs = 1_500;
/** Maximum pause after ten minutes of it. */
const retryLateMaxMs = 15_000;
const lateMs = 600_000;
/** Minimum pause after refusals that a person must fix, except for the first attempts. */
const refusedMs = 15_000;
const refusedFirstMs = 2_000;

/** The attempts to subscribe since the last stable session. */
export interface Outage {
  readonly tries: number;
  /** When the first of them failed; absent: none has. */
  readonly sinceMs?: number;
}

/** No attempt has failed since the last stable session. */
export const noOutage: Outage = { tries: 0 };

/** With one more failed attempt, or ended session, at `nowMs`. */
export function withTry({ tries, sinceMs }: Outage, nowMs: number): Outage {
  return { tries: tries + 1, sinceMs: sinceMs ?? nowMs };
}

/** The pause after the last attempt, ms. `isRefusal`: a person must fix something; `random` is in [0, 1). */
export function pauseMs(
  { tries, sinceMs }: Outage,
  { nowMs, random, isRefusal }: { readonly nowMs: number; readonly random: number; readonly isRefusal: boolean },
): number {
  const isLate = nowMs - (sinceMs ?? nowMs) > lateMs;
  const maxMs = isRefusal ? refusedMs : isLate ? retryLateMaxMs : retrySoonMaxMs;
  const exponentialMs = Math.max(retryFirstMs * 2 ** Math.min(tries - 1, 20), isRefusal ? refusedFirstMs : 0);
  return Math.round(Math.min(exponentialMs, maxMs) * (0.6 + 0.4 * random));
}
