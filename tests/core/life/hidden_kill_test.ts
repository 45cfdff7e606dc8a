// The repeated KILL of an agent whose record was left on the server, and is missing from a list for a moment.

import { assertEquals } from "@std/assert";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  minute,
  only,
  problem,
  second,
  withIdleAgent,
} from "../../support/core.ts";

/** An agent that is stopped although its record cannot be deleted; the KILL is lost. */
function killLost(): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  world.wait(10 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  for (let reads = 0; world.instance(taskId).state === "draining" && reads < 60; reads++) {
    world.wait(10 * second);
    world.read(gocdAgent(taskId, { configState: "Disabled" }));
    for (const call of only(world.taken(), "delete-gocd-agents")) {
      world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "refused", code: "gocd-forbidden" }) });
    }
  }
  const kill = { kind: "kill-task", taskId, graceMs: 0 } as const;
  world.send({ kind: "mesos-call-failed", call: kill, outcome: "unknown", message: "" });
  world.taken();
  return { world, taskId };
}

/** How many KILLs are sent while lists lack its record. */
function killsUnseen(world: Driver, forMs: number): number {
  const other = gocdAgent("other", { gocdResources: ["other"] });
  for (const endMs = world.atMs + forMs; world.atMs < endMs;) {
    world.wait(5 * second);
    world.read(other);
    world.wait(second);
  }
  return only(world.taken(), "kill-task").length;
}

Deno.test("a KILL without effect is not repeated while lists lack the record that was left: it may be enabled by now", () => {
  const { world, taskId } = killLost();
  assertEquals(killsUnseen(world, minute), 0);
  // Somebody has enabled it, and it builds.
  world.read(gocdAgent(taskId, building));
  assertEquals(world.instance(taskId).state, "draining");
});

Deno.test("it is repeated once the record has been missing for ten minutes", () => {
  const { world } = killLost();
  assertEquals([killsUnseen(world, 9 * minute), killsUnseen(world, 3 * minute) > 0], [0, true]);
});

Deno.test("it is repeated while lists show the record that was left disabled", () => {
  const { world, taskId } = killLost();
  for (let reads = 0; reads < 4; reads++) {
    world.wait(5 * second);
    world.read(gocdAgent(taskId, { configState: "Disabled" }));
    world.wait(second);
  }
  assertEquals(only(world.taken(), "kill-task").length > 0, true);
});

Deno.test("the same after a restart, which has seen no list with the record", () => {
  const { world } = killLost();
  const { framework, controls, instances } = world.state;
  const again = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  again.subscribe();
  again.taken();
  assertEquals([killsUnseen(again, 9 * minute), killsUnseen(again, 3 * minute) > 0], [0, true]);
});
