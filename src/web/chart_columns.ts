// The hover columns of a trend: values and decisions, with a link to the page at that time.

import { timeText } from "../core/words/phrases.ts";
import { shortened } from "../core/text.ts";
import type { NoteView } from "../core/view/view.ts";
import { clockText } from "./chart_scale.ts";
import { type Html, html } from "./html.ts";
import { figureTexts, isCommand, share, type Trend } from "./trend.ts";

/** Number of hover columns. */
const columnsMax = 60;

/** One column, with the decisions in it. */
interface Column {
  readonly fromMs: number;
  readonly toMs: number;
  readonly marks: readonly NoteView[];
  readonly launched: number;
  readonly drained: number;
}

function columnsOf({ fromMs, toMs, marks, acts = [], stepMs }: Trend): readonly Column[] {
  const steps = Math.max(1, Math.ceil((toMs - fromMs) / stepMs / columnsMax));
  const lengthMs = steps * stepMs;
  return Array.from({ length: Math.ceil((toMs - fromMs) / lengthMs) }, (_, index) => {
    const beginMs = fromMs + index * lengthMs;
    const endMs = Math.min(toMs, beginMs + lengthMs);
    const isIn = ({ atMs }: { readonly atMs: number }): boolean => atMs >= beginMs && atMs < endMs;
    const done = acts.filter(isIn);
    return {
      fromMs: beginMs,
      toMs: endMs,
      marks: marks.filter(isIn),
      launched: done.reduce((sum, each) => sum + each.launched, 0),
      drained: done.reduce((sum, each) => sum + each.drained, 0),
    };
  });
}

/**
 * Signs above each column with decisions: a triangle if something is wrong, above it a diamond for commands of
 * operators, and below it a tick where agents were launched or drained.
 */
export function markSigns(trend: Trend): readonly Html[] {
  return columnsOf(trend).flatMap(({ fromMs, toMs, marks, launched, drained }) => {
    const x = share(trend, (fromMs + toMs) / 2);
    const wrong = marks.filter((mark) => !isCommand(mark));
    const kind = wrong.some(({ level }) => level === "error") ? "bad" : "warning";
    return [
      ...(wrong.length === 0 ? [] : [sign(kind, x, "M-5 0H5L0 9Z")]),
      ...(marks.length === wrong.length ? [] : [sign("command", x, "M0 -11L5 -6L0 -1L-5 -6Z")]),
      ...(launched + drained === 0 ? [] : [sign("acted", x, "M-1 9H1V15H-1Z")]),
    ];
  });
}

function sign(kind: string, x: string, path: string): Html {
  return html`
    <svg class="mark ${kind}" x="${x}" y="0" overflow="visible">
      <path d="${path}" />
    </svg>
  `;
}

/** Maximum number of decisions shown for one column, and of characters of each. */
const marksToldMax = 3;
const markCharactersMax = 120;

/** A link for each column, with its content as the tooltip; `height`: of a link. */
export function columnLinks(trend: Trend, height: number): readonly Html[] {
  return columnsOf(trend).map((column) => {
    const { fromMs, toMs } = column;
    return html`
      <a href="${trend.hrefAt(toMs)}"
        tabindex="-1"><rect x="${share(trend, fromMs)}" width="${share(
          trend,
          trend.fromMs + toMs - fromMs,
        )}" height="${height}"><title>${columnText(trend, column)}</title></rect></a>
    `;
  });
}

function columnText(trend: Trend, { fromMs, toMs, marks, launched, drained }: Column): string {
  const samples = trend.samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const told = marks.slice(0, marksToldMax).toReversed()
    .map((mark) =>
      `${clockText(mark.atMs)} ${isCommand(mark) ? "operator" : mark.level}: ${shortened(mark.text, markCharactersMax)}`
    );
  const acts = [
    ...(launched === 0 ? [] : [`${launched} launched`]),
    ...(drained === 0 ? [] : [`${drained} drained`]),
  ];
  return [
    `${timeText(fromMs)} to ${timeText(toMs).slice("2026-11-28T".length)}`,
    ...(samples.length === 0 ? ["nothing was recorded"] : figureTexts(samples)),
    ...(acts.length === 0 ? [] : [acts.join(", ")]),
    ...told,
    ...(marks.length > marksToldMax ? [`and ${marks.length - marksToldMax} more`] : []),
  ].join("\n");
}
