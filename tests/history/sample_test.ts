// What a span is remembered by.

import { assertEquals } from "@std/assert";
import { peakOf } from "../../src/history/sample.ts";
import { aSample, beginMs, second } from "./samples.ts";

const later = beginMs + 5 * second;

Deno.test("of two looks the one with more waiting jobs counts with all its verdicts, the later one of equal ones", () => {
  const before = aSample(beginMs, { needsAgent: 3, coming: 1, notOurs: 1 });
  assertEquals(peakOf(before, aSample(later, { coming: 3, notOurs: 7 })), { ...before, atMs: later });
  const after = aSample(later, { coming: 4 });
  assertEquals(peakOf(before, after), after);
});

Deno.test("of two looks the one with more agents counts, of as many the one at which more of them started", () => {
  const started = aSample(beginMs, { starting: 2, building: 1 });
  assertEquals(peakOf(started, aSample(later, { building: 2 })), { ...started, atMs: later });
  assertEquals(peakOf(started, aSample(later, { building: 3 })), { ...started, atMs: later });
  const more = aSample(later, { building: 3, away: 1 });
  assertEquals(peakOf(started, more), more);
});

Deno.test("agents that were wanted, and the oldest wait, are the most of both looks", () => {
  const both = [
    aSample(beginMs, { wanted: 4, oldestWaitMs: 1 }),
    aSample(later, { wanted: 1, oldestWaitMs: 9 }),
  ] as const;
  assertEquals(peakOf(...both), aSample(later, { wanted: 4, oldestWaitMs: 9 }));
});
