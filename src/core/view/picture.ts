// The whole program at one moment: the source of the page, the JSON document and the metrics.

import type { NoteView, StatusView } from "./view.ts";

/** One consistent picture of the program, plain data. */
export interface Picture {
  readonly view: StatusView;
  /** Recent decisions, oldest first; bounded. */
  readonly notes: readonly NoteView[];
  /** Number of decisions before those. */
  readonly notesBefore: number;
  readonly measured: Measured;
}

/** Counts and measurements since the start of the program. */
export interface Measured {
  /** Number of notes by code, including suppressed ones. */
  readonly notesByCode: Readonly<Record<string, number>>;
  /** Finished calls to the Mesos master by kind, including failed ones. */
  readonly mesosCalls: Readonly<Record<string, number>>;
  /** Durations of polls of the GoCD server, including failed ones. */
  readonly pollDuration: HistogramSnapshot;
  /** Events waiting for the engine, and calls to both servers in progress or queued. */
  readonly queues: Readonly<Record<"events" | "calls", QueueDepth>>;
  /** Durations since the start, with one series per label set. */
  readonly durations: Readonly<Record<DurationName, readonly DurationSeries[]>>;
  /** Totals since the start, with one series per label set; absent: nothing was counted yet. */
  readonly totals: Readonly<Partial<Record<TotalName, readonly TotalSeries[]>>>;
  /** The webhooks by name; absent: none. */
  readonly webhooks?: Readonly<Record<string, WebhookFigures>>;
  /** Resident memory of the process in bytes. */
  readonly residentBytes: number;
}

/** Measured durations: of jobs, of the steps of a launch, of idle agents, of calls, and of the loop. */
export type DurationName =
  | "job-wait"
  | "accept-delay"
  | "container-start"
  | "registration"
  | "agent-idle"
  | "api-call"
  | "loop-lag";

/** Totals of events or seconds. */
export type TotalName = "offers" | "builds-lost" | "agent-seconds" | "api-errors";

/** Low cardinality: profiles, states, codes of the program; never a job or a task. */
export type MeasureLabels = Readonly<Record<string, string>>;

/** The durations with these labels. */
export interface DurationSeries {
  readonly labels: MeasureLabels;
  readonly snapshot: HistogramSnapshot;
}

/** The total with these labels. */
export interface TotalSeries {
  readonly labels: MeasureLabels;
  readonly value: number;
}

/** The state of one webhook: messages and attempts since the start. */
export interface WebhookFigures {
  readonly waiting: number;
  readonly delivered: number;
  readonly failed: number;
  readonly lost: number;
  readonly isFailing: boolean;
}

/** The length of a queue, and its maximum since the start. */
export interface QueueDepth {
  readonly now: number;
  readonly max: number;
}

/** A histogram of seconds. */
export interface HistogramSnapshot {
  /** Upper bounds in seconds, ascending, without the infinite one. */
  readonly boundsSeconds: readonly number[];
  /** Number of values per bucket (not cumulative); one more entry than bounds, for values above all of them. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}
