// Feeds the history from the run: samples and pictures of the state, notes, the lives of instances. An error here is
// reported once and only loses history.

import type { Config } from "../config/config.ts";
import { messageOf, OperatorError } from "../errors.ts";
import type { Note } from "../core/note.ts";
import { uuidOf } from "../core/life/phase.ts";
import type { State } from "../core/state.ts";
import { isBacklogCurrent } from "../core/view/health.ts";
import type { HistoryReader, HistorySample, NamedJobLife, TimeSpan } from "../core/view/history.ts";
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
import { sampleOf } from "../history/sample.ts";
import { figureNames } from "../history/reader.ts";
import { packView } from "../history/snapshot.ts";
import { sampleMs, SampleSpans } from "../history/spans.ts";
import type { Clock } from "./clock.ts";
import { historyPath } from "./rights.ts";

/** Interval of pictures while figures change. */
const snapshotMs = 60_000;
/** After a decision a picture is kept at once, but not more often: a busy minute has several. */
const decidedSnapshotMs = 15_000;
/** Packing a row takes about 20 µs, so pictures of decisions take at most half a percent of a core. */
const rowPauseMs = 5;
/** A program that has just started has no data; if it still has none after this time, a picture records that. */
const settlingMs = 60_000;
/** A picture is stored after this long even if nothing has changed, to show that the program was running. */
const quietSnapshotMs = 15 * 60_000;
/** Maximum backlog while writing is not possible; pictures are large. */
const samplesMax = 1_000;
const notesMax = 2_000;
const snapshotsMax = 2;

/** The data of a framework for the recorder. */
export interface Seen {
  readonly state: State;
  /** Only created when a picture is stored. */
  readonly view: () => StatusView;
  /** Passes a note to all consumers. */
  readonly tell: (note: Note) => void;
}

/** Writes what happens into a history. */
export class Recorder {
  readonly #history: History;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #lives: LifeBook;
  readonly #jobs = new JobBook();
  #agents: State["server"]["agents"] = [];
  #builds: ReadonlyMap<string, string> = new Map();
  /** What is not written yet. */
  readonly #notes: NoteView[] = [];
  readonly #samples: HistorySample[] = [];
  readonly #snapshots: PackedSnapshot[] = [];
  /** Notes about the history itself, until they can be passed on. */
  readonly #news: Note[];
  readonly #spans = new SampleSpans();
  /** Of the last look. */
  #looked: HistorySample | undefined;
  #counted: Pick<State, "demand" | "instances"> & { readonly isKnown: boolean } | undefined;
  #writtenMs: number;
  #snapshotMs = -Infinity;
  #isChanged = true;
  /** A decision was logged since the last picture. */
  #isDecided = false;
  #isPacking = false;
  #isFailing = false;

  /** `news`: notes about its opening. Throws what the history throws. */
  constructor(history: History, clock: Clock, news: readonly Note[] = []) {
    this.#history = history;
    this.#clock = clock;
    this.#news = [...news];
    this.#lives = openLifeBook(history.livesNow());
    this.#writtenMs = clock.nowMs();
  }

  /** For the page and the commands: what is stored, and of named jobs also what is not stored yet. */
  get reader(): HistoryReader {
    return {
      ...this.#history,
      namedJobs: (...asked) => this.#namedJobs(...asked),
      jobsRevision: () => this.#jobs.revision,
    };
  }

