// Feeds the history from the run: figures and pictures of the state, what was told, the lives of instances. Whatever goes
// wrong here is told once and loses only history.

import type { Config } from "../config/config.ts";
import { messageOf, OperatorError } from "../errors.ts";
import type { Note } from "../core/note.ts";
import { uuidOf } from "../core/life/phase.ts";
import type { State } from "../core/state.ts";
import type { HistoryFigure, HistoryReader, HistorySample } from "../core/view/history.ts";
import type { NoteView, StatusView } from "../core/view/view.ts";
import {
  type History,
  type HistoryBatch,
  type HistoryLimits,
  openHistory,
  type PackedSnapshot,
} from "../history/history.ts";
import { JobBook, type ShownJobs } from "../history/jobs.ts";
import { type LifeBook, openLifeBook } from "../history/lives.ts";
import { peakOf, sampleOf } from "../history/sample.ts";
import { packView } from "../history/snapshot.ts";
import type { Clock } from "./clock.ts";
import { historyPath } from "./rights.ts";

/** Between two samples, and two writes. */
const sampleMs = 15_000;
/** Between two pictures. */
const snapshotMs = 60_000;
/** A picture is kept after this long although nothing has changed: the program was there. */
const quietSnapshotMs = 15 * 60_000;
/** What waits to be written, while it cannot be; pictures are large. */
const samplesMax = 1_000;
const notesMax = 2_000;
const snapshotsMax = 2;

/** What the recorder sees of a framework. */
export interface Seen {
  readonly state: State;
  /** Made only where a picture is kept. */
  readonly view: () => StatusView;
  /** Tells something to whoever is told of notes. */
  readonly tell: (note: Note) => void;
}

/** Writes what happens into a history. */
export class Recorder {
  readonly #history: History;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #lives: LifeBook;
  readonly #jobs = new JobBook();
  /** What is not written yet. */
  readonly #notes: NoteView[] = [];
  readonly #samples: HistorySample[] = [];
  readonly #snapshots: PackedSnapshot[] = [];
  /** What there is to say of the history itself, until somebody can be told. */
  readonly #news: Note[];
  #lastSample: HistorySample | undefined;
  /** The most since the last sample. */
  #peak: HistorySample | undefined;
  #counted: Pick<State, "demand" | "instances"> | undefined;
  #writtenMs: number;
  #snapshotMs = -Infinity;
  #isChanged = true;
  #isPacking = false;
  #isFailing = false;

  /** `news`: what is to be told of its opening. Throws what the history throws. */
  constructor(history: History, clock: Clock, news: readonly Note[] = []) {
    this.#history = history;
    this.#clock = clock;
    this.#news = [...news];
    this.#lives = openLifeBook(history.livesNow());
    this.#writtenMs = clock.nowMs();
  }

  /** For the page and the commands. */
  get reader(): HistoryReader {
    return this.#history;
  }

  /** Something was told; `note` is left out where it is no news. Never throws. */
  told(note?: NoteView): void {
    this.#isChanged = true;
    if (note === undefined) return;
    push(this.#notes, note, notesMax);
    // Who stands by has no looks.
    const atMs = this.#clock.nowMs();
    if (atMs - this.#writtenMs >= 2 * sampleMs) this.#guard(() => this.#write(atMs));
  }

  /** To be called about every second by whoever leads. Never throws but what `tell` throws. */
  look(seen: Seen): void {
    for (const note of this.#news.splice(0)) seen.tell(note);
    this.#guard(() => this.#look(seen, this.#clock.nowMs()));
  }

  /** Other limits from now on. */
  limit(limits: HistoryLimits): void {
    this.#guard(() => this.#history.limit(limits));
  }

  /** Writes what is left, and closes the history. */
  close(): void {
    this.#stop.abort();
    this.#guard(() =>
      this.#history.write({
        ...this.#batch(),
        ...this.#lives.everything(),
        jobs: this.#jobs.everything(),
      })
    );
    this.#guard(() => this.#history.close());
  }

