// Builds that no list has shown: what an agent took just before the server lost contact with it, or its process restarted.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { isAnyHung } from "../../../src/core/demand/hung_build.ts";
import type { Event } from "../../../src/core/event.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { step } from "../../../src/core/step.ts";
import { withoutRecords } from "../../../src/core/unstored.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  lostContact,
  minute,
  missing,
  offer,
  only,
  pending,
  problem,
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

Deno.test("an agent may have taken a job between its last two pings, even if lists showed Idle until the server lost contact", () => {
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

Deno.test("a job that a process took before it restarted may hang, even if its record only ever showed Idle", () => {
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

Deno.test("lists that lack the record of an agent that died building do not show that its build was rescheduled", () => {
  const { world, taskId } = withIdleAgent();
  const other = gocdAgent("other", { gocdResources: [] });
  const list = (forMs: number, ...agents: readonly GocdAgent[]): boolean => {
    for (let ms = 0; ms < forMs; ms += 10 * second) {
      world.skip(10 * second);
      world.poll({ agents: [...agents, other] });
    }
    return world.instance(taskId).mayHoldBuild === true;
  };
  assertEquals(list(10 * second, gocdAgent(taskId, building)), true);
  world.status(taskId, "TASK_FAILED");
  assertEquals([list(5 * minute), isAnyHung(world.state)], [true, true], "it is not yet seen to be silent");
  assertEquals(list(50 * second, gocdAgent(taskId, lostContact)), true);
  assertEquals(list(20 * second, gocdAgent(taskId, lostContact)), false);
});

const { framework, controls, instances } = withIdleAgent().world.state;
const [id = ""] = instances.keys();

/** A new run that continues one with an idle agent. */
function restarted(changes: Partial<AgentInstance> = {}): Driver {
  const stored = [...instances.values()].map((each) => ({ ...each, ...changes }) as AgentInstance);
  const world = drive({ stored: { framework, controls, instances: stored } });
  world.subscribe();
  return world;
}

for (
  const [when, before] of [
    ["no list of this run has shown", (world: Driver): unknown => world.poll({ agents: [gocdAgent("other")] })],
    ["was shown before reads began to fail", (world: Driver): void => {
      world.poll({ agents: [gocdAgent(id)] });
      world.skip(minute);
      world.send({ kind: "gocd-poll-failed", problem: problem() });
    }],
    ["was shown before the program was suspended", (world: Driver): void => {
      world.poll({ agents: [gocdAgent(id)] });
      world.skip(20 * minute);
    }],
    ["was disabled just after it may have taken a job, and is not on the next list", (world: Driver): void => {
      world.poll({ agents: [gocdAgent(id)] });
      world.skip(10 * second);
      world.poll({ agents: [gocdAgent(id, { configState: "Disabled" })] });
      world.skip(10 * second);
      world.poll();
    }],
  ] as const
) {
  Deno.test(`an agent that Mesos ends may hold a build if it ${when}`, () => {
    const world = restarted();
    before(world);
    world.status(id, "TASK_FAILED");
    assertEquals([world.instance(id).state, world.instance(id).mayHoldBuild], ["gone", true]);
  });
}

Deno.test("the end of an agent that lists showed idle and whose record was deleted proves nothing about a build", () => {
  const world = restarted();
  for (let minutes = 0; minutes < 15; minutes++) {
    world.skip(minute);
    world.poll({ agents: minutes < 3 ? [gocdAgent(id), gocdAgent("other")] : [gocdAgent("other")] });
    if (minutes === 12) world.status(id, "TASK_FAILED");
  }
  assertEquals([world.instance(id).state, world.instance(id).mayHoldBuild], ["gone", undefined]);
});

for (const isFirst of [true, false]) {
  Deno.test(`an agent that has ended, and is out of contact on ${isFirst ? "the first list of a run" : "a later list"}, ${isFirst ? "may hold" : "holds no"} unseen build`, () => {
    const world = restarted({ state: "gone", cause: "exited", message: "" } as Partial<AgentInstance>);
    if (!isFirst) world.poll({ agents: [gocdAgent(id)] });
    world.skip(10 * second);
    world.poll({ agents: [gocdAgent(id, lostContact)] });
    assertEquals(world.instance(id).mayHoldBuild === true, isFirst);
  });
}

Deno.test("the first list that shows an agent out of contact counts again, if it could not be stored", () => {
  const { world, taskId } = withIdleAgent();
  const list = (changes: Partial<GocdAgent>): Event => ({
    kind: "gocd-agents-read",
    agents: [gocdAgent(taskId, changes)],
  });
  const { atMs, state } = world;
  const first = { atMs: atMs + 10 * second, random: 0.5, event: list(lostContact) };
  const unstored = withoutRecords(state, first.event, step(state, first)).state;
  assertEquals(unstored.instances.get(taskId)?.mayHoldBuild, undefined);
  const second_ = step(unstored, { ...first, atMs: atMs + 20 * second }).state;
  assertEquals(second_.instances.get(taskId)?.mayHoldBuild, true);
});

Deno.test("a list without the record of a former process proves nothing about its build", () => {
  const { world, taskId } = withIdleAgent();
  const [former, anew] = [gocdAgent(taskId, missing), gocdAgent(taskId, { uuid: "anew" })];
  world.poll({ agents: [gocdAgent(taskId, building)] });
  for (const agents of [[former, anew], [anew]]) {
    world.skip(10 * second);
    world.poll({ agents });
    assertEquals({ uuid: undefined, ...world.instance(taskId) }.uuid, "anew");
    assertEquals(world.instance(taskId).mayHoldBuild, true);
  }
});

Deno.test("an agent whose record an older configuration of the server lacks may have taken a job before: one is launched for it", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  const unregistered = gocdAgent(taskId, { ...pending, uuid: `uuid-${taskId}` });
  for (let minutes = 0; minutes < 12; minutes++) {
    world.skip(minute);
    world.poll({ agents: [unregistered] });
    assertEquals(world.instance(taskId).mayHoldBuild, true);
  }
  assertEquals(world.instance(taskId).state, "killing");
  world.status(taskId, "TASK_KILLED");
  world.poll({ agents: [] });
  world.wait(6 * second);
  world.offers(offer("h9"));
  assertEquals(only(world.taken(), "accept-offers").length, 1);
});
