// Lays out one frame of the demo as lines that fit the terminal window.

import type { InstanceView, JobView, NoteView, StatusView } from "../../core/view/view.ts";
import { describeNeed } from "../../core/words/phrases.ts";
import { type VerdictWords, verdictWords } from "../../core/words/verdicts.ts";
import type { DemoFacts } from "../../sim/demo/facts.ts";
import { demoNames } from "../../sim/demo/scenario.ts";
import {
  type Cell,
  clockText,
  cutText,
  layCells,
  layRows,
  levelStyles,
  paint,
  safeText,
  shortError,
  type Style,
} from "../text.ts";

/** Everything that a frame shows. */
export interface DemoPicture {
  /** Since the start. */
  readonly elapsedMs: number;
  /** The current phase, in a few words. */
  readonly phase: string;
  /** The simulated GoCD server. */
  readonly gocd: { readonly url: string; readonly version: string };
  /** The simulated master, `host:port`. */
  readonly mesos: { readonly master: string; readonly version: string };
  /** The status page, if there is one. */
  readonly pageUrl?: string;
  /** The configuration, for commands from another terminal. */
  readonly confPath: string;
  /** The status view of the scheduler. */
  readonly view: StatusView;
  /** The notes of the scheduler, newest last. */
  readonly history: readonly NoteView[];
  /** When the demo started, for the times of the history. */
  readonly startedMs: number;
  /** What the simulated servers have counted. */
  readonly facts: DemoFacts;
}

/** The window. */
export interface Window {
  /** Characters in a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
  /** Whether colours are shown. */
  readonly hasColour: boolean;
}

/** Maximum width; wider is hard to read. */
const columnsMax = 160;
/** Shown first if there is no room for all agents. */
const busiestFirst = ["building", "launching", "starting", "idle", "killing", "draining", "gone"];
/** How long an agent that is gone is still shown. */
const goneShownMs = 4_000;

/** The lines of the picture, at most `window.rows`, each at most `window.columns` wide. */
export function demoFrame(polled: DemoPicture, window: Window): string[] {
  const picture = { ...polled, view: asOfNow(polled) };
  const size = { ...window, columns: Math.max(20, Math.min(window.columns, columnsMax)) };
  const head = headLines(picture, size);
  const jobs = jobRows(picture.view);
  const agents = agentRows(picture);
  // A blank line and a title for each of three sections, a heading for two of them.
  const room = size.rows - head.length - 8;
  if (room < 3) return head.slice(0, Math.max(1, size.rows));
  const [jobsMax, agentsMax, notesMax] = shareRows([jobs.length, agents.length, 30], room);
  const rank = (row: readonly Cell[]): number => {
    const place = busiestFirst.indexOf(row[1]?.text ?? "");
    return place < 0 ? busiestFirst.length : place;
  };
  const shown = agents.length <= agentsMax ? agents : agents.toSorted((a, b) => rank(a) - rank(b));
  const notes = picture.history.slice(-Math.max(1, notesMax));
  return [
    ...head,
    ...section(`WAITING JOBS  ${picture.view.jobs.length}`, size),
    ...tableOf(
      jobs,
      jobsMax,
      { head: jobColumns, none: "none", what: (left) => `and ${left} more kinds of jobs` },
      size,
    ),
    ...section(`AGENTS  ${picture.view.instances.filter(isAlive).length} of ours on Mesos`, size),
    ...tableOf(
      shown,
      agentsMax,
      { head: agentColumns, none: "none yet", what: (left) => `and ${left} more agents` },
      size,
    ),
    ...section("LAST DECISIONS", size),
    ...notes.map((note) => noteLine(note, picture.startedMs, size)),
  ].slice(0, size.rows);
}

/** The data of the scheduler is as old as its last poll; for jobs and builds, the servers have newer data. */
function asOfNow({ view, facts }: DemoPicture): StatusView {
  const taken = facts.jobs.filter((job) => job.assignedMs !== undefined);
  const locators = new Set(taken.map((job) => job.locator));
  const latest = new Map(taken.map((job) => [job.builder, job]));
  return {
    ...view,
    jobs: view.jobs.filter((job) => !locators.has(job.locator)),
    instances: view.instances.map((instance) => {
      if (instance.state !== "idle" && instance.state !== "building") return instance;
      const state = facts.building.has(instance.taskId) ? "building" : "idle";
      if (state === instance.state) return instance;
      const job = latest.get(instance.taskId);
      return { ...instance, state, sinceMs: (state === "idle" ? job?.builtMs : job?.assignedMs) ?? view.atMs };
    }),
  };
}

