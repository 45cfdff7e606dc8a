// Converts a note to a line of the log, a row of the page and a counter. The texts are in notes_*.ts.

import type { NoteKind, NoteLevel, NoteOf } from "../note.ts";

/** A note in words. */
export interface NoteLine {
  readonly level: NoteLevel;
  /** Stable code, e.g. `agent-launched`; labels the counter `gocd_mesos_notes_total`. About a hundred exist. */
  readonly code: string;
  /** One line without a period: what, and why. */
  readonly text: string;
  /** What the operator can do, if anything. */
  readonly hint?: string;
  /** For machines. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  /** As in the note. */
  readonly onceKey?: string;
}

/** The words of one kind of note; its code is the kind unless given. */
export interface NoteText extends Omit<NoteLine, "code" | "onceKey"> {
  readonly code?: string;
}

/** The words of these kinds of notes. `atMs`: when it is logged. */
export type NoteWords<K extends NoteKind> = {
  readonly [Each in K]: (note: NoteOf<Each>, atMs: number) => NoteText;
};
