// A drained agent whose record is Pending, because an older configuration of the server lacks it, is not used again.

import { assertEquals } from "@std/assert";
import { reusableInstances } from "../../../src/core/demand/reusable.ts";
import type { Draining } from "../../../src/core/instance.ts";
import { takeBack } from "../../../src/core/life/drain.ts";
import { gocdAgent, minute, pending, second, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;
const step = { kind: "disabling", askedMs: nowMs - 30 * second } as const;
const drained = (reason: "operator" | "idle"): Draining =>
  anInstance("t", { state: "draining", uuid: "uuid-t", reason, step }) as Draining;

for (
  const [what, record, isUsed] of [
    ["Disabled", gocdAgent("t", { configState: "Disabled" }), true],
    ["Pending", gocdAgent("e35468128771", { ...pending, uuid: "uuid-t" }), false],
  ] as const
) {
  Deno.test(`a drained agent that is ${what} is ${isUsed ? "" : "not "}enabled again`, () => {
    const instance = drained("operator");
    const draft = draftAt(nowMs, [instance], { agents: [record] });
    takeBack(draft, instance);
    assertEquals(draft.finish().effects.map(({ kind }) => kind), isUsed ? ["enable-gocd-agent"] : []);
    const { state } = draftAt(nowMs, [drained("idle")], { agents: [record] });
    assertEquals(reusableInstances(state).length, isUsed ? 1 : 0);
  });
}
