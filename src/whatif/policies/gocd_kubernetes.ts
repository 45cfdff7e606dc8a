// GoCD's elastic agents on Kubernetes: the server asks the plugin for one pod per scheduled job; it ends with the job.

import { countOf, nothing, type Policy, unregisteredFor, type WaitingJob } from "./policy.ts";

/** `maxPendingPods` of the cluster profile. */
const pendingMax = 10;
/** An agent for an unassigned job is requested again (GoCD's job starvation threshold). */
const askAgainMs = 120_000;
/** `autoRegisterTimeout`. */
const registerTimeoutMs = 600_000;

/** The policy. */
export const gocdKubernetes: Policy = {
  name: "GoCD Kubernetes agents",
  source: "github.com/gocd/kubernetes-elastic-agents, install.md and README.md; GoCD: job starvation 2 min",
  leavesOut: "each pod takes its own job only (here: the oldest that fits)",
  everyMs: 5_000,
  isSingleUse: true,
  start: () => {
    /** Jobs for which a pod was requested, and when it is requested again, ordered by that time. */
    const asked: { readonly index: number; readonly againMs: number }[] = [];
    let newest = -1;
    return (seen) => {
      const { waiting, nowMs } = seen;
      if (waiting === undefined) return nothing;
      const due: number[] = [];
      while ((asked[0]?.againMs ?? Infinity) <= nowMs) due.push(asked.shift()?.index ?? 0);
      due.push(...waiting.slice(placeOf(waiting, newest + 1)).map(({ index }) => index));
      newest = Math.max(newest, waiting.at(-1)?.index ?? -1);
      const booting = countOf(seen, "booting");
      let launch = 0;
      for (const index of due) {
        const place = placeOf(waiting, index);
        if (waiting[place]?.index !== index) continue;
        asked.push({ index, againMs: nowMs + askAgainMs });
        // Requests are stored by job, so a job that has a pod gets no second one. Requests beyond the limit are
        // dropped.
        if (place >= booting && booting + launch < pendingMax) launch++;
      }
      return { launch, end: unregisteredFor(seen, registerTimeoutMs) };
    };
  },
};

/** The position of a job among those that wait, or its possible position. */
function placeOf(waiting: readonly WaitingJob[], index: number): number {
  let [low, high] = [0, waiting.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((waiting[middle]?.index ?? Infinity) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
