// A DELETE that the server has refused, or to which no response came, while lists lack the record.

import { assertEquals } from "@std/assert";
import type { AgentInstance, InstanceMarks } from "../../../src/core/instance.ts";
import { deleteDone } from "../../../src/core/life/drain.ts";
import {
  building,
  confirmDeletes,
  type Driver,
  gocdAgent,
  minute,
  only,
  problem,
  second,
  watch,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { aRegistered, draftAt } from "../instance_fixtures.ts";

const disabled = { configState: "Disabled" } as const;

/** What a drain does at the moment, or the state of an instance that is not draining. */
function stepOf(instance: AgentInstance): string {
  return instance.state === "draining" ? instance.step.kind : instance.state;
}

/** A driver that has requested the DELETE of its one agent. */
function deleting(): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  world.wait(10 * minute, 10 * second);
  world.poll({ agents: [gocdAgent(taskId)] });
  world.read(gocdAgent(taskId, disabled));
  world.skip(20 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(stepOf(world.instance(taskId)), "deleting");
  return { world, taskId };
}

Deno.test("an agent whose DELETE is refused is not stopped because some lists lack its record, which somebody may enable", () => {
  const { world, taskId } = deleting();
  const refuse = (): void => {
    for (const call of only(world.taken(), "delete-gocd-agents")) {
      world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "refused", code: "gocd-forbidden" }) });
    }
  };
  for (let look = 0; look < 16; look++) {
    refuse();
    watch(world, 30 * second);
  }
  assertEquals(stepOf(world.instance(taskId)), "deleting", "all lists of eight minutes lack it");
  world.read(gocdAgent(taskId, building));
  assertEquals(world.instance(taskId).state, "registered");
  assertEquals(only(world.taken(), "kill-task"), []);
});

Deno.test("an agent whose DELETE is refused is stopped once all lists of ten minutes lack its record", () => {
  const { world, taskId } = deleting();
  watch(world, 9 * minute);
  assertEquals(stepOf(world.instance(taskId)), "deleting");
  watch(world, 2 * minute);
  const killing = world.instance(taskId);
  assertEquals(killing.state === "killing" ? killing.cause : killing.state, "record-deleted");
});

Deno.test("a DELETE that is requested anew is not confirmed by the response to an earlier one", () => {
  const { world, taskId } = deleting();
  confirmDeletes(world);
  assertEquals(world.instance(taskId).isDeleted, true);
  world.wait(30 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals([world.instance(taskId).isDeleteAsked, world.instance(taskId).isDeleted], [true, undefined]);
  world.read();
  assertEquals(stepOf(world.instance(taskId)), "deleting");
});

Deno.test("a DELETE is confirmed of the record that it was requested for, and of no other", () => {
  const isDeleted = (marks: Partial<InstanceMarks>, uuid = "uuid-t"): boolean => {
    const draft = draftAt(zeroMs, [aRegistered("t", "idle", marks)]);
    for (const taskId of ["t", "forgotten"]) deleteDone(draft, { taskId, uuid });
    return draft.instance("t")?.isDeleted === true;
  };
  const asked = { isDeleteAsked: true } as const;
  assertEquals([isDeleted(asked), isDeleted({}), isDeleted(asked, "another")], [true, false, false]);
});
