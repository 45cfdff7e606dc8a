// The queue in front of the engine. Nothing is dropped: what the program posts is bounded by what is in flight, and
// Mesos events wait in the queue of their session, which ends the session when it is full.

import type { Event } from "../core/event.ts";

/**
 * Maximum number of status updates passed on together: the loss of a rack causes a few commits, not one for each task.
 */
export const updatesMax = 200;
/**
 * Maximum number of slots of consumed events, unless as many events wait, so that compaction has constant cost per
 * event.
 */
const compactAt = 1_024;

/** A queue with one reader. */
export class Inbox {
  #events: (Event | undefined)[] = [];
  #head = 0;
  #wakeReader: (() => void) | undefined;
  #wakeStream: (() => void) | undefined;
  #hasTick = false;

  /** The number of waiting events. */
  get length(): number {
    return this.#events.length - this.#head;
  }

  /** Adds an event. A tick is dropped if one is waiting already. */
  post(event: Event): void {
    if (event.kind === "tick") {
      if (this.#hasTick) return;
      this.#hasTick = true;
    }
    this.#events.push(event);
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }

  /**
   * Resolves once an event of the stream may be posted: an update when few wait, any other, which may hold megabytes, when
   * none does. Also when the signal is aborted. For one stream at a time.
   */
  async room(event: Event, signal: AbortSignal): Promise<void> {
    const isUpdate = isStatusUpdate(event);
    while (!signal.aborted && this.length >= (isUpdate ? updatesMax : 1)) {
      await waitFor(signal, (wake) => this.#wakeStream = wake);
    }
  }

  /** The matching events at the head, at most `countMax`. */
  takeWhile(isWanted: (event: Event) => boolean, countMax: number): Event[] {
    const taken: Event[] = [];
    while (taken.length < countMax) {
      const event = this.#events[this.#head];
      if (event === undefined || !isWanted(event)) break;
      taken.push(event);
      this.#letGo(event);
    }
    return taken;
  }

  /** The next event, or nothing once the signal is aborted and the queue is empty. */
  async next(signal: AbortSignal): Promise<Event | undefined> {
    while (true) {
      const event = this.#events[this.#head];
      if (event !== undefined) {
        this.#letGo(event);
        return event;
      }
      if (signal.aborted) return undefined;
      await waitFor(signal, (wake) => this.#wakeReader = wake);
    }
  }

  /** A poll may have megabytes: consumed events are released immediately. */
  #letGo({ kind }: Event): void {
    if (kind === "tick") this.#hasTick = false;
    this.#events[this.#head] = undefined;
    this.#head++;
    if (this.#head === this.#events.length || this.#head >= compactAt && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    this.#wakeStream?.();
    this.#wakeStream = undefined;
  }
}

/** Whether it is one of the small, frequent events. */
export function isStatusUpdate({ kind }: Event): boolean {
  return kind === "task-status-updated";
}

async function waitFor(signal: AbortSignal, sleep: (wake: () => void) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    sleep(done);
    signal.addEventListener("abort", done, { once: true });
  });
}
