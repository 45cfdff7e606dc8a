// Builds that no list has shown: what an agent took just before the server lost contact with it, or its process restarted.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  drive,
  gocdAgent,
  jobs,
  lostContact,
  minute,
  offer,
  only,
  reconciled,
  second,
  withIdleAgent,
} from "../../support/core.ts";

for (const configState of ["Enabled", "Disabled"] as const) {
  Deno.test(`an agent that a run meets out of contact, ${configState}, may hold a build that no list of this run has shown`, () => {
    const { framework, controls, instances } = withIdleAgent().world.state;
    const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
    const [taskId = ""] = instances.keys();
    world.subscribe();
    // The server has restarted in the meantime: its record shows no build.
    world.poll({ agents: [gocdAgent(taskId, { ...lostContact, configState })] });
    assertEquals(world.instance(taskId).mayHoldBuild, true);
    world.status(taskId, "TASK_UNKNOWN", reconciled);
    for (let polls = 0; polls < 12; polls++) {
      world.skip(10 * second);
      world.poll({ agents: polls < 9 ? [gocdAgent(taskId, { ...lostContact, configState: "Disabled" })] : [] });
    }
    world.wait(6 * second);
    world.offers(offer("h2"));
    const [next = ""] = only(world.taken(), "accept-offers").flatMap(({ launches }) =>
      launches.map(({ taskId }) => taskId)
    );
    assertStringIncludes(world.instance(next).launchReason, `${taskId} is lost with a build`);
  });
}

Deno.test("what an agent took between its last two pings may be on it, though lists showed Idle until the server lost contact", () => {
  const { world, taskId } = withIdleAgent();
  const other = gocdAgent("other", { gocdResources: [] });
  const holds = (changes: Partial<GocdAgent>, polls: number): boolean => {
    for (let poll = 0; poll < polls; poll++) {
      world.skip(10 * second);
      world.poll({ agents: [gocdAgent(taskId, changes), other] });
    }
    return world.instance(taskId).mayHoldBuild === true;
  };
  assertEquals([holds({}, 30), holds(lostContact, 1)], [false, true]);
  assertEquals([holds(lostContact, 7), holds(lostContact, 7)], [false, false], "it has been given to the other");
  assertEquals([holds({}, 1), holds(lostContact, 1), holds({}, 1)], [false, true, false], "it is back, and idle");
});

Deno.test("what a process took before it started again may hang, though its record never showed more than Idle", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId)] });
  const [anew, other] = [gocdAgent(taskId, { uuid: "anew" }), gocdAgent("other", { gocdResources: [] })];
  const holds = (former: Partial<GocdAgent>, polls: number): boolean => {
    for (let poll = 0; poll < polls; poll++) {
      world.skip(10 * second);
      world.poll({ agents: [gocdAgent(taskId, former), anew, other] });
    }
    return world.instance(taskId).mayHoldBuild === true;
  };
  world.skip(10 * second);
  world.poll({ agents: [gocdAgent(taskId), { ...anew, ...building }, other] });
  assertEquals({ uuid: undefined, ...world.instance(taskId) }.uuid, "anew");
  assertEquals([holds({}, 28), holds(lostContact, 1), holds(lostContact, 7)], [true, true, false]);
});

Deno.test("another record that stays Idle for longer than a dead one could is another agent's: it holds nothing", () => {
  const { world, taskId } = withIdleAgent();
  const [own, twin] = [gocdAgent(taskId), gocdAgent(taskId, { uuid: "twin" })];
  world.poll({ agents: [{ ...own, ...building }, twin] });
  for (let polls = 0; polls < 41; polls++) {
    world.skip(10 * second);
    world.poll({ agents: [own, twin] });
    if (polls === 38) assertEquals(world.instance(taskId).mayHoldBuild, true);
  }
  assertEquals(world.instance(taskId).mayHoldBuild, undefined);
});

for (
  const [how, former, idleForMs] of [
    ["out of contact on the list that first shows the new one", lostContact, 0],
    ["disabled for a drain just after it may have taken a job", { configState: "Disabled" }, 10 * minute],
  ] as const
) {
  Deno.test(`a process that started again leaves what it may have taken: its record is ${how}`, () => {
    const { world, taskId } = withIdleAgent();
    for (let forMs = 0; forMs <= idleForMs; forMs += minute) {
      world.skip(minute);
      world.poll({ agents: [gocdAgent(taskId)] });
    }
    assertEquals(world.instance(taskId).state, idleForMs === 0 ? "registered" : "draining");
    world.skip(10 * second);
    world.poll({ agents: [gocdAgent(taskId, former), gocdAgent(taskId, { uuid: "anew" })] });
    const { uuid, mayHoldBuild } = { uuid: undefined, ...world.instance(taskId) };
    assertEquals([uuid, mayHoldBuild], ["anew", true]);
  });
}
