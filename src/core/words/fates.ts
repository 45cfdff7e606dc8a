// Counts waiting jobs by their outcome, for a sentence. The short texts are in acts.ts, the full reasons in reasons.ts.

import type { ReasonCode } from "../demand/reason.ts";
import type { VerdictKind } from "../demand/verdict.ts";
import { fateText } from "./acts.ts";
import { verdictKinds } from "./verdicts.ts";

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
    const text = fateText(reasonCode) ?? reasonCode;
    const key = `${verdict} ${text}`;
    const fate = fates.get(key) ?? { verdict, text, reasonCode, count: 0 };
    fate.count++;
    fates.set(key, fate);
  }
  const rank = (verdict: VerdictKind): number => verdictKinds.indexOf(verdict);
  return [...fates.values()].sort((a, b) => rank(a.verdict) - rank(b.verdict) || b.count - a.count);
}
