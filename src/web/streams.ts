// Streaming responses: new data is sent until the client disconnects or the program ends.

import { type SetTimer, sleepWith } from "../net/timer.ts";
import { refusalResponse, streamResponse } from "./responses.ts";

/** What a stream sends. */
export interface StreamSource {
  readonly contentType: string;
  /** The data to send now; empty: nothing new. Called about once a second while the client reads. */
  readonly next: () => string;
  /** Heartbeat if there was no new data for long, so that both sides detect a broken connection. */
  readonly heartbeat: string;
}

/** The streams of one listener. */
export interface StreamRoom {
  /** Starts a stream, or refuses it if there are too many. */
  open(source: StreamSource): Response;
}

/** Each occupies one of the listener's connections for as long as the client wants. */
const streamsMax = 50;
/** Interval of checks for new data, ms. */
export const lookMs = 1_000;
/** Number of checks without new data before a heartbeat. */
const quietLooksMax = 15;

/** Creates the room; `onError` is called with every error that ends a stream, except its client closing it. */
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
        // Created lazily, because it may not be read: HEAD.
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

/** How long a result may be shared, ms. */
const sharedMs = 500;

/** A result shared by clients that check at about the same time; `forget`: the next one has what was done. */
export function sharedLook<Value>(
  look: () => Value,
  nowMs: () => number,
): { readonly look: () => Value; readonly forget: () => void } {
  let last: { readonly value: Value; readonly atMs: number } | undefined;
  return {
    look: () => {
      const atMs = nowMs();
      if (last === undefined || Math.abs(atMs - last.atMs) >= sharedMs) last = { value: look(), atMs };
      return last.value;
    },
    forget: () => last = undefined,
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
