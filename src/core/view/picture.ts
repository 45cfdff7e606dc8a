// The whole program at one moment: what the page, the JSON document and the metrics are made from.

import type { NoteView, StatusView } from "./view.ts";

/** One consistent picture of the program, plain data. */
export interface Picture {
  readonly view: StatusView;
  /** Recent decisions, oldest first; a bounded number. */
  readonly notes: readonly NoteView[];
  /** How many decisions came before those. */
  readonly notesBefore: number;
  readonly measured: Measured;
}

/** What the program has counted and measured since its start. */
export interface Measured {
  /** Notes so far by their code, held back ones included. */
  readonly notesByCode: Readonly<Record<string, number>>;
  /** Finished calls to the Mesos master by their kind, failed ones included. */
  readonly mesosCalls: Readonly<Record<string, number>>;
  /** How long polls of the GoCD server took, failed ones included. */
  readonly pollDuration: HistogramSnapshot;
  /** Events before the engine, and calls to both servers in progress or in line. */
  readonly queues: Readonly<Record<"events" | "calls", QueueDepth>>;
  /** Durations since the start, each in series by their labels. */
  readonly durations: Readonly<Record<DurationName, readonly DurationSeries[]>>;
  /** Totals since the start, each in series by their labels. */
  readonly totals: Readonly<Record<TotalName, readonly TotalSeries[]>>;
  /** The webhooks by their names; absent: there are none. */
  readonly webhooks?: Readonly<Record<string, WebhookFigures>>;
  /** Resident memory of the process in bytes. */
  readonly residentBytes: number;
}

/** Durations that are measured: of jobs, of the steps of a launch, of idle agents, of calls, and of the loop. */
export type DurationName =
  | "job-wait"
  | "accept-delay"
  | "container-start"
  | "registration"
  | "agent-idle"
  | "api-call"
  | "loop-lag";

/** What is counted, by events or by seconds. */
export type TotalName = "offers" | "builds-lost" | "agent-seconds" | "api-errors";

/** Few values each: profiles, states, codes of the program; never a job or a task. */
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

/** How one webhook stands: messages and tries since the start. */
export interface WebhookFigures {
  readonly waiting: number;
  readonly delivered: number;
  readonly failed: number;
  readonly lost: number;
  readonly isFailing: boolean;
}

/** How much waits at a place, and the most that has waited there at once since the start. */
export interface QueueDepth {
  readonly now: number;
  readonly max: number;
}

/** Measured seconds, counted in buckets. */
export interface HistogramSnapshot {
  /** Upper bounds in seconds, rising, without the infinite one. */
  readonly boundsSeconds: readonly number[];
  /** How many values each bound holds that no lower bound does; one more entry than bounds, for what lies above all. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}
