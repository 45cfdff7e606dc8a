// One test for each note of a table: its level, code, text, hint and fields. Not here: when it is created.

import { assertEquals } from "@std/assert";
import type { Note } from "../../../src/core/note.ts";
import type { NoteLine } from "../../../src/core/words/note_line.ts";
import { noteLine } from "../../../src/core/words/notes.ts";
import { zeroMs } from "../../support/core.ts";

/** A note, `level code: text`, with ` | hint` where there is one, and what machines read beside it. */
export type NoteRow = readonly [note: Note, line: string, fields: NoteLine["fields"]];

/** Tells each note of a table at zeroMs. */
export function testNotes(rows: readonly NoteRow[]): void {
  for (const [note, line, fields] of rows) {
    Deno.test(`a note of the kind ${note.kind} is reported as "${line.slice(0, 90)}…"`, () => {
      const { level, code, text, hint, fields: told } = noteLine(note, zeroMs);
      assertEquals([`${level} ${code}: ${text}${hint === undefined ? "" : ` | ${hint}`}`, told], [line, fields]);
    });
  }
}
