// A container that cannot be stopped is no slot that becomes free.

import { assertEquals } from "@std/assert";
import { minute, zeroMs } from "../../support/core.ts";
import { anInstance, stateOf } from "../instance_fixtures.ts";
import { makeRoom, shortageOf, spareLeaving } from "../../../src/core/demand/room.ts";
import type { Registered } from "../../../src/core/instance.ts";

Deno.test("an agent makes room at the limit although a KILL has had no effect for an hour", () => {
  const stuck = anInstance("k", { state: "killing", cause: "drained", lastKillMs: zeroMs } as never, {
    profile: "java",
  });
  const idle = anInstance("a", { state: "registered", uuid: "u", activity: { kind: "idle", sinceMs: zeroMs } }, {
    profile: "java",
  });
  const atMs = zeroMs + 60 * minute;
  const state = { ...stateOf([stuck, idle]), lastStepMs: atMs };
  const held = [{ profile: "linux", byProfile: 0, byFramework: 1 }];
  assertEquals(shortageOf(state, held).any, 1);
  assertEquals(spareLeaving(state, [], "java"), 0);
  const going = makeRoom(state, { held, idle: [idle as Registered] }, atMs);
  assertEquals(going.map(({ instance }) => instance.taskId), ["a"]);
});
