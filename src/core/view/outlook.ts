// When an idle or a draining instance will be removed, as far as the state says. It is decided in life/.

import { type IdlePool, isOfPool, keptIdle } from "../demand/kept_idle.ts";
import { profileNow } from "../demand/windows.ts";
import type { AgentInstance, Draining, Registered } from "../instance.ts";
import { drainTimeoutOf } from "../life/drain.ts";
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

function drainOutlook(state: State, instance: Draining): InstanceOutlook {
  const { server, settings } = state;
  const { step } = instance;
  if (step.kind === "confirming") {
    const fromMs = Math.max(step.firstIdleMs, server.healthySinceMs ?? step.firstIdleMs);
    return { confirmedMs: fromMs + settings.scaling.drainConfirmMs };
  }
  const timeout = drainTimeoutOf(state, instance);
  if (step.kind !== "finishing" || timeout === undefined) return {};
  return { stoppedMs: endMs(state, timeout.sinceMs, timeout.timeoutMs) };
}
