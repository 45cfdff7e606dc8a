// A launch that was certainly not sent, which cannot be stored: ZooKeeper, whose lease is over, is also the store.

import { assertEquals } from "@std/assert";
import type { Event } from "../../../src/core/event.ts";
import { step } from "../../../src/core/step.ts";
import { withoutRecords } from "../../../src/core/unstored.ts";
import { drive, jobs, offer, only, second } from "../../support/core.ts";

Deno.test("Mesos is soon asked for a launch that was not sent, if that could not be stored", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [call] = only(world.taken(), "accept-offers");
  if (call === undefined) throw new Error("no ACCEPT");
  const event: Event = { kind: "mesos-call-failed", call, outcome: "void", message: "not sent" };
  const frame = step(world.state, { atMs: world.atMs, random: 0.5, event });
  let { state } = withoutRecords(world.state, event, frame);
  const asked: string[] = [];
  for (let seconds = 1; seconds <= 16; seconds++) {
    const tick = step(state, { atMs: world.atMs + seconds * second, random: 0.5, event: { kind: "tick" } });
    state = tick.state;
    for (const { tasks } of only(tick.effects, "reconcile-tasks")) asked.push(...tasks.map(({ taskId }) => taskId));
  }
  assertEquals(asked, call.launches.map(({ taskId }) => taskId));
});
