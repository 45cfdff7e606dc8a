// The history as lines for a terminal. It is requested in history.ts.

import {
  badHosts,
  type HistorySample,
  type InstanceLife,
  lifeKinds,
  sumOfSpent,
  waitingJobs,
} from "../core/view/history.ts";
import type { JobView, NoteView } from "../core/view/view.ts";
import { hoursText, spentTexts } from "../core/words/history.ts";
import { counted, formatDuration, numberText, timeText } from "../core/words/phrases.ts";
import { verdictKinds } from "../core/words/verdicts.ts";
import type { HistoryDocument, PastDocument } from "../web/api/history.ts";
import { type Cell, cutText, type Layout, layRows, levelStyles, paint, safeText, type Style } from "./text.ts";
import { statusLines } from "./status_lines.ts";

/** Columns to the left and to the right of a sparkline. */
const nameWidth = 17;
const wordsWidth = 34;
const sparkWidthMax = 96;
/** Number of decisions at the end. */
const decisionsMax = 12;
/** Maximum number of jobs shown for a moment. */
const jobsMax = 20;
const profilesMax = 12;
const hourMs = 3_600_000;
const hostsMax = 8;

/** Intervals, in seconds, that start at round times. */
const steps = [
  ...[15, 30, 60, 90, 120, 150, 180, 240, 300, 360, 450, 600, 720, 900, 1_200, 1_800],
  ...[1, 2, 3, 4, 6, 8, 12, 24, 48, 168].map((hours) => hours * 3_600),
];

/** The time of one character of a sparkline, ms. */
export function sparkStep(lengthMs: number, { columns }: Layout): number {
  const width = Math.max(20, Math.min(sparkWidthMax, columns - nameWidth - wordsWidth));
  return (steps.find((seconds) => lengthMs / seconds / 1_000 <= width) ?? 168 * 3_600) * 1_000;
}

/** Everything about a period. */
export function historyLines(history: HistoryDocument, where: string, layout: Layout): string[] {
  const { fromMs, toMs } = history;
  const head = `${timeText(fromMs)} to ${timeText(toMs)} (${formatDuration(toMs - fromMs)})`;
  return [
    `${paint(head, "bold", layout.hasColour)}, ${where}${
      history.place === "memory" ? ", which keeps it in memory" : ""
    }`,
    ...sparkLines(history, layout),
    ...costLines(history, layout),
    ...endedLines(history, layout),
    ...decisionLines(history.decisions, layout),
  ];
}

/** A line of the figures. */
interface Line {
  readonly name: string;
  readonly style: Style;
  /** `undefined`: not known. */
  readonly of: (sample: HistorySample) => number | undefined;
  /** The figure in words. */
  readonly say: (value: number) => string;
}

/** A count, or the mean of some. */
function number(value: number): string {
  return Number.isInteger(value) ? numberText(value) : value.toFixed(1);
}

const lines: readonly Line[] = [
  { name: "building", style: "busy", of: ({ building }) => building, say: number },
  { name: "idle", style: "good", of: ({ idle }) => idle, say: number },
  { name: "starting", style: "plain", of: ({ starting }) => starting, say: number },
  { name: "draining", style: "warn", of: ({ draining }) => draining, say: number },
  { name: spentTexts.other, style: "bad", of: ({ away }) => away, say: number },
  { name: "jobs waiting", style: "head", of: waitingJobs, say: number },
  { name: "to launch now", style: "plain", of: ({ wanted }) => wanted, say: number },
  { name: "oldest wait", style: "warn", of: ({ oldestWaitMs }) => oldestWaitMs, say: formatDuration },
];

function sparkLines(history: HistoryDocument, layout: Layout): readonly string[] {
  const { samples, kept } = history;
  if (samples.length === 0) {
    const since = kept === undefined ? "nothing yet" : `${timeText(kept.fromMs)} to ${timeText(kept.toMs)}`;
    return ["", `nothing was recorded in this time; what is kept: ${since}`];
  }
  const isUnknown = samples.some((sample) => waitingJobs(sample) === undefined);
  const shown = lines.filter(({ of, name }) =>
    name === "building" || isUnknown && of === waitingJobs || samples.some((sample) => (of(sample) ?? 0) > 0)
  );
  return [
    "",
    ...shown.map(({ name, style, of, say }) => {
      const words = figureWords(samples, of, say);
      return `  ${name.padEnd(nameWidth - 2)}${paint(spark(history, of), style, layout.hasColour)}  ${words}`;
    }),
    `  ${" ".repeat(nameWidth - 2)}${timeLine(history)}`,
  ];
}

