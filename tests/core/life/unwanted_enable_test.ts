// An agent that was to be used again, and must be removed after all before it is enabled.

import { assertEquals } from "@std/assert";
import { advanceDrain } from "../../../src/core/life/drain.ts";
import { gocdAgent, minute, second, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt } from "../instance_fixtures.ts";

const disabled = { configState: "Disabled" } as const;

for (
  const [what, marks, mode] of [
    ["the operator drains it", { retire: "operator" }, "run"],
    ["its host is maintained", { retire: "maintenance" }, "run"],
    ["everything is drained", {}, "drain"],
  ] as const
) {
  Deno.test(`an agent that is about to be used again is not enabled any more when ${what}`, () => {
    const nowMs = zeroMs + 20 * minute;
    const step = { kind: "enabling", askedMs: nowMs - 40 * second } as const;
    const instance = anInstance("t", { state: "draining", uuid: "uuid-t", reason: "idle", step }, marks);
    if (instance.state !== "draining") throw new Error();
    const controls = { frozen: false, frozenProfiles: [], mode } as const;
    const draft = draftAt(nowMs, [instance], {}, { controls });
    advanceDrain(draft, instance, gocdAgent("t", disabled));
    assertEquals(draft.finish().effects, []);
    // The mark is kept.
    const late = { ...instance, step: { kind: "enabling", askedMs: nowMs - 2 * minute } } as const;
    const later = draftAt(nowMs, [late], {}, { controls });
    advanceDrain(later, late, gocdAgent("t", disabled));
    assertEquals(later.instance("t")?.retire, instance.retire);
  });
}
