// Reports failing connections to the master: one line per outage, however long it lasts and however the messages vary.

import type { Note } from "../core/note.ts";
import { OperatorError } from "../errors.ts";

/** A failed try; `outage` is the same number for all tries of one outage, which is one line for each kind of failure. */
export function connectionFailed(error: Error, outage: number): Note {
  const code = error instanceof OperatorError ? error.code : "mesos-error";
  return {
    level: "error",
    code,
    text: `${error.message}; it is tried again until it succeeds`,
    hint: error instanceof OperatorError ? error.hint : "please report this line: it is a fault of gocd-mesos",
    fields: {},
    onceKey: `outage ${outage}`,
  };
}

/** Sessions hold again, after some that did not. */
export function steadyNote(master: string): Note {
  return {
    level: "info",
    code: "mesos-steady",
    text: `the subscription with the Mesos master ${master} holds again`,
    fields: { master },
  };
}

/** While sessions come and go every second, that there is one again is for people who look for something. */
export function withoutNews(note: Note): Note {
  return note.code === "subscribed" ? { ...note, level: "debug" } : note;
}
