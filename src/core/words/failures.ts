// Texts for recent failures, which are counted in life/failure_window.ts.

import { type FailureCounts, type FailureKind, failureKinds, type LaunchHosts } from "../life/failure_window.ts";
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
  const text = failureCountsText(counts);
  return text === "" ? undefined : `in the last hour: ${text}`;
}

/**
 * Whether the hosts or the image are to blame, as a clause: `launches failed on 3 of 3 hosts tried: probably the image or
 * its settings, not a host`.
 */
export function launchHostsText({ failed, tried, only }: LaunchHosts): string {
  if (only !== undefined) {
    return tried === 1
      ? `launches failed on ${only}, the only host tried`
      : `launches failed only on ${only}, of ${tried} hosts tried: probably that host`;
  }
  const where = `launches failed on ${failed} of ${tried} hosts tried`;
  return failed === tried ? `${where}: probably the image or its settings, not a host` : where;
}

/** The same failures without their time: `3 × image not pulled`. */
export function failureCountsText(counts: FailureCounts): string {
  return failureKinds.flatMap((kind) => {
    const count = counts[kind] ?? 0;
    return count === 0 ? [] : [`${count} × ${kindTexts[kind]}`];
  }).join(", ");
}

/** The single agent that a breaker allows. */
export function canaryText(breaker: BreakerView & { readonly state: "half-open" }): string {
  return breaker.canary === undefined
    ? "after failed launches one agent is tried first, as soon as a job needs it"
    : `after failed launches one agent is tried first: ${breaker.canary}`;
}
