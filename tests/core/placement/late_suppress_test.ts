// A SUPPRESS without a response may arrive late, whatever becomes of the calls after it.

import { assertEquals } from "@std/assert";
import { drive, jobs, kinds, minute, second, theOne } from "../../support/core.ts";

Deno.test("a SUPPRESS that may arrive late is remembered when the next REVIVE fails", () => {
  const world = drive();
  world.subscribe();
  world.poll();
  const suppress = theOne(world.taken(), "suppress-offers");
  world.send({ kind: "mesos-call-failed", call: suppress, outcome: "unknown", message: "no answer" });
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  const revive = theOne(world.taken(), "revive-offers");
  world.send({ kind: "mesos-call-failed", call: revive, outcome: "unknown", message: "no answer" });
  world.wait(20 * second);
  world.taken();
  const fromMs = world.atMs;
  while (!kinds(world.taken()).includes("revive-offers") && world.atMs - fromMs < 20 * minute) world.wait(second);
  assertEquals((world.atMs - fromMs) / minute <= 3, true, `${(world.atMs - fromMs) / minute} min`);
});
