// The recorded history as plain data, and its query interface. It is stored in history/.

import type { AgentInstance, EndCause, KillCause } from "../instance.ts";
import type { NoteLevel } from "../note.ts";
import type { NoteView, StatusView } from "./view.ts";

/** Counts of jobs of a span, those of the moment at which most waited, so that they add up. */
export interface DemandFigures {
  /** Jobs in the feed, by verdict. */
  readonly needsAgent: number;
  readonly coming: number;
  readonly willBeTaken: number;
  readonly otherCause: number;
  readonly unserved: number;
  readonly notOurs: number;
  /** Instances to be launched as soon as offers allow. */
  readonly wanted: number;
  /** The longest wait of a job that we can serve, ms; 0: none. */
  readonly oldestWaitMs: number;
}

/** Nothing waits, and nothing is to be launched. */
export const noDemand: DemandFigures = {
  needsAgent: 0,
  coming: 0,
  willBeTaken: 0,
  otherCause: 0,
  unserved: 0,
  notOurs: 0,
  wanted: 0,
  oldestWaitMs: 0,
};

/** The GoCD server was not read in the span: it is not known what waited, which is not that nothing did. */
export type UnknownDemand = Readonly<Partial<Record<keyof DemandFigures, undefined>>>;

/** Our instances of a span, by state: those of the moment with the most of them, or their mean. */
export interface AgentFigures {
  readonly starting: number;
  readonly idle: number;
  readonly building: number;
  readonly draining: number;
  /** Unreachable, or with an unknown activity. */
  readonly away: number;
}

/** The figures of a span. */
export type HistorySample = AgentFigures & (DemandFigures | UnknownDemand) & {
  /** When a span of 15 s ends, or a longer one begins; ms since the epoch. */
  readonly atMs: number;
};

/** The numeric fields of a sample. */
export type HistoryFigure = keyof DemandFigures | keyof AgentFigures;

/** Jobs of a sample that wait for an agent of ours, whether it exists or not; `undefined`: not known. */
export function waitingJobs(sample: HistorySample): number | undefined {
  if (sample.needsAgent === undefined) return undefined;
  return sample.needsAgent + sample.coming + sample.willBeTaken + sample.otherCause + sample.unserved;
}

/** What agent time is spent on, in the order in which it is shown; `busy`: building, `other`: out of contact. */
export const lifeKinds = ["busy", "idle", "starting", "draining", "other"] as const;

/** The activity of an instance, for its cost. */
export type LifeKind = typeof lifeKinds[number];

/** Whether an instance was drained and killed between two looks: a KILL is often complete before the next one. */
export function isDrainedUnseen(before: AgentInstance | undefined, now: AgentInstance): boolean {
  return before?.state === "draining" && now.state === "gone" && now.cause === "stopped";
}

/** Agent time by what it was spent on, ms. */
export type Spent = Readonly<Record<LifeKind, number>>;

/** What the time of an instance is spent on, also in the metrics; `undefined`: its task is over. */
export function lifeKindOf(instance: AgentInstance): LifeKind | undefined {
  switch (instance.state) {
    case "launching":
    case "starting":
      return "starting";
    case "registered":
      return ({ idle: "idle", building: "busy", unsure: "other" } as const)[instance.activity.kind];
    case "draining":
      return instance.step.kind === "finishing" ? "busy" : "draining";
    case "killing":
      return "draining";
    case "unreachable":
      return "other";
    case "gone":
      return undefined;
  }
}

/** The sum of some agent times. */
export function sumOfSpent(all: readonly Spent[]): Spent {
  const sum = { busy: 0, idle: 0, starting: 0, draining: 0, other: 0 };
  for (const spent of all) {
    for (const kind of lifeKinds) sum[kind] += spent[kind];
  }
  return sum;
}

/** The life of one instance; times in ms since the epoch. */
export interface InstanceLife {
  readonly taskId: string;
  readonly profile: string;
  readonly environment?: string;
  /** Its host; empty: not known. */
  readonly host: string;
  readonly createdMs: number;
  /** It was found running at `createdMs`; its launch time is not known. */
  readonly adopted?: true;
  /** When its container started; absent: never, or not observed. */
  readonly runningMs?: number;
  /** When it was first usable on the GoCD server. */
  readonly registeredMs?: number;
  /** When its task ended; absent: it is running. */
  readonly endedMs?: number;
  /** How it ended; `unseen`: while no instance was watching. */
  readonly end?: EndCause | "unseen";
  /** Why it was killed, if it was. */
  readonly kill?: KillCause;
  /** The status of Mesos about its end. */
  readonly message?: string;
  /** Watched time by activity, ms. */
  readonly spentMs: Spent;
  /** Number of builds that it was seen to start. */
  readonly builds: number;
}

/** The cost of the instances of a profile in one or several hours. */
export interface AgentHours {
  /** When the hour begins, ms since the epoch. */
  readonly hourMs: number;
  readonly profile: string;
  /** Agent time by activity, ms. */
  readonly spentMs: Spent;
}

