// What is told of connections to the master that fail, so that an outage is one line however long it lasts and however
// its words change. Not here: connecting (supervisor.ts), holding lines back (log/flood_gate.ts).

import type { Note } from "../core/note.ts";
import { OperatorError } from "../errors.ts";

/** Different words of one outage that are remembered; there are a few at most. */
const shapesMax = 100;

/** Notes about tries, in order. */
export interface ConnectionNotes {
  /** A failed try; `outage` is the same number for all tries of one outage. */
  failed(error: Error, outage: number): Note;
}

/** Makes notes that remember what the outage was first called. */
export function createConnectionNotes(): ConnectionNotes {
  let told = { outage: -1, byShape: new Map<string, string>() };
  return {
    failed: (error, outage) => {
      if (told.outage !== outage || told.byShape.size >= shapesMax) told = { outage, byShape: new Map() };
      // Seconds and times in the words would make every try a new line.
      const shape = error.message.replaceAll(/\d+/g, "0");
      const text = told.byShape.get(shape) ?? `${error.message}; it is tried again until it succeeds`;
      told.byShape.set(shape, text);
      return {
        level: "error",
        code: error instanceof OperatorError ? error.code : "mesos-error",
        text,
        hint: error instanceof OperatorError ? error.hint : "please report this line: it is a fault of gocd-mesos",
        fields: {},
        onceKey: `outage ${outage} ${shape}`,
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
