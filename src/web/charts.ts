// The trend of some hours as one drawing of three panels over a common time: agents by state, waiting jobs, oldest
// wait. Created on the server; its text has the same size at any width, because only the shapes are stretched.

import { type HistorySample, type TimeSpan, waitingJobs } from "../core/view/history.ts";
import { counted, timeText } from "../core/words/phrases.ts";
import { columnLinks, markSigns } from "./chart_columns.ts";
import { countScale, type Scale, spanScale, timeTicks } from "./chart_scale.ts";
import { type Html, html } from "./html.ts";
import {
  agentsOf,
  type Figure,
  figureTexts,
  isCommand,
  isUnknown,
  layers,
  mostOf,
  share,
  type Trend,
  waitOf,
  wantedOf,
} from "./trend.ts";

/** Width of all panels in their own units; the browser stretches them. */
const width = 1_000;
/** Without a sample for this many steps, nothing was recorded, and nothing is drawn. */
const gapSteps = 2.5;

/** Heights in pixels, from the top: marks, then each panel below its title, then the times. */
const marksHeight = 16;
const titleHeight = 22;
const gapHeight = 10;
const timesHeight = 22;

interface Panel {
  readonly title: string;
  readonly height: number;
  readonly scale: Scale;
  readonly shapes: readonly Html[];
}

/**
 * Room for the words of the axes, on the right of the drawing, where no line crosses them; the style sheet has the
 * same.
 */
export const ticksWidth = 48;

/** The shapes and words of the drawing, for an SVG of any width with `ticksWidth` beside it, and of this height. */
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
      ${unrecordedShapes(trend, height - timesHeight)}${timeLines(trend, height)}${drawn}${markSigns(trend)}
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
        <svg class="columns" aria-hidden="true" width="100%" height="${height}">${columnLinks(
          trend,
          height - timesHeight,
        )}</svg>
      </div>
      ${legend(trend)}
    </figure>
  `;
}

function panelsOf(trend: Trend): readonly Panel[] {
  const samples = trend.scaledBy ?? trend.samples;
  const most = (of: Figure): number => mostOf(samples, of);
  const agents = countScale(most(agentsOf));
  const jobs = countScale(Math.max(most(waitingJobs), most(wantedOf)));
  const wait = spanScale(most(waitOf));
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
        unknown(trend, jobsBox),
        area("jobs", jobsBox, waitingJobs),
        line("jobs", jobsBox, waitingJobs),
        line("wanted", jobsBox, wantedOf),
      ],
    },
    {
      title: "Oldest wait",
      height: waitBox.height,
      scale: wait,
      shapes: [unknown(trend, waitBox), area("wait", waitBox, waitOf), line("wait", waitBox, waitOf)],
    },
  ];
}

/** The times in which it was not known what waited. */
function unknown(trend: Trend, box: Box): Html {
  const d = areaPath(trend, box, { from: () => 0, to: (sample) => isUnknown(sample) ? box.max : 0 });
  return html`
    <path class="unknown" d="${d}" />
  `;
}

/** The states on top of one another. */
function stack(trend: Trend, box: Box): readonly Html[] {
  return layers.map(([, className], index) => {
    const upTo = (count: number) => (sample: HistorySample): number =>
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

/** Consecutive samples without a gap. */
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

/** Times without samples: what was then is not known, and not zero. */
function unrecordedSpans(trend: Trend): readonly TimeSpan[] {
  const { fromMs, toMs, stepMs } = trend;
  const runs = runsOf(trend).map((run) => ({ fromMs: run[0]?.atMs ?? 0, toMs: (run.at(-1)?.atMs ?? 0) + stepMs }));
  return [{ toMs: fromMs }, ...runs].map((before, index) => ({
    fromMs: before.toMs,
    toMs: runs[index]?.fromMs ?? toMs,
  })).filter((span) => span.toMs - span.fromMs > gapSteps * stepMs);
}

function unrecordedShapes(trend: Trend, bottom: number): readonly Html[] {
  return unrecordedSpans(trend).map(({ fromMs, toMs }) =>
    html`
      <rect class="unrecorded" x="${share(trend, fromMs)}" width="${share(
        trend,
        trend.fromMs + toMs - fromMs,
      )}" y="${marksHeight}" height="${bottom - marksHeight}" />
    `
  );
}

/** A span of equal height. */
interface Step {
  readonly beginMs: number;
  readonly endMs: number;
  readonly bottom: number;
  readonly top: number;
}

/**
 * The lower and upper bound of a shape at each sample; equal neighbours form one step, and steps without height or an
 * unknown one are omitted.
 */
function stepsOf(
  trend: Trend,
  run: readonly HistorySample[],
  { box, from, to }: { readonly box: Box; readonly from: (sample: HistorySample) => number; readonly to: Figure },
): readonly (readonly Step[])[] {
  const pieces: Step[][] = [];
  for (const [index, sample] of run.entries()) {
    const value = to(sample);
    if (value === undefined) continue;
    const step = {
      beginMs: sample.atMs,
      endMs: run[index + 1]?.atMs ?? sample.atMs + trend.stepMs,
      bottom: y(box, from(sample)),
      top: y(box, value),
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
function areaPath(
  trend: Trend,
  box: Box,
  { from, to }: { readonly from: (sample: HistorySample) => number; readonly to: Figure },
): string {
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

function panelSvg({ title, height, scale, shapes }: Panel, top: number): Html {
  const lines = scale.ticks.map(({ value, label }) => {
    const at = rounded(top + height * (1 - value / scale.max));
    return html`
      <line class="grid" x1="0" x2="100%" y1="${at}" y2="${at}" />
      <text class="tick" x="100%" dx="6" y="${at + 4}">${label}</text>
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