function figureWords(samples: readonly HistorySample[], of: Line["of"], say: Line["say"]): string {
  const known = samples.flatMap((sample) => {
    const value = of(sample);
    return value === undefined ? [] : [{ atMs: sample.atMs, value }];
  });
  const last = known.at(-1);
  if (last === undefined) return "not known";
  const top = known.reduce((best, each) => each.value > best.value ? each : best);
  const lastWord = last.atMs === samples.at(-1)?.atMs ? `last ${say(last.value)}` : "now not known";
  if (top.value === 0) return known.length === samples.length ? "none" : "none where known";
  return `most ${say(top.value)} at ${clockText(top.atMs)}, ${lastWord}`;
}

const bars = "▁▂▃▄▅▆▇█";

/** One character for each step: higher for more, a space for none, `?` for unknown, a dot for times without data. */
function spark({ fromMs, toMs, stepMs, samples }: HistoryDocument, of: Line["of"]): string {
  const most = Math.max(...samples.map((sample) => of(sample) ?? 0));
  const byStep = new Map(samples.map((sample) => [Math.floor(sample.atMs / stepMs), of(sample) ?? "?"] as const));
  const first = Math.floor(fromMs / stepMs);
  const count = Math.floor((toMs - 1) / stepMs) - first + 1;
  return Array.from({ length: count }, (_, index) => {
    const value = byStep.get(first + index);
    if (value === undefined) return "·";
    if (value === "?") return value;
    return value <= 0 ? " " : bars[Math.max(0, Math.ceil(value / most * bars.length) - 1)];
  }).join("");
}

/** Times below the sparklines, each where it is. */
function timeLine({ fromMs, toMs, stepMs }: HistoryDocument): string {
  const first = Math.floor(fromMs / stepMs);
  const count = Math.floor((toMs - 1) / stepMs) - first + 1;
  const everyMs = (steps.find((seconds) => seconds * 1_000 >= 8 * stepMs && seconds % 900 === 0) ?? 604_800) * 1_000;
  const isLong = everyMs >= 86_400_000;
  let line = "";
  for (let index = 0; index < count; index++) {
    const atMs = (first + index) * stepMs;
    const text = isLong ? dayText(atMs) : clockText(atMs);
    if (atMs % everyMs === 0 && index + text.length <= count) line = line.padEnd(index) + text;
  }
  return line;
}

/** Agent-hours are stored by the hour: the hour in which the period starts is included completely. */
function costTitle({ fromMs, toMs }: HistoryDocument): string {
  const beginMs = Math.floor(fromMs / hourMs) * hourMs;
  if (beginMs === fromMs) return "AGENT-HOURS";
  const day = toMs - beginMs > 24 * hourMs ? `${dayText(beginMs)} ` : "";
  return `AGENT-HOURS FROM ${day}${clockText(beginMs)}`;
}

