// The result of one event: the frame. Its records are stored before its effects are performed.

import type { Effect } from "./effect.ts";
import type { Note } from "./note.ts";
import type { StateRecord } from "./record.ts";
import type { State } from "./state.ts";

/**
 * The result of one step. Save-before-act is part of the type: `records` are stored, then `effects` are performed, in
 * order.
 */
export interface Frame {
  readonly state: State;
  readonly records: readonly StateRecord[];
  readonly effects: readonly Effect[];
  readonly notes: readonly Note[];
}
