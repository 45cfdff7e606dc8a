// Buffers events between the stream reader, which never waits, and its consumer. A full queue ends the session and
// drops its contents: Mesos resends what matters, and the offers are void.

import type { MesosEvent } from "../core/event.ts";
import { MesosError } from "./api.ts";

/** Maximum number of waiting events: a storm of 1,000 offers a second for more than a minute and a half. */
export const queuedEventsMax = 100_000;
/** Maximum size of the records of waiting events: a few of the largest. */
const queuedBytesMax = 256 * 1024 * 1024;

/** A queue for one consumer. */
export interface EventQueue {
  /**
   * Adds an event with the size of its record in bytes. Beyond the limits the queue fails, only an ERROR is still
   * delivered, and the failure is returned.
   */
  push(event: MesosEvent, bytes: number): MesosError | undefined;
  /** Waiting events are still delivered, then the error is thrown. The first call counts. */
  fail(error: MesosError): void;
  /** The number of waiting events. */
  waiting(): number;
  /** Nothing more is delivered. */
  stop(): void;
  /** The events; iterate once. Leaving the iteration early calls `onLeft`. */
  readonly events: AsyncIterable<MesosEvent>;
}

/** The limits of the queue. */
export interface QueueLimits {
  /** {@linkcode queuedEventsMax} by default. */
  readonly eventsMax: number;
  /** {@linkcode queuedBytesMax} by default. */
  readonly bytesMax: number;
}

const defaultLimits: QueueLimits = { eventsMax: queuedEventsMax, bytesMax: queuedBytesMax };

/** Creates a queue; `onLeft` is called when its consumer has left, `limits` are lower in tests. */
export function createEventQueue(onLeft: () => void, limits: QueueLimits = defaultLimits): EventQueue {
  const buffer: EventBuffer = { waiting: [], taken: 0, bytes: 0 };
  let failure: MesosError | undefined;
  let stopped = false;
  let wake: (() => void) | undefined;
  const changed = (): void => {
    wake?.();
    wake = undefined;
  };
  const next = async (): Promise<IteratorResult<MesosEvent, undefined>> => {
    while (!stopped) {
      const value = takeFirst(buffer);
      if (value !== undefined) return { done: false, value };
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve) => wake = resolve);
    }
    return { done: true, value: undefined };
  };
  const fail = (error: MesosError): void => {
    failure ??= error;
    changed();
  };
  return {
    push(event, bytes): MesosError | undefined {
      const count = buffer.waiting.length - buffer.taken;
      if (stopped || failure !== undefined) return undefined;
      if (event.kind !== "framework-error" && (count >= limits.eventsMax || buffer.bytes + bytes > limits.bytesMax)) {
        const full = queueFull(count, buffer.bytes);
        fail(full);
        // An ERROR may mean that we must not reconnect.
        buffer.waiting = buffer.waiting.slice(buffer.taken).filter((each) => each.event.kind === "framework-error");
        buffer.taken = 0;
        buffer.bytes = 0;
        return full;
      }
      buffer.waiting.push({ event, bytes });
      buffer.bytes += bytes;
      changed();
      return undefined;
    },
    fail,
    waiting: () => buffer.waiting.length - buffer.taken,
    stop(): void {
      stopped = true;
      buffer.waiting = [];
      changed();
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
}

interface EventBuffer {
  waiting: { readonly event: MesosEvent; readonly bytes: number }[];
  /** How many of `waiting` have been delivered. */
  taken: number;
  /** Of the records of those that have not. */
  bytes: number;
}

function takeFirst(buffer: EventBuffer): MesosEvent | undefined {
  const first = buffer.waiting[buffer.taken];
  if (first === undefined) return undefined;
  buffer.taken++;
  buffer.bytes -= first.bytes;
  // Delivered events are dropped in bulk, so that each costs the same however many wait.
  if (buffer.taken >= 1024 || buffer.taken === buffer.waiting.length) {
    buffer.waiting = buffer.waiting.slice(buffer.taken);
    buffer.taken = 0;
  }
  return first.event;
}

function queueFull(events: number, bytes: number): MesosError {
  return new MesosError(
    "stream-broken",
    `events of the Mesos master arrive faster than they can be handled: ${events} are queued (${bytes} bytes); the session is closed`,
    "it resubscribes, and Mesos resends what matters; if this repeats, give gocd-mesos more CPU, check " +
      "the disk of its state, and report it",
  );
}
