// Evaluates the figures of a soak: percentiles, growth, verdicts, and the table.

import type { ClusterFigures } from "./soak_cluster.ts";

/** The pages that are asked for, and how often: together a little less than one address may ask (20 a second). */
export const pages: readonly { readonly path: string; readonly everyMs: number }[] = [
  { path: "/", everyMs: 250 },
  { path: "/?rows=2000", everyMs: 1_000 },
  { path: "/metrics", everyMs: 250 },
  { path: "/health", everyMs: 250 },
  { path: "/api/status", everyMs: 1_000 },
];

/** How the program answered for one page. */
export interface PageAnswers {
  readonly path: string;
  /** From the question to the last byte, ms, of good answers. */
  readonly tookMs: number[];
  /** Answers that did not come, or were no 200. */
  missing: number;
}

/** One look at the program, once a second. */
export interface Look {
  /** Since the load began. */
  readonly atMs: number;
  /** Of the process, from /proc or from its metrics. */
  readonly residentBytes?: number;
  /** Events before the engine, and the most there have ever been. */
  readonly inbox: number;
  readonly inboxMax: number;
  /** Calls to both servers in progress, and the most there have ever been. */
  readonly calls: number;
  readonly callsMax: number;
}

/** Everything that a soak has measured. */
export interface SoakFigures {
  readonly minutes: number;
  readonly order: {
    readonly instances: number;
    readonly jobs: number;
    readonly offers: number;
    readonly updatesPerSecond: number;
  };
  /** How long the load lasted. */
  readonly loadMs: number;
  readonly looks: readonly Look[];
  readonly answers: readonly PageAnswers[];
  readonly cluster: ClusterFigures;
  /** Processor time of the program during the load, s; absent if unknown. */
  readonly cpuSeconds?: number;
  /** How long its main thread had to wait for a processor that other programs had, s: it slows down every answer. */
  readonly queuedSeconds?: number;
  /** Lines and bytes of its log during the load. */
  readonly log: { readonly lines: number; readonly bytes: number };
  readonly exitCode: number;
  /** Load average of the machine at the begin and at the end, one minute's. */
  readonly loadAverage: readonly [number, number];
  readonly cores: number;
}

/** One promise and whether it was kept. */
export interface Verdict {
  readonly claim: string;
  readonly figure: string;
  readonly isKept: boolean;
  /** Rests on clock or memory, so it depends on the machine. */
  readonly isOfMachine: boolean;
}

/** The page and the metrics answer within this, ms. */
export const answerMsMax = 200;
/**
 * Events before the engine and in the session: a burst of offers is one event, so this is several seconds of updates.
 */
export const inboxLimit = 10_000;
/**
 * After the first minute, the median of resident memory in the last third may be so much above that of the first third.
 * Medians, because the garbage collector of V8 lets it swing by a third all the time.
 */
export const growthMax = 0.1;
/** And the line through all of it may rise by so much a minute, as a share of that median. */
export const slopeMax = 0.01;
/**
 * So much of the updates that were ordered must have been made: a program that is too slow holds its own updates back.
 */
const rateMin = 0.97;

/** Judges a soak. */
export function verdictsOf(figures: SoakFigures): readonly Verdict[] {
  return [...correctness(figures), ...answers(figures), memory(figures)];
}

function correctness({ cluster, order, looks, loadMs, exitCode }: SoakFigures): readonly Verdict[] {
  const { tasks, offers, openOffers, unacknowledged, running } = cluster;
  const claim = (claim: string, figure: string, isKept: boolean, isOfMachine = false): Verdict => ({
    claim,
    figure,
    isKept,
    isOfMachine,
  });
  const made = tasks.made / (loadMs / 1000);
  const inboxMax = Math.max(0, ...looks.map((look) => look.inboxMax));
  const callsMax = Math.max(0, ...looks.map((look) => look.callsMax));
  const callsLimit = 3 * order.instances + 1_000;
  return [
    claim(
      "every update acknowledged once",
      `${tasks.made} made, ${tasks.acknowledged} acknowledged, ${tasks.unexpected} amiss`,
      tasks.acknowledged === tasks.made && unacknowledged === 0 && tasks.unexpected <= tasks.sentAgain,
    ),
    // Nothing is lost on loopback, and an agent waits for ten seconds: one that is sent again was forgotten.
    claim("no update sent again", `${tasks.sentAgain}`, tasks.sentAgain === 0),
    claim(
      `${order.updatesPerSecond} updates a second taken`,
      `${made.toFixed(0)} a second, ${tasks.heldBack} held back`,
      made >= rateMin * order.updatesPerSecond && tasks.heldBack === 0,
      true,
    ),
    claim(
      "every offer answered once",
      `${offers.sent} sent in ${offers.bursts} bursts, ${offers.answered} answered, ${offers.answeredTwice} twice`,
      offers.sent > 0 && offers.answered === offers.sent && openOffers === 0 && offers.answeredTwice === 0,
    ),
    claim(
      "no task launched twice, none killed",
      `${tasks.launched} launched, ${tasks.launchedTwice} twice, ${tasks.ended} ended, ${tasks.killed} by KILL`,
      tasks.launchedTwice === 0 && tasks.killed === 0,
    ),
    claim("lost agents replaced", `${running} of ${order.instances} run`, running >= 0.98 * order.instances),
    claim("one subscription", `${offers.subscriptions}`, offers.subscriptions === 1),
    claim("events that wait are bounded", `at most ${inboxMax}`, inboxMax <= inboxLimit),
    claim("calls that wait are bounded", `at most ${callsMax} (limit ${callsLimit})`, callsMax <= callsLimit),
    claim("it stops in order", `exit code ${exitCode}`, exitCode === 0),
  ];
}

