// The trend of some hours as one drawing of three panels over a common time: agents by state, waiting jobs, oldest wait.
// Made on the server; its words have their size at any width, as only the shapes are stretched.

import { type HistorySample, type TimeSpan, waitingJobs } from "../core/view/history.ts";
import { shortened } from "../core/text.ts";
import type { NoteView } from "../core/view/view.ts";
import { clockText, countScale, type Scale, spanScale, timeTicks } from "./chart_scale.ts";
import { type Html, html } from "./html.ts";
import { countText, spanText, timeText } from "./wording.ts";

/** What a trend is drawn from. */
export interface Trend extends TimeSpan {
  /** The time that one sample stands for. */
  readonly stepMs: number;
  /** Oldest first, each at a multiple of the step. */
  readonly samples: readonly HistorySample[];
  /** Decisions to be marked, newest first. */
  readonly marks: readonly NoteView[];
  /** The page as it was at a moment. */
  readonly hrefAt: (atMs: number) => string;
  /** What the heights are for, if there is more to compare than these samples. */
  readonly scaledBy?: readonly HistorySample[];
}

/** Width of all panels in their own units; the browser stretches them. */
const width = 1_000;
/** Columns that can be pointed at. */
const columnsMax = 60;
/** Without a sample for this many steps, nobody watched, and nothing is drawn. */
const gapSteps = 2.5;

/** Heights in pixels, from the top: marks, then each panel below its title, then the times. */
const marksHeight = 14;
const titleHeight = 22;
const gapHeight = 10;
const timesHeight = 22;

/** The states of agents from the bottom of the stack, with the classes of their colours. */
const layers = [
  ["building", "building"],
  ["idle", "idle"],
  ["starting", "starting"],
  ["draining", "draining"],
  ["away", "unreachable"],
] as const;

interface Panel {
  readonly title: string;
  readonly height: number;
  readonly scale: Scale;
  readonly shapes: readonly Html[];
}

/** The shapes and words of the drawing, for an SVG of any width and of this height. */
export function trendShapes(trend: Trend): { readonly shapes: Html; readonly height: number } {
  const panels = panelsOf(trend);
  let top = marksHeight;
  const drawn = panels.map((panel) => {
    const y = top + titleHeight;
    top = y + panel.height + gapHeight;
    return panelSvg(panel, y);
  });
  const height = top - gapHeight + timesHeight;
  return {
    height,
    shapes: html`
      ${timeLines(trend, height)}${drawn}${markSigns(trend)}
    `,
  };
}

/** The drawing with its legend; `id` makes its names unique on the page. */
export function trendFigure(id: string, trend: Trend): Html {
  const { shapes, height } = trendShapes(trend);
  return html`
    <figure class="trend">
      <div class="plot">
        <svg class="drawing" role="img" aria-labelledby="${id}-title ${id}-desc" width="100%" height="${height}">
          <title id="${id}-title">Agents, waiting jobs and the oldest wait from ${timeText(trend.fromMs)} to ${timeText(
            trend.toMs,
          )}</title>
          <desc id="${id}-desc">${description(trend)}</desc>
          ${shapes}
        </svg>
        <svg class="columns" aria-hidden="true" width="100%" height="${height}">${columnLinks(trend, height)}</svg>
      </div>
      ${legend(trend)}
    </figure>
  `;
}

function panelsOf(trend: Trend): readonly Panel[] {
  const samples = trend.scaledBy ?? trend.samples;
  const most = (of: Figure): number => Math.max(0, ...samples.map(of));
  const agents = countScale(most((each) => layers.reduce((sum, [field]) => sum + each[field], 0)));
  const jobs = countScale(Math.max(most(waitingJobs), most(({ wanted }) => wanted)));
  const wait = spanScale(most(({ oldestWaitMs }) => oldestWaitMs));
  const line = (className: string, box: Box, of: Figure): Html =>
    html`
      <path class="line ${className}" vector-effect="non-scaling-stroke" d="${linePath(trend, box, of)}" />
    `;
  const area = (className: string, box: Box, of: Figure): Html =>
    html`
      <path class="area ${className}" d="${areaPath(trend, box, { from: () => 0, to: of })}" />
    `;
  const [agentsBox, jobsBox, waitBox] = [
    { height: 130, max: agents.max },
    { height: 80, max: jobs.max },
    { height: 50, max: wait.max },
  ];
  return [
    { title: "Agents", height: agentsBox.height, scale: agents, shapes: stack(trend, agentsBox) },
    {
      title: "Jobs",
      height: jobsBox.height,
      scale: jobs,
      shapes: [
        area("jobs", jobsBox, waitingJobs),
        line("jobs", jobsBox, waitingJobs),
        line("wanted", jobsBox, wantedOf),
      ],
    },
    {
      title: "Oldest wait",
      height: waitBox.height,
      scale: wait,
      shapes: [area("wait", waitBox, waitOf), line("wait", waitBox, waitOf)],
    },
  ];
}

function wantedOf({ wanted }: HistorySample): number {
  return wanted;
}

function waitOf({ oldestWaitMs }: HistorySample): number {
  return oldestWaitMs;
}

