// Who is marked to go for the operator's sake, and what that means for a drain-timeout. Stories: session/retire_test.ts.

import { assertEquals } from "@std/assert";
import type { AgentInstance, InstancePhase, RetireReason } from "../../../src/core/instance.ts";
import { mayRetire, retire } from "../../../src/core/life/retire.ts";
import { zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt } from "../instance_fixtures.ts";

const draining: InstancePhase = {
  state: "draining",
  sinceMs: zeroMs,
  uuid: "uuid-t",
  reason: "idle",
  step: { kind: "finishing" },
};

/** The mark, and whether the drain-timeout is reset. */
function retired(instance: AgentInstance): unknown {
  const draft = draftAt(zeroMs, [instance], { disabledSinceMs: new Map([["uuid-t", zeroMs]]) });
  retire(draft, instance);
  const { records, state } = draft.finish();
  assertEquals(
    records,
    records.length === 0 ? [] : [{ kind: "instance", instance: { ...instance, retire: "operator" } }],
  );
  return [draft.instance("t")?.retire, state.server.disabledSinceMs.size === 0];
}

for (
  const [mark, want, restarts] of [
    [undefined, "operator", false],
    ["profile-changed", "operator", false],
    ["max-jobs", "operator", true],
    ["max-lifetime", "operator", true],
    ["operator", "operator", false],
    ["maintenance", "operator", false],
    ["surplus", "surplus", false],
  ] as readonly (readonly [RetireReason | undefined, RetireReason, boolean])[]
) {
  Deno.test(`an agent that is marked ${mark ?? "nothing"} is marked ${want} when the operator drains it`, () => {
    const marks = mark === undefined ? {} : { retire: mark };
    // A surplus agent in use: session/retire_surplus_test.ts.
    if (mark !== "surplus") assertEquals(retired(aRegistered("t", "building", marks)), [want, false]);
    assertEquals(retired(anInstance("t", draining, marks)), [want, restarts]);
  });
}

Deno.test("agents that have ended, or are to be killed, cannot be drained any more", () => {
  const phases: readonly (readonly [InstancePhase, boolean])[] = [
    [{ state: "launching", sinceMs: zeroMs }, true],
    [{ state: "starting", sinceMs: zeroMs }, true],
    [draining, true],
    [{ state: "unreachable", sinceMs: zeroMs }, true],
    [{ state: "killing", sinceMs: zeroMs, cause: "drained" }, false],
    [{ state: "gone", sinceMs: zeroMs, cause: "exited", message: "" }, false],
  ];
  for (const [phase, may] of phases) {
    const instance = anInstance("t", phase);
    assertEquals([mayRetire(instance), retired(instance)], [may, [may ? "operator" : undefined, false]]);
  }
});