function costLines(history: HistoryDocument, layout: Layout): readonly string[] {
  const profiles = [...Map.groupBy(history.hours, ({ profile }) => profile)].map(([profile, rows]) => ({
    profile,
    spent: Object.values(sumOfSpent(rows.map(({ spentMs }) => spentMs))),
  })).sort((one, other) => sumOf(other.spent) - sumOf(one.spent));
  if (profiles.length === 0) return ["", "no agent has run"];
  const all = {
    profile: "all",
    spent: lifeKinds.map((_, index) => sumOf(profiles.map(({ spent }) => spent[index] ?? 0))),
  };
  const rows = [...profiles.length > 1 ? [all] : [], ...profiles.slice(0, profilesMax)];
  const hidden = profiles.length - profilesMax;
  return [
    "",
    ...layRows(
      [
        { title: costTitle(history), max: 32 },
        { title: "ALL", max: 10, align: "right" },
        { title: "BUILDING", max: 10, align: "right" },
        { title: "IDLE", max: 10, align: "right" },
        { title: "STARTING", max: 10, align: "right", fromColumns: 70 },
        { title: "DRAINING", max: 10, align: "right", fromColumns: 80 },
        { title: "OUT OF CONTACT", max: 14, align: "right", fromColumns: 100 },
        { title: "IDLE SHARE", max: 0 },
      ],
      rows.map(({ profile, spent }): Cell[] => [
        { text: profile },
        { text: hoursText(sumOf(spent)) },
        ...spent.map((ms) => ({ text: hoursText(ms) })),
        { text: `${Math.round(100 * (spent[1] ?? 0) / Math.max(1, sumOf(spent)))} %` },
      ]),
      layout,
    ),
    ...hidden > 0 ? [`  and ${counted(hidden, "more profile")}`] : [],
  ];
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

function endedLines({ ended, endedCount }: HistoryDocument, layout: Layout): readonly string[] {
  if (endedCount === 0) return ["", "no agent has ended"];
  const of = endedCount > ended.length ? ` (the last ${ended.length})` : "";
  const ends = countsOf(ended.map(({ end = "unseen" }) => end));
  const registered = ended.flatMap(({ registeredMs, createdMs, adopted }) =>
    registeredMs === undefined || adopted === true ? [] : [registeredMs - createdMs]
  ).sort((one, other) => one - other);
  const middle = registered[Math.floor(registered.length / 2)];
  return [
    "",
    `${paint(`${counted(endedCount, "agent")} ended`, "bold", layout.hasColour)}${of}: ${ends}; ${buildsText(ended)}`,
    ...middle === undefined ? [] : [`  half of them registered within ${formatDuration(middle)}`],
    ...badHostsLines(ended),
  ];
}

/** One host that stands out is bad. */
function badHostsLines(ended: readonly InstanceLife[]): readonly string[] {
  const hosts = badHosts(ended, hostsMax).map((each) => `${each.failed} of ${each.ended} on ${each.host}`);
  return hosts.length === 0 ? [] : [`  failed, never registered, lost or exited: ${safeText(hosts.join(", "))}`];
}

function buildsText(ended: readonly InstanceLife[]): string {
  return counted(sumOf(ended.map(({ builds }) => builds)), "build");
}

/** `3 stopped, 1 lost`, most frequent first. */
function countsOf(words: readonly string[]): string {
  return [...Map.groupBy(words, (word) => word)].map(([word, all]) => [all.length, word] as const)
    .sort(([one], [other]) => other - one).slice(0, 8).map(([count, word]) => `${numberText(count)} ${word}`).join(
      ", ",
    );
}

/** The last decisions, oldest first. */
function decisionLines(decisions: readonly NoteView[], layout: Layout): readonly string[] {
  if (decisions.length === 0) return ["", "no decisions"];
  const shown = decisions.slice(0, decisionsMax).toReversed();
  return [
    "",
    paint(`the last ${counted(shown.length, "decision")}`, "bold", layout.hasColour),
    ...shown.map(({ atMs, level, text }) => {
      const word = level === "info" ? "" : `${level}: `;
      const line = cutText(safeText(`  ${timeText(atMs)} ${word}${text}`), layout.columns);
      return paint(line, levelStyles[level], layout.hasColour);
    }),
  ];
}

/** What was known at a moment. */
export function pastLines(
  past: PastDocument,
  { askedMs, where }: { readonly askedMs: number; readonly where: string },
  layout: Layout,
): string[] {
  const { status, jobs, decisions } = past;
  const head = `what was known at ${timeText(askedMs)}`;
  const ageMs = askedMs - status.atMs;
  const distance = `${formatDuration(Math.abs(ageMs))} ${ageMs < 0 ? "after" : "before"}`;
  const gap = Math.abs(ageMs) < 1_000 ? "" : `: as of ${timeText(status.atMs)}, ${distance}`;
  return [
    `${paint(head, "bold", layout.hasColour)}${gap}`,
    safeText(where),
    "",
    ...statusLines(status, layout),
    ...jobRows(jobs, status.atMs, layout),
    ...decisionLines(decisions, layout),
  ];
}

function jobRows(jobs: readonly JobView[], atMs: number, layout: Layout): readonly string[] {
  if (jobs.length === 0) return [];
  const ordered = verdictKinds.flatMap((kind) => jobs.filter(({ verdict }) => verdict === kind));
  const rows = ordered.slice(0, jobsMax).map((job): Cell[] => [
    { text: job.verdict },
    { text: formatDuration(atMs - job.firstSeenMs) },
    { text: job.locator },
    { text: job.brief ?? job.reason },
  ]);
  const hidden = jobs.length - rows.length;
  return [
    "",
    ...layRows(
      [
        { title: "VERDICT", max: 16 },
        { title: "WAITED", max: 10, align: "right" },
        { title: "JOB", max: 60 },
        { title: "WHY", max: 0, fromColumns: 90 },
      ],
      rows,
      layout,
    ),
    ...hidden > 0 ? [`  and ${counted(hidden, "more job")} (--json has all)`] : [],
  ];
}

function clockText(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 16);
}

/** `11-27`. */
function dayText(atMs: number): string {
  return new Date(atMs).toISOString().slice(5, 10);
}
