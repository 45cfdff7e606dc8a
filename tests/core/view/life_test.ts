// The state of an instance in one word, and since when.

import { assertEquals } from "@std/assert";
import { lifeSpan, sinceOf, stateOf } from "../../../src/core/view/life.ts";
import { zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered } from "../instance_fixtures.ts";

Deno.test("a starting instance has to register once its container runs", () => {
  const starting = anInstance("t", { state: "starting" });
  const running = anInstance("t", { state: "starting", runningSinceMs: zeroMs + 5 });
  assertEquals(lifeSpan(starting), { state: "starting", sinceMs: zeroMs });
  assertEquals(lifeSpan(running), { state: "registering", sinceMs: zeroMs + 5 });
  assertEquals([stateOf(running), sinceOf(running)], ["starting", zeroMs]);
});

Deno.test("of a registered instance what its agent does is reported, and since when it does that", () => {
  const built = { ...aRegistered("t", "building"), activity: { kind: "building" as const, sinceMs: zeroMs + 7 } };
  assertEquals([stateOf(built), sinceOf(built)], ["building", zeroMs + 7]);
  assertEquals(lifeSpan(built), { state: "building", sinceMs: zeroMs + 7 });
  assertEquals(stateOf(aRegistered("t", "idle")), "idle");
});
