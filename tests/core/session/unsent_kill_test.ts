// A KILL that certainly was not sent: its container has no reason to end, and its agent may take work.

import { assertEquals } from "@std/assert";
import {
  building,
  type Driver,
  gocdAgent,
  minute,
  only,
  reconciled,
  second,
  waitWith,
  withRunning,
} from "../../support/core.ts";

/** A container whose KILL at its register-timeout was decided just as the subscription ended. */
function unsent(): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withRunning();
  while (world.instance(taskId).state === "starting") waitWith(world, second, []);
  const call = only(world.taken(), "kill-task")[0];
  if (call === undefined) throw new Error("no KILL");
  world.send({ kind: "mesos-call-failed", call, outcome: "void", message: "not subscribed" });
  return { world, taskId };
}

Deno.test("a container whose KILL was not sent has not certainly ended when an empty registry lacks it", () => {
  const { world, taskId } = unsent();
  world.send({ kind: "teardown-requested", mode: "drain" });
  world.send({ kind: "disconnected", reason: "the leading master has changed" });
  world.subscribe();
  world.status(taskId, "TASK_UNKNOWN", reconciled);
  assertEquals(world.instance(taskId).state, "gone");
  waitWith(world, 5 * minute, []);
  assertEquals(only(world.taken(), "teardown-framework"), [], "it may register and build any moment");
});

Deno.test("an agent that registers after a KILL that was not sent is used like any other", () => {
  const { world, taskId } = unsent();
  world.read(gocdAgent(taskId, building));
  assertEquals([world.instance(taskId).state, world.instance(taskId).retire], ["registered", undefined]);
  waitWith(world, minute, [gocdAgent(taskId, building)]);
  assertEquals(only(world.taken(), "disable-gocd-agents"), []);
});

Deno.test("that a later KILL was not sent says nothing of the first, and nothing of an agent that was taken back", () => {
  const { world, taskId } = withRunning();
  while (world.instance(taskId).state === "starting") waitWith(world, second, []);
  const first = world.instance(taskId).lastKillMs;
  const unsentAgain = (): number | undefined => {
    const call = { kind: "kill-task", taskId, mesosAgentId: "a-h1", graceMs: 0 } as const;
    world.send({ kind: "mesos-call-failed", call, outcome: "void", message: "not subscribed" });
    return world.instance(taskId).lastKillMs;
  };
  waitWith(world, 2 * minute, []);
  const again = world.instance(taskId).lastKillMs;
  assertEquals([again === first, unsentAgain()], [false, again]);
  world.read(gocdAgent(taskId, building));
  assertEquals([world.instance(taskId).state, unsentAgain()], ["draining", again]);
});
