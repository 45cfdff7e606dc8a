// Several records of one agent: which one counts, what is known of the others, and what a teardown leaves.

import { assertEquals } from "@std/assert";
import { step } from "../../../src/core/step.ts";
import { withoutRecords } from "../../../src/core/unstored.ts";
import type { Event } from "../../../src/core/event.ts";
import { decodeRecords, frameworkKey } from "../../../src/store/record_codec.ts";
import {
  building,
  confirmDeletes,
  drive,
  gocdAgent,
  jobs,
  lostContact,
  minute,
  offer,
  only,
  pending,
  reconciled,
  second,
  watch,
  withIdleAgent,
} from "../../support/core.ts";
import { nameless, withNameless } from "../nameless_fixture.ts";

const disabled = { configState: "Disabled" } as const;

Deno.test("a KILL is not repeated while the agent without our name, back under its old uuid, builds", () => {
  const { world, taskId } = withNameless();
  world.wait(10 * minute, 10 * second);
  world.poll({ agents: [nameless] });
  for (let i = 0; i < 6; i++) {
    world.read({ ...nameless, ...disabled });
    world.wait(10 * second);
  }
  confirmDeletes(world);
  world.read();
  assertEquals(world.instance(taskId).state, "killing");
  assertEquals(only(world.taken(), "kill-task").length, 1);
  // The KILL is lost. The process registers again under its guid.
  watch(world, 2 * minute, { ...nameless, ...building });
  assertEquals(only(world.taken(), "kill-task").length, 0);
});

Deno.test("an agent that came back is not stopped because one list lacks the record that it registered meanwhile", () => {
  const { world, taskId } = withIdleAgent();
  world.wait(10 * minute, 10 * second);
  world.poll({ agents: [gocdAgent(taskId)] });
  for (let i = 0; i < 6; i++) {
    world.read(gocdAgent(taskId, disabled));
    world.wait(10 * second);
  }
  confirmDeletes(world);
  world.read();
  assertEquals(world.instance(taskId).state, "killing");
  // KILL does not arrive, as the host is out of reach. The process starts anew.
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  assertEquals(world.instance(taskId).state, "unreachable");
  world.taken();
  const anew = gocdAgent(taskId, { uuid: "uuid-anew", ...building });
  watch(world, 2 * minute, anew);
  world.read(anew);
  world.status(taskId, "TASK_RUNNING", reconciled);
  assertEquals(world.instance(taskId).state, "registered");
  world.skip(21 * second);
  world.read();
  assertEquals(only(world.taken(), "kill-task"), []);
  world.wait(second);
  world.read(anew);
  world.wait(second);
  assertEquals(only(world.taken(), "kill-task"), []);
});

Deno.test("nor after the program has started again, if lists had shown that record before", () => {
  const { world, taskId } = withIdleAgent();
  world.wait(10 * minute, 10 * second);
  world.poll({ agents: [gocdAgent(taskId)] });
  for (let i = 0; i < 6; i++) {
    world.read(gocdAgent(taskId, disabled));
    world.wait(10 * second);
  }
  confirmDeletes(world);
  world.read();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  const anew = gocdAgent(taskId, { uuid: "uuid-anew", ...building });
  watch(world, 2 * minute, anew);
  const next = drive({
    stored: { framework: world.state.framework, controls: world.state.controls, instances: [world.instance(taskId)] },
  });
  next.subscribe();
  next.status("gocd-abc123-fence-0", "TASK_UNKNOWN", reconciled);
  next.read(gocdAgent("x"));
  next.status(taskId, "TASK_RUNNING", reconciled);
  next.skip(21 * second);
  next.read(gocdAgent("x"));
  assertEquals(only(next.taken(), "kill-task"), []);
});

