// The loop around core/step.ts: event in, records stored, effects out, notes logged. The only writer of the state.

import type { Event } from "../core/event.ts";
import type { Effect } from "../core/effect.ts";
import type { Frame } from "../core/frame.ts";
import type { Note } from "../core/note.ts";
import type { State } from "../core/state.ts";
import { initialState, step } from "../core/step.ts";
import { statusView } from "../core/view/status_view.ts";
import { doubtRecords, type InDoubt, undoEveryMs, undoing, withoutRecords } from "../core/unstored.ts";
import type { StatusView } from "../core/view/view.ts";
import type { Settings } from "../core/settings.ts";
import { messageOf, OperatorError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import { Inbox, isStatusUpdate, updatesMax } from "./inbox.ts";
import type { Step } from "./steps.ts";

/** Maximum number of waiting commands. */
const asksMax = 100;
/** After this long without a pause the engine yields, mainly for the status page. */
const turnMs = 30;

/**
 * A KILL that could be sent only this long after its decision, because storing it took long or the machine was suspended
 * meanwhile, is not sent: its agent may be building by now. One that is still needed is decided again.
 */
const killLateMs = 10_000;

/** The options of an engine. */
interface EngineOptions {
  readonly store: Store;
  readonly settings: Settings;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Performs effects in order; must not throw or wait. */
  readonly perform: (effect: Effect) => void;
  /** Passes a note to all consumers. */
  readonly tell: NoteSink;
  /** Called for each step; absent: not measured. Must not throw. */
  readonly stepped?: (step: Step) => void;
}

/** Receives notes; must not throw. */
export type NoteSink = (note: Note, atMs: number) => void;

/** A running core. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #inbox = new Inbox();
  /** A waiter for the result of an event. */
  readonly #asked = new Map<Event, (problem: string | undefined) => void>();
  #state: State;
  #movedMs: number;
  #isStoreBroken = false;
  #inDoubt: InDoubt = new Map();
  /** When it may be undone although nothing else is to be stored. */
  #undoMs = 0;

  private constructor(options: EngineOptions, state: State) {
    this.#options = options;
    this.#state = state;
    this.#movedMs = options.clock.nowMs();
  }

  /** Loads the stored state. Throws what the store throws. */
  static async create(options: EngineOptions): Promise<Engine> {
    const stored = await options.store.load();
    return new Engine(options, initialState(stored, options.settings, options.clock.nowMs()));
  }

  /** The current state; never changed in place. */
  get state(): State {
    return this.#state;
  }

  /** The status view. */
  view(): StatusView {
    return { ...statusView(this.#state, this.#options.clock.nowMs()), movedMs: this.#movedMs };
  }

  /** Events waiting to be handled. */
  get backlog(): number {
    return this.#inbox.length;
  }

  /** Passes an event to the core. */
  post(event: Event): void {
    this.#inbox.post(event);
  }

  /** Resolves once an event of a Mesos session may be posted, or when the signal is aborted. */
  room(event: Event, signal: AbortSignal): Promise<void> {
    return this.#inbox.room(event, signal);
  }

  /**
   * Passes an event to the core; resolves to nothing once it is handled and stored, otherwise to the reason why not.
   */
  ask(event: Event): Promise<string | undefined> {
    if (this.#asked.size >= asksMax) return Promise.resolve("too many commands are waiting");
    return new Promise((resolve) => {
      this.#asked.set(event, resolve);
      this.#inbox.post(event);
    });
  }

  #answer(event: Event, problem?: string): void {
    this.#asked.get(event)?.(problem);
    this.#asked.delete(event);
  }

  /** Handles events until the signal is aborted; then undoes failed commits. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let turnSinceMs = clock.nowMs();
    while (!signal.aborted) {
      const isPause = this.#inbox.length === 0;
      const event = await this.#inbox.next(signal);
      if (isPause) turnSinceMs = clock.nowMs();
      if (event !== undefined && isStatusUpdate(event)) {
        await this.#handleUpdates([event, ...this.#inbox.takeWhile(isStatusUpdate, updatesMax - 1)]);
      } else if (event !== undefined) {
        await this.handle(event);
      }
      // All this only awaits promises: a flood of events would starve timers and sockets.
      if (this.#inbox.length > 0 && clock.nowMs() - turnSinceMs >= turnMs) {
        await clock.sleep(0, signal);
        turnSinceMs = clock.nowMs();
      }
    }
    // The last occasion: the next run would take it for decided.
    if (this.#inDoubt.size > 0) await this.#store({ records: [] });
  }

  /** One event: step, store, perform, report notes. Throws only for a bug. */
  async handle(event: Event): Promise<void> {
    const { clock, random } = this.#options;
    const before = this.#state;
    const atMs = clock.nowMs();
    const frame = step(before, { atMs, random: random(), event });
    if (event.kind === "tick" && this.#inDoubt.size > 0 && atMs >= this.#undoMs) await this.#store({ records: [] });
    const problem = frame.records.length === 0 ? undefined : await this.#store(frame);
    const { state, effects, notes } = problem === undefined ? frame : withoutRecords(before, event, frame);
    this.#state = state;
    this.#options.stepped?.({ before, after: state, event, effects, atMs });
    this.#perform(effects, atMs);
    for (const note of notes) this.tell(note);
    this.#movedMs = clock.nowMs();
    this.#answer(event, problem);
  }

  /**
   * Updates that wait together: all steps, one commit, all effects. If it cannot be stored, each is tried on its own.
   */
  async #handleUpdates(events: readonly Event[]): Promise<void> {
    const { clock, random, stepped } = this.#options;
    let state = this.#state;
    const frames = events.map((event) => {
      const before = state;
      const atMs = clock.nowMs();
      const frame = step(before, { atMs, random: random(), event });
      state = frame.state;
      return { ...frame, step: { before, after: state, event, effects: frame.effects, atMs } };
    });
    const records = frames.flatMap((frame) => frame.records);
    if (records.length > 0 && await this.#store({ records }) !== undefined) {
      for (const event of events) await this.handle(event);
      return;
    }
    this.#state = state;
    for (const { effects, notes, step } of frames) {
      stepped?.(step);
      this.#perform(effects, step.atMs);
      for (const note of notes) this.tell(note);
    }
    this.#movedMs = clock.nowMs();
  }

  /** Performs what was decided at `atMs`, but no KILL that rests on a list which is old by now. */
  #perform(effects: readonly Effect[], atMs: number): void {
    const isLate = this.#options.clock.nowMs() - atMs > killLateMs;
    for (const effect of effects) {
      if (!isLate || effect.kind !== "kill-task") this.#options.perform(effect);
      else this.post({ kind: "mesos-call-failed", call: effect, outcome: "void", message: "storing it took too long" });
    }
  }

  /**
   * Stores records, after what undoes earlier failed commits. Resolves to nothing once all is on disk, otherwise to the
   * reason why not.
   */
  async #store({ records }: Pick<Frame, "records">): Promise<string | undefined> {
    try {
      await this.#options.store.commit([...undoing(this.#inDoubt, this.#state), ...records]);
      this.#inDoubt = new Map();
      if (this.#isStoreBroken) {
        this.#isStoreBroken = false;
        this.tell({ kind: "store-works" });
      }
      return undefined;
    } catch (error) {
      this.#isStoreBroken = true;
      this.#inDoubt = doubtRecords(this.#inDoubt, records);
      this.#undoMs = this.#options.clock.nowMs() + undoEveryMs;
      const problem = `the state cannot be stored: ${messageOf(error)}`;
      this.tell({
        kind: "store-failed",
        problem,
        ...(error instanceof OperatorError ? { hint: error.hint } : {}),
        onceKey: problem,
      });
      return problem;
    }
  }

  /** Handles a note from outside the core like one of the core's. */
  tell(note: Note): void {
    this.#options.tell(note, this.#options.clock.nowMs());
  }
}
