// The queue of events between a session and its consumer.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { MesosEvent } from "../../src/core/event.ts";
import type { MesosError } from "../../src/mesos/api.ts";
import { createEventQueue } from "../../src/mesos/event_queue.ts";
import { drain } from "../support/scripted_master.ts";
import { rescinded } from "../support/subscribed_bench.ts";

Deno.test("a queue over its limit of events or bytes ends with an error, and drops all waiting events except an ERROR", async () => {
  const failedOver = { kind: "framework-error", error: "failed-over", message: "Framework failed over" } as const;
  for (const limits of [{ eventsMax: 3, bytesMax: 1e9 }, { eventsMax: 1e9, bytesMax: 30 }]) {
    for (const errorAt of [0, 2, 3, undefined]) {
      const queue = createEventQueue(() => {}, limits);
      const failures: (MesosError | undefined)[] = [];
      for (let index = 0; index < 6; index++) {
        failures.push(queue.push(index === errorAt ? failedOver : { kind: "heartbeat" }, 10));
      }
      const { events, error } = await drain(queue.events);
      assertEquals(events, errorAt === undefined ? [] : [failedOver]);
      const held = errorAt === 3 ? "4 are queued (40 bytes)" : "3 are queued (30 bytes)";
      assertStringIncludes(error?.message ?? "", held);
      assertEquals(failures.filter((each) => each !== undefined), error === undefined ? [] : [error]);
    }
  }
});

Deno.test("a queue returns events in order, including events added during the iteration", async () => {
  const queue = createEventQueue(() => {});
  const ids = Array.from({ length: 5_000 }, (_, index) => `o${index}`);
  const seen: MesosEvent[] = [];
  rescinded(...ids.slice(0, 3_000)).forEach((event) => queue.push(event, 1));
  for await (const event of queue.events) {
    seen.push(event);
    if (seen.length === 1_500) rescinded(...ids.slice(3_000)).forEach((event) => queue.push(event, 1));
    if (seen.length === ids.length) queue.stop();
  }
  assertEquals(seen, rescinded(...ids));
});
