// The history on the page, queried once for all readers: nothing changes between two samples.

import {
  type AgentFigures,
  type AgentHours,
  badHosts,
  type HistoryPlace,
  type HistoryReader,
  type HistorySample,
  type HostFailures,
  type InstanceLife,
  type LifeKind,
  lifeKinds,
  type NamedJobLife,
  type Spent,
  sumOfSpent,
  type TimeSpan,
} from "../core/view/history.ts";
import type { NoteView } from "../core/view/view.ts";
import { OperatorError } from "../errors.ts";
import { commandCode, type Trend, type TrendActs } from "./trend.ts";
import { defaultRange, type HistoryQuery, type HistoryRange, historyRanges } from "./history_query.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The time that a stored sample covers. */
const sampleMs = 15_000;
/** Rows of finished instances: as many as the run remembers, so that what only the history knows is known of each. */
const endedMax = 50;
/** Finished instances that are counted by host. */
const countedMax = 2_000;
const badHostsMax = 5;
/** Jobs of one name. */
const builtMax = 50;
/** Decisions that are marked in a trend. */
const marksMax = 500;
/** Maximum number of cached results: all lengths, now and at some moments. */
const answersMax = 12;

/** What there is to show. */
export type HistoryPage =
  | { readonly kind: "unreadable"; readonly message: string; readonly hint: string }
  | HistoryShown;

/** A history that can be read. */
export interface HistoryShown {
  readonly kind: "shown";
  readonly query: HistoryQuery;
  /** The length of the trend. */
  readonly range: HistoryRange;
  readonly place: HistoryPlace;
  /** What is kept at all; absent: nothing yet. */
  readonly span?: TimeSpan;
  readonly trend: Omit<Trend, "hrefAt">;
  readonly costs: readonly ProfileCost[];
  /** The last ones, also from before the trend. */
  readonly ended: readonly InstanceLife[];
  readonly endedCount: number;
  /** The last jobs that were or are being built and have the name that was asked for; absent: none was. */
  readonly built?: readonly NamedJobLife[];
  /** Hosts on which agents failed, were lost or exited, most affected first. */
  readonly badHosts: readonly HostFailures[];
}

/** Agent time of a profile, ms, by what it was spent on. */
export interface ProfileCost {
  readonly profile: string;
  readonly today: Spent;
  readonly lastDay: Spent;
  readonly lastWeek: Spent;
}

/** Reads the pages of a history. */
export function createHistoryPages(reader: HistoryReader, nowMs: () => number): (query: HistoryQuery) => HistoryPage {
  const answers = new Map<string, HistoryPage>();
  return (query) => {
    try {
      const span = reader.span();
      const revision = query.built === undefined ? undefined : reader.jobsRevision?.();
      const key = JSON.stringify([query, span?.toMs, revision]);
      const known = answers.get(key);
      if (known !== undefined) return known;
      const page = shownPage(reader, query, { span, nowMs: nowMs() });
      answers.set(key, page);
      const [oldest] = answers.size > answersMax ? answers.keys() : [];
      if (oldest !== undefined) answers.delete(oldest);
      return page;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return { kind: "unreadable", message: error.message, hint: error.hint };
    }
  };
}

function shownPage(
  reader: HistoryReader,
  query: HistoryQuery,
  { span, nowMs }: { readonly span: TimeSpan | undefined; readonly nowMs: number },
): HistoryPage {
  const range = query.range ?? defaultRange;
  const { stepMs } = historyRanges[range];
  // The last sample is that of a span that is over.
  const lastMs = query.atMs ?? (span === undefined ? nowMs : Math.min(nowMs, span.toMs + sampleMs));
  const shown = query.atMs === undefined ? presentSpan(range, lastMs, span) : spanUntil(range, query.atMs);
  const ended = reader.ended(shown, countedMax);
  return {
    kind: "shown",
    query,
    range,
    place: reader.place,
    ...(span === undefined ? {} : { span }),
    trend: {
      ...shown,
      stepMs,
      samples: reader.samples(shown, stepMs),
      marks: marksOf(reader, shown),
      acts: actsOf(reader, shown, stepMs),
    },
    costs: costsOf(query.atMs === undefined ? weekOf(reader, lastMs) : hoursUntil(reader, lastMs), lastMs),
    // Also those before the trend, and those of its unfinished step.
    ended: reader.ended({ fromMs: 0, toMs: (query.atMs ?? nowMs) + 1 }, endedMax),
    endedCount: reader.endedCount(shown),
    badHosts: badHosts(ended, badHostsMax),
    ...(query.built === undefined ? {} : { built: builtUntil(reader, query.built, query.atMs ?? nowMs) }),
  };
}

/** The unfinished step would change with each sample; it is only shown if there is nothing else. */
function presentSpan(range: HistoryRange, lastMs: number, span: TimeSpan | undefined): TimeSpan {
  const { lengthMs, stepMs } = historyRanges[range];
  const overMs = Math.floor(lastMs / stepMs) * stepMs;
  const toMs = span !== undefined && span.fromMs >= overMs ? overMs + stepMs : overMs;
  return { fromMs: toMs - lengthMs, toMs };
}

