// What is told of connections to the master that fail, so that an outage is one line however long it lasts and however
// its words change. Not here: connecting (supervisor.ts), holding lines back (log/flood_gate.ts). Called by framework.ts.

import type { Note } from "../core/note.ts";
import { OperatorError } from "../errors.ts";

/** Notes about tries, in order. */
export interface ConnectionNotes {
  /** A failed try; `outage` is the same number for all tries of one outage. */
  failed(error: Error, outage: number): Note;
}

/** Makes notes that remember what the outage was first called. */
export function createConnectionNotes(): ConnectionNotes {
  let told = { outage: -1, byCode: new Map<string, string>() };
  return {
    failed: (error, outage) => {
      if (told.outage !== outage) told = { outage, byCode: new Map() };
      const code = error instanceof OperatorError ? error.code : "mesos-error";
      // Seconds and times in the words would make every try a new line.
      const text = told.byCode.get(code) ?? `${error.message}; it is tried again until it succeeds`;
      told.byCode.set(code, text);
      return {
        level: "error",
        code,
        text,
        hint: error instanceof OperatorError ? error.hint : "please report this line: it is a fault of gocd-mesos",
        fields: {},
        onceKey: `outage ${outage}`,
      };
    },
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
