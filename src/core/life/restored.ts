// Adjusts restored instances to the current clock: it may have been set back while the program was down, and no time
// may be in the future, otherwise a pause counted from it would never end.

import type { AgentActivity, AgentInstance, DrainStep, RegistrationGap } from "../instance.ts";

/** The instance with every time after `atMs` reset to `atMs`; the same object if there is none. */
export function notInFuture(instance: AgentInstance, atMs: number): AgentInstance {
  const latestMs = Math.max(
    instance.createdMs,
    instance.sinceMs,
    instance.lastKillMs ?? 0,
    instance.lastReconcileMs ?? 0,
    phaseMs(instance),
  );
  if (latestMs <= atMs) return instance;
  const clocks = {
    createdMs: Math.min(instance.createdMs, atMs),
    sinceMs: Math.min(instance.sinceMs, atMs),
    ...(instance.lastKillMs === undefined ? {} : { lastKillMs: Math.min(instance.lastKillMs, atMs) }),
    ...(instance.lastReconcileMs === undefined ? {} : { lastReconcileMs: Math.min(instance.lastReconcileMs, atMs) }),
  };
  switch (instance.state) {
    case "starting":
      return {
        ...instance,
        ...clocks,
        ...(instance.runningSinceMs === undefined ? {} : { runningSinceMs: Math.min(instance.runningSinceMs, atMs) }),
      };
    case "registered":
      return {
        ...instance,
        ...clocks,
        activity: activityNotInFuture(instance.activity, atMs),
        ...(instance.gap === undefined ? {} : { gap: gapNotInFuture(instance.gap, atMs) }),
      };
    case "draining":
      return { ...instance, ...clocks, step: stepNotInFuture(instance.step, atMs) };
    default:
      return { ...instance, ...clocks };
  }
}

/** The timestamp that only this phase has. */
function phaseMs(instance: AgentInstance): number {
  switch (instance.state) {
    case "starting":
      return instance.runningSinceMs ?? 0;
    case "registered":
      return Math.max(instance.activity.sinceMs, instance.gap?.sinceMs ?? 0, instance.gap?.repairMs ?? 0);
    case "draining":
      return stepMs(instance.step);
    default:
      return 0;
  }
}

function activityNotInFuture(activity: AgentActivity, atMs: number): AgentActivity {
  return { ...activity, sinceMs: Math.min(activity.sinceMs, atMs) };
}

function gapNotInFuture({ sinceMs, repairMs }: RegistrationGap, atMs: number): RegistrationGap {
  return {
    sinceMs: Math.min(sinceMs, atMs),
    ...(repairMs === undefined ? {} : { repairMs: Math.min(repairMs, atMs) }),
  };
}

function stepMs(step: DrainStep): number {
  switch (step.kind) {
    case "deleting":
      return Math.max(step.askedMs, step.sinceMs ?? 0);
    case "disabling":
    case "enabling":
      return step.askedMs;
    case "confirming":
      return step.firstIdleMs;
    case "finishing":
      return 0;
    case "absent":
      return step.sinceMs;
  }
}

function stepNotInFuture(step: DrainStep, atMs: number): DrainStep {
  switch (step.kind) {
    case "deleting": {
      const sinceMs = step.sinceMs === undefined ? {} : { sinceMs: Math.min(step.sinceMs, atMs) };
      return { ...step, askedMs: Math.min(step.askedMs, atMs), ...sinceMs };
    }
    case "disabling":
    case "enabling":
      return { ...step, askedMs: Math.min(step.askedMs, atMs) };
    case "confirming":
      return { ...step, firstIdleMs: Math.min(step.firstIdleMs, atMs) };
    case "absent":
      return { ...step, sinceMs: Math.min(step.sinceMs, atMs) };
    default:
      return step satisfies DrainStep & { readonly kind: "finishing" };
  }
}