function headLines(picture: DemoPicture, size: Window): string[] {
  const { gocd, mesos, facts, view, pageUrl, confPath } = picture;
  const { hasColour, columns } = size;
  const rest = safeText(`  ${clockText(picture.elapsedMs)}  ${picture.phase}`);
  const servable = facts.jobs.filter((job) => job.fate === "built");
  const built = servable.filter((job) => job.builtMs !== undefined).length;
  const waiting = servable.filter((job) => job.assignedMs === undefined).length;
  const forNobody = facts.jobs.length - servable.length;
  const counts = countStates(view.instances);
  const bar = progressBar(built, servable.length, Math.max(8, Math.min(30, columns - 60)));
  return [
    ` ${paint("gocd-mesos demo", "bold", hasColour)}${cutText(rest, columns - 16)}`,
    paint(
      cutText(
        ` GoCD ${gocd.version} at ${hostOf(gocd.url)}, Mesos ${mesos.version} at ${mesos.master} (simulated)`,
        columns,
      ),
      "dim",
      hasColour,
    ),
    ...(pageUrl === undefined
      ? []
      : [cutText(` status page ${pageUrl}   token ${demoNames.adminToken}   (Ctrl-C ends the demo)`, columns)]),
    cutText(` for other commands use ${confPath}`, columns),
    "",
    layCells([
      { text: " jobs    " },
      { text: bar, style: "good" },
      { text: ` ${built} of ${servable.length} built`, style: "bold" },
      { text: `, ${servable.length - built - waiting} building, ${waiting} waiting` },
      { text: forNobody === 0 ? "" : `; ${forNobody} not served` },
    ], size),
    layCells([
      { text: " agents  " },
      { text: counts.map(([word, count]) => `${count} ${word}`).join(", ") || "none" },
    ], size),
    layCells([
      {
        text:
          ` so far  ${facts.launched} launched, ${facts.stopped} stopped, ${facts.failedLaunches} failed to start, `,
      },
      { text: `${facts.buildsKilled} builds killed`, style: facts.buildsKilled === 0 ? "plain" : "bad" },
    ], size),
  ];
}

function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, "").replace(/\/go$/, "");
}

