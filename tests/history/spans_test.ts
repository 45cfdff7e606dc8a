// The samples of equal spans: late samples leave no gap, and short states count by their duration.

import { assertEquals } from "@std/assert";
import type { AgentFigures, DemandFigures, HistorySample } from "../../src/core/view/history.ts";
import { SampleSpans } from "../../src/history/spans.ts";
import { aSample, beginMs, minute, second } from "./samples.ts";

type Figures = Partial<AgentFigures & DemandFigures>;

/** What is stored after these looks, by its second; a later sample of a span replaces an earlier one. */
function stored(looks: readonly (readonly [ms: number, figures: Figures])[]): Readonly<Record<number, HistorySample>> {
  const spans = new SampleSpans();
  const samples = looks.flatMap(([ms, figures]) => [...spans.look(aSample(beginMs + ms, figures))]);
  return Object.fromEntries([...samples, ...spans.rest()].map((each) => [(each.atMs - beginMs) / second, each]));
}

Deno.test("late and drifting samples leave no span without a sample", () => {
  const drifting = Array.from({ length: 200 }, (_, index) => [index * 1_070, { idle: 1 }] as const);
  const drifted = stored(drifting);
  assertEquals(Object.keys(drifted).map(Number), Array.from({ length: 15 }, (_, index) => index * 15));
  const late = stored([[0, { idle: 2 }], [50 * second, {}], [51 * second, {}]]);
  assertEquals(Object.entries(late).map(([at, { idle }]) => [Number(at), idle]), [[0, 2], [15, 2], [30, 2], [
    45,
    1.667,
  ]]);
});

Deno.test("a span without observation has no sample", () => {
  const samples = stored([[0, { idle: 2 }], [5 * second, { idle: 2 }], [5 * minute, { idle: 1 }], [301 * second, {}]]);
  assertEquals(Object.entries(samples).map(([at, { idle }]) => [Number(at), idle]), [[0, 2], [300, 1]]);
});

Deno.test("a build shorter than a span is in the sample with its share of the span", () => {
  const samples = stored([
    [0, { idle: 1 }],
    [3 * second, { building: 1 }],
    [6 * second, { idle: 1 }],
    [15 * second, { idle: 1 }],
  ]);
  assertEquals([samples[0]?.building, samples[0]?.idle], [0.2, 0.8]);
});

Deno.test("jobs and waits of a span are its maximum, including the last sample before it", () => {
  const samples = stored([
    [0, {}],
    [14 * second, { needsAgent: 4, oldestWaitMs: 9 }],
    [16 * second, { needsAgent: 1, oldestWaitMs: 3 }],
    [31 * second, {}],
  ]);
  assertEquals([0, 15, 30].map((at) => samples[at]?.needsAgent), [4, 4, 1]);
  assertEquals(samples[0]?.oldestWaitMs, 9);
});

Deno.test("the first span has a sample at once, and an updated one when it is over", () => {
  const spans = new SampleSpans();
  assertEquals(spans.look(aSample(beginMs + second, { idle: 1 })), [aSample(beginMs, { idle: 1 })]);
  assertEquals(spans.look(aSample(beginMs + 8 * second)), []);
  assertEquals(spans.look(aSample(beginMs + 15 * second)), [aSample(beginMs, { idle: 0.5 })]);
});
