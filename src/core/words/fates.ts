// Short texts for the outcomes of waiting jobs, for a sentence that counts them. The full reasons are in reasons.ts.

import type { ReasonCode } from "../demand/reason.ts";
import type { VerdictKind } from "../demand/verdict.ts";
import { verdictKinds } from "./verdicts.ts";

/** The text after the number of jobs. */
const fateWords: Readonly<Record<ReasonCode, string>> = {
  "run-on-all": "not ours",
  "elastic": "not ours",
  "needs-unknown": "not ours",
  "ignored": "not ours",
  "resourceless-ignored": "not ours",
  "no-profile": "not served by any profile",
  "no-profile-resources": "not served by any profile",
  "no-profile-environment": "not served by any profile",
  "no-profile-group": "not served by any profile",
  "idle-agent": "for idle agents",
  "agent-coming": "for agents that are starting",
  "enabling-again": "for agents that are enabled again",
  "maintenance": "held by maintenance of GoCD",
  "idle-unused": "not assigned to idle agents",
  "left-before": "not assigned to idle agents",
  "zombie": "forgotten by GoCD",
  "held-attempts": "not seen for long enough yet",
  "held-limit": "held by a limit",
  "held-breaker": "held by failing launches",
  "held-probe": "held by failing launches",
  "held-frozen": "held by a freeze",
  "held-mode": "held by a drain or teardown",
  "held-stale": "held because GoCD cannot be read",
  "held-maintenance": "held by maintenance of GoCD",
  "held-restarted": "held after a restart of GoCD",
  "held-brake": "held by the brake",
  "held-rate": "held by the rate of launches",
  "held-pace": "held by the rate of launches",
  "held-cpu-hours": "held because the cpu-hours of the day are used up",
  "held-share": "held by a limit",
  "held-invalid": "held by a name that GoCD does not accept",
  "held-no-session": "held because Mesos is not connected",
  "no-fitting-offer": "without a fitting offer",
  "no-offer": "without any offer from Mesos",
  "launching": "to be launched with the next offer",
};

/** The text for the code of a reason; absent: there is no such code. */
export function fateText(code: string): string | undefined {
  return Object.hasOwn(fateWords, code) ? fateWords[code as ReasonCode] : undefined;
}

/** The number of waiting jobs with one outcome. */
export interface Fate {
  readonly verdict: VerdictKind;
  readonly count: number;
  /** The reason of the first of them; others of them may have another one with the same text. */
  readonly reasonCode: ReasonCode;
  /** The text after the number: `held by a limit`. */
  readonly text: string;
}

/** Every waiting job is in exactly one of them, most urgent verdict first. */
export function fatesOf(
  jobs: readonly { readonly verdict: VerdictKind; readonly reasonCode: ReasonCode }[],
): readonly Fate[] {
  const fates = new Map<
    string,
    { readonly verdict: VerdictKind; readonly text: string; readonly reasonCode: ReasonCode; count: number }
  >();
  for (const { verdict, reasonCode } of jobs) {
    const text = fateWords[reasonCode];
    const key = `${verdict} ${text}`;
    const fate = fates.get(key) ?? { verdict, text, reasonCode, count: 0 };
    fate.count++;
    fates.set(key, fate);
  }
  const rank = (verdict: VerdictKind): number => verdictKinds.indexOf(verdict);
  return [...fates.values()].sort((a, b) => rank(a.verdict) - rank(b.verdict) || b.count - a.count);
}
