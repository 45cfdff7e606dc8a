// The queue of events: order, bounds, and what it holds on to.

import { assert, assertEquals } from "@std/assert";
import type { Event } from "../../src/core/event.ts";
import { eventsMax, Inbox } from "../../src/runtime/inbox.ts";

const never = new AbortController().signal;
const rescinded = (number: number): Event => ({ kind: "offer-rescinded", offerId: `o-${number}` });

Deno.test("events come out in the order in which they came in, also across many", async () => {
  const inbox = new Inbox();
  let next = 0;
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 100; count++) assert(inbox.post(rescinded(next++)));
    for (let count = 0; count < 90; count++) await inbox.next(never);
  }
  assertEquals(inbox.length, 500);
  assertEquals(await inbox.next(never), rescinded(4_500));
});

Deno.test("a reader that waits is woken by an event, and by the end", async () => {
  const inbox = new Inbox();
  const waiting = inbox.next(never);
  inbox.post(rescinded(1));
  assertEquals(await waiting, rescinded(1));
  const ending = new AbortController();
  const last = inbox.next(ending.signal);
  ending.abort();
  assertEquals(await last, undefined);
});

Deno.test("what waits at the end is still given, then nothing", async () => {
  const inbox = new Inbox();
  inbox.post(rescinded(1));
  const over = AbortSignal.abort();
  assertEquals(await inbox.next(over), rescinded(1));
  assertEquals(await inbox.next(over), undefined);
});

Deno.test("a tick is left out while anything waits, so that a slow engine is not buried under ticks", () => {
  const inbox = new Inbox();
  inbox.post({ kind: "tick" });
  inbox.post({ kind: "tick" });
  assertEquals(inbox.length, 1);
  inbox.post(rescinded(1));
  inbox.post({ kind: "tick" });
  assertEquals(inbox.length, 2);
});

Deno.test("a full queue refuses, and takes again once one is out", async () => {
  const inbox = new Inbox();
  for (let count = 0; count < eventsMax; count++) assert(inbox.post(rescinded(count)));
  assertEquals(inbox.post(rescinded(0)), false);
  assertEquals(inbox.length, eventsMax);
  await inbox.next(never);
  assert(inbox.post(rescinded(0)));
});

Deno.test("the most that have waited at once stays known", async () => {
  const inbox = new Inbox();
  for (let number = 0; number < 3; number++) inbox.post(rescinded(number));
  await inbox.next(never);
  inbox.post(rescinded(3));
  assertEquals([inbox.length, inbox.lengthMax], [3, 3]);
});
