// Positions of the lines and labels of a chart's axes.

import { numberText } from "../core/words/phrases.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A mark on an axis. */
export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** An axis from 0 to `max`. */
export interface Scale {
  readonly max: number;
  readonly ticks: readonly Tick[];
}

/** An axis that holds a count, with at most three lines at round numbers above 0. */
export function countScale(most: number): Scale {
  const step = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4, 5, 6].map((power) => digit * 10 ** power))
    .sort((one, other) => one - other).find((each) => most <= 3 * each) ?? most;
  return scaleOf(Math.max(1, Math.ceil(most / step)) * step, step, numberText);
}

const spans: readonly (readonly [ms: number, label: (count: number) => string, unitMs: number])[] = [
  ...[1, 2, 5, 10, 20, 30].map((count) => [count * minuteMs, minutes, minuteMs] as const),
  ...[1, 2, 4, 8, 12].map((count) => [count * hourMs, hours, hourMs] as const),
  ...[1, 2, 5, 10, 20, 50, 100].map((count) => [count * dayMs, days, dayMs] as const),
];

/** An axis that holds a duration, with at most three lines. */
export function spanScale(mostMs: number): Scale {
  const [stepMs, label, unitMs] = spans.find(([ms]) => mostMs <= 3 * ms) ?? [mostMs, days, dayMs];
  const max = Math.max(1, Math.ceil(mostMs / stepMs)) * stepMs;
  return scaleOf(max, stepMs, (value) => label(Math.round(value / unitMs)));
}

function scaleOf(max: number, step: number, label: (value: number) => string): Scale {
  const count = Math.round(max / step);
  const ticks = Array.from({ length: count }, (_, index) => (index + 1) * step);
  return { max, ticks: ticks.map((value) => ({ value, label: label(value) })) };
}

function minutes(count: number): string {
  return `${count} min`;
}

function hours(count: number): string {
  return `${count} h`;
}

function days(count: number): string {
  return `${count} d`;
}

/** Times between two moments at round numbers, about six of them: `14:30`, or `Fri 27` where days pass. */
export function timeTicks(fromMs: number, toMs: number): readonly Tick[] {
  const steps = [2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1_440, 2_880].map((count) => count * minuteMs);
  const stepMs = steps.find((each) => (toMs - fromMs) / each <= 8) ?? 7 * dayMs;
  const first = Math.ceil(fromMs / stepMs) * stepMs;
  const count = Math.max(0, Math.floor((toMs - first) / stepMs) + 1);
  return Array.from({ length: count }, (_, index) => first + index * stepMs)
    .map((value) => ({ value, label: stepMs >= dayMs ? dayText(value) : clockText(value) }));
}

/** `14:05`, UTC. */
export function clockText(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 16);
}

/** `Fri 27`, UTC. */
function dayText(atMs: number): string {
  const date = new Date(atMs);
  const names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  return `${names[date.getUTCDay()]} ${date.getUTCDate()}`;
}
