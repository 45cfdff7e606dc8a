// What is kept of the past, as plain data, and how it is asked for. Not here: where it is kept (history/).

import type { EndCause, KillCause } from "../instance.ts";
import type { NoteLevel } from "../note.ts";
import type { NoteView, StatusView } from "./view.ts";

/**
 * Counts of a span: the most jobs that waited in it, and the most agents, or of a long span the mean of agents. Jobs add up,
 * and so do agents: each are those of one moment.
 */
export interface HistorySample {
  /** When a span of 15 s ends, or a longer one begins; ms since the epoch. */
  readonly atMs: number;
  /** Jobs in the feed, by verdict. */
  readonly needsAgent: number;
  readonly coming: number;
  readonly willBeTaken: number;
  readonly otherCause: number;
  readonly unserved: number;
  readonly notOurs: number;
  /** Instances to be launched as soon as offers allow. */
  readonly wanted: number;
  /** Our instances, by state. `away`: unreachable, or doing something that is not understood. */
  readonly starting: number;
  readonly idle: number;
  readonly building: number;
  readonly draining: number;
  readonly away: number;
  /** How long the job has waited that waits longest and is ours to serve, ms; 0: none. */
  readonly oldestWaitMs: number;
}

/** The fields of a sample that count something. */
export type HistoryFigure = Exclude<keyof HistorySample, "atMs">;

/** Jobs of a sample that wait for an agent of ours, whether it is there or not. */
export function waitingJobs(sample: HistorySample): number {
  return sample.needsAgent + sample.coming + sample.willBeTaken + sample.otherCause + sample.unserved;
}

/** What an instance does, as far as it costs something. */
export type LifeKind = "starting" | "idle" | "busy" | "other";

/** The life of one instance; times in ms since the epoch. */
export interface InstanceLife {
  readonly taskId: string;
  readonly profile: string;
  readonly environment?: string;
  /** Where it runs; empty: not known. */
  readonly host: string;
  readonly createdMs: number;
  /** It was found running: `createdMs` is when, and when it was launched is not known. */
  readonly adopted?: true;
  /** When its container ran; absent: it never did, or that was not seen. */
  readonly runningMs?: number;
  /** When it was first usable on the GoCD server. */
  readonly registeredMs?: number;
  /** When its task ended; absent: it lives. */
  readonly endedMs?: number;
  /** How it ended; `unseen`: while nobody watched. */
  readonly end?: EndCause | "unseen";
  /** Why it was killed, if it was. */
  readonly kill?: KillCause;
  /** What Mesos said of its end. */
  readonly message?: string;
  /** Watched time in which it did each thing, ms. */
  readonly spentMs: Readonly<Record<LifeKind, number>>;
  /** Builds that it was seen to begin. */
  readonly builds: number;
}

/** What the instances of a profile have cost in one hour, or in several. */
export interface AgentHours {
  /** When the hour begins, ms since the epoch. */
  readonly hourMs: number;
  readonly profile: string;
  /** Agent time by what it was spent on, ms. */
  readonly spentMs: Readonly<Record<LifeKind, number>>;
}

/** A span of time, ms since the epoch; `toMs` itself is not in it. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A job that was ours to serve and is over: what it asked for, and when. Times in ms since the epoch. */
export interface JobLife {
  /** When it was first seen waiting. */
  readonly atMs: number;
  readonly resources: readonly string[];
  readonly environment?: string;
  /** The group of its pipeline, as the dashboard spells it; absent: unknown, or the configuration asks for no groups. */
  readonly group?: string;
  /** When an agent was first seen to have it; absent: none was, it may have been cancelled, or built between two looks. */
  readonly beganMs?: number;
  /** How long an agent was seen to have it; absent: not known. */
  readonly buildMs?: number;
  /** Whose agent that was; `unseen`: nobody's. */
  readonly by: "ours" | "others" | "unseen";
}

/** The picture as it was. */
export interface HistorySnapshot {
  readonly atMs: number;
  /** The version of the program that has made it. */
  readonly version: string;
  readonly view: StatusView;
}

/** How often a note of one code was told in a span that begins then. */
export interface ToldCount {
  readonly atMs: number;
  readonly code: string;
  readonly count: number;
}

/** Where a history is kept. */
export type HistoryPlace = { readonly kind: "file"; readonly path: string } | { readonly kind: "memory" };

/** Asks for what is kept of the past. Throws an OperatorError where it cannot be read. */
export interface HistoryReader {
  readonly place: HistoryPlace;
  /** What is kept at all; absent: nothing yet. */
  span(): TimeSpan | undefined;
  /** The counts in spans of `stepMs`, which begin at multiples of it; spans without a sample are left out. */
  samples(span: TimeSpan, stepMs: number): readonly HistorySample[];
  /** What was told, newest first, at most `max`; `levels`: only those. */
  notes(span: TimeSpan, options: { readonly max: number; readonly levels?: readonly NoteLevel[] }): readonly NoteView[];
  /** How often something was told in spans of `stepMs`, which begin at multiples of it, oldest first; only of these codes. */
  told(span: TimeSpan, stepMs: number, codes: readonly string[]): readonly ToldCount[];
  /** Instances that have ended, the last one first, at most `max`. */
  ended(span: TimeSpan, max: number): readonly InstanceLife[];
  /** How many instances have ended. */
  endedCount(span: TimeSpan): number;
  /** Agent time by hour and profile. */
  hours(span: TimeSpan): readonly AgentHours[];
  /** Jobs that began to wait in that time and are over, the first one first, at most `max`. */
  jobs(span: TimeSpan, max: number): readonly JobLife[];
  /** The last picture that was kept at this time or before; absent: none. */
  snapshotAt(atMs: number): HistorySnapshot | undefined;
}
