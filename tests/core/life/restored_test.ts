// Stored times that lie in the future, after a clock that was set back: each is brought to now, nothing else changes.

import { assertEquals } from "@std/assert";
import type { AgentInstance, DrainStep, InstancePhase } from "../../../src/core/instance.ts";
import { notInFuture } from "../../../src/core/life/restored.ts";
import { zeroMs } from "../../support/core.ts";
import { anInstance } from "../instance_fixtures.ts";

const now = zeroMs + 100;
const [past, future] = [zeroMs + 50, zeroMs + 200];

const draining = (step: DrainStep): InstancePhase => ({
  state: "draining",
  sinceMs: past,
  uuid: "u",
  reason: "idle",
  step,
});
const registered = (
  sinceMs: number,
  changes: Partial<InstancePhase & { state: "registered" }> = {},
): InstancePhase => ({
  state: "registered",
  sinceMs: past,
  uuid: "u",
  activity: { kind: "idle", sinceMs },
  ...changes,
});

/** The phase with a time that was stored, and the path to it. */
const times: readonly (readonly [string, (ms: number) => AgentInstance])[] = [
  ["createdMs", (ms) => anInstance("t", { state: "unreachable", sinceMs: past }, { createdMs: ms })],
  ["sinceMs", (ms) => anInstance("t", { state: "unreachable", sinceMs: ms })],
  ["lastKillMs", (ms) => anInstance("t", { state: "killing", sinceMs: past, cause: "drained" }, { lastKillMs: ms })],
  ["lastReconcileMs", (ms) => anInstance("t", { state: "unreachable", sinceMs: past }, { lastReconcileMs: ms })],
  ["runningSinceMs", (ms) => anInstance("t", { state: "starting", sinceMs: past, runningSinceMs: ms })],
  ["activity.sinceMs", (ms) => anInstance("t", registered(ms))],
  ["step.askedMs", (ms) => anInstance("t", draining({ kind: "disabling", askedMs: ms }))],
  ["step.askedMs", (ms) => anInstance("t", draining({ kind: "deleting", askedMs: ms }))],
  ["step.askedMs", (ms) => anInstance("t", draining({ kind: "enabling", askedMs: ms }))],
  ["step.firstIdleMs", (ms) => anInstance("t", draining({ kind: "confirming", firstIdleMs: ms }))],
  ["step.sinceMs", (ms) => anInstance("t", draining({ kind: "absent", sinceMs: ms }))],
  ["step.sinceMs", (ms) => anInstance("t", draining({ kind: "deleting", askedMs: past, sinceMs: ms }))],
  [
    "lost.sinceMs",
    (ms) => anInstance("t", { state: "unreachable", sinceMs: past, lost: { sinceMs: ms, message: "m" } }),
  ],
  ["gap.sinceMs", (ms) => anInstance("t", registered(past, { gap: { sinceMs: ms } }))],
  ["gap.repairMs", (ms) => anInstance("t", registered(past, { gap: { sinceMs: past, repairMs: ms } }))],
];

for (const [path, instanceAt] of times) {
  const name = `${path} of an instance that is ${describe(instanceAt(past))}`;
  Deno.test(`${name} is reset to now, and left alone if it is not later`, () => {
    assertEquals(notInFuture(instanceAt(future), now), instanceAt(now));
    for (const ms of [past, now]) {
      const instance = instanceAt(ms);
      assertEquals(notInFuture(instance, now) === instance, true);
    }
  });
}

function describe(instance: AgentInstance): string {
  return instance.state === "draining" ? instance.step.kind : instance.state;
}

Deno.test("times in the past are kept even if another one was in the future", () => {
  const changes = { createdMs: past, lastKillMs: past, lastReconcileMs: past };
  const after = (phase: InstancePhase, more = {}): AgentInstance =>
    notInFuture(anInstance("t", phase, { ...changes, ...more }), now);
  const phases: readonly InstancePhase[] = [
    { state: "starting", sinceMs: past, runningSinceMs: past },
    registered(past),
    draining({ kind: "finishing" }),
    draining({ kind: "confirming", firstIdleMs: past }),
    draining({ kind: "absent", sinceMs: past }),
    { state: "killing", sinceMs: past, cause: "drained" },
  ];
  for (const phase of phases) {
    assertEquals(after(phase, { createdMs: future }), anInstance("t", phase, { ...changes, createdMs: now }));
  }
  const finishing = anInstance("t", draining({ kind: "finishing" }));
  assertEquals(notInFuture(finishing, now) === finishing, true);
  const early = { state: "starting", sinceMs: future } as const;
  assertEquals(after(early), anInstance("t", { ...early, sinceMs: now }, changes));
});

Deno.test("what is no time is kept, whatever its value", () => {
  const phase: InstancePhase = { state: "unreachable", sinceMs: future, uuid: "u" };
  const kept = { built: { jobs: future }, strangers: ["a"], addresses: [`${future}`] };
  assertEquals(notInFuture(anInstance("t", phase, kept), now), anInstance("t", { ...phase, sinceMs: now }, kept));
  const newer = { ...anInstance("t", phase), costs: null } as unknown as AgentInstance;
  assertEquals(notInFuture(newer, now), { ...newer, sinceMs: now });
});
