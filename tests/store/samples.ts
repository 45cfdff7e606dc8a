// Records to store in tests.

import fc, { anyCharacter } from "../support/properties.ts";
import type { AgentInstance, InstanceIdentity, InstanceMarks, InstancePhase } from "../../src/core/instance.ts";
import type { ControlsRecord, FrameworkRecord, StateRecord } from "../../src/core/record.ts";

/** What an instance has in every phase. */
export function identity(taskId: string): InstanceIdentity & InstanceMarks {
  return {
    taskId,
    profile: "linux",
    profileHash: "0badcafe",
    gocdResources: ["docker", "linux"],
    createdMs: 1_790_000_000_000,
    mesosAgentId: "f00-S1",
    host: "node-1.example.org",
    launchReason: "3 jobs waited in 6 polls",
  };
}

/** One phase of each shape that exists. */
export const phases: readonly InstancePhase[] = [
  { state: "launching", sinceMs: 1 },
  { state: "starting", sinceMs: 2 },
  { state: "starting", sinceMs: 2, runningSinceMs: 3, pendingUuid: "u-1" },
  { state: "registered", sinceMs: 4, uuid: "u-1", activity: { kind: "idle", sinceMs: 4 } },
  { state: "registered", sinceMs: 4, uuid: "u-1", activity: { kind: "building", sinceMs: 5 } },
  { state: "registered", sinceMs: 4, uuid: "u-1", activity: { kind: "unsure", sinceMs: 5, word: "LostContact" } },
  { state: "draining", sinceMs: 6, uuid: "u-1", reason: "idle", step: { kind: "disabling", askedMs: 6 } },
  { state: "draining", sinceMs: 6, uuid: "u-1", reason: "operator", step: { kind: "finishing" } },
  { state: "draining", sinceMs: 6, uuid: "u-1", reason: "surplus", step: { kind: "confirming", firstIdleMs: 7 } },
  { state: "draining", sinceMs: 6, uuid: "u-1", reason: "maintenance", step: { kind: "deleting", askedMs: 8 } },
  { state: "draining", sinceMs: 6, uuid: "u-1", reason: "profile-changed", step: { kind: "enabling", askedMs: 9 } },
  { state: "draining", sinceMs: 6, uuid: "u-1", reason: "max-jobs", step: { kind: "finishing" } },
  { state: "draining", sinceMs: 6, uuid: "u-1", reason: "max-lifetime", step: { kind: "finishing" } },
  { state: "killing", sinceMs: 10, cause: "register-timeout" },
  { state: "killing", sinceMs: 10, uuid: "u-1", cause: "drained" },
  { state: "unreachable", sinceMs: 11 },
  { state: "gone", sinceMs: 12, uuid: "u-1", cause: "exited", message: "exited with status 137" },
];

/** Any instance of a small set of task ids, so that records meet. */
export const anyInstance: fc.Arbitrary<AgentInstance> = fc.record({
  taskId: fc.constantFrom("a-1", "a-2", "a-3", "b-1"),
  phase: fc.constantFrom(...phases),
  launchReason: fc.string({ unit: anyCharacter, maxLength: 20 }),
  createdMs: fc.nat(1000),
}).map(({ taskId, phase, launchReason, createdMs }) => ({ ...identity(taskId), ...phase, launchReason, createdMs }));

/** Any framework record. */
export const anyFramework: fc.Arbitrary<FrameworkRecord> = fc.record({
  frameworkId: fc.string(),
  lineage: fc.constant("abc123"),
  nextTaskNumber: fc.nat(),
}, { requiredKeys: ["lineage", "nextTaskNumber"] });

/** Any controls record. */
export const anyControls: fc.Arbitrary<ControlsRecord> = fc.record({
  frozen: fc.boolean(),
  frozenProfiles: fc.array(fc.string(), { maxLength: 3 }),
  mode: fc.constantFrom("run", "drain", "teardown"),
});

/** A record of an instance that is launching. */
export function launching(taskId: string): StateRecord {
  return { kind: "instance", instance: { ...identity(taskId), state: "launching", sinceMs: 1 } };
}

/** So many records with a long text each. */
export function many(count: number, launchReason: string): readonly StateRecord[] {
  const longReason = launchReason.padEnd(400, "é");
  return Array.from({ length: count }, (_, index): StateRecord => ({
    kind: "instance",
    instance: { ...identity(`t-${index}`), launchReason: longReason, state: "unreachable", sinceMs: 1 },
  }));
}
