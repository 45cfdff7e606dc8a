// An abandoned SUBSCRIBE may arrive after the next one and fail that over. This is not another instance.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { lateSubscribeMs, subscribeAnswerMs } from "../../src/mesos/http_scheduler.ts";
import {
  drain,
  identity,
  mesosError,
  type OpenStream,
  openStream,
  startMaster,
  subscribed,
  testScheduler,
} from "../support/scripted_master.ts";

const second = 1_000;
const failedOver = { type: "ERROR", error: { message: "Framework failed over" } };

/** A first SUBSCRIBE without an answer, then subscriptions that are failed over; returns the error of each. */
async function play(afterMs: number, sessions: number): Promise<readonly string[]> {
  const asked = Promise.withResolvers<void>();
  const never = Promise.withResolvers<Response>();
  const streams: OpenStream[] = [];
  await using master = startMaster(() => {
    if (streams.length === 0) asked.resolve();
    const stream = openStream();
    stream.send(subscribed);
    streams.push(stream);
    return streams.length === 1 ? never.promise : stream.response;
  });
  let nowMs = 1_800_000_000_000;
  using test = testScheduler(master.address, {}, { nowMs: () => nowMs });
  const first = mesosError(test.scheduler.subscribe(identity, "f1", test.signal), "unreachable");
  await asked.promise;
  test.timer.fire(subscribeAnswerMs);
  await first;
  never.resolve(new Response());
  nowMs += afterMs;
  const told: string[] = [];
  for (let session = 0; session < sessions; session++) {
    const { events } = await test.scheduler.subscribe(identity, "f1", test.signal);
    const stream = streams.at(-1);
    stream?.send(failedOver);
    stream?.end();
    const { events: seen, error } = await drain(events);
    const kinds = seen.map(({ kind }) => kind).join(" ");
    told.push(`${kinds}, ${error?.message.includes("of our own") ? "ours" : "ended"}`);
    if (told.at(-1)?.endsWith("ours")) assertStringIncludes(error?.message ?? "", master.address);
  }
  return told;
}

Deno.test("a failover soon after an unanswered SUBSCRIBE is attributed to that SUBSCRIBE, once", async () => {
  assertEquals(await play(lateSubscribeMs - 1, 3), [
    "subscribed, ours",
    "subscribed framework-error, ended",
    "subscribed framework-error, ended",
  ]);
});

for (
  const [what, afterMs] of [["long after an unanswered SUBSCRIBE", lateSubscribeMs], [
    "after the clock was set back",
    -lateSubscribeMs,
  ]] as const
) {
  Deno.test(`a failover ${what} is attributed to another instance`, async () => {
    assertEquals(await play(afterMs, 1), ["subscribed framework-error, ended"]);
  });
}

/** Subscribes, is failed over after `afterMs`, and returns who has done that; `before`: what the same program did first. */
async function failover(afterMs: number, before: "aborted" | "subscribed" | "nothing"): Promise<string> {
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Response>();
  let stream = openStream();
  let requests = 0;
  await using master = startMaster(() => {
    requests++;
    asked.resolve();
    if (before === "aborted" && requests === 1) return held.promise;
    stream = openStream();
    stream.send(subscribed);
    return stream.response;
  });
  let nowMs = 1_800_000_000_000;
  using test = testScheduler(master.address, {}, { nowMs: () => nowMs });
  if (before === "aborted") {
    nowMs -= lateSubscribeMs;
    const giving = new AbortController();
    const first = mesosError(test.scheduler.subscribe(identity, "f1", giving.signal), "unreachable");
    await asked.promise;
    nowMs += lateSubscribeMs;
    giving.abort();
    await first;
    held.resolve(new Response());
  } else if (before === "subscribed") {
    const { events } = await test.scheduler.subscribe(identity, "f1", test.signal);
    nowMs += 10 * lateSubscribeMs;
    stream.end();
    await drain(events);
  }
  const { events } = await test.scheduler.subscribe(identity, "f1", test.signal);
  nowMs += afterMs;
  stream.send(failedOver);
  stream.end();
  const { error } = await drain(events);
  return error?.message.includes("of our own") === true ? "ours" : "another instance";
}

Deno.test("an attempt that was aborted, e.g. because the configuration has changed, may arrive late, too", async () => {
  assertEquals(await failover(second, "aborted"), "ours");
});

Deno.test("soon after a start or an election the SUBSCRIBE of the process or leader before may arrive, later it is another instance", async () => {
  assertEquals([await failover(lateSubscribeMs - 1, "nothing"), await failover(lateSubscribeMs, "nothing")], [
    "ours",
    "another instance",
  ]);
  assertEquals(await failover(second, "subscribed"), "another instance");
});