function progressBar(done: number, all: number, width: number): string {
  const full = all === 0 ? 0 : Math.round((done / all) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

function section(title: string, { columns, hasColour }: Window): string[] {
  return ["", paint(cutText(` ${title}`, columns), "head", hasColour)];
}

/** How many rows each part gets of `room`: what it needs, or less, starting with the largest. */
export function shareRows(needs: readonly [number, number, number], room: number): [number, number, number] {
  const floor = 1;
  const shares: [number, number, number] = [Math.max(floor, needs[0]), Math.max(floor, needs[1]), floor];
  const most = Math.max(2, Math.floor(room / 4));
  shares[2] = Math.min(most, Math.max(floor, needs[2]));
  for (let sum = total(shares); sum > room; sum = total(shares)) {
    const largest = shares.indexOf(Math.max(...shares));
    if ((shares[largest] ?? 0) <= floor) break;
    shares[largest] = (shares[largest] ?? 0) - 1;
  }
  shares[2] = Math.min(needs[2], shares[2] + Math.max(0, room - total(shares)));
  return shares;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function tableOf(
  rows: readonly (readonly Cell[])[],
  max: number,
  words: {
    readonly head: Parameters<typeof layRows>[0];
    readonly none: string;
    readonly what: (left: number) => string;
  },
  size: Window,
): string[] {
  if (rows.length === 0) return [paint(`  ${words.none}`, "dim", size.hasColour)];
  if (rows.length <= max) return layRows(words.head, rows, size);
  const shown = rows.slice(0, Math.max(0, max - 1));
  const more = paint(cutText(`  … ${words.what(rows.length - shown.length)}`, size.columns), "dim", size.hasColour);
  return [...layRows(words.head, shown, size), more];
}

const jobColumns = [
  { title: "NEEDS", max: 30 },
  { title: "JOBS", max: 5, align: "right" as const },
  { title: "OLDEST", max: 6, align: "right" as const },
  { title: "VERDICT", max: 13 },
  { title: "WHY", max: 200 },
];

const toneStyles: Readonly<Record<VerdictWords["tone"], Style>> = {
  good: "good",
  busy: "busy",
  waiting: "busy",
  warning: "warn",
  bad: "bad",
  quiet: "dim",
};

/** Jobs with the same needs and verdict share a row. */
function jobRows(view: StatusView): Cell[][] {
  const groups = new Map<string, JobView[]>();
  for (const job of view.jobs) {
    const key = JSON.stringify([job.gocdResources, job.environment, job.verdict, job.reason]);
    groups.set(key, [...(groups.get(key) ?? []), job]);
  }
  return [...groups.values()].flatMap((jobs) => {
    const [first] = jobs;
    if (first === undefined) return [];
    const oldestMs = Math.min(...jobs.map((job) => job.firstSeenMs));
    const what = first.environment === undefined ? first.gocdResources.join(", ") || "no resources" : describeNeed(
      first.gocdResources,
      first.environment,
    ).replace(" in environment ", " in ");
    return [[
      { text: what },
      { text: String(jobs.length) },
      { text: clockText(view.atMs - oldestMs) },
      { text: first.verdict, style: toneStyles[verdictWords[first.verdict].tone] },
      { text: shortError(first.reason) },
    ]];
  });
}

const agentColumns = [
  { title: "TASK = HOSTNAME", max: 26 },
  { title: "STATE", max: 11 },
  { title: "FOR", max: 6, align: "right" as const },
  { title: "HOST", max: 14, fromColumns: 100 },
  { title: "WHAT IT DOES", max: 200 },
];

const stateStyles: ReadonlyMap<string, Style> = new Map([
  ["launching", "warn"],
  ["starting", "warn"],
  ["idle", "good"],
  ["building", "busy"],
  ["draining", "dim"],
  ["killing", "dim"],
  ["gone", "dim"],
]);

function isAlive(instance: InstanceView): boolean {
  return instance.state !== "gone";
}

/** Our agents that are alive or have just gone, then those of others. */
function agentRows({ view, facts }: DemoPicture): Cell[][] {
  const ours = view.instances.filter((instance) => isAlive(instance) || view.atMs - instance.sinceMs < goneShownMs);
  const rows = ours.map((instance): Cell[] => {
    const locator = facts.building.get(instance.taskId);
    return [
      { text: instance.taskId },
      { text: instance.state, style: stateStyles.get(instance.state) ?? "warn" },
      { text: clockText(view.atMs - instance.sinceMs) },
      { text: instance.host },
      isAlive(instance) && locator !== undefined
        ? { text: `builds ${locator}` }
        : { text: instance.detail || quietWords(instance), style: "dim" },
    ];
  });
  const foreign = view.gocdAgents.filter((each) => each.taskId === undefined && !isOfDead(view, each.hostname));
  return [
    ...rows,
    ...foreign.map((each): Cell[] => {
      const locator = facts.building.get(each.hostname);
      const what = locator === undefined ? "" : `, builds ${locator}`;
      return [
        { text: each.hostname },
        { text: each.state, style: stateStyles.get(each.state) ?? "dim" },
        { text: "" },
        { text: "" },
        { text: `not ours: never touched${what}`, style: "dim" },
      ];
    }),
  ];
}

/** Between its registration and the next poll, an agent of ours has no task id in the view. */
function isOfDead(view: StatusView, hostname: string): boolean {
  return view.instances.some((instance) => instance.taskId === hostname);
}

/** What an agent does that builds nothing. */
function quietWords(instance: InstanceView): string {
  return instance.state === "idle" ? "free for the next job" : "";
}

function noteLine(note: NoteView, startedMs: number, { columns, hasColour }: Window): string {
  const time = `  ${clockText(note.atMs - startedMs)}  `;
  const text = cutText(shortError(safeText(note.text)), columns - time.length);
  return paint(time, "dim", hasColour) + paint(text, levelStyles[note.level], hasColour);
}

/** The states of living instances with their counts, most active first. */
function countStates(instances: readonly InstanceView[]): [string, number][] {
  const order = ["building", "idle", "starting", "launching", "draining", "killing", "unsure", "unreachable"];
  return order.flatMap((state): [string, number][] => {
    const count = instances.filter((instance) => instance.state === state).length;
    return count === 0 ? [] : [[state, count]];
  });
}