  #look({ state, view }: Seen, atMs: number): void {
    this.#lives.look(state.instances, atMs);
    this.#jobs.look(jobsOf(state), atMs);
    const isDue = this.#lastSample === undefined || atMs - this.#lastSample.atMs >= sampleMs;
    const { demand, instances } = state;
    // Nothing counts differently where both are the same.
    if (!isDue && this.#counted?.demand === demand && this.#counted.instances === instances) return;
    this.#counted = { demand, instances };
    const now = sampleOf(state, atMs);
    const sample = this.#peak === undefined ? now : peakOf(this.#peak, now);
    this.#peak = isDue ? undefined : sample;
    if (!isDue) return;
    if (this.#lastSample === undefined || !isAlike(sample, this.#lastSample)) this.#isChanged = true;
    this.#lastSample = sample;
    push(this.#samples, sample, samplesMax);
    this.#write(atMs);
    const dueMs = this.#isChanged ? snapshotMs : quietSnapshotMs;
    if (!this.#isPacking && atMs - this.#snapshotMs >= dueMs) this.#snap(view());
  }

  #snap(view: StatusView): void {
    this.#snapshotMs = view.atMs;
    this.#isChanged = false;
    this.#isPacking = true;
    const pause = (): Promise<void> => this.#clock.sleep(0, this.#stop.signal);
    packView(view, pause).then((packed) => push(this.#snapshots, packed, snapshotsMax), (error) => this.#failed(error))
      .finally(() => this.#isPacking = false);
  }

  #write(atMs: number): void {
    this.#writtenMs = atMs;
    const isWritten = this.#guard(() => this.#history.write({ ...this.#batch(), ...this.#lives.changes() }));
    // Of a history that is full, something must go before it takes more.
    const isPruned = this.#guard(() => this.#history.prune(atMs));
    // There will be another one; this one may be what is too much.
    if (!isWritten) return void this.#snapshots.splice(0);
    this.#lives.kept();
    this.#jobs.kept();
    for (const list of [this.#samples, this.#notes, this.#snapshots]) list.splice(0);
    if (this.#isFailing && isPruned) this.#news.push({ kind: "history-works" });
    if (isPruned) this.#isFailing = false;
  }

  #batch(): Omit<HistoryBatch, "lives" | "hours"> {
    return { samples: this.#samples, notes: this.#notes, jobs: this.#jobs.finished(), snapshots: this.#snapshots };
  }

  /** Whether it could be done; what was wrong is told the first time. */
  #guard(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** Whatever it is, nothing else may stop for it. */
  #failed(error: unknown): void {
    const hint = error instanceof OperatorError ? error.hint : "please report this line: it is a bug in gocd-mesos";
    if (!this.#isFailing) this.#news.push({ kind: "history-failed", problem: messageOf(error), hint });
    this.#isFailing = true;
  }
}

function jobsOf({ demand, server, instances }: State): ShownJobs {
  return {
    backlog: demand.backlog,
    agents: server.agents,
    pipelineGroups: server.pipelineGroups,
    firstSeenMs: (locator) => demand.seen.get(locator)?.firstSeenMs,
    isOurs: (uuid) => [...instances.values()].some((instance) => uuidOf(instance) === uuid),
  };
}

/** Adds to a list, and drops what is first in it where it is too long. */
function push<Item>(list: Item[], item: Item, max: number): void {
  list.push(item);
  if (list.length > max) list.splice(0, list.length - max);
}

/** Whether nothing counts differently; that all wait longer is no change. */
function isAlike(one: HistorySample, other: HistorySample): boolean {
  const { atMs: _, oldestWaitMs: __, ...counts } = one;
  return Object.entries(counts).every(([name, count]) => other[name as HistoryFigure] === count);
}

/**
 * Opens the history of a configuration: in its file, or in memory where there is none or it cannot be opened. Nothing where
 * none is to be kept.
 */
export function openRecorder(config: Config, clock: Clock): Recorder | undefined {
  const { keepMs, bytesMax } = config.history;
  if (keepMs === 0) return undefined;
  const limits = { keepMs, bytesMax };
  const inMemory = (why: string, hint: string): Recorder =>
    new Recorder(openHistory(undefined, limits), clock, [{ kind: "history-in-memory", why, hint }]);
  try {
    const path = historyPath(config);
    if (path === undefined) return inMemory("the state is in ZooKeeper", "set history.path to a file of this machine");
    return new Recorder(openHistory(path, limits), clock);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return inMemory(error.message, error.hint);
  }
}