/** Until a moment, with as many whole steps as fit. */
function spanUntil(range: HistoryRange, atMs: number): TimeSpan {
  const { lengthMs, stepMs } = historyRanges[range];
  return { fromMs: Math.floor(atMs / stepMs) * stepMs + stepMs - lengthMs, toMs: atMs + 1 };
}

function weekOf(reader: HistoryReader, lastMs: number): readonly AgentHours[] {
  return reader.hours({ fromMs: lastMs - 7 * dayMs, toMs: lastMs + 1 });
}

const figureOfKind = {
  busy: "building",
  idle: "idle",
  starting: "starting",
  draining: "draining",
  other: "away",
} as const satisfies Readonly<Record<LifeKind, keyof AgentFigures>>;

/**
 * The agent time until a moment. It is kept by the hour: of the hour of that moment each kind counts with the share
 * that the samples until then have of it.
 */
function hoursUntil(reader: HistoryReader, atMs: number): readonly AgentHours[] {
  const beginMs = Math.floor(atMs / hourMs) * hourMs;
  const samples = reader.samples({ fromMs: beginMs, toMs: beginMs + hourMs }, 1_000);
  const shareOf = (kind: LifeKind): number => {
    const sum = (shareOfSpan: (sample: HistorySample) => number): number =>
      samples.reduce((total, sample) => total + sample[figureOfKind[kind]] * shareOfSpan(sample), 0);
    const all = sum(() => 1);
    const overShare = (sample: HistorySample): number => Math.min(1, Math.max(0, (atMs - sample.atMs) / sampleMs));
    return all === 0 ? (atMs - beginMs) / hourMs : sum(overShare) / all;
  };
  const shares = lifeKinds.map((kind) => [kind, shareOf(kind)] as const);
  return weekOf(reader, atMs).map((row) => {
    if (row.hourMs < beginMs) return row;
    const spentMs = { ...row.spentMs };
    for (const [kind, share] of shares) spentMs[kind] *= share;
    return { ...row, spentMs };
  });
}

/** Jobs with this in their locator that were built until a moment, or were being built then. */
function builtUntil(reader: HistoryReader, part: string, atMs: number): readonly NamedJobLife[] {
  return reader.namedJobs(part, { fromMs: 0, toMs: atMs + 1 }, builtMax)
    .filter((job) => (job.beganMs ?? job.atMs) <= atMs)
    .map(({ buildMs, ...job }) => {
      if (buildMs === undefined) return job;
      return (job.beganMs ?? job.atMs) + buildMs > atMs ? { ...job, isBuilding: true } : { ...job, buildMs };
    });
}

/** Warnings, errors and commands of operators, newest first. */
function marksOf(reader: HistoryReader, span: TimeSpan): readonly NoteView[] {
  const wrong = reader.notes(span, { max: marksMax, levels: ["warning", "error"] });
  const commands = reader.notes(span, { max: marksMax, levels: ["info"], codes: [commandCode] });
  return [...wrong, ...commands].sort((one, other) => other.atMs - one.atMs);
}

/** Launches, and agents to be removed, by the codes of the log. */
function actsOf(reader: HistoryReader, span: TimeSpan, stepMs: number): readonly TrendActs[] {
  return [...Map.groupBy(reader.told(span, stepMs, ["agent-launched", "agent-draining"]), ({ atMs }) => atMs)]
    .map(([atMs, counts]) => {
      const countOf = (asked: string): number => counts.find(({ code }) => code === asked)?.count ?? 0;
      return { atMs, launched: countOf("agent-launched"), drained: countOf("agent-draining") };
    });
}

/** The agent time of each profile until a moment, most expensive first; by whole hours, and today in UTC. */
export function costsOf(hours: readonly AgentHours[], lastMs: number): readonly ProfileCost[] {
  const todayMs = Math.floor(lastMs / dayMs) * dayMs;
  const sinceDayMs = Math.floor(lastMs / hourMs) * hourMs - 23 * hourMs;
  return [...Map.groupBy(hours, ({ profile }) => profile)].map(([profile, rows]) => {
    const since = (fromMs: number): Spent =>
      sumOfSpent(rows.filter((row) => row.hourMs >= fromMs).map(({ spentMs }) => spentMs));
    return { profile, today: since(todayMs), lastDay: since(sinceDayMs), lastWeek: since(-Infinity) };
  }).sort((one, other) => totalMs(other.lastWeek) - totalMs(one.lastWeek));
}

/** All agent time, ms. */
export function totalMs(spent: Spent): number {
  return lifeKinds.reduce((sum, kind) => sum + spent[kind], 0);
}

/** The costs of all profiles together. */
export function sumOfCosts(costs: readonly ProfileCost[]): Omit<ProfileCost, "profile"> {
  const of = (name: "today" | "lastDay" | "lastWeek"): Spent => sumOfSpent(costs.map((cost) => cost[name]));
  return { today: of("today"), lastDay: of("lastDay"), lastWeek: of("lastWeek") };
}
