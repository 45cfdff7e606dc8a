// Who is drained: idle for long, or to be retired. Not here: the steps of a drain (drain.ts).
// Called by core/polled.ts after each full poll, when the plan is fresh.

import type { Assessment } from "./assess.ts";
import type { Draft } from "./draft.ts";
import { isAnyHung } from "./hung_build.ts";
import type { AgentInstance } from "./instance.ts";
import { canTake, capabilityFor } from "./matching.ts";
import { startDrain } from "./phase.ts";
import { profileOf } from "./profile_of.ts";

/** Drains begun in one poll at most, so that a mistake in a list cannot empty the whole fleet at once. */
export const drainsPerPollMax = 50;

type Registered = AgentInstance & { readonly state: "registered" };

/** Starts the drains that this poll calls for. */
export function scaleIn(draft: Draft, assessment: Assessment): void {
  const { state } = draft;
  if (state.server.info?.maintenance === "on" || state.session.kind !== "subscribed") return;
  const needed = assessment.buckets.filter((each) => each.willBeTaken + each.coming + each.rest > 0);
  const rule = state.demand.backlog.resourceCase;
  const idleLeft = new Map<string, number>();
  const candidates: Registered[] = [];
  for (const instance of state.instances.values()) {
    if (instance.state !== "registered") continue;
    candidates.push(instance);
    if (instance.activity.kind === "idle" && instance.retire === undefined) {
      idleLeft.set(instance.profile, (idleLeft.get(instance.profile) ?? 0) + 1);
    }
  }
  candidates.sort((a, b) => a.activity.sinceMs - b.activity.sinceMs);
  let drains = 0;
  for (const instance of candidates) {
    if (drains >= drainsPerPollMax) return;
    const isUseful = needed.some((each) => canTake(capabilityFor(instance, rule), each.bucket.requirement));
    const reason = reasonToDrain(draft, instance, { isUseful, idleLeft: idleLeft.get(instance.profile) ?? 0 });
    if (reason === undefined) continue;
    if (instance.activity.kind === "idle") {
      idleLeft.set(instance.profile, (idleLeft.get(instance.profile) ?? 1) - 1);
    }
    startDrain(draft, instance, reason);
    drains++;
  }
}

function reasonToDrain(
  { state, atMs }: Draft,
  instance: Registered,
  { isUseful, idleLeft }: { readonly isUseful: boolean; readonly idleLeft: number },
): Parameters<typeof startDrain>[2] | undefined {
  const { activity, retire } = instance;
  if (state.controls.mode !== "run") return "operator";
  // Maintenance and the operator want the agent gone even while it builds: disabled now, it finishes its job.
  if (retire === "maintenance" || retire === "operator") return retire;
  const isIdle = activity.kind === "idle";
  const isDisabled = activity.kind === "unsure" && activity.word === "Disabled";
  if (retire !== undefined) return isIdle || isDisabled ? retire : undefined;
  const profile = profileOf(state.settings, instance.profile);
  if (profile === undefined) return isIdle || isDisabled ? "profile-changed" : undefined;
  if (atMs - activity.sinceMs < profile.idleTimeoutMs) return undefined;
  if (isDisabled) return "surplus";
  if (!isIdle || isUseful || idleLeft <= profile.minIdle || isAnyHung(state, atMs)) return undefined;
  return "idle";
}
