// The drawing of the trend: its layout, and its text for screen readers.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { AgentFigures, DemandFigures, HistorySample } from "../../src/core/view/history.ts";
import { countScale, spanScale, timeTicks } from "../../src/web/chart_scale.ts";
import { trendFigure } from "../../src/web/charts.ts";
import { figureTexts, type Trend } from "../../src/web/trend.ts";
import { aNote, aSample, beginMs, day, hour, minute, unreadSample } from "../history/samples.ts";

const labels = (scale: ReturnType<typeof countScale>): readonly string[] => scale.ticks.map(({ label }) => label);

for (
  const [most, wanted] of [
    [0, ["1"]],
    [1, ["1"]],
    [3, ["1", "2", "3"]],
    [4, ["2", "4"]],
    [7, ["5", "10"]],
    [23, ["10", "20", "30"]],
    [1_234, ["500", "1,000", "1,500"]],
  ] as const
) {
  Deno.test(`an axis up to ${most} has ticks at ${wanted}`, () => {
    const scale = countScale(most);
    assertEquals(labels(scale), [...wanted]);
    assert(scale.max >= most);
  });
}

for (
  const [most, wanted] of [
    [0, ["1 min"]],
    [2.5 * minute, ["1 min", "2 min", "3 min"]],
    [74 * minute, ["30 min", "60 min", "90 min"]],
    [5 * hour, ["2 h", "4 h", "6 h"]],
    [4 * day, ["2 d", "4 d"]],
  ] as const
) {
  Deno.test(`an axis of durations up to ${most / minute} min has ticks at ${wanted}`, () => {
    assertEquals(labels(spanScale(most)), [...wanted]);
    assert(spanScale(most).max >= most);
  });
}

Deno.test("time ticks are at round times, and at days for long periods", () => {
  const of = (fromMs: number, lengthMs: number): readonly string[] =>
    timeTicks(fromMs, fromMs + lengthMs).map(({ label }) => label);
  assertEquals(of(beginMs + 7 * minute, hour), ["12:10", "12:20", "12:30", "12:40", "12:50", "13:00"]);
  assertEquals(of(beginMs, 6 * hour), ["12:00", "13:00", "14:00", "15:00", "16:00", "17:00", "18:00"]);
  assertEquals(of(beginMs, 7 * day).slice(0, 2), ["Sat 28", "Sun 29"]);
});

function trendOf(samples: readonly HistorySample[], more: Partial<Trend> = {}): Trend {
  const hrefAt = (atMs: number): string => `/?at=${atMs}`;
  return { fromMs: beginMs, toMs: beginMs + 10 * minute, stepMs: minute, samples, marks: [], hrefAt, ...more };
}

/** The drawing of the shape with this class. */
function pathOf(trend: Trend, className: string): string {
  const { markup } = trendFigure("t", trend);
  return new RegExp(`<path class="${className}"[^>]* d="([^"]*)"`).exec(markup)?.[1] ?? "none";
}

const at = (minutes: number, counts: Partial<AgentFigures & DemandFigures>): HistorySample =>
  aSample(beginMs + minutes * minute, counts);

Deno.test("layers are stacked, and equal steps are merged", () => {
  const trend = trendOf([at(0, { building: 1, idle: 1 }), at(1, { building: 1, idle: 1 }), at(2, { building: 2 })]);
  assertEquals(pathOf(trend, "layer building"), "M0 130V65H200V0H300V130H200V130H0Z");
  assertEquals(pathOf(trend, "layer idle"), "M0 65V0H200V65H0Z");
  assertEquals(pathOf(trend, "layer starting"), "");
});

Deno.test("lines are not drawn at zero or without samples", () => {
  const jobs = [at(0, { needsAgent: 3 }), at(1, { coming: 3 }), at(6, { needsAgent: 0 }), at(7, { otherCause: 3 })];
  assertEquals(pathOf(trendOf(jobs), "line jobs"), "M0 80V0H200V80M700 80V0H800V80");
  assertEquals(pathOf(trendOf(jobs), "line wanted"), "");
});

