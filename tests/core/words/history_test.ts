// The history in words.

import { assertEquals } from "@std/assert";
import type { NamedJobLife } from "../../../src/core/view/history.ts";
import { buildTimeText, codedEndText, hoursText } from "../../../src/core/words/history.ts";

const cases: readonly (readonly [hours: number, text: string])[] = [
  [0, "0"],
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

Deno.test("the duration of a build is as exact as the lists of agents, and open while it is running", () => {
  const second = 1_000;
  const text = (times: Partial<NamedJobLife>): string | undefined =>
    buildTimeText({ atMs: 0, resources: [], by: "ours", locator: "p/1/s/1/j", ...times });
  const build = { buildMs: 12 * second, buildLeastMs: 7 * second, buildMostMs: 19 * second };
  assertEquals(text(build), "7 to 19 s");
  assertEquals(text({ ...build, buildLeastMs: 0 }), "at most 19 s");
  assertEquals(text({ ...build, buildMostMs: 300 * second }), "7 s to 5 min");
  assertEquals(text({ ...build, buildLeastMs: 300 * second, buildMostMs: 310 * second }), "5 min");
  assertEquals(text({ buildMs: 12 * second, buildLeastMs: 7 * second }), "at least 7 s");
  assertEquals(text({ buildMs: 12 * second }), "12 s", "stored by an older version");
  assertEquals([text({}), text({ ...build, isBuilding: true })], [undefined, undefined]);
});