/** The states on top of one another. */
function stack(trend: Trend, box: Box): readonly Html[] {
  return layers.map(([, className], index) => {
    const upTo = (count: number): Figure => (sample) =>
      layers.slice(0, count).reduce((sum, [field]) => sum + sample[field], 0);
    const path = areaPath(trend, box, { from: upTo(index), to: upTo(index + 1) });
    return html`
      <path class="layer ${className}" d="${path}" />
    `;
  });
}

/** What a panel is drawn in: its height, and the value at its top. */
interface Box {
  readonly height: number;
  readonly max: number;
}

/** Samples between which somebody has watched all the time. */
function runsOf({ samples, stepMs }: Trend): readonly (readonly HistorySample[])[] {
  const runs: HistorySample[][] = [];
  for (const sample of samples) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run === undefined || last === undefined || sample.atMs - last.atMs > gapSteps * stepMs) runs.push([sample]);
    else run.push(sample);
  }
  return runs;
}

/** A span of equal height. */
interface Step {
  readonly beginMs: number;
  readonly endMs: number;
  readonly bottom: number;
  readonly top: number;
}

/** What a shape reaches from and to at each sample; equal neighbours are one step, and what has no height is none. */
function stepsOf(
  trend: Trend,
  run: readonly HistorySample[],
  { box, from, to }: { readonly box: Box; readonly from: Figure; readonly to: Figure },
): readonly (readonly Step[])[] {
  const pieces: Step[][] = [];
  for (const [index, sample] of run.entries()) {
    const step = {
      beginMs: sample.atMs,
      endMs: run[index + 1]?.atMs ?? sample.atMs + trend.stepMs,
      bottom: y(box, from(sample)),
      top: y(box, to(sample)),
    };
    if (step.bottom === step.top) continue;
    const piece = pieces.at(-1);
    const last = piece?.at(-1);
    if (piece === undefined || last === undefined || last.endMs !== step.beginMs) pieces.push([step]);
    else if (last.top === step.top && last.bottom === step.bottom) piece.splice(-1, 1, { ...last, endMs: step.endMs });
    else piece.push(step);
  }
  return pieces;
}

type Figure = (sample: HistorySample) => number;

/** The outline of a figure above 0, up and down again at its ends. */
function linePath(trend: Trend, box: Box, of: Figure): string {
  const pieces = runsOf(trend).flatMap((run) => stepsOf(trend, run, { box, from: () => 0, to: of }));
  return pieces.map((piece) =>
    `M${x(trend, piece[0]?.beginMs ?? 0)} ${box.height}${
      piece.map(({ top, endMs }) => `V${top}H${x(trend, endMs)}`).join("")
    }V${box.height}`
  ).join("");
}

/** The area between two figures. */
function areaPath(trend: Trend, box: Box, { from, to }: { readonly from: Figure; readonly to: Figure }): string {
  const pieces = runsOf(trend).flatMap((run) => stepsOf(trend, run, { box, from, to }));
  return pieces.map((piece) => {
    const there = piece.map(({ top, endMs }) => `V${top}H${x(trend, endMs)}`).join("");
    const back = piece.toReversed().map(({ bottom, beginMs }) => `V${bottom}H${x(trend, beginMs)}`).join("");
    const [first] = piece;
    return first === undefined ? "" : `M${x(trend, first.beginMs)} ${first.bottom}${there}${back}Z`;
  }).join("");
}

function x({ fromMs, toMs }: TimeSpan, atMs: number): number {
  return rounded((atMs - fromMs) / (toMs - fromMs) * width);
}

