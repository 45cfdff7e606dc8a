// The queue of events: order, limits, and room for streams.

import { assertEquals } from "@std/assert";
import type { Event } from "../../src/core/event.ts";
import { Inbox, updatesMax } from "../../src/runtime/inbox.ts";
import { settle } from "../support/virtual_clock.ts";

const never = new AbortController().signal;
const rescinded = (number: number): Event => ({ kind: "offer-rescinded", offerId: `o-${number}` });

Deno.test("thousands of events are taken in the order in which they were posted", async () => {
  const inbox = new Inbox();
  let next = 0;
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 100; count++) inbox.post(rescinded(next++));
    for (let count = 0; count < 90; count++) await inbox.next(never);
  }
  assertEquals(inbox.length, 500);
  assertEquals(await inbox.next(never), rescinded(4_500));
});

Deno.test("next() waits for an event, or for the abort", async () => {
  const inbox = new Inbox();
  const waiting = inbox.next(never);
  inbox.post(rescinded(1));
  assertEquals(await waiting, rescinded(1));
  const ending = new AbortController();
  const last = inbox.next(ending.signal);
  ending.abort();
  assertEquals(await last, undefined);
});

Deno.test("queued events can still be taken after the abort, and then undefined", async () => {
  const inbox = new Inbox();
  inbox.post(rescinded(1));
  const over = AbortSignal.abort();
  assertEquals(await inbox.next(over), rescinded(1));
  assertEquals(await inbox.next(over), undefined);
});

Deno.test("at most one tick is queued, in addition to any other events", async () => {
  const inbox = new Inbox();
  for (let count = 0; count < 3; count++) {
    inbox.post(rescinded(count));
    inbox.post({ kind: "tick" });
  }
  assertEquals(inbox.length, 4);
  const first = [await inbox.next(never), await inbox.next(never)];
  assertEquals(first, [rescinded(0), { kind: "tick" }]);
  inbox.post({ kind: "tick" });
  assertEquals(inbox.length, 3, "a new one is taken once the last is out");
});

const update: Event = {
  kind: "task-status-updated",
  status: { taskId: "t", state: "TASK_RUNNING", message: "", mesosAgentId: "a", uuid: "u" },
};

/** How many events a stream can pass on without a consumer. */
async function handedOver(inbox: Inbox, event: Event): Promise<number> {
  let count = 0;
  const stop = new AbortController();
  const stream = async (): Promise<void> => {
    while (true) {
      await inbox.room(event, stop.signal);
      if (stop.signal.aborted) return;
      inbox.post(event);
      count++;
    }
  };
  const ended = stream();
  for (let turn = 0; turn < 20; turn++) await settle();
  stop.abort();
  await ended;
  return count;
}

Deno.test("room() admits one large event or a limited number of updates until they are taken", async () => {
  const inbox = new Inbox();
  assertEquals(await handedOver(inbox, rescinded(1)), 1);
  assertEquals(await handedOver(inbox, rescinded(2)), 0);
  inbox.post({ kind: "gocd-agents-read", agents: [] });
  assertEquals(inbox.length, 2, "others get in all the same");
  await inbox.next(never);
  await inbox.next(never);
  assertEquals(await handedOver(inbox, update), updatesMax);
  assertEquals(inbox.takeWhile((event) => event.kind === "task-status-updated", updatesMax).length, updatesMax);
  const room = inbox.room(rescinded(3), never);
  await room;
  assertEquals(await handedOver(inbox, rescinded(3)), 1);
  let isThere = false;
  const waiting = inbox.room(rescinded(4), never).then(() => isThere = true);
  await settle();
  assertEquals(isThere, false);
  await inbox.next(never);
  await waiting;
});
