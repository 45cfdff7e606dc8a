// Conditions that no picture shows, derived from notes: instantaneous events, and conditions outside the core.

import type { Note } from "../note.ts";
import { noteLine } from "../words/notes.ts";
import { type Condition, type ConditionFacts, conditionOf, keyOf } from "./condition.ts";

/** Conditions by their keys. */
export type Noted = ReadonlyMap<string, Condition>;

/** The conditions from notes so far, updated with one more; the same value if it is not relevant. */
export function withNote(noted: Noted, note: Note, atMs: number): Noted {
  const over = endedBy(note);
  if (over !== undefined) {
    const rest = [...noted].filter(([, { event }]) => !over.includes(event));
    return rest.length === noted.size ? noted : new Map(rest);
  }
  const facts = begunBy(note);
  if (facts === undefined) return noted;
  const { code, text, hint = "" } = noteLine(note, atMs);
  const condition = conditionOf({ ...facts, code, text, hint, sinceMs: noted.get(keyOf(facts))?.sinceMs ?? atMs });
  return new Map([...noted, [condition.key, condition]]);
}

type Begun = Pick<ConditionFacts, "event" | "subject" | "isSudden">;

const removed: Begun = { event: "framework-removed", isSudden: true };
const refused: Begun = { event: "credentials-refused", subject: "mesos" };

function begunBy(note: Note): Begun | undefined {
  switch (note.kind) {
    case "framework-refused":
      return note.error === "unauthorized" ? refused : removed;
    case "framework-removed":
    case "framework-replaced":
    case "framework-failed-over":
      return removed;
    case "mesos-failed":
      return note.code === "mesos-unauthorized" ? refused : undefined;
    default:
      return note.kind === "store-failed" ? { event: "state-not-stored" } : undefined;
  }
}

/** The events of conditions that a note ends. */
function endedBy({ kind }: Note): readonly Condition["event"][] | undefined {
  if (kind === "subscribed") return ["framework-removed", "credentials-refused"];
  return kind === "store-works" ? ["state-not-stored"] : undefined;
}
