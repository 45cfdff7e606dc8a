// What a run records for its picture: notes, counts and measurements.

import type { Finding } from "../core/event.ts";
import type { AgentInstance } from "../core/instance.ts";
import type { Note } from "../core/note.ts";
import type { Measured, Picture, QueueDepth } from "../core/view/picture.ts";
import type { NoteView, StatusView } from "../core/view/view.ts";
import { noteLine } from "../core/words/notes.ts";
import { createFloodGate } from "../log/flood_gate.ts";
import { createHistogram } from "./histogram.ts";
import { Meters } from "./meters.ts";
import { createLifeLines } from "./life_lines.ts";
import { createOfferLog } from "./offer_log.ts";
import { createProblemMemory } from "./problem_memory.ts";
import type { Recorder } from "./recorder.ts";
import { measureStep, nothingRemembered, type Step } from "./steps.ts";

/** Maximum number of notes kept for the page. */
const historyMax = 200;

/** One run, across all terms. */
export class Observations {
  /** Records notes; absent: only the last notes are kept. */
  readonly recorder: Recorder | undefined;
  readonly #history: NoteView[] = [];
  /** Notes that were in the history before those. */
  #historyBefore = 0;
  /** An ongoing condition must not displace everything else from the history. */
  readonly #historyGate = createFloodGate();
  readonly #notes = new Map<string, number>();
  readonly #mesosCalls = new Map<string, number>();
  readonly #pollDuration = createHistogram();
  readonly #meters = new Meters();
  readonly #problems = createProblemMemory();
  readonly #lives = createLifeLines();
  readonly #offers = createOfferLog();
  readonly #queues: Record<keyof Measured["queues"], QueueDepth> = {
    events: { now: 0, max: 0 },
    calls: { now: 0, max: 0 },
  };

  /** Observes a run, and passes data to the recorder, if there is one. */
  constructor(recorder?: Recorder) {
    this.recorder = recorder;
  }

  /** Records a note. */
  told(note: Note, atMs: number): void {
    const line = noteLine(note, atMs);
    const { code, level } = line;
    addOne(this.#notes, code);
    const text = level === "debug" ? undefined : this.#historyGate.pass(line, atMs);
    if (text === undefined) return this.recorder?.told();
    const shown = { atMs, level, code, text };
    this.recorder?.told(shown);
    this.#history.push(shown);
    if (this.#history.length > historyMax) this.#historyBefore += this.#history.splice(0, 1).length;
  }

  /**
   * Records a finished call to a server; its kinds are those of core/effect.ts, so there are few. `code`: of the
   * problem; absent: none.
   */
  called(
    server: "gocd" | "mesos",
    call: string,
    { tookMs, code }: { readonly tookMs: number; readonly code?: string },
  ): void {
    if (server === "mesos") addOne(this.#mesosCalls, call);
    this.#meters.duration("api-call", { server, call }, tookMs);
    if (code !== undefined) this.failed(server, call, code);
  }

  /** Records a failed call to a server that is not measured otherwise. */
  failed(server: "gocd" | "mesos", call: string, code: string): void {
    this.#meters.total("api-errors", { server, call, code }, 1);
  }

  /** Processes the steps of one core; `follow` gets the state after each. */
  steps(follow: (state: Step["after"]) => void = () => {}): (step: Step) => void {
    let remembered = nothingRemembered;
    return (step) => {
      follow(step.after);
      this.#offers.seen(step);
      const measured = measureStep(remembered, step);
      remembered = measured.remembered;
      for (const measure of measured.measures) {
        if (measure.kind === "duration") this.#meters.duration(measure.name, measure.labels, measure.ms);
        else this.#meters.total(measure.name, measure.labels, measure.by);
      }
    };
  }

  /** Records the delay of a tick. */
  lagged(ms: number): void {
    this.#meters.duration("loop-lag", {}, ms);
  }

  /** Records a finished full poll of the GoCD server. */
  gocdPolled(tookMs: number): void {
    this.#pollDuration.observe(tookMs / 1000);
  }

  /** Records the current length of a queue. */
  waiting(queue: keyof Measured["queues"], now: number): void {
    this.#queues[queue] = { now, max: Math.max(now, this.#queues[queue].max) };
  }

  /** Records the current problems. */
  found(problems: readonly Finding[], atMs: number): void {
    this.#problems.dated(problems, atMs);
  }

  /** Records our current instances. */
  lived(instances: ReadonlyMap<string, AgentInstance>, atMs: number): void {
    this.#lives.seen(instances, atMs);
  }

  /** The picture with the view of the core. */
  picture(seen: StatusView): Picture {
    const view = {
      ...seen,
      problems: this.#problems.dated(seen.problems, seen.atMs),
      instances: this.#lives.withLives(seen.instances),
      finished: this.#lives.finished(),
      offers: this.#offers.recent(seen.atMs),
    };
    return { view, notes: this.#history, notesBefore: this.#historyBefore, measured: this.measured() };
  }

  /** Everything measured so far. */
  measured(): Measured {
    return {
      notesByCode: Object.fromEntries(this.#notes),
      mesosCalls: Object.fromEntries(this.#mesosCalls),
      pollDuration: this.#pollDuration.snapshot(),
      queues: { ...this.#queues },
      durations: this.#meters.durations(),
      totals: this.#meters.totals(),
      residentBytes: Deno.memoryUsage().rss,
    };
  }
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
