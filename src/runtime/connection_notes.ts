// Reports failing connections to the master: one line per outage, however long it lasts and however the messages vary.

import type { Note } from "../core/note.ts";
import { OperatorError } from "../errors.ts";

/**
 * A failed attempt; `outage` is the same number for all attempts of one outage, which is one line for each kind of
 * failure.
 */
export function connectionFailed(error: Error, outage: number): Note {
  const told = error instanceof OperatorError ? { code: error.code, hint: error.hint } : {};
  return { kind: "mesos-failed", message: error.message, ...told, onceKey: `outage ${outage}` };
}

/** While sessions keep ending every second, a new one is only logged at level debug. */
export function withoutNews(note: Note): Note {
  return note.kind === "subscribed" ? { ...note, isUnsteady: true } : note;
}
