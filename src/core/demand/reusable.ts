// Selects draining instances that are enabled again because of new demand.

import type { BucketAssessment } from "./assess.ts";
import type { HeldBack } from "./gates.ts";
import type { Draining } from "../instance.ts";
import { isPendingAgain } from "../life/drain.ts";
import { canTake, type Capability, capabilityFor } from "./matching.ts";
import { spareLeaving } from "./room.ts";
import type { State } from "../state.ts";

/** A draining instance that is not building, with its capability. */
export interface ReusableInstance {
  readonly instance: Draining;
  readonly capability: Capability;
}

/** Those that could be enabled again. */
export function reusableInstances(state: State): readonly ReusableInstance[] {
  return [...state.instances.values()].flatMap((instance) => {
    if (instance.state !== "draining" || instance.retire !== undefined) return [];
    // Lost to the server, disabled by somebody, or registered wrongly: it would take no jobs if enabled again.
    if (instance.reason === "surplus") return [];
    if (instance.step.kind !== "confirming" && instance.step.kind !== "disabling") return [];
    if (isPendingAgain(state, instance)) return [];
    return [{ instance, capability: capabilityFor(instance, state.demand.backlog.resourceCase) }];
  });
}

/** The missing agents of a bucket, and the instances that could be enabled again for it. */
export interface ReuseQuestion {
  readonly assessed: BucketAssessment;
  readonly needs: number;
  readonly leaving: readonly ReusableInstance[];
  /** For older jobs. */
  readonly taken: readonly string[];
  /** Older jobs that wait for the slots of such instances. */
  readonly held: readonly HeldBack[];
}

/** Task ids of those that are enabled again for this bucket's jobs. */
export function reusedFor(state: State, { assessed, needs, leaving, taken, held }: ReuseQuestion): string[] {
  const found: string[] = [];
  for (const { instance: { taskId, profile }, capability } of leaving) {
    if (found.length >= needs) break;
    if (taken.includes(taskId) || !canTake(capability, assessed.bucket.requirement)) continue;
    if (held.length > 0 && spareLeaving(state, held, profile) <= taken.length + found.length) continue;
    found.push(taskId);
  }
  return found;
}