Deno.test("what the master said once of a task on record, and could not be stored, is asked for again", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  assertEquals(world.instance(taskId).state, "unreachable");
  world.wait(2 * second);
  const event: Event = {
    kind: "task-status-updated",
    status: { taskId, state: "TASK_GONE_BY_OPERATOR", message: "", mesosAgentId: "a-h1", uuid: "" },
  };
  const before = world.state;
  const frame = step(before, { atMs: world.atMs, random: 0.5, event });
  assertEquals(frame.records.length > 0, true);
  let { state } = withoutRecords(before, event, frame);
  let atMs = world.atMs;
  const asked: string[] = [];
  for (let i = 0; i < 30 * 60; i++) {
    atMs += second;
    const tick = step(state, { atMs, random: 0.5, event: { kind: "tick" } });
    state = tick.state;
    for (const each of only(tick.effects, "reconcile-tasks")) asked.push(...each.tasks.map((task) => task.taskId));
  }
  assertEquals(asked.includes(taskId), true, "its end is never heard of");
});

Deno.test("a teardown forgets no former record that one list lacks", () => {
  const { world, taskId } = withIdleAgent();
  const anew = gocdAgent(taskId, { uuid: "uuid-anew" });
  const old = gocdAgent(taskId, lostContact);
  watch(world, minute, old, anew);
  assertEquals(world.instance(taskId).formerUuids, [`uuid-${taskId}`]);
  world.send({ kind: "teardown-requested", mode: "drain" });
  world.poll({ agents: [old, anew] });
  world.status(taskId, "TASK_KILLED");
  world.read(old, { ...anew, ...disabled });
  confirmDeletes(world);
  world.wait(second);
  world.read();
  world.wait(2 * second);
  assertEquals(only(world.taken(), "teardown-framework").length, 0, "the former record is left on the server");
});

Deno.test("an immediate teardown deletes the former records, too", () => {
  const { world, taskId } = withIdleAgent();
  const anew = gocdAgent(taskId, { uuid: "uuid-anew" });
  const old = gocdAgent(taskId, lostContact);
  watch(world, minute, old, anew);
  world.taken();
  world.send({ kind: "teardown-requested", mode: "now" });
  const deleted = only(world.taken(), "delete-gocd-agents").flatMap(({ agents }) => agents.map(({ uuid }) => uuid));
  assertEquals(deleted.sort(), ["uuid-anew", `uuid-${taskId}`].sort());
});

Deno.test("a name that anybody can choose does not use up the numbers of tasks", () => {
  const world = drive();
  world.subscribe();
  const name = `gocd-abc123-default-${2 ** 50 - 2}`;
  world.poll({ jobs: jobs(3), agents: [gocdAgent(name, pending)] });
  world.wait(6 * second);
  world.poll({ jobs: jobs(3), agents: [gocdAgent(name, pending)] });
  world.offers(offer("h1"));
  world.offers(offer("h2"));
  const { framework } = world.state;
  const { unreadable } = decodeRecords([{ key: frameworkKey, json: JSON.stringify(framework) }]);
  assertEquals([unreadable, framework.nextTaskNumber], [[], 4]);
});

Deno.test("the former record of an agent in doubt is removed, too, if it shows another hostname", () => {
  const { world, taskId } = withIdleAgent();
  // Its record shows another name, e.g. somebody has changed it, or it was known by its address.
  const old = gocdAgent("host-7", { uuid: `uuid-${taskId}` });
  world.wait(10 * second);
  world.read(old);
  world.wait(10 * second);
  const anew = gocdAgent(taskId, { uuid: "uuid-anew" });
  world.read(anew, old);
  assertEquals((world.instance(taskId) as { uuid?: string }).uuid, `uuid-${taskId}`);
  world.status(taskId, "TASK_GONE", { uuid: "", reason: "REASON_RECONCILIATION" });
  assertEquals(world.instance(taskId).state, "unreachable");
  const { uuid, formerUuids = [] } = world.instance(taskId) as { uuid?: string; formerUuids?: readonly string[] };
  assertEquals([uuid ?? "", ...formerUuids].includes(`uuid-${taskId}`), true);
});
