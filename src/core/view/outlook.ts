// When an idle or a draining instance will be removed, as far as the state says. It is decided in life/.

import { type IdlePool, isOfPool, keptIdle } from "../demand/kept_idle.ts";
import { profileNow } from "../demand/windows.ts";
import type { AgentInstance, Draining, Registered } from "../instance.ts";
import { isWear } from "../life/worn.ts";
import { profileOf } from "../profile_of.ts";
import { shownForMs } from "../session/reading.ts";
import type { State } from "../state.ts";
import type { InstanceOutlook } from "../words/instances.ts";

/** When something ends that takes `lengthMs` of watched time; it is later if the server cannot be read meanwhile. */
function endMs(state: State, sinceMs: number, lengthMs: number): number {
  const readMs = state.server.reading?.readMs;
  return readMs === undefined ? sinceMs + lengthMs : Math.max(readMs, sinceMs) + lengthMs - shownForMs(state, sinceMs);
}

/** The outlook of each instance. */
export function outlooksOf(state: State): (instance: AgentInstance) => InstanceOutlook {
  if (state.server.info?.maintenance === "on") return () => ({});
  const pools = keptIdle(state);
  return (instance) => {
    if (instance.state === "registered") return idleOutlook(state, instance, pools);
    return instance.state === "draining" ? drainOutlook(state, instance) : {};
  };
}

function idleOutlook(state: State, instance: Registered, pools: readonly IdlePool[]): InstanceOutlook {
  const profile = profileOf(state.settings, instance.profile);
  if (profile === undefined || instance.activity.kind !== "idle" || state.controls.mode !== "run") return {};
  const idleUntilMs = endMs(state, instance.activity.sinceMs, profileNow(state, profile).idleTimeoutMs);
  return pools.some((pool) => isOfPool(pool, instance)) ? { idleUntilMs, isKept: true } : { idleUntilMs };
}

function drainOutlook(state: State, { step, uuid, sinceMs, reason, retire, profile }: Draining): InstanceOutlook {
  const { server, settings, controls } = state;
  if (step.kind === "confirming") {
    const fromMs = Math.max(step.firstIdleMs, server.healthySinceMs ?? step.firstIdleMs);
    return { confirmedMs: fromMs + settings.scaling.drainConfirmMs };
  }
  const timeoutMs = profileOf(settings, profile)?.drainTimeoutMs;
  const disabledMs = server.disabledSinceMs.get(uuid);
  // As in life/drain.ts: such an agent may finish its job, however long it takes.
  const isPatient = controls.mode === "run" && (isWear(retire) || reason === "fair-share");
  if (step.kind !== "finishing" || timeoutMs === undefined || disabledMs === undefined || isPatient) return {};
  return { stoppedMs: endMs(state, Math.max(disabledMs, sinceMs), timeoutMs) };
}
