// The drawing of replays: well-formed XML, one part for each replay, the same scale.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { drawing } from "../../src/whatif/drawing.ts";
import { aJob, aTrace, recommended, replayCore } from "./support.ts";

Deno.test("a drawing is well-formed XML with escaped names, and one part of the same scale for each replay", () => {
  const trace = aTrace([aJob(0), aJob(0)], { name: "<b>" });
  const one = replayCore(trace);
  const other = replayCore(trace, { ...recommended, scaling: { ...recommended.scaling, maxAgents: 1 } });
  const svg = drawing(trace, [{ ...one, name: "a&b.conf" }, { ...other, name: "c.conf" }]);
  assertStringIncludes(svg, "&lt;b&gt;: a&amp;b.conf");
  assertStringIncludes(svg, "c.conf");
  assert(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'));
  const open: string[] = [];
  for (const [, end, name = "", self] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (end === "/") assertEquals(open.pop(), name);
    else if (self !== "/") open.push(name);
  }
  assertEquals(open, []);
  const ticks = (part: string): readonly string[] =>
    [...part.matchAll(/text-anchor="end">([^<]+)</g)].map(([, text = ""]) => text);
  const [, first = "", second = ""] = svg.split('class="head"');
  assertEquals(ticks(first), ticks(second));
});
