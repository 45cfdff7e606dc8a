// The texts of all notes in one table. They are defined in notes_*.ts.

import type { Note, NoteKind } from "../note.ts";
import type { NoteLine, NoteText, NoteWords } from "./note_line.ts";
import { demandNotes, placementNotes } from "./notes_demand.ts";
import { identityNotes } from "./notes_identity.ts";
import { lifeNotes } from "./notes_life.ts";
import { programNotes, sessionNotes } from "./notes_session.ts";

const words: NoteWords<NoteKind> = {
  ...demandNotes,
  ...placementNotes,
  ...lifeNotes,
  ...identityNotes,
  ...sessionNotes,
  ...programNotes,
};

/** A note in words, logged at `atMs`. */
export function noteLine(note: Note, atMs: number): NoteLine {
  // The table maps each kind to the words of that kind, which the compiler cannot infer through the union.
  const say = words[note.kind] as (note: Note, atMs: number) => NoteText;
  return { code: note.kind, ...say(note, atMs), ...(note.onceKey === undefined ? {} : { onceKey: note.onceKey }) };
}
