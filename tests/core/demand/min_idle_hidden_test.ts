// Agents that are kept idle while lists now and then lack a record.

import { assertEquals } from "@std/assert";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  linux,
  minute,
  offer,
  only,
  second,
  theOne,
} from "../../support/core.ts";

const other = gocdAgent("other", building);

/** A poll of these, then an offer: how many agents are launched. */
function launched(world: Driver, ...agents: readonly ReturnType<typeof gocdAgent>[]): number {
  world.wait(2 * minute, 10 * second);
  world.poll({ agents: [...agents, other] });
  world.offers(offer("h1"));
  return only(world.taken(), "accept-offers").length;
}

Deno.test("a single list without the record of the idle agent launches no other, a second one does", () => {
  const world = drive({ profiles: [{ ...linux, minIdle: 1 }] });
  world.subscribe();
  world.poll({ agents: [other] });
  world.offers(offer("h1"));
  const taskId = theOne(world.taken(), "accept-offers").launches[0]?.taskId ?? "";
  world.status(taskId, "TASK_RUNNING");
  world.read(gocdAgent(taskId), other);
  for (let at = 0; at < 60; at++) {
    assertEquals(launched(world, ...(at % 5 === 4 ? [] : [gocdAgent(taskId)])), 0, `poll ${at}`);
  }
  assertEquals([launched(world, gocdAgent(taskId)), launched(world), launched(world)], [0, 0, 1]);
});
