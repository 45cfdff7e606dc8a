// The process of an agent that only its address identifies starts again under another uuid and another name.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { building, confirmDeletes, gocdAgent, lostContact, minute, only, second, watch } from "../../support/core.ts";
import { ipAddress, nameless as first, withContainer, withNameless } from "../nameless_fixture.ts";

const disabled = { configState: "Disabled" } as const;
const anew = gocdAgent("unknown-host-8", { ipAddress, ...building });

Deno.test("an agent without our name that started again under another uuid keeps its build", () => {
  const { world, uuid } = withNameless();
  watch(world, 11 * minute, { ...first, ...lostContact }, anew);
  watch(world, 9 * minute, { ...first, ...lostContact, ...disabled }, anew);
  confirmDeletes(world);
  watch(world, 20 * minute, anew);
  assertEquals(only(world.taken(), "kill-task"), []);
  assertEquals(uuid(), anew.uuid);
});

Deno.test("nor is it stopped while the dead process still looks idle, or after lists have shown a third one", () => {
  const { world, taskId, uuid } = withNameless();
  const third = gocdAgent("unknown-host-9", { ipAddress, ...building });
  watch(world, 2 * minute, first, anew);
  assertEquals(uuid(), anew.uuid);
  watch(world, 11 * minute, { ...first, ...lostContact }, { ...anew, ...lostContact }, third);
  assertEquals(uuid(), third.uuid);
  assertEquals(world.instance(taskId).formerUuids, [first.uuid, anew.uuid]);
  assertEquals(only(world.taken(), "kill-task"), []);
});

for (
  const [what, other, isItsAgent] of [
    ["an agent at another address", { ...anew, ipAddress: "10.9.0.8" }, false],
    ["an agent with other resources", { ...anew, gocdResources: ["windows"] }, false],
    ["an agent out of contact", { ...anew, ...lostContact }, false],
    ["an agent at its address", anew, true],
  ] as readonly (readonly [string, GocdAgent, boolean])[]
) {
  Deno.test(`the KILL of a drained agent ${isItsAgent ? "is not" : "is"} repeated beside ${what}`, () => {
    const { world, taskId } = withNameless();
    world.wait(10 * minute, 10 * second);
    world.poll({ agents: [first] });
    for (let i = 0; i < 6; i++) {
      world.read({ ...first, ...disabled });
      world.wait(10 * second);
    }
    confirmDeletes(world);
    world.read();
    assertEquals(world.instance(taskId).state, "killing");
    assertEquals(only(world.taken(), "kill-task").length, 1);
    watch(world, 2 * minute, other);
    assertEquals(only(world.taken(), "kill-task").length === 0, isItsAgent);
  });
}

Deno.test("a drained agent is not stopped on the list that shows another at its address for the first time", () => {
  const { world, taskId, uuid } = withNameless();
  world.wait(10 * minute, 10 * second);
  world.poll({ agents: [first] });
  for (let i = 0; i < 6; i++) {
    world.read({ ...first, ...disabled });
    world.wait(10 * second);
  }
  confirmDeletes(world);
  world.read(anew);
  watch(world, 2 * minute, anew);
  assertEquals(only(world.taken(), "kill-task"), []);
  assertEquals([world.instance(taskId).state, uuid()], ["registered", anew.uuid]);
});

Deno.test("nor is one whose record somebody has deleted before it registered again", () => {
  const { world, taskId, uuid } = withNameless();
  watch(world, 9 * minute);
  assertEquals(world.instance(taskId).state, "registered");
  watch(world, 2 * minute, anew);
  assertEquals(only(world.taken(), "kill-task"), []);
  assertEquals([world.instance(taskId).state, uuid()], ["registered", anew.uuid]);
});

Deno.test("an agent with our name keeps its record beside an agent of others that has its address on another host", () => {
  const { world, taskId } = withContainer();
  const own = gocdAgent(taskId, { ipAddress });
  watch(world, 11 * second, own);
  watch(world, 2 * minute, own, anew);
  const { uuid } = { uuid: undefined, ...world.instance(taskId) };
  assertEquals(uuid, own.uuid);
  // Its record was deleted, and is not known any more.
  watch(world, 11 * minute, anew);
  assertEquals(world.instance(taskId).state, "killing");
});