  /** Records a note; `note` is absent if it is a repetition. Never throws. */
  told(note?: NoteView): void {
    this.#isChanged = true;
    if (note === undefined) return;
    this.#isDecided = true;
    push(this.#notes, note, notesMax);
    // A standby takes no samples.
    const atMs = this.#clock.nowMs();
    if (atMs - this.#writtenMs >= 2 * sampleMs) this.#guard(() => this.#write(atMs));
  }

  /** Called for each step on the leader, so that no list is missed: a build may be in one only. Never throws. */
  stepped(state: State): void {
    this.#guard(() => this.#follow(state, this.#clock.nowMs()));
  }

  /** Called about every second on the leader. Only throws what `tell` throws. */
  look(seen: Seen): void {
    for (const note of this.#news.splice(0)) seen.tell(note);
    this.#guard(() => this.#look(seen, this.#clock.nowMs()));
  }

  /** Applies new limits. */
  limit(limits: HistoryLimits): void {
    this.#guard(() => this.#history.limit(limits));
  }

  /** Writes the remaining data, and closes the history. */
  close(): void {
    this.#stop.abort();
    this.#guard(() =>
      this.#history.write({
        ...this.#batch(),
        samples: [...this.#samples, ...this.#spans.rest()],
        ...this.#lives.everything(),
        jobs: this.#jobs.everything(),
      })
    );
    this.#guard(() => this.#history.close());
  }

  #namedJobs(part: string, span: TimeSpan, max: number): readonly NamedJobLife[] {
    const isAsked = ({ locator, atMs }: NamedJobLife): boolean =>
      locator.toLowerCase().includes(part.toLowerCase()) && atMs >= span.fromMs && atMs < span.toMs;
    const unstored = [...this.#jobs.building(), ...this.#jobs.finished()].filter(isAsked);
    return [...unstored, ...this.#history.namedJobs(part, span, max)]
      .sort((one, other) => (other.beganMs ?? other.atMs) - (one.beganMs ?? one.atMs)).slice(0, max);
  }

  #look(seen: Seen, atMs: number): void {
    this.#sample(seen.state, atMs);
    const { server, startedMs } = seen.state;
    if (server.lastPollMs === undefined && atMs - startedMs < settlingMs) return;
    if (this.#isPacking || atMs - this.#snapshotMs < this.#snapshotEveryMs(seen.state)) return;
    this.#snap(seen.view());
  }

  #snapshotEveryMs({ demand, instances }: State): number {
    if (!this.#isChanged) return quietSnapshotMs;
    const rows = demand.jobs.length + instances.size;
    return this.#isDecided ? Math.min(snapshotMs, Math.max(decidedSnapshotMs, rows * rowPauseMs)) : snapshotMs;
  }

  #sample(state: State, atMs: number): void {
    this.#follow(state, atMs);
    const samples = this.#spans.look(this.#figures(state, atMs));
    for (const sample of samples) push(this.#samples, sample, samplesMax);
    if (samples.length > 0) this.#write(atMs);
  }

  #follow(state: State, atMs: number): void {
    this.#lives.look(state.instances, atMs, this.#buildsOf(state));
    this.#jobs.look(jobsOf(state), atMs);
  }

  /** What agents build, by uuid; the same as long as the list is. */
  #buildsOf({ server: { agents } }: State): ReadonlyMap<string, string> {
    if (agents !== this.#agents) {
      this.#agents = agents;
      this.#builds = new Map(
        agents.flatMap(({ uuid, buildLocator }) => buildLocator === undefined ? [] : [[uuid, buildLocator] as const]),
      );
    }
    return this.#builds;
  }

  /** Only counted again if something has changed. */
  #figures(state: State, atMs: number): HistorySample {
    const { demand, instances } = state;
    const before = this.#looked;
    const isKnown = isBacklogCurrent(state, atMs);
    const isSame = this.#counted?.demand === demand && this.#counted.instances === instances &&
      this.#counted.isKnown === isKnown;
    this.#counted = { demand, instances, isKnown };
    const now = before === undefined || !isSame ? sampleOf(state, atMs) : olderBy(before, atMs);
    if (before === undefined || !isAlike(before, now)) this.#isChanged = true;
    this.#looked = now;
    return now;
  }

  #snap(view: StatusView): void {
    this.#snapshotMs = view.atMs;
    this.#isChanged = false;
    this.#isDecided = false;
    this.#isPacking = true;
    const pause = (): Promise<void> => this.#clock.sleep(0, this.#stop.signal);
    packView(view, pause).then((packed) => push(this.#snapshots, packed, snapshotsMax), (error) => this.#failed(error))
      .finally(() => this.#isPacking = false);
  }

  #write(atMs: number): void {
    this.#writtenMs = atMs;
    const isWritten = this.#guard(() => this.#history.write({ ...this.#batch(), ...this.#lives.changes() }));
    // Old data must be deleted from a full history before more can be written.
    const isPruned = this.#guard(() => this.#history.prune(atMs));
    // There will be another one; this one may be too large.
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

  /** Whether it succeeded; an error is reported the first time. */
  #guard(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** No error may affect anything else. */
  #failed(error: unknown): void {
    const hint = error instanceof OperatorError ? error.hint : "please report this line: it is a bug in gocd-mesos";
    if (!this.#isFailing) this.#news.push({ kind: "history-failed", problem: messageOf(error), hint });
    this.#isFailing = true;
  }
}

function jobsOf({ demand, server, instances }: State): ShownJobs {
  let ours: ReadonlySet<string | undefined> | undefined;
  return {
    backlog: demand.backlog,
    agents: server.agents,
    pipelineGroups: server.pipelineGroups,
    firstSeenMs: (locator) => demand.seen.get(locator)?.firstSeenMs,
    isOurs: (uuid) => (ours ??= new Set([...instances.values()].map(uuidOf))).has(uuid),
  };
}

/** Appends to a list, and drops its first entries if it is too long. */
function push<Item>(list: Item[], item: Item, max: number): void {
  list.push(item);
  if (list.length > max) list.splice(0, list.length - max);
}

/** The same figures later. */
function olderBy(sample: HistorySample, atMs: number): HistorySample {
  const { oldestWaitMs } = sample;
  if (oldestWaitMs === undefined || oldestWaitMs === 0) return { ...sample, atMs };
  return { ...sample, atMs, oldestWaitMs: oldestWaitMs + atMs - sample.atMs };
}

/** Whether no count has changed; longer waits are not a change. */
function isAlike(one: HistorySample, other: HistorySample): boolean {
  return figureNames.every((name) => name === "oldestWaitMs" || one[name] === other[name]);
}

/**
 * Opens the history of a configuration: in its file, or in memory if there is none or it cannot be opened. Nothing if
 * none is configured.
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
