// Holds events between the reader of the stream and whoever takes them. Not here: reading (session.ts).
// Called by session.ts: the reader never waits, so what is not taken in time lies here, up to a limit.

import { MesosError, type SessionEvent } from "./api.ts";

/** Events that may wait: a storm of 1,000 offers a second for more than a minute and a half. */
export const queuedEventsMax = 100_000;
/** Bytes that the records of waiting events may have had: a few of the largest. */
export const queuedBytesMax = 256 * 1024 * 1024;

/** A queue for one taker. */
export interface EventQueue {
  /** Adds an event whose record had so many bytes; over the limits the queue fails. */
  push(event: SessionEvent, bytes: number): void;
  /** What waits is still given, then the error is thrown. The first end counts. */
  fail(error: MesosError): void;
  /** Nothing more is given. */
  stop(): void;
  /** The events; to be walked through once. Leaving the walk early calls `onLeft`. */
  readonly events: AsyncIterable<SessionEvent>;
}

/** Makes a queue; `onLeft` is called when its taker has gone, `limits` are lower in tests. */
export function createEventQueue(
  onLeft: () => void,
  limits: { readonly eventsMax: number; readonly bytesMax: number } = {
    eventsMax: queuedEventsMax,
    bytesMax: queuedBytesMax,
  },
): EventQueue {
  let waiting: { readonly event: SessionEvent; readonly bytes: number }[] = [];
  let taken = 0;
  let bytesWaiting = 0;
  let failure: MesosError | undefined;
  let stopped = false;
  let wake: (() => void) | undefined;

  const next = async (): Promise<IteratorResult<SessionEvent, undefined>> => {
    while (!stopped) {
      const first = waiting[taken];
      if (first !== undefined) {
        taken += 1;
        bytesWaiting -= first.bytes;
        // Taken events are dropped in bulk, so that each costs the same however many wait.
        if (taken >= 1024 || taken === waiting.length) {
          waiting = waiting.slice(taken);
          taken = 0;
        }
        return { done: false, value: first.event };
      }
      if (failure !== undefined) {
        throw failure;
      }
      await new Promise<void>((resolve) => wake = resolve);
    }
    return { done: true, value: undefined };
  };
  const stirred = (): void => {
    wake?.();
    wake = undefined;
  };
  const queue: EventQueue = {
    push(event, bytes): void {
      if (stopped || failure !== undefined) {
        return;
      }
      if (waiting.length - taken >= limits.eventsMax || bytesWaiting + bytes > limits.bytesMax) {
        queue.fail(tooSlow(waiting.length - taken, bytesWaiting));
        return;
      }
      waiting.push({ event, bytes });
      bytesWaiting += bytes;
      stirred();
    },
    fail(error): void {
      failure ??= error;
      stirred();
    },
    stop(): void {
      stopped = true;
      waiting = [];
      stirred();
    },
    events: {
      [Symbol.asyncIterator]: () => ({
        next,
        return: () => {
          onLeft();
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    },
  };
  return queue;
}

function tooSlow(events: number, bytes: number): MesosError {
  return new MesosError(
    "stream-broken",
    `events of the Mesos master come faster than they are handled: ${events} wait (${bytes} bytes), so it is left`,
    "the subscription is made again by itself; if this repeats, give gocd-mesos more CPU and report it",
  );
}
