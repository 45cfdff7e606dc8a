// Keeps an ongoing condition from flooding the log.

import type { NoteLine } from "../core/words/note_line.ts";
import { counted } from "../core/words/phrases.ts";

/** An unchanged condition is written again after this long, so that daily log files all mention it. */
export const repeatAfterMs: number = 10 * 60_000;
/** Maximum number of remembered conditions; beyond that, the least recently written one is dropped. */
const conditionsMax = 10_000;

/** Decides which notes are written. */
export interface FloodGate {
  /** The text to write for a note, or `undefined` if it contains nothing new. */
  pass(note: NoteLine, atMs: number): string | undefined;
}

interface Condition {
  readonly writtenMs: number;
  readonly heldBack: number;
}

/** Creates a gate. */
export function createFloodGate(): FloodGate {
  const conditions = new Map<string, Condition>();

  const remember = (key: string, condition: Condition): void => {
    conditions.delete(key);
    conditions.set(key, condition);
    const oldest = conditions.size > conditionsMax ? conditions.keys().next().value : undefined;
    if (oldest !== undefined) conditions.delete(oldest);
  };

  return {
    pass(note: NoteLine, atMs: number): string | undefined {
      if (note.onceKey === undefined) return note.text;
      const key = `${note.code} ${note.onceKey}`;
      const before = conditions.get(key);
      if (before === undefined) {
        remember(key, { writtenMs: atMs, heldBack: 0 });
        return note.text;
      }
      // A clock set back must not silence a condition for the length of the jump.
      const isDue = atMs - before.writtenMs >= repeatAfterMs || atMs < before.writtenMs;
      if (isDue) {
        remember(key, { writtenMs: atMs, heldBack: 0 });
        return `${note.text} (still, ${counted(before.heldBack + 1, "time")})`;
      }
      conditions.set(key, { ...before, heldBack: before.heldBack + 1 });
      return undefined;
    },
  };
}