function answers({ answers }: SoakFigures): readonly Verdict[] {
  return answers.map(({ path, tookMs, missing }) => {
    const max = mostOf(tookMs);
    const figure = `p50 ${ms(percentile(tookMs, 0.5))}, p99 ${ms(percentile(tookMs, 0.99))}, max ${ms(max)}` +
      ` of ${tookMs.length}${missing === 0 ? "" : `, ${missing} without a good answer`}`;
    const isKept = tookMs.length > 0 && missing === 0 && max < answerMsMax;
    return { claim: `${path} within ${answerMsMax} ms`, figure, isKept, isOfMachine: true };
  });
}

function memory({ looks }: SoakFigures): Verdict {
  const claim = "no growth of memory after the first minute";
  const samples = looks.flatMap(({ atMs, residentBytes }) =>
    residentBytes === undefined ? [] : [{ atMs, residentBytes }]
  );
  const endMs = samples.at(-1)?.atMs ?? 0;
  // A run of under two minutes has no minute to spare for warming up.
  const warmMs = Math.min(60_000, endMs / 2);
  const rest = samples.filter(({ atMs }) => atMs > warmMs);
  if (rest.length === 0) return { claim, figure: "not measured", isKept: false, isOfMachine: true };
  const thirdMs = (endMs - warmMs) / 3;
  const median = (fromMs: number, toMs: number): number =>
    percentile(rest.flatMap(({ atMs, residentBytes }) => atMs > fromMs && atMs <= toMs ? [residentBytes] : []), 0.5);
  const before = median(warmMs, warmMs + thirdMs);
  const after = median(endMs - thirdMs, endMs);
  const perMinute = slope(rest.map((each) => [each.atMs / 60_000, each.residentBytes]));
  return {
    claim,
    figure: `median ${mb(before)} in the first third, ${mb(after)} in the last, most ${
      mb(mostOf(samples.map(({ residentBytes }) => residentBytes)))
    }, ${perMinute < 0 ? "-" : "+"}${mb(Math.abs(perMinute))} a minute`,
    isKept: after <= before * (1 + growthMax) && perMinute <= before * slopeMax,
    isOfMachine: true,
  };
}

/** The table: the figures, then each claim with PASS or FAIL. */
export function tableOf(figures: SoakFigures, verdicts: readonly Verdict[]): readonly string[] {
  const { order, cluster, loadMs, cpuSeconds, queuedSeconds, log, loadAverage, cores } = figures;
  const { tasks, offers, gocd } = cluster;
  const seconds = loadMs / 1000;
  const share = (part: number | undefined): string =>
    part === undefined ? "an unknown share" : `${(100 * part / seconds).toFixed(0)} %`;
  const rows: readonly (readonly [string, string])[] = [
    [
      "load",
      `${order.instances} instances, ${order.jobs} waiting jobs, ${order.offers} offers in a burst, ` +
      `${order.updatesPerSecond} updates a second for ${(seconds / 60).toFixed(1)} minutes`,
    ],
    [
      "machine",
      `${cores} cores, load average ${loadAverage.map((each) => each.toFixed(1)).join(" at first, ")} at the end`,
    ],
    ["processor", `${share(cpuSeconds)} of one core; waited for a free one ${share(queuedSeconds)} of the time`],
    [
      "acknowledged after",
      `p50 ${ms(percentile(tasks.lagsMs, 0.5))}, p99 ${ms(percentile(tasks.lagsMs, 0.99))}, ` +
      `max ${ms(mostOf(tasks.lagsMs))}; at most ${tasks.unacknowledgedMax} at once`,
    ],
    ["offers answered after", `at most ${ms(offers.heldMsMax)}`],
    [
      "GoCD server",
      `${gocd.requests} requests, ${gocd.waiting} jobs wait, ${gocd.building} are built, ${gocd.agents} agents`,
    ],
    ["calls of Mesos", Object.entries(offers.calls).map(([call, count]) => `${call} ${count}`).join(", ")],
    ["log", `${log.lines} lines, ${(log.bytes / 1024 / (seconds / 60)).toFixed(0)} KB a minute`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length), ...verdicts.map(({ claim }) => claim.length));
  return [
    ...rows.map(([name, text]) => `      ${name.padEnd(width)}  ${text}`),
    "",
    ...verdicts.map(({ claim, figure, isKept }) => `${isKept ? "PASS" : "FAIL"}  ${claim.padEnd(width)}  ${figure}`),
  ];
}

/** The value that a share of the values is below; 0 if there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** The slope of the line through points that has the least squares; 0 where there are fewer than two. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const count = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const square = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return square > 0 ? points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / square : 0;
}

/** The largest value, 0 where there is none: 200,000 arguments at once would overflow the stack. */
function mostOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

function mb(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(bytes < 100 * 1024 * 1024 ? 1 : 0)} MB`;
}
