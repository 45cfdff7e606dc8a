// The data of a trend, and helpers for its shapes and texts.

import { type HistorySample, type TimeSpan, waitingJobs } from "../core/view/history.ts";
import type { NoteView } from "../core/view/view.ts";
import { spentTexts } from "../core/words/history.ts";
import { counted, numberText } from "../core/words/phrases.ts";
import { spanText } from "./wording.ts";

/** The data of a trend. */
export interface Trend extends TimeSpan {
  /** The time that one sample represents. */
  readonly stepMs: number;
  /** Oldest first, each at a multiple of the step. */
  readonly samples: readonly HistorySample[];
  /** Decisions to be marked, newest first. */
  readonly marks: readonly NoteView[];
  /** How many agents were launched and drained, step by step; absent: not marked. */
  readonly acts?: readonly TrendActs[];
  /** The page as it was at a moment. */
  readonly hrefAt: (atMs: number) => string;
  /** What the heights are for, if there is more to compare than these samples. */
  readonly scaledBy?: readonly HistorySample[];
}

/** Launches and drains in one step. */
export interface TrendActs {
  readonly atMs: number;
  readonly launched: number;
  readonly drained: number;
}

/** The states of agents from the bottom of the stack, with the classes of their colours and their words. */
export const layers = [
  ["building", "building", spentTexts.busy],
  ["idle", "idle", spentTexts.idle],
  ["starting", "starting", spentTexts.starting],
  ["draining", "draining", spentTexts.draining],
  ["away", "unreachable", spentTexts.other],
] as const;

/** The code of decisions that are commands of an operator. */
export const commandCode = "operator";

/** Whether a mark is a command of an operator; others are warnings and errors. */
export function isCommand({ code }: NoteView): boolean {
  return code === commandCode;
}

/** One number of a sample; `undefined`: not known. */
export type Figure = (sample: HistorySample) => number | undefined;

/** Agents in any state. */
export function agentsOf(sample: HistorySample): number {
  return layers.reduce((sum, [field]) => sum + sample[field], 0);
}

/** Agents to be launched. */
export function wantedOf({ wanted }: HistorySample): number | undefined {
  return wanted;
}

/** The oldest wait, ms. */
export function waitOf({ oldestWaitMs }: HistorySample): number | undefined {
  return oldestWaitMs;
}

/** A place along the time as a percentage. */
export function share({ fromMs, toMs }: TimeSpan, atMs: number): string {
  return `${Math.round((atMs - fromMs) / (toMs - fromMs) * 1_000) / 10}%`;
}

/** Whether it is not known how many jobs waited. */
export function isUnknown(sample: HistorySample): boolean {
  return waitingJobs(sample) === undefined;
}

/** The most of a figure where it is known; 0: nowhere. */
export function mostOf(samples: readonly HistorySample[], of: Figure): number {
  return samples.reduce((most, sample) => Math.max(most, of(sample) ?? 0), 0);
}

/** The most of some samples in words. */
export function figureTexts(samples: readonly HistorySample[]): readonly string[] {
  const most = (of: Figure): number => Math.ceil(mostOf(samples, of));
  const agents = layers.map(([field, , word]) => [most((each) => each[field]), word] as const).filter(([count]) =>
    count > 0
  );
  return [
    agents.length === 0 ? "no agents" : agents.map(([count, word]) => `${numberText(count)} ${word}`).join(", "),
    ...waitingTexts(samples, most),
  ];
}

function waitingTexts(samples: readonly HistorySample[], most: (of: Figure) => number): readonly string[] {
  if (samples.every(isUnknown)) return ["waiting jobs not known: the GoCD server was not read"];
  const waiting = most(waitingJobs);
  const known = waiting === 0 ? ["no job waits"] : [
    `${counted(waiting, "job")} waiting, ${counted(most(wantedOf), "agent")} to launch now`,
    `oldest wait ${spanText(most(waitOf))}`,
  ];
  return samples.some(isUnknown) ? [...known, "waiting jobs not known for a part"] : known;
}
