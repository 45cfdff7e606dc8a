// A host is not given free for maintenance while an agent may run there that only the master reports as lost.

import { assertEquals } from "@std/assert";
import { doubtMsMax } from "../../../src/core/life/doubt.ts";
import {
  building,
  type Driver,
  gocdAgent,
  kinds,
  minute,
  reconciled,
  watch,
  withIdleAgent,
  withRunning,
} from "../../support/core.ts";

/** The answer to a repeated inverse offer for the host of the instance. */
function answer(world: Driver, mesosAgentId: string, isRepeated = false): string[] {
  if (!isRepeated) {
    answer(world, mesosAgentId, true);
    world.wait(30_000);
  }
  world.taken();
  const unavailability = { startMs: world.atMs + minute };
  world.send({ kind: "inverse-offers-received", offers: [{ id: "i", mesosAgentId, unavailability }] });
  return kinds(world.taken()).filter((kind) => kind !== "reconcile-tasks");
}

Deno.test("a master with an empty registry asks for a host whose agent it does not know yet: it is not given free", () => {
  const { world, taskId } = withRunning();
  const { mesosAgentId } = world.instance(taskId);
  world.status(taskId, "TASK_UNKNOWN", { ...reconciled, mesosAgentId });
  assertEquals(world.instance(taskId).state, "gone");
  assertEquals(answer(world, mesosAgentId), ["decline-inverse-offers"]);
  assertEquals(answer(world, "another"), ["accept-inverse-offers"]);
  watch(world, doubtMsMax);
  assertEquals(answer(world, mesosAgentId), ["accept-inverse-offers"]);
});

Deno.test("a host whose lost agent goes on building is not given free before it is drained", () => {
  const { world, taskId } = withIdleAgent();
  const { mesosAgentId } = world.instance(taskId);
  world.read(gocdAgent(taskId, building));
  world.status(taskId, "TASK_UNKNOWN", { ...reconciled, mesosAgentId });
  watch(world, doubtMsMax + minute, gocdAgent(taskId, building));
  assertEquals(world.instance(taskId).state, "gone");
  assertEquals(answer(world, mesosAgentId), ["decline-inverse-offers"]);
  watch(world, minute);
  assertEquals(answer(world, mesosAgentId), ["accept-inverse-offers"]);
});

Deno.test("Mesos has half a minute to report all tasks before a host is given free", () => {
  for (const waitMs of [29_999, 30_000]) {
    const { world } = withIdleAgent();
    const answers = [0, waitMs].map((ms) => {
      world.skip(ms);
      world.taken();
      const unavailability = { startMs: world.atMs + minute };
      world.send({ kind: "inverse-offers-received", offers: [{ id: "i", mesosAgentId: "another", unavailability }] });
      return kinds(world.taken()).filter((kind) => kind !== "reconcile-tasks")[0];
    });
    assertEquals(answers, [
      "decline-inverse-offers",
      waitMs < 30_000 ? "decline-inverse-offers" : "accept-inverse-offers",
    ]);
  }
});

Deno.test("nor is it given free if the request for all tasks may not have arrived", () => {
  const { world } = withIdleAgent();
  const ask = (): string | undefined => {
    world.taken();
    const unavailability = { startMs: world.atMs + minute };
    world.send({ kind: "inverse-offers-received", offers: [{ id: "i", mesosAgentId: "another", unavailability }] });
    return kinds(world.taken()).filter((kind) => kind !== "reconcile-tasks")[0];
  };
  assertEquals(ask(), "decline-inverse-offers");
  const call = { kind: "reconcile-tasks", tasks: [] } as const;
  world.send({ kind: "mesos-call-failed", call, outcome: "unknown", message: "no answer" });
  world.skip(40_000);
  assertEquals(ask(), "decline-inverse-offers");
  world.skip(minute);
  assertEquals(ask(), "accept-inverse-offers");
});
