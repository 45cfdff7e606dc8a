// Which conditions have been told of, and when the next one is to be: each once, with its end, and a flapping one ever
// more seldom. Pure. Not here: what is so (core/view/condition.ts), and sending (outbox.ts).

import type { Condition, Conditions } from "../core/view/condition.ts";
import { overText } from "../core/words/conditions.ts";

/** What is to be told: a condition has begun, or is over. */
export interface Notice {
  readonly state: "began" | "ended";
  /** As it was last seen. */
  readonly condition: Condition;
  /** Since when it was so. */
  readonly sinceMs: number;
  readonly atMs: number;
  readonly text: string;
}

/** Conditions that are followed, by their keys. */
export type Book = ReadonlyMap<string, Entry>;

/** One condition that is so, or was. */
export interface Entry {
  readonly condition: Condition;
  readonly phase:
    /** Not told of yet. */
    | { readonly kind: "new"; readonly seenMs: number }
    | { readonly kind: "told" }
    /** The end was told; remembered in case that it comes back soon. */
    | { readonly kind: "over"; readonly endedMs: number };
  readonly sinceMs: number;
  /** Since when it is not so; absent: it is. */
  readonly goneMs?: number;
  /** How long it must be gone before its end is told. */
  readonly quietMs: number;
}

/**
 * The shortest and the longest that a condition must be gone before its end is told, if it flaps; one that is gone for
 * longer is new again.
 */
const quietMsMax = 3_600_000;
const quietMsMin = 60_000;
/** Conditions followed at once: a flood of them would say no more than these. */
const entriesMax = 500;

/** What is to be told now, and the book for the next time. `afterMs`: how long a condition lasts before it is told. */
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
    if (condition?.isPaused === true) keep(key, paused(entry, atMs));
    else if (condition !== undefined) keep(key, present(entry, condition, { atMs, afterMs }));
    // What a standby cannot see has not ended: whoever leads tells of it.
    else if (!isBlind || entry.condition.event === "leader") keep(key, absent(entry, atMs));
  }
  for (const [key, condition] of seen) {
    if (!book.has(key) && condition.isPaused !== true && next.size < entriesMax) {
      keep(key, present(undefined, condition, { atMs, afterMs }));
    }
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

/** Not over, but nothing to say: what was told is not, and what was not stays so. */
function paused(entry: Entry, atMs: number): Followed {
  return entry.phase.kind === "over" ? absent(entry, atMs) : { entry: withoutGone(entry) };
}

function withoutGone({ goneMs: _, ...entry }: Entry): Entry {
  return entry;
}

function absent(entry: Entry, atMs: number): Followed {
  const { condition, phase, sinceMs, goneMs = atMs, quietMs } = entry;
  if (phase.kind === "over") return atMs - phase.endedMs < quietMsMax ? { entry } : {};
  if (condition.isSudden !== true && atMs - goneMs < quietMs) return { entry: { ...entry, goneMs } };
  // What was never told of has no end that would be worth telling.
  if (phase.kind === "new") return {};
  const text = overText(condition.text, goneMs - sinceMs);
  return {
    entry: { ...entry, phase: { kind: "over", endedMs: atMs }, goneMs },
    notice: { state: "ended", condition, sinceMs, atMs, text },
  };
}
