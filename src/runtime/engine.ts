// The loop around core/step.ts: event in, records stored, effects out, notes told. Not here: any decision (core/), any
// call (perform.ts). The one writer of the state. Called by framework.ts and by demo and simulation.

import type { Event } from "../core/event.ts";
import type { Effect } from "../core/effect.ts";
import type { Frame } from "../core/frame.ts";
import type { Note } from "../core/note.ts";
import type { State } from "../core/state.ts";
import { initialState, step } from "../core/step.ts";
import { statusView } from "../core/status_view.ts";
import type { NoteView, StatusView } from "../core/view.ts";
import type { Settings } from "../core/settings.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import { Inbox } from "./inbox.ts";

/** Notes kept for the page. */
const historyMax = 200;

/** What an engine needs. */
export interface EngineOptions {
  readonly store: Store;
  readonly settings: Settings;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Carries effects out, in order; must not throw and must not wait. */
  readonly perform: (effect: Effect) => void;
  /** Tells a note to the log. */
  readonly tell: (note: Note, atMs: number) => void;
}

/** A running core. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #inbox = new Inbox();
  readonly #history: NoteView[] = [];
  readonly #noteCounts = new Map<string, number>();
  #state: State;
  #storeBroken = false;

  private constructor(options: EngineOptions, state: State) {
    this.#options = options;
    this.#state = state;
  }

  /** Loads the stored state. Throws what the store throws. */
  static async create(options: EngineOptions): Promise<Engine> {
    const stored = await options.store.load();
    return new Engine(options, initialState(stored, options.settings, options.clock.nowMs()));
  }

  /** The state of the moment; never changed in place. */
  get state(): State {
    return this.#state;
  }

  /** Newest last. */
  get history(): readonly NoteView[] {
    return this.#history;
  }

  /** How often each note has occurred, by code. */
  get noteCounts(): ReadonlyMap<string, number> {
    return this.#noteCounts;
  }

  /** The picture for people. */
  view(): StatusView {
    return statusView(this.#state, this.#options.clock.nowMs());
  }

  /** Events that wait to be handled. */
  get backlog(): number {
    return this.#inbox.length;
  }

  /** Hands an event to the core. */
  post(event: Event): void {
    if (this.#inbox.post(event)) return;
    this.#tell({
      level: "error",
      code: "inbox-full",
      text: `an event was dropped because too many wait (${event.kind})`,
      fields: { kind: event.kind },
      onceKey: "inbox",
    });
  }

  /** Handles events until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const event = await this.#inbox.next(signal);
      if (event !== undefined) await this.handle(event);
    }
  }

  /** Handles what waits, and no more. For the end of the program. */
  async drainInbox(): Promise<void> {
    const signal = AbortSignal.abort();
    for (let event = await this.#inbox.next(signal); event !== undefined; event = await this.#inbox.next(signal)) {
      await this.handle(event);
    }
  }

  /** One event: step, store, perform, tell. */
  async handle(event: Event): Promise<void> {
    const { clock, random } = this.#options;
    const frame = step(this.#state, { atMs: clock.nowMs(), random: random(), event });
    if (frame.records.length > 0 && !(await this.#stored(frame))) return;
    this.#state = frame.state;
    for (const effect of frame.effects) this.#options.perform(effect);
    for (const note of frame.notes) this.#tell(note);
  }

  /** Stores a frame's records. When that fails nothing of the frame happens: no launch, no kill, no acknowledgement. */
  async #stored(frame: Frame): Promise<boolean> {
    try {
      await this.#options.store.commit(frame.records);
      if (this.#storeBroken) {
        this.#storeBroken = false;
        this.#tell({ level: "info", code: "store-works", text: "the state can be stored again", fields: {} });
      }
      return true;
    } catch (error) {
      this.#storeBroken = true;
      const { askedMs: _, ...server } = this.#state.server;
      this.#state = { ...this.#state, server };
      for (const effect of frame.effects) {
        if (effect.kind === "decline-offers") this.#options.perform(effect);
        else if (effect.kind === "accept-offers") {
          this.#options.perform({ kind: "decline-offers", offerIds: effect.offerIds, refuseSeconds: 5 });
        }
      }
      this.#tell({
        level: "error",
        code: "store-failed",
        text:
          `the state cannot be stored: ${
            error instanceof Error ? error.message : String(error)
          }; nothing is launched ` +
          "or taken down until it can",
        hint: error instanceof Error && "hint" in error ? String(error.hint) : "check the disk of state.path",
        fields: {},
        onceKey: "store",
      });
      return false;
    }
  }

  #tell(note: Note): void {
    const atMs = this.#options.clock.nowMs();
    this.#noteCounts.set(note.code, (this.#noteCounts.get(note.code) ?? 0) + 1);
    if (note.level !== "debug") {
      this.#history.push({ atMs, level: note.level, code: note.code, text: note.text });
      if (this.#history.length > historyMax) this.#history.splice(0, this.#history.length - historyMax);
    }
    this.#options.tell(note, atMs);
  }
}