function y({ height, max }: Box, value: number): number {
  return rounded(height * (1 - value / max));
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A place along the time as a percentage. */
function share(trend: TimeSpan, atMs: number): string {
  return `${rounded(x(trend, atMs) / width * 100)}%`;
}

function panelSvg({ title, height, scale, shapes }: Panel, top: number): Html {
  const lines = scale.ticks.map(({ value, label }) => {
    const at = rounded(top + height * (1 - value / scale.max));
    return html`
      <line class="grid" x1="0" x2="100%" y1="${at}" y2="${at}" />
      <text class="tick" x="100%" y="${at - 4}" text-anchor="end">${label}</text>
    `;
  });
  return html`
    <text class="title" x="0" y="${top - 7}">${title}</text>${lines}<svg x="0" y="${top}" width="100%"
      height="${height}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">${shapes}</svg><line
      class="axis" x1="0" x2="100%" y1="${top + height}" y2="${top + height}" />
  `;
}

function timeLines(trend: Trend, height: number): readonly Html[] {
  const bottom = height - timesHeight;
  return timeTicks(trend.fromMs, trend.toMs).map(({ value, label }, index) => {
    const at = share(trend, value);
    const anchor = value - trend.fromMs < (trend.toMs - trend.fromMs) / 30
      ? "start"
      : trend.toMs - value < (trend.toMs - trend.fromMs) / 30
      ? "end"
      : "middle";
    return html`
      <g class="${index % 2 === 0 ? "even" : "odd"}">
        <line class="grid" x1="${at}" x2="${at}" y1="${marksHeight}" y2="${bottom}" />
        <text class="tick" x="${at}" y="${height - 6}" text-anchor="${anchor}">${label}</text>
      </g>
    `;
  });
}

/** One column that can be pointed at, with the decisions in it. */
interface Column {
  readonly fromMs: number;
  readonly toMs: number;
  readonly marks: readonly NoteView[];
}

function columnsOf(trend: Trend): readonly Column[] {
  const { fromMs, toMs, marks, stepMs } = trend;
  const steps = Math.max(1, Math.ceil((toMs - fromMs) / stepMs / columnsMax));
  const lengthMs = steps * stepMs;
  return Array.from({ length: Math.ceil((toMs - fromMs) / lengthMs) }, (_, index) => {
    const beginMs = fromMs + index * lengthMs;
    const endMs = Math.min(toMs, beginMs + lengthMs);
    return { fromMs: beginMs, toMs: endMs, marks: marks.filter(({ atMs }) => atMs >= beginMs && atMs < endMs) };
  });
}

/** A sign above each column in which something was told that is wrong. */
function markSigns(trend: Trend): readonly Html[] {
  return columnsOf(trend).flatMap(({ fromMs, toMs, marks }) => {
    if (marks.length === 0) return [];
    const isBad = marks.some(({ level }) => level === "error");
    return [html`
      <svg class="mark ${isBad ? "bad" : "warning"}" x="${share(trend, (fromMs + toMs) / 2)}" y="0" overflow="visible">
        <path d="M-5 1H5L0 10Z" />
      </svg>
    `];
  });
}

/** Decisions told of one column, and characters of each. */
const marksToldMax = 3;
const markCharactersMax = 120;

function columnLinks(trend: Trend, height: number): readonly Html[] {
  return columnsOf(trend).map(({ fromMs, toMs, marks }) => {
    const samples = trend.samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    const told = marks.slice(0, marksToldMax).toReversed()
      .map(({ atMs, level, text }) => `${clockText(atMs)} ${level}: ${shortened(text, markCharactersMax)}`);
    const more = marks.length > marksToldMax ? [`and ${marks.length - marksToldMax} more`] : [];
    const text = [
      `${timeText(fromMs)} to ${timeText(toMs).slice("2026-11-28T".length)}`,
      ...(samples.length === 0 ? ["nobody watched"] : figureTexts(samples)),
      ...told,
      ...more,
    ].join("\n");
    return html`
      <a href="${trend.hrefAt(toMs)}"
        tabindex="-1"><rect x="${share(trend, fromMs)}" width="${rounded(
          (toMs - fromMs) / (trend.toMs - trend.fromMs) * 100,
        )}%" height="${height - timesHeight}"><title>${text}</title></rect></a>
    `;
  });
}

function figureTexts(samples: readonly HistorySample[]): readonly string[] {
  const most = (of: Figure): number => Math.ceil(Math.max(...samples.map(of)));
  const agents = layers.map(([field]) => [most((each) => each[field]), field] as const).filter(([count]) => count > 0);
  const waiting = most(waitingJobs);
  return [
    agents.length === 0 ? "no agents" : agents.map(([count, word]) => `${count} ${word}`).join(", "),
    waiting === 0
      ? "no job waits"
      : `${countText(waiting, "job")} waiting, ${countText(most(wantedOf), "agent")} wanted`,
    ...(waiting === 0 ? [] : [`oldest wait ${spanText(most(waitOf))}`]),
  ];
}

/** The drawing in words. */
function description({ samples, marks }: Trend): string {
  const last = samples.at(-1);
  if (last === undefined) return "Nothing was recorded in this time.";
  const busiest = topOf(samples, (sample) => layers.reduce((sum, [field]) => sum + sample[field], 0));
  const longest = topOf(samples, waitingJobs);
  return [
    `At the end: ${figureTexts([last]).join("; ")}.`,
    `Most agents: ${Math.ceil(busiest.value)} at ${timeText(busiest.atMs)}.`,
    `Most waiting jobs: ${longest.value} at ${timeText(longest.atMs)}.`,
    `${countText(marks.length, "warning or error", "warnings and errors")}.`,
  ].join(" ");
}

function topOf(
  samples: readonly HistorySample[],
  of: (sample: HistorySample) => number,
): { readonly atMs: number; readonly value: number } {
  return samples.map((sample) => ({ atMs: sample.atMs, value: of(sample) }))
    .reduce((best, each) => each.value > best.value ? each : best);
}

/** What the colours mean. */
function legend({ marks }: Trend): Html {
  const agents = layers.map(([field, className]) => html`<li class="${className}" data-key="${field}">${field}</li>`);
  return html`
    <ul class="legend">
      ${agents}
      <li class="jobs" data-key="jobs">waiting for an agent</li>
      <li class="wanted" data-key="wanted">agents wanted</li>
      <li class="wait" data-key="wait">oldest wait</li>
      <li class="mark" data-key="mark">${countText(marks.length, "warning or error", "warnings and errors")}</li>
    </ul>
  `;
}
