// Sent notifications, kept across a restart: as a text that is read back unchanged, and that is safe to read if it is
// damaged or hostile.

import { assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { conditionOf } from "../../src/core/view/condition.ts";
import { type Book, follow } from "../../src/notify/book.ts";
import { memoryOf, memoryText } from "../../src/notify/memory.ts";
import { messageOf } from "../../src/notify/message.ts";

const nowMs = 1_700_000_000_000;
const minute = 60_000;
const afterMs = 2 * minute;
const breaker = conditionOf({
  event: "breaker",
  subject: "linux",
  code: "profile-failing",
  text: "fails",
  hint: "look",
});
const removed = conditionOf({ event: "framework-removed", code: "removed", text: "gone", hint: "", isSudden: true });

function toldOf(...conditions: readonly typeof breaker[]): Book {
  const first = follow(new Map(), { now: conditions, isBlind: false }, { atMs: nowMs, afterMs });
  return follow(first.book, { now: conditions, isBlind: false }, { atMs: nowMs + afterMs, afterMs }).book;
}

const restarted = (book: Book, atMs = nowMs + afterMs): Book =>
  memoryOf(memoryText(new Map([["team", { book, waiting: [] }]])), atMs).get("team")?.book ?? new Map();

Deno.test("after a restart a reported condition is not reported again, and its end is reported", () => {
  const book = restarted(toldOf(breaker));
  const later = nowMs + 3 * minute;
  const seen = follow(book, { now: [breaker], isBlind: false }, { atMs: later, afterMs });
  assertEquals(seen.notices, []);
  const gone = follow(seen.book, { now: [], isBlind: false }, { atMs: later + minute, afterMs });
  const over = follow(gone.book, { now: [], isBlind: false }, { atMs: later + 5 * minute, afterMs });
  assertEquals(over.notices.map(({ state, condition: { key } }) => [state, key]), [["ended", "breaker/linux"]]);
});

Deno.test("after a restart a sudden condition that has not been seen again yet is not reported as ended", () => {
  const book = restarted(toldOf(removed));
  const first = follow(book, { now: [], isBlind: false }, { atMs: nowMs + 3 * minute, afterMs });
  assertEquals(first.notices, []);
  const again = follow(first.book, { now: [removed], isBlind: false }, { atMs: nowMs + 3.5 * minute, afterMs });
  assertEquals(again.notices, []);
});

Deno.test("unreported conditions are not stored, and times in the future are read as the current time", () => {
  const { book } = follow(new Map(), { now: [breaker], isBlind: false }, { atMs: nowMs, afterMs });
  assertEquals(restarted(book).size, 0);
  assertEquals(restarted(toldOf(breaker), nowMs - minute).get("breaker/linux")?.sinceMs, nowMs - minute);
});

Deno.test("undelivered messages are kept unchanged", () => {
  const notice = { state: "began", condition: breaker, sinceMs: nowMs, atMs: nowMs, text: "fails" } as const;
  const sender = { version: "1", frameworkName: "GoCD-Mesos", frameworkId: "f-1", url: "http://page" };
  const waiting = [messageOf(notice, sender, "id-1")];
  const memory = memoryOf(memoryText(new Map([["team", { book: new Map(), waiting }]])), nowMs);
  assertEquals(memory.get("team")?.waiting, waiting);
});

for (
  const text of [
    "",
    "{",
    "[]",
    '{"schema":2,"webhooks":{}}',
    '{"schema":1,"webhooks":{"a":{"entries":[{}],"waiting":[]}}}',
  ]
) {
  Deno.test(`a file with ${JSON.stringify(text)} is read as empty`, () => assertEquals(memoryOf(text, nowMs).size, 0));
}

Deno.test("any file is read without an exception and without times in the future", () => {
  fc.assert(fc.property(fc.json(), (text) => void memoryOf(text, nowMs)));
  const entry = fc.record({
    condition: fc.record({
      key: fc.string(),
      event: fc.constantFrom("breaker", "leader"),
      severity: fc.constantFrom("warning", "info"),
      code: fc.string(),
      text: fc.string(),
      hint: fc.string(),
    }),
    phase: fc.oneof(fc.constant({ kind: "told" }), fc.record({ kind: fc.constant("over"), endedMs: fc.nat() })),
    sinceMs: fc.nat({ max: 2 * nowMs }),
    quietMs: fc.nat(),
  });
  fc.assert(fc.property(fc.array(entry), (entries) => {
    const memory = memoryOf(JSON.stringify({ schema: 1, webhooks: { team: { entries, waiting: [] } } }), nowMs);
    const read = [...memory.get("team")?.book.values() ?? []];
    assertEquals(read.length, new Set(entries.map(({ condition }) => condition.key)).size);
    assertEquals(read.filter(({ sinceMs }) => sinceMs > nowMs), []);
  }));
});
