// Tracks which conditions were reported, and which are due: each once, with its end, and a flapping one less and less
// often. Pure. Conditions are derived in core/view/condition.ts, and sent by outbox.ts.

import type { Condition, Conditions } from "../core/view/condition.ts";
import { overText } from "../core/words/conditions.ts";

/** A notification: a condition has begun or ended. */
export interface Notice {
  readonly state: "began" | "ended";
  /** As it was last seen. */
  readonly condition: Condition;
  /** When it began. */
  readonly sinceMs: number;
  readonly atMs: number;
  readonly text: string;
}

/** Tracked conditions, by key. */
export type Book = ReadonlyMap<string, Entry>;

/** One current or former condition. */
export interface Entry {
  readonly condition: Condition;
  readonly phase:
    /** Not reported yet. */
    | { readonly kind: "new"; readonly seenMs: number }
    | { readonly kind: "told" }
    /** The end was reported; remembered in case it recurs soon. */
    | { readonly kind: "over"; readonly endedMs: number };
  readonly sinceMs: number;
  /** When it ended; absent: it has not. */
  readonly goneMs?: number;
  /** How long it must be gone before its end is reported. */
  readonly quietMs: number;
}

/**
 * The minimum and maximum time that a flapping condition must be gone before its end is reported; one that is gone for
 * longer counts as new.
 */
const quietMsMax = 3_600_000;
const quietMsMin = 60_000;
/** Maximum number of tracked conditions: a flood of them would not be more informative. */
const entriesMax = 500;

/** The due notifications, and the updated book. `afterMs`: how long a condition lasts before it is reported. */
export function follow(
  book: Book,
  { now, isBlind }: Conditions,
  { atMs, afterMs }: { readonly atMs: number; readonly afterMs: number },
): { readonly book: Book; readonly notices: readonly Notice[] } {
  const next = new Map<string, Entry>();
  const notices: Notice[] = [];
  const keep = (key: string, { entry, notice }: Followed): void => {
    if (entry !== undefined) next.set(key, entry);
    if (notice !== undefined) notices.push(notice);
  };
  const seen = new Map(now.map((condition) => [condition.key, condition]));
  for (const [key, entry] of book) {
    const condition = seen.get(key);
    if (condition !== undefined) keep(key, present(entry, condition, { atMs, afterMs }));
    // Conditions that a standby cannot see have not ended: the leader reports them.
    else if (!isBlind || entry.condition.event === "leader") keep(key, absent(entry, atMs));
  }
  for (const [key, condition] of seen) {
    if (!book.has(key) && next.size < entriesMax) keep(key, present(undefined, condition, { atMs, afterMs }));
  }
  return { book: next, notices };
}

interface Followed {
  readonly entry?: Entry;
  readonly notice?: Notice;
}

function present(
  before: Entry | undefined,
  condition: Condition,
  { atMs, afterMs }: { readonly atMs: number; readonly afterMs: number },
): Followed {
  const entry = withoutGone(
    before === undefined || before.phase.kind === "over"
      ? {
        condition,
        phase: { kind: "new", seenMs: atMs },
        sinceMs: condition.sinceMs ?? atMs,
        quietMs: before === undefined ? Math.max(afterMs, quietMsMin) : Math.min(2 * before.quietMs, quietMsMax),
      }
      : { ...before, condition },
  );
  const { phase, sinceMs } = entry;
  const isDue = phase.kind === "new" && (condition.isSudden === true || atMs - phase.seenMs >= afterMs);
  if (!isDue) return { entry };
  return {
    entry: { ...entry, phase: { kind: "told" } },
    notice: { state: "began", condition, sinceMs, atMs, text: condition.text },
  };
}

function withoutGone({ goneMs: _, ...entry }: Entry): Entry {
  return entry;
}

function absent(entry: Entry, atMs: number): Followed {
  const { condition, phase, sinceMs, goneMs = atMs, quietMs } = entry;
  if (phase.kind === "over") return atMs - phase.endedMs < quietMsMax ? { entry } : {};
  if (condition.isSudden !== true && atMs - goneMs < quietMs) return { entry: { ...entry, goneMs } };
  // The end of an unreported condition is not reported.
  if (phase.kind === "new") return {};
  const text = overText(condition.text, goneMs - sinceMs);
  return {
    entry: { ...entry, phase: { kind: "over", endedMs: atMs }, goneMs },
    notice: { state: "ended", condition, sinceMs, atMs, text },
  };
}
