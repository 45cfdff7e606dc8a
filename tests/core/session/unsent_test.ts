// Calls that certainly were not sent, or had no effect because the subscription was over.

import { assertEquals } from "@std/assert";
import { drive, jobs, offer, only, second, theOne } from "../../support/core.ts";

Deno.test("a launch that was not sent is made again with the next offer, although Mesos does not know its host yet", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const call = theOne(world.taken(), "accept-offers");
  world.send({ kind: "disconnected", reason: "the leading master has changed" });
  world.send({ kind: "mesos-call-failed", call, outcome: "void", message: "not subscribed" });
  world.subscribe();
  world.wait(2 * second);
  world.offers(offer("h2"));
  assertEquals(only(world.taken(), "accept-offers").map(({ mesosAgentId }) => mesosAgentId), ["a-h2"]);
  assertEquals(world.state.breakers.profiles.size, 0, "its profile is not at fault");
});
