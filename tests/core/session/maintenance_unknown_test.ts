// A host is not given free for maintenance while it is not known whether agents of ours run there.

import { assertEquals } from "@std/assert";
import type { StoredState } from "../../../src/core/record.ts";
import { drive, type Driver, emptyStore, kinds, minute, reconciled, second } from "../../support/core.ts";
import { fenceId } from "../../../src/core/identity/lineage.ts";

/** The answer to a request for host a-h1. */
function answer(world: Driver): string[] {
  world.taken();
  const unavailability = { startMs: world.atMs + minute };
  world.send({ kind: "inverse-offers-received", offers: [{ id: "i", mesosAgentId: "a-h1", unavailability }] });
  return kinds(world.taken()).filter((kind) => kind !== "reconcile-tasks");
}

Deno.test("a restored older state gives no host free before Mesos has reported the tasks that it lacks", () => {
  const framework = { ...emptyStore.framework, frameworkId: "f-1", nextTaskNumber: 2 };
  const stored: StoredState = { ...emptyStore, framework };
  const world = drive({ stored });
  world.subscribe();
  assertEquals(answer(world), ["decline-inverse-offers"]);
  world.status("gocd-abc123-default-2", "TASK_RUNNING", reconciled);
  assertEquals(answer(world), ["decline-inverse-offers"]);
  world.status("gocd-abc123-default-2", "TASK_FINISHED");
  world.status(fenceId(framework), "TASK_GONE", { ...reconciled, mesosAgentId: "fence" });
  world.wait(second);
  assertEquals(answer(world), ["decline-inverse-offers"]);
  world.wait(minute);
  assertEquals(answer(world), ["accept-inverse-offers"]);
});

Deno.test("a request for no certain host is accepted if we have no agents at all", () => {
  const world = drive();
  world.subscribe();
  world.taken();
  const offers = [{ id: "i", unavailability: { startMs: world.atMs + minute } }];
  world.send({ kind: "inverse-offers-received", offers });
  assertEquals(kinds(world.taken()), ["accept-inverse-offers"]);
});