/** A span of time, ms since the epoch; `toMs` is exclusive. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A finished job that we could serve: its needs and times. Times in ms since the epoch. */
export interface JobLife {
  /** When it was first seen waiting. */
  readonly atMs: number;
  readonly resources: readonly string[];
  readonly environment?: string;
  /**
   * The group of its pipeline, as the dashboard spells it; absent: unknown, or the configuration asks for no groups.
   */
  readonly group?: string;
  /** When an agent was first seen with it; absent: never, it may have been cancelled, or built between two reads. */
  readonly beganMs?: number;
  /** How long an agent was seen with it; absent: not known. */
  readonly buildMs?: number;
  /** The owner of that agent; `unseen`: none. */
  readonly by: "ours" | "others" | "unseen";
}

/**
 * The same with its name, for requests about its agent, including jobs that are being built; traces and the list of
 * jobs have no names.
 */
export interface NamedJobLife extends JobLife {
  /** pipeline/counter/stage/counter/job. */
  readonly locator: string;
  /** The hostname of the agent that had it, which is the task id of ours; absent: none was seen. */
  readonly agent?: string;
  /** Its build goes on. */
  readonly isBuilding?: true;
  /** From the first to the last list that showed its build; absent: not known. */
  readonly buildLeastMs?: number;
  /** From the list before its build to the one after it; absent: not known. */
  readonly buildMostMs?: number;
  /** It was never seen waiting: what it asked for, and since when, is not known. */
  readonly isDirect?: true;
}

/** A stored picture. */
export interface HistorySnapshot {
  readonly atMs: number;
  /** The version of the program that created it. */
  readonly version: string;
  readonly view: StatusView;
}

/** How often notes of one code were logged in a span that begins then. */
export interface ToldCount {
  readonly atMs: number;
  readonly code: string;
  readonly count: number;
}

/** The place of a history. */
export type HistoryPlace = { readonly kind: "file"; readonly path: string } | { readonly kind: "memory" };

/** Queries the history. Throws an OperatorError if it cannot be read. */
export interface HistoryReader {
  readonly place: HistoryPlace;
  /** The recorded time span; absent: nothing yet. */
  span(): TimeSpan | undefined;
  /** The counts in spans of `stepMs`, which begin at multiples of it; spans without a sample are omitted. */
  samples(span: TimeSpan, stepMs: number): readonly HistorySample[];
  /** Notes, newest first, at most `max`; `levels` and `codes`: only those. */
  notes(
    span: TimeSpan,
    options: { readonly max: number; readonly levels?: readonly NoteLevel[]; readonly codes?: readonly string[] },
  ): readonly NoteView[];
  /**
   * How often notes were logged in spans of `stepMs`, which begin at multiples of it, oldest first; only these codes.
   */
  told(span: TimeSpan, stepMs: number, codes: readonly string[]): readonly ToldCount[];
  /** Instances that have ended, last one first, at most `max`. */
  ended(span: TimeSpan, max: number): readonly InstanceLife[];
  /** How many instances have ended. */
  endedCount(span: TimeSpan): number;
  /** Agent time by hour and profile. */
  hours(span: TimeSpan): readonly AgentHours[];
  /** Finished jobs that started to wait in that time, first one first, at most `max`. */
  jobs(span: TimeSpan, max: number): readonly JobLife[];
  /** Those of them whose locator contains `part`, whatever the case, and builds that go on; that which began last first. */
  namedJobs(part: string, span: TimeSpan, max: number): readonly NamedJobLife[];
  /** Changes with each job that begins or ends; absent: only with the span. */
  jobsRevision?(): number;
  /** The last picture stored at or before this time; absent: none. */
  snapshotAt(atMs: number): HistorySnapshot | undefined;
  /** When the first picture at or after this time was stored; absent: none was. */
  nextSnapshotMs(atMs: number): number | undefined;
}

/** A picture follows a decision so soon, and has it; later ones are those of something else. */
const followMs = 15_000;
/** A picture that is later than the moment is shown up to this distance. */
const laterMs = 30_000;

/**
 * The picture that stands for a moment, everywhere: the first one of the 15 s after it, which has what was decided
 * then; otherwise the nearest one, unless it is more than 30 s later; otherwise the last one before. Nothing if there
 * is none.
 */
export function pictureOfMoment(history: HistoryReader, atMs: number): HistorySnapshot | undefined {
  const nextMs = history.nextSnapshotMs(atMs) ?? Infinity;
  const gapMs = nextMs - atMs;
  if (gapMs <= followMs) return history.snapshotAt(nextMs);
  const before = history.snapshotAt(atMs);
  const isNearer = gapMs <= laterMs && (before === undefined || gapMs < atMs - before.atMs);
  return isNearer ? history.snapshotAt(nextMs) : before;
}

/** How many of the agents that ended on a host were not stopped by us. */
export interface HostFailures {
  readonly host: string;
  readonly failed: number;
  readonly ended: number;
}

/** How an agent ends that could do no work, or no more. */
const badEnds: ReadonlySet<InstanceLife["end"]> = new Set(["launch-failed", "never-registered", "exited", "lost"]);

/**
 * The hosts on which agents failed, did not register, exited or were lost, most affected first: one that stands out is
 * bad.
 */
export function badHosts(ended: readonly InstanceLife[], max: number): readonly HostFailures[] {
  return [...Map.groupBy(ended.filter(({ host }) => host !== ""), ({ host }) => host)]
    .map(([host, lives]) => ({ host, failed: lives.filter(({ end }) => badEnds.has(end)).length, ended: lives.length }))
    .filter(({ failed }) => failed > 0)
    .sort((one, other) => other.failed - one.failed)
    .slice(0, max);
}
