// The history in words.

import { assertEquals } from "@std/assert";
import { codedEndText, hoursText } from "../../../src/core/words/history.ts";

const cases: readonly (readonly [hours: number, text: string])[] = [
  [0, "0.0"],
  [0.004, "0.00"],
  [0.25, "0.25"],
  [1, "1.0"],
  [12.34, "12.3"],
];
for (const [hours, text] of cases) {
  Deno.test(`${hours} agent-hours are reported as ${text}`, () => assertEquals(hoursText(hours * 3_600_000), text));
}

Deno.test("the end of an agent is shown with its code and the reason; one without a code ended unseen", () => {
  assertEquals(codedEndText({ end: "stopped", kill: "drained" }), "stopped: no longer needed");
  assertEquals(codedEndText({ kill: "drained" }), "unseen: no longer needed");
});
