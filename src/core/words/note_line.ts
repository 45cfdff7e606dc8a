// What a note becomes: a line of the log, a row of the page, a counter. Not here: the words (notes_*.ts).

import type { NoteKind, NoteLevel, NoteOf } from "../note.ts";

/** A note in words. */
export interface NoteLine {
  readonly level: NoteLevel;
  /** Stable code, e.g. `agent-launched`; labels the counter `gocd_mesos_notes_total`. About a hundred exist. */
  readonly code: string;
  /** One line without a full stop: what, and why. */
  readonly text: string;
  /** What the operator can do, where there is something. */
  readonly hint?: string;
  /** For machines. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  /** As of the note. */
  readonly onceKey?: string;
}

/** What one kind of note says; its code is the kind where none is given. */
export interface NoteText extends Omit<NoteLine, "code" | "onceKey"> {
  readonly code?: string;
}

/** The words of these kinds of notes. `atMs`: when it is told. */
export type NoteWords<K extends NoteKind> = {
  readonly [Each in K]: (note: NoteOf<Each>, atMs: number) => NoteText;
};