Deno.test("the drawing has a text description of its figures", () => {
  const { markup } = trendFigure(
    "t",
    trendOf([
      at(0, { building: 4, idle: 1, needsAgent: 7, oldestWaitMs: 5 * minute }),
      at(1, { building: 3, notOurs: 9 }),
    ], { marks: [aNote(beginMs, "the disk is full", "error")] }),
  );
  for (
    const part of [
      'role="img"',
      "Agents, waiting jobs and the oldest wait from 2026-11-27T12:00:00Z to 2026-11-27T12:10:00Z",
      "In the last step, rounded up: 3 building; no job waits.",
      "Most agents: 5 at 2026-11-27T12:00:00Z.",
      "Most waiting jobs: 7 at 2026-11-27T12:00:00Z.",
      "1 warning or error",
    ]
  ) {
    assertStringIncludes(markup, part);
  }
});

Deno.test("each column shows its figures and decisions, and links to the page of its end", () => {
  const text = `<script>alert(1)</script>${"x".repeat(500)}`;
  const marks = [5, 4, 3, 2, 1].map((second) => aNote(beginMs + second, text, second === 3 ? "error" : "warning"));
  const { markup } = trendFigure("t", trendOf([at(0, { starting: 1, wanted: 2, needsAgent: 1 })], { marks }));
  assertMatch(markup, new RegExp(`<a href="/\\?at=${beginMs + minute}"\\s+tabindex="-1">`));
  assertStringIncludes(
    markup,
    "1 starting\n1 job waiting, 2 agents to launch now\noldest wait 0 s\n12:00 error: &lt;script&gt;",
  );
  assertStringIncludes(markup, "and 2 more");
  assertStringIncludes(markup, "nothing was recorded");
  assertEquals([markup.split('class="mark bad"').length, markup.includes("<script>")], [2, false]);
});

Deno.test("the legend lists exactly the drawn elements", () => {
  const legendOf = (samples: readonly HistorySample[], more: Partial<Trend> = {}): readonly string[] => {
    const { markup } = trendFigure("t", trendOf(samples, more));
    return [...markup.matchAll(/<li class="([^"]*)"/g)].map(([, name = ""]) => name);
  };
  const short = { toMs: beginMs + 2 * minute };
  assertEquals(legendOf([at(0, { idle: 1 }), at(1, { building: 2 })], short), ["building", "idle"]);
  assertEquals(legendOf([at(0, { needsAgent: 1, wanted: 1, oldestWaitMs: 5 })], short), ["jobs", "wanted", "wait"]);
  const acts = [{ atMs: beginMs, launched: 1, drained: 0 }];
  assertEquals(legendOf([at(0, {})], { marks: [aNote(beginMs, "x", "warning")], acts, ...short }), [
    "mark",
    "acted",
  ]);
});