/** The drawing in words. */
function description({ samples, marks }: Trend): string {
  const last = samples.at(-1);
  const [wrong, commands] = partsOf(marks);
  if (last === undefined) return "Nothing was recorded in this time.";
  const busiest = topOf(samples, agentsOf);
  const longest = topOf(samples, waitingJobs);
  return [
    `In the last step, rounded up: ${figureTexts([last]).join("; ")}.`,
    `Most agents: ${Math.ceil(busiest.value)} at ${timeText(busiest.atMs)}.`,
    ...(samples.every(isUnknown) ? [] : [`Most waiting jobs: ${longest.value} at ${timeText(longest.atMs)}.`]),
    `${counted(wrong.length, "warning or error", "warnings and errors")}.`,
    ...(commands.length === 0 ? [] : [`${counted(commands.length, "command")} of operators.`]),
  ].join(" ");
}

function topOf(
  samples: readonly HistorySample[],
  of: Figure,
): { readonly atMs: number; readonly value: number } {
  return samples.map((sample) => ({ atMs: sample.atMs, value: of(sample) ?? 0 }))
    .reduce((best, each) => each.value > best.value ? each : best);
}

/** What is wrong, and the commands of operators. */
function partsOf(marks: Trend["marks"]): readonly [wrong: Trend["marks"], commands: Trend["marks"]] {
  return [marks.filter((mark) => !isCommand(mark)), marks.filter(isCommand)];
}

/** The legend. */
function legend(trend: Trend): Html {
  const { samples, marks, acts = [] } = trend;
  const [wrong, commands] = partsOf(marks);
  const isDrawn = (of: Figure): boolean => mostOf(samples, of) > 0;
  const entries = [
    ...layers.filter(([field]) => isDrawn((each) => each[field])).map(([, className, word]) =>
      [className, word] as const
    ),
    ...(isDrawn(waitingJobs) ? [["jobs", "waiting for an agent"] as const] : []),
    ...(isDrawn(wantedOf) ? [["wanted", "agents to launch now"] as const] : []),
    ...(isDrawn(waitOf) ? [["wait", "oldest wait"] as const] : []),
    ...(wrong.length > 0 ? [["mark", counted(wrong.length, "warning or error", "warnings and errors")] as const] : []),
    ...(commands.length > 0 ? [["command", `${counted(commands.length, "command")} of operators`] as const] : []),
    ...(acts.length > 0 ? [["acted", "launched or drained"] as const] : []),
    ...(unrecordedSpans(trend).length > 0 ? [["unrecorded", "not recorded"] as const] : []),
    ...(samples.some(isUnknown) ? [["unknown", "waiting jobs not known"] as const] : []),
  ];
  return html`<ul class="legend">${
    entries.map(([className, text]) => html`<li class="${className}" data-key="${className}">${text}</li>`)
  }</ul>`;
}
