// Texts for recent failures, which are counted in life/failure_window.ts.

import { type FailureCounts, type FailureKind, failureKinds } from "../life/failure_window.ts";
import type { BreakerView } from "../view/view.ts";

const kindTexts: Readonly<Record<FailureKind, string>> = {
  "pull": "image not pulled",
  "launch": "container not started",
  "early-exit": "ended before it registered",
  "register": "not registered",
  "exit": "exited",
  "lost-contact": "lost contact with GoCD",
  "lost-host": "lost by Mesos",
};

/** `in the last hour: 3 × image not pulled, 1 × lost by Mesos`; nothing if nothing has failed, or it is not shown. */
export function recentFailuresText(counts: FailureCounts = {}): string | undefined {
  const parts = failureKinds.flatMap((kind) => {
    const count = counts[kind] ?? 0;
    return count === 0 ? [] : [`${count} × ${kindTexts[kind]}`];
  });
  return parts.length === 0 ? undefined : `in the last hour: ${parts.join(", ")}`;
}

/** The single agent that a breaker allows. */
export function canaryText(breaker: BreakerView & { readonly state: "half-open" }): string {
  return breaker.canary === undefined
    ? "after failed launches one agent is tried first, as soon as a job needs it"
    : `after failed launches one agent is tried first: ${breaker.canary}`;
}
