// What the core has decided or noticed, typed: the log, the page and the metrics all come from this.

/** How much a note matters. `debug` notes are for people who look for something. */
export type NoteLevel = "debug" | "info" | "warning" | "error";

/** One decision or observation, already in words, with fields for machines. Never holds a secret or a feed body. */
export interface Note {
  readonly level: NoteLevel;
  /** Stable code, e.g. `agent-launched`; labels the counter `gocd_mesos_notes_total`. At most about a hundred exist. */
  readonly code: string;
  /** One line without a full stop: what, and why. */
  readonly text: string;
  /** What the operator can do, where there is something. */
  readonly hint?: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  /**
   * Where given, a note with the same code and key is written again only after a long pause, so that a lasting condition
   * does not flood the log: what makes it news is in the key, what only grows is not.
   */
  readonly onceKey?: string;
}