Deno.test("periods without samples are marked", () => {
  const marked = (minutes: readonly number[]): readonly string[] => {
    const { markup } = trendFigure("t", trendOf(minutes.map((each) => at(each, {}))));
    return [...markup.matchAll(/class="unrecorded" x="([^"]*)" width="([^"]*)"/g)].map(([, x, width]) =>
      `${x} ${width}`
    );
  };
  assertEquals(marked([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), []);
  assertEquals(marked([1, 2, 3, 5, 6, 7, 8]), [], "a sample or two may be late");
  assertEquals(marked([3, 4, 8, 9]), ["0% 30%", "50% 30%"]);
  assertEquals(marked([0, 1, 2]), ["30% 70%"]);
});

Deno.test("periods with unknown waiting jobs are marked in the drawing and described in its text", () => {
  const unread = [2, 3].map((minutes) => unreadSample(beginMs + minutes * minute, { idle: 1 }));
  const waiting = { needsAgent: 3, wanted: 3, oldestWaitMs: minute };
  const trend = trendOf([at(0, waiting), at(1, waiting), ...unread, at(4, waiting)]);
  assertEquals(pathOf(trend, "unknown"), "M200 80V0H400V80H200Z");
  assertEquals(pathOf(trend, "line jobs"), "M0 80V0H200V80M400 80V0H500V80");
  assertEquals(pathOf(trend, "layer idle"), "M200 130V0H400V130H200Z");
  const { markup } = trendFigure("t", trend);
  assertStringIncludes(markup, "1 idle\nwaiting jobs not known: the GoCD server was not read<");
  assertStringIncludes(markup, '<li class="unknown" data-key="unknown">waiting jobs not known</li>');
  assertMatch(
    trendFigure("t", trendOf(unread)).markup,
    /<desc[^>]*>In the last step, rounded up: 1 idle; waiting jobs not known/,
  );
  assertEquals(figureTexts([at(0, {}), ...unread]), ["1 idle", "no job waits", "waiting jobs not known for a part"]);
});

Deno.test("a column in which agents were launched or drained has a mark with their numbers", () => {
  const acts = [{ atMs: beginMs, launched: 3, drained: 0 }, { atMs: beginMs + 5 * minute, launched: 1, drained: 2 }];
  const marks = [aNote(beginMs, "the image is missing", "error")];
  const { markup } = trendFigure("t", trendOf([at(0, { idle: 1 })], { acts, marks }));
  assertStringIncludes(markup, "no job waits\n3 launched\n12:00 error: the image is missing");
  assertStringIncludes(markup, "nothing was recorded\n1 launched, 2 drained<");
  assertEquals([markup.split('class="mark bad"').length, markup.split('class="mark acted"').length], [2, 3]);
});

Deno.test("a command of an operator has its own mark with its text, separate from warnings", () => {
  const command = { ...aNote(beginMs, "launching is frozen"), code: "operator" };
  const marks = [command, aNote(beginMs, "the image is missing", "warning")];
  const { markup } = trendFigure("t", trendOf([at(0, { idle: 1 })], { marks }));
  for (
    const part of [
      "12:00 operator: launching is frozen",
      "1 command of operators",
      "1 warning or error",
      "1 warning or error. 1 command of operators.",
      'class="mark command"',
    ]
  ) {
    assertStringIncludes(markup, part);
  }
  const { markup: alone } = trendFigure("t", trendOf([at(0, { idle: 1 })], { marks: [command] }));
  assertEquals([alone.includes('class="mark warning"'), alone.includes('class="mark command"')], [false, true]);
});

Deno.test("the labels of the axes are to the right of the drawing", () => {
  const { markup } = trendFigure("t", trendOf([at(0, { idle: 3, needsAgent: 9, oldestWaitMs: hour })]));
  const words = [...markup.matchAll(/<text class="tick"([^>]*)>(?:[0-9]+(?: min| h)?)</g)].map(([, place]) => place);
  assertEquals(words.length, 8);
  assert(words.every((place) => / x="100%" dx="6"/.test(place ?? "")), words.join());
});

Deno.test("all points of the drawing are within its bounds for large figures", () => {
  const samples = [0, 1, 5, 9].map((minutes) => at(minutes, { away: 0.33, idle: 17.5, unserved: 99_999, wanted: 3 }));
  const { markup } = trendFigure("t", trendOf(samples, { toMs: beginMs + 10 * minute }));
  const numbers = [...markup.matchAll(/ d="([^"]*)"/g)].flatMap(([, path = ""]) => path.match(/-?[\d.]+/g) ?? []);
  assert(numbers.every((number) => Number(number) <= 1_000 && Number(number) >= -5), numbers.join(" "));
  assert(!markup.includes("NaN") && !markup.includes("Infinity"));
  assertMatch(markup, /18 idle, 1 out of contact/, "in the words of the agent-hours");
});
