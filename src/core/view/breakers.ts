// The state of the breakers of profiles, for people. They are opened and closed in life/failures.ts and
// demand/gates.ts.

import { breakerFailuresMin, canaryOf } from "../demand/gates.ts";
import type { State } from "../state.ts";
import { failureAndStderr } from "../words/gates.ts";
import type { BreakerView } from "./view.ts";

/** The breaker of a profile; absent: it is closed. */
export function breakerView(state: State, profile: string, atMs: number): BreakerView | undefined {
  const breaker = state.breakers.profiles.get(profile);
  if (breaker === undefined || breaker.failures === 0) return undefined;
  const { sinceMs, retryMs, failures, lastFailure, stderr } = breaker;
  if (atMs < retryMs) return { state: "open", sinceMs, retryMs };
  if (failures < breakerFailuresMin) return undefined;
  const canary = canaryOf(state, profile)?.taskId;
  const failure = failureAndStderr({ failure: lastFailure, stderr });
  return { state: "half-open", sinceMs, failure, ...(canary === undefined ? {} : { canary }) };
}
