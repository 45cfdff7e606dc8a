// What one event leads to: the frame. Its records are stored before its effects leave.

import type { Effect } from "./effect.ts";
import type { Note } from "./note.ts";
import type { StateRecord } from "./record.ts";
import type { State } from "./state.ts";

/** The result of one step. Save-before-act is in the type: `records` are stored, then `effects` leave, in order. */
export interface Frame {
  readonly state: State;
  readonly records: readonly StateRecord[];
  readonly effects: readonly Effect[];
  readonly notes: readonly Note[];
}
