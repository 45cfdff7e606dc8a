// When conditions are reported to webhooks: each once, with its end, and a flapping one at growing intervals.

import { assertEquals } from "@std/assert";
import { type Condition, conditionOf } from "../../src/core/view/condition.ts";
import { type Book, follow } from "../../src/notify/book.ts";
import { minute, second } from "../support/core.ts";

const hour = 60 * minute;
const afterMs = 2 * minute;

function condition(event: Condition["event"], more: Partial<Condition> = {}): Condition {
  return { ...conditionOf({ event, code: "some-code", text: `${event} is so`, hint: "" }), ...more };
}

interface Look {
  readonly atMs: number;
  readonly now: readonly Condition[];
  readonly isBlind?: boolean;
}

/** `120 began breaker`: what is told at each of these looks, in seconds. */
function told(looks: Iterable<Look>): readonly string[] {
  let book: Book = new Map();
  const lines: string[] = [];
  for (const { atMs, now, isBlind = false } of looks) {
    const followed = follow(book, { now, isBlind }, { atMs, afterMs });
    book = followed.book;
    lines.push(...followed.notices.map(({ state, condition: { key } }) => `${atMs / second} ${state} ${key}`));
  }
  return lines;
}

/** Every 5 s of so many; `isSo` says what is so when. */
function* every5s(lastMs: number, nowAt: (atMs: number) => readonly Condition[]): Iterable<Look> {
  for (let atMs = 0; atMs <= lastMs; atMs += 5 * second) yield { atMs, now: nowAt(atMs) };
}

const breaker = condition("breaker");

Deno.test("a condition is reported once it has lasted, and its end once it has been gone for as long", () => {
  const lines = told(every5s(20 * minute, (atMs) => atMs >= minute && atMs < 10 * minute ? [breaker] : []));
  assertEquals(lines, ["180 began breaker", "720 ended breaker"]);
});

Deno.test("a condition that ends before it has lasted is never reported", () => {
  assertEquals(told(every5s(hour, (atMs) => atMs % (20 * minute) < minute ? [breaker] : [])), []);
});

Deno.test("a condition that appears and disappears within seconds is reported as one", () => {
  const lines = told(
    every5s(30 * minute, (atMs) => atMs < 10 * minute && atMs % (20 * second) < 10 * second ? [breaker] : []),
  );
  assertEquals(lines.length, 2);
  assertEquals(lines[0], "120 began breaker");
});

Deno.test("a condition that flaps for a day is reported less and less often", () => {
  const lines = told(every5s(24 * hour, (atMs) => atMs % (20 * minute) < 10 * minute ? [breaker] : []));
  // Its end after 2, 4 and 8 minutes; 16 are longer than its pauses.
  assertEquals(lines.map((line) => line.split(" ").slice(1).join(" ")), [
    ...["began breaker", "ended breaker", "began breaker", "ended breaker", "began breaker", "ended breaker"],
    "began breaker",
  ]);
});

Deno.test("a condition that returns after an hour is reported again", () => {
  const times = (atMs: number): boolean => atMs % (3 * hour) < 10 * minute;
  const lines = told(every5s(6 * hour - minute, (atMs) => times(atMs) ? [breaker] : []));
  assertEquals(lines, ["120 began breaker", "720 ended breaker", "10920 began breaker", "11520 ended breaker"]);
});

Deno.test("conditions are distinguished by their keys", () => {
  const linux = condition("breaker", { key: "breaker/linux" });
  const lines = told(every5s(10 * minute, (atMs) => atMs < 5 * minute ? [breaker, linux] : [linux]));
  assertEquals(lines, ["120 began breaker", "120 began breaker/linux", "420 ended breaker"]);
});

Deno.test("a sudden condition and its end are reported at once", () => {
  const leader = condition("leader", { isSudden: true });
  assertEquals(told([{ atMs: 0, now: [leader] }, { atMs: 5 * second, now: [] }]), ["0 began leader", "5 ended leader"]);
});

Deno.test("a standby reports only the end of its leadership, and not of other conditions", () => {
  const leader = condition("leader", { isSudden: true });
  const leading = [{ atMs: 0, now: [leader, breaker] }, { atMs: 2 * minute, now: [leader, breaker] }];
  const standby = [{ atMs: 3 * minute, now: [], isBlind: true }, { atMs: hour, now: [], isBlind: true }];
  assertEquals(told([...leading, ...standby]), ["0 began leader", "120 began breaker", "180 ended leader"]);
});

Deno.test("a notice has the start of the condition, and the text of its end the duration", () => {
  const since = condition("breaker", { sinceMs: -3 * minute });
  let followed = follow(new Map(), { now: [since], isBlind: false }, { atMs: 0, afterMs: 0 });
  assertEquals(followed.notices.map(({ sinceMs, text }) => [sinceMs, text]), [[-3 * minute, "breaker is so"]]);
  followed = follow(followed.book, { now: [], isBlind: false }, { atMs: minute, afterMs: 0 });
  followed = follow(followed.book, { now: [], isBlind: false }, { atMs: 3 * minute, afterMs: 0 });
  assertEquals(followed.notices.map(({ sinceMs, text }) => [sinceMs, text]), [
    [-3 * minute, "over after 4 min: breaker is so"],
  ]);
});

Deno.test("at most 500 conditions are followed", () => {
  const flood = Array.from({ length: 2_000 }, (_, index) => condition("other", { key: `other/${index}` }));
  assertEquals(follow(new Map(), { now: flood, isBlind: false }, { atMs: 0, afterMs: 0 }).notices.length, 500);
});
