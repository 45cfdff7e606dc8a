// The delivery of messages to a target on virtual time: in order, each once, retried at growing intervals, within
// limits.

import { assert, assertEquals } from "@std/assert";
import { conditionOf } from "../../src/core/view/condition.ts";
import { type Message, messageOf } from "../../src/notify/message.ts";
import { ageMsMax, createOutbox, type Outbox, type OutboxNews, waitingMax } from "../../src/notify/outbox.ts";
import type { SendResult } from "../../src/notify/send.ts";
import { minute, second } from "../support/core.ts";
import { type VirtualTime, virtualTime } from "../support/test_time.ts";

const hour = 60 * minute;
const delivered: SendResult = { kind: "delivered", status: 200 };
const down: SendResult = { kind: "failed", what: "500", hint: "look", isUnwanted: false };

interface Try {
  readonly id: string;
  readonly lost: number;
  readonly atMs: number;
}

interface Bench {
  readonly outbox: Outbox;
  readonly time: VirtualTime;
  readonly tries: readonly Try[];
  readonly arrived: readonly string[];
  readonly news: readonly OutboxNews[];
  add(id: string): void;
  stop(): Promise<void>;
}

/** An outbox whose target answers as `answer` says; a try takes so long. */
function bench(answer: (aTry: Try) => SendResult, tookMs = 100): Bench {
  const time = virtualTime();
  const startMs = time.clock.nowMs();
  const tries: Try[] = [];
  const arrived: string[] = [];
  const news: OutboxNews[] = [];
  const ending = new AbortController();
  const outbox = createOutbox({
    send: async ({ message, lost }, signal) => {
      const aTry = { id: message.id, lost, atMs: time.clock.nowMs() - startMs };
      tries.push(aTry);
      await time.clock.sleep(tookMs, signal);
      const result = answer(aTry);
      if (result.kind === "delivered") arrived.push(message.id);
      return result;
    },
    nowMs: time.clock.nowMs,
    sleep: time.clock.sleep,
    random: () => 1,
    tell: (each) => void news.push(each),
  });
  const running = outbox.run(ending.signal);
  const stop = async (): Promise<void> => {
    ending.abort();
    await time.during(running);
  };
  const add = (id: string): void => outbox.add(aMessage(id, time.clock.nowMs()));
  return { outbox, time, tries, arrived, news, stop, add };
}

function aMessage(id: string, atMs: number): Message {
  const condition = conditionOf({ event: "breaker", code: "profile-failing", text: "it fails", hint: "" });
  const notice = { state: "began", condition, sinceMs: atMs, atMs, text: "it fails" } as const;
  return messageOf(notice, { version: "1", frameworkName: "f" }, id);
}

const counts = (outbox: Outbox): readonly number[] => {
  const { waiting, delivered, failed, lost } = outbox.state();
  return [waiting, delivered, failed, lost];
};

Deno.test("messages are delivered in order, one after the other", async () => {
  const { add, time, arrived, tries, outbox, stop } = bench(() => delivered);
  for (const id of ["a", "b", "c"]) add(id);
  await time.pass(second);
  assertEquals(arrived, ["a", "b", "c"]);
  assertEquals(tries.map(({ atMs }) => atMs), [0, 100, 200]);
  assertEquals(counts(outbox), [0, 3, 0, 0]);
  await stop();
});

