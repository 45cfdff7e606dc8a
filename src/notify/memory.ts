// Sent notifications and undelivered messages, as a text that survives the program. It is stored by
// runtime/told_file.ts.

import * as v from "valibot";
import type { Condition } from "../core/view/condition.ts";
import { type ConditionEvent, conditionEvents } from "../core/view/condition_event.ts";
import type { Book, Entry } from "./book.ts";
import type { Message } from "./message.ts";

/** The memory of one webhook. */
export interface Remembered {
  /** Conditions whose start or end was reported. */
  readonly book: Book;
  /** Undelivered messages, oldest first. */
  readonly waiting: readonly Message[];
}

/** The memory by the names of webhooks. */
export type Memory = ReadonlyMap<string, Remembered>;

/** Version of the text. */
const schema = 1;

/** The memory as a text; unreported conditions are omitted, because the next run measures their duration itself. */
export function memoryText(memory: Memory): string {
  const webhooks = Object.fromEntries([...memory].map(([name, { book, waiting }]) => {
    const entries = [...book.values()].filter(({ phase }) => phase.kind !== "new").map(({ goneMs: _, ...entry }) =>
      entry
    );
    return [name, { entries, waiting }];
  }));
  return JSON.stringify({ schema, webhooks });
}

const text = v.pipe(v.string(), v.maxLength(10_000));
const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));
const event = v.picklist(conditionEvents as readonly [ConditionEvent, ...ConditionEvent[]]);
const severity = v.picklist(["critical", "warning", "info"]);
const condition = v.object({
  key: text,
  event,
  severity,
  code: text,
  text,
  hint: text,
  detail: v.exactOptional(text),
  sinceMs: v.exactOptional(ms),
});
const entry = v.object({
  condition,
  phase: v.variant("kind", [
    v.object({ kind: v.literal("told") }),
    v.object({ kind: v.literal("over"), endedMs: ms }),
  ]),
  sinceMs: ms,
  quietMs: ms,
});
const message = v.object({
  schema: v.literal(1),
  id: text,
  time: v.pipe(text, v.isoTimestamp()),
  event: v.union([event, v.literal("test")]),
  state: v.picklist(["began", "ended"]),
  key: text,
  code: text,
  severity,
  text,
  hint: text,
  detail: v.exactOptional(text),
  since: v.pipe(text, v.isoTimestamp()),
  framework: v.object({ name: text, id: v.exactOptional(text) }),
  instance: v.object({ version: text, url: v.exactOptional(text) }),
});
const remembered = v.object({ entries: v.array(entry), waiting: v.array(message) });
const shape = v.object({ schema: v.literal(schema), webhooks: v.record(v.string(), remembered) });

/**
 * Parses a text; nothing if it is not ours. A condition that is reported immediately has not ended just because this
 * run has not seen it yet: it must be gone for a while, like others. `nowMs`: later times are reset to it.
 */
export function memoryOf(given: string, nowMs: number): Memory {
  const parsed = v.safeParse(shape, jsonOf(given));
  if (!parsed.success) return new Map();
  return new Map(
    Object.entries(parsed.output.webhooks).map(([name, { entries, waiting }]) => [name, {
      book: new Map(entries.map((each) => [each.condition.key, notInFuture(each, nowMs)])),
      waiting: waiting as readonly Message[],
    }]),
  );
}

function notInFuture({ condition: told, phase, sinceMs, quietMs }: v.InferOutput<typeof entry>, nowMs: number): Entry {
  return {
    condition: told as Condition,
    phase: phase.kind === "over" ? { kind: "over", endedMs: Math.min(phase.endedMs, nowMs) } : phase,
    sinceMs: Math.min(sinceMs, nowMs),
    quietMs,
  };
}

function jsonOf(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}
