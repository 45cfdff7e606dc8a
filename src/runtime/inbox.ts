// The one queue of events in front of the engine. Not here: handling them (engine.ts).
// Filled by pollers, the session and the web server; emptied by the engine, the one writer.

import type { Event } from "../core/event.ts";

/** Events that may wait; more means that the engine is stuck, and the oldest tick or read is of no use any more. */
export const eventsMax = 100_000;
/** Places of events handed out that are kept at most, unless as many wait: moving the rest costs the same per event. */
const compactAt = 1_024;

/** A bounded queue with one reader. */
export class Inbox {
  #events: (Event | undefined)[] = [];
  #head = 0;
  #wake: (() => void) | undefined;
  #lengthMax = 0;

  /** How many events wait. */
  get length(): number {
    return this.#events.length - this.#head;
  }

  /** How many have waited at most. */
  get lengthMax(): number {
    return this.#lengthMax;
  }

  /** Adds an event; returns false, and drops it, when the queue is full. A tick is dropped when one waits already. */
  post(event: Event): boolean {
    if (event.kind === "tick" && this.length > 0) return true;
    if (this.length >= eventsMax) return false;
    this.#events.push(event);
    this.#lengthMax = Math.max(this.#lengthMax, this.length);
    this.#wake?.();
    this.#wake = undefined;
    return true;
  }

  /** The events at the head, as long as they are wanted, `countMax` at most; none where none waits. */
  takeWhile(isWanted: (event: Event) => boolean, countMax: number): Event[] {
    const taken: Event[] = [];
    while (taken.length < countMax) {
      const event = this.#events[this.#head];
      if (event === undefined || !isWanted(event)) break;
      taken.push(event);
      this.#letGo();
    }
    return taken;
  }

  /** A poll may hold megabytes: what is handed out is let go of at once. */
  #letGo(): void {
    this.#events[this.#head] = undefined;
    this.#head++;
    if (this.#head === this.#events.length || this.#head >= compactAt && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The next event, or nothing once the signal is aborted and the queue is empty. */
  async next(signal: AbortSignal): Promise<Event | undefined> {
    while (true) {
      const event = this.#events[this.#head];
      if (event !== undefined) {
        this.#letGo();
        return event;
      }
      if (signal.aborted) return undefined;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener("abort", done);
          resolve();
        };
        this.#wake = done;
        signal.addEventListener("abort", done, { once: true });
      });
    }
  }
}