Deno.test("a target that was down for an hour receives all messages in order, and the failure is reported once", async () => {
  const { add, time, arrived, tries, news, outbox, stop } = bench(({ atMs }) => atMs < hour ? down : delivered);
  for (const id of ["a", "b", "c"]) add(id);
  await time.pass(2 * hour);
  assertEquals(arrived, ["a", "b", "c"]);
  const gaps = tries.slice(1, 12).map(({ atMs }, index) => Math.round((atMs - (tries[index]?.atMs ?? 0)) / second));
  assertEquals(gaps, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  assert(tries.length < 30, "pauses grow");
  assertEquals(news.map(({ kind }) => kind), ["failed", "works"]);
  assertEquals(outbox.state().failing, undefined);
  await stop();
});

Deno.test("too many messages drop the oldest ones, and the next delivered message has their number", async () => {
  let isDown = true;
  const { add, time, arrived, tries, news, outbox, stop } = bench(() => isDown ? down : delivered);
  for (let number = 0; number < waitingMax + 5; number++) add(`${number}`);
  await time.pass(minute);
  for (let number = 0; number < 2; number++) add(`late ${number}`);
  assertEquals(counts(outbox).slice(0, 1), [waitingMax]);
  isDown = false;
  await time.pass(hour);
  assertEquals(arrived.length, waitingMax);
  assertEquals(arrived[0], "5", "the first four went before the first try, and one more");
  assertEquals(arrived.at(-1), "late 1");
  const told = tries.filter(({ lost }) => lost > 0).at(-1);
  assertEquals(told?.lost, 7);
  assertEquals(tries.at(-1)?.lost, 0, "it is told once");
  assertEquals(news.filter(({ kind }) => kind === "lost").length, 7);
  await stop();
});

Deno.test("a message that the receiver refuses is dropped after three tries, and the others are delivered", async () => {
  const refused: SendResult = { kind: "failed", what: "400", hint: "format", isUnwanted: true };
  const { add, time, arrived, tries, news, stop } = bench(({ id }) => id === "a" ? refused : delivered);
  for (const id of ["a", "b"]) add(id);
  await time.pass(minute);
  assertEquals(tries.map(({ id, lost }) => `${id} ${lost}`), ["a 0", "a 0", "a 0", "b 1"]);
  assertEquals(arrived, ["b"]);
  assertEquals(news.map((each) => each.kind === "lost" ? each.why : each.kind), ["failed", "unwanted", "works"]);
  await stop();
});

Deno.test("a message older than the maximum age is dropped", async () => {
  const { add, time, arrived, news, outbox, stop } = bench(({ atMs }) => atMs < 2 * ageMsMax ? down : delivered);
  add("old");
  await time.pass(ageMsMax + hour);
  assertEquals(counts(outbox).filter((_, index) => index !== 2), [0, 0, 1]);
  add("new");
  await time.pass(ageMsMax);
  assertEquals(arrived, ["new"]);
  assertEquals(news.map((each) => each.kind === "lost" ? each.why : each.kind), ["failed", "too-old", "works"]);
  await stop();
});

Deno.test("the next try waits for the retry-after of the receiver", async () => {
  const busy: SendResult = { ...down, retryAfterMs: 90 * second };
  const { add, time, tries, stop } = bench(({ atMs }) => atMs === 0 ? busy : delivered);
  add("a");
  await time.pass(2 * minute);
  assertEquals(tries.map(({ atMs }) => atMs), [0, 90_100]);
  await stop();
});

Deno.test("hurry() tries a waiting message at once", async () => {
  let isDown = true;
  const { add, time, arrived, outbox, stop } = bench(() => isDown ? down : delivered);
  add("a");
  await time.pass(10 * minute);
  isDown = false;
  outbox.hurry();
  await time.pass(second);
  assertEquals(arrived, ["a"]);
  outbox.hurry();
  add("b");
  await time.pass(second);
  assertEquals(arrived, ["a", "b"]);
  await stop();
});

Deno.test("an outbox ends at once when aborted, and settled() does not wait for failing messages", async () => {
  const { add, time, outbox, stop } = bench(() => down);
  await time.during(outbox.settled());
  add("a");
  await time.during(outbox.settled());
  await time.pass(10 * minute);
  await stop();
  assertEquals(counts(outbox)[0], 1);
});

Deno.test("settled() waits for messages that are delivered", async () => {
  const { add, time, arrived, outbox, stop } = bench(() => delivered);
  for (const id of ["a", "b"]) add(id);
  await time.during(outbox.settled());
  assertEquals(arrived, ["a", "b"]);
  await stop();
});
