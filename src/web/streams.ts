// Responses that go on: what is new is sent as it comes, until the client leaves or the program ends.

import { type SetTimer, sleepWith } from "../net/timer.ts";
import { refusalResponse, streamResponse } from "./responses.ts";

/** What a stream sends. */
export interface StreamSource {
  readonly contentType: string;
  /** What is to be sent now; empty: nothing is new. Asked about once a second while the client takes what it is sent. */
  readonly next: () => string;
  /** Sent where nothing has been new for long, so that both sides see that the other is there. */
  readonly heartbeat: string;
}

/** The streams of one listener. */
export interface StreamRoom {
  /** Begins a stream, or refuses it where there are too many. */
  open(source: StreamSource): Response;
}

/** Each takes one of the listener's connections for as long as the client likes. */
const streamsMax = 50;
/** Between two looks for what is new, ms. */
export const lookMs = 1_000;
/** Looks without anything new before a heartbeat. */
const quietLooksMax = 15;

/** Creates the room; `onError` is called with what ends a stream but its client. */
export function createStreamRoom(setTimer: SetTimer, onError: (error: unknown) => void): StreamRoom {
  const sleep = sleepWith(setTimer);
  let open = 0;
  return {
    open: ({ contentType, next, heartbeat }) => {
      if (open >= streamsMax) return tooManyStreams();
      const stop = new AbortController();
      let isCounted = false;
      const end = (): void => {
        if (isCounted && !stop.signal.aborted) open--;
        stop.abort();
      };
      const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
        // Only now, as nobody may read it: HEAD.
        if (!isCounted) open++;
        isCounted = true;
        for (let quietLooks = 0; !stop.signal.aborted; quietLooks++) {
          const text = next();
          const isSilent = text === "" && quietLooks < quietLooksMax;
          if (!isSilent) return controller.enqueue(new TextEncoder().encode(text === "" ? heartbeat : text));
          await sleep(lookMs, stop.signal);
        }
      };
      const guarded = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
        try {
          await pull(controller);
        } catch (error) {
          end();
          onError(error);
          throw error;
        }
      };
      return streamResponse(new ReadableStream({ pull: guarded, cancel: end }, { highWaterMark: 0 }), contentType);
    },
  };
}

/** How long a look may be shared, ms. */
const sharedMs = 500;

/** A look that clients share who look at about the same time. */
export function sharedLook<Value>(look: () => Value, nowMs: () => number): () => Value {
  let last: { readonly value: Value; readonly atMs: number } | undefined;
  return () => {
    const atMs = nowMs();
    if (last === undefined || Math.abs(atMs - last.atMs) >= sharedMs) last = { value: look(), atMs };
    return last.value;
  };
}

function tooManyStreams(): Response {
  return refusalResponse({
    status: 503,
    code: "too-many-streams",
    message: `${streamsMax} clients follow already`,
    hint: "ask again and again instead, or try later",
  });
}
