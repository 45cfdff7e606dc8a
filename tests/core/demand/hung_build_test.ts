// A build whose agent has died with no other agent left: the server reschedules it only while some agent is in contact.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  drive,
  type Driver,
  emptyStore,
  gocdAgent,
  jobs,
  lostContact,
  minute,
  missing,
  offer,
  only,
  reconciled,
  second,
  withIdleAgent,
} from "../../support/core.ts";
import { anInstance } from "../instance_fixtures.ts";

/** One agent of ours that built when its host was lost; the server has just called it lost. */
function lostWhileBuilding(others: readonly GocdAgent[] = []): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId, building), ...others] });
  world.status(taskId, "TASK_GONE");
  world.taken();
  for (let minutes = 0; minutes < 5; minutes++) {
    world.skip(minute);
    world.poll({ agents: [gocdAgent(taskId, building), ...others] });
  }
  assertEquals(launches(world), []);
  world.skip(second);
  world.poll({ agents: [gocdAgent(taskId, lostContact), ...others] });
  world.wait(6 * second);
  return { world, taskId };
}

/** The task ids that the offers of a host are used for. */
function launches(world: Driver): string[] {
  world.offers(offer("h2"));
  return only(world.taken(), "accept-offers").flatMap(({ launches }) => launches.map(({ taskId }) => taskId));
}

Deno.test("if no agent is left in contact, one is launched so that the server reschedules the lost build", () => {
  const { world, taskId } = lostWhileBuilding();
  const [next, ...more] = launches(world);
  assertEquals(more, []);
  const { launchReason, gocdResources } = world.instance(next ?? "");
  assertStringIncludes(launchReason, `${taskId} is lost with a build`);
  assertEquals(gocdResources, ["linux"]);
  world.wait(10 * second);
  assertEquals(launches(world), [], "one is enough");
});

for (
  const [who, other] of [
    ["a stranger is in contact", gocdAgent("stranger", { gocdResources: [] })],
    ["a stranger is Missing, which counts", gocdAgent("stranger", missing)],
    ["a disabled stranger is there, which counts", gocdAgent("stranger", { configState: "Disabled" })],
    ["an elastic agent is there, which counts", gocdAgent("stranger", { elastic: true })],
  ] as const
) {
  Deno.test(`nothing is launched for a lost build while ${who}`, () => {
    assertEquals(launches(lostWhileBuilding([other]).world), []);
  });
}

Deno.test("a Pending stranger is not an agent in contact", () => {
  const { world } = lostWhileBuilding([gocdAgent("stranger", { configState: "Pending" })]);
  assertEquals(launches(world).length, 1);
});

Deno.test("an agent that was idle when it was lost leaves no build to reschedule", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId)] });
  world.skip(30 * second);
  world.poll({ agents: [gocdAgent(taskId)] });
  world.status(taskId, "TASK_GONE");
  world.poll({ agents: [gocdAgent(taskId, lostContact)] });
  world.wait(6 * second);
  assertEquals(launches(world), []);
});

Deno.test("agents that are idle beside a lost build stay until the server has had time to reschedule it, and no longer", () => {
  const { world } = lostWhileBuilding();
  const [next = ""] = launches(world);
  world.status(next, "TASK_RUNNING");
  const drains = (afterMs: number): number => {
    world.wait(afterMs, minute);
    world.poll({ agents: [gocdAgent(next)] });
    return only(world.taken(), "disable-gocd-agents").flatMap(({ agents }) => agents)
      .filter(({ taskId }) => taskId === next).length;
  };
  const idleTimeoutMs = world.state.settings.profiles[0]?.idleTimeoutMs ?? 0;
  drains(0);
  world.wait(idleTimeoutMs, minute);
  // The list was not read meanwhile, so nothing is known of the time between.
  world.read();
  assertEquals(drains(0), 0);
  assertEquals(drains(59 * second), 0);
  assertEquals(drains(second + idleTimeoutMs), 1);
});

Deno.test("the last agent in contact stays until the server can have noticed the silence of one that died", () => {
  const { world, taskId } = withIdleAgent();
  const stays = gocdAgent("stranger", { gocdResources: [] });
  world.poll({ agents: [gocdAgent(taskId, building), stays] });
  world.skip(10 * minute);
  world.poll({ agents: [gocdAgent(taskId, building), stays] });
  world.status(taskId, "TASK_FAILED");
  for (let minutes = 0; minutes < 5; minutes++) {
    world.skip(minute);
    world.poll({ agents: [gocdAgent(taskId, building), stays] });
  }
  // Long in contact, but the server has called the dead one lost only now: its build is not given back yet.
  world.skip(10 * second);
  world.poll({ agents: [gocdAgent(taskId, lostContact), stays] });
  assertEquals(world.instance(taskId).mayHoldBuild, true);
  world.skip(30 * second);
  world.poll({ agents: [gocdAgent(taskId, lostContact)] });
  assertEquals(world.instance(taskId).mayHoldBuild, true);
  world.skip(40 * second);
  world.poll({ agents: [gocdAgent(taskId, lostContact), stays] });
  world.skip(70 * second);
  world.poll({ agents: [gocdAgent(taskId, lostContact), stays] });
  assertEquals(world.instance(taskId).mayHoldBuild, undefined);
});

Deno.test("an agent that was lost just after jobs were taken may hold one, although it showed Idle", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId)] });
  world.skip(2 * second);
  world.status(taskId, "TASK_GONE");
  world.poll({ agents: [gocdAgent(taskId, lostContact)] });
  world.wait(6 * second);
  assertEquals(launches(world).length, 1);
});

Deno.test("a job that left the feed while the agent that could take it was lost may be on it", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId)] });
  world.status(taskId, "TASK_GONE");
  world.poll({ agents: [gocdAgent(taskId)] });
  world.skip(5 * minute);
  world.poll({ agents: [gocdAgent(taskId, lostContact)] });
  world.wait(6 * second);
  assertEquals(launches(world).length, 1);
});

Deno.test("the lost build is remembered while there is no other agent, and rescheduled a minute after there is one", () => {
  const { world, taskId } = lostWhileBuilding();
  for (let minutes = 0; minutes < 20; minutes++) {
    world.skip(minute);
    world.poll();
  }
  assertEquals(world.instance(taskId).mayHoldBuild, true);
  const [next = ""] = launches(world);
  world.status(next, "TASK_RUNNING");
  for (let polls = 0; polls < 8; polls++) {
    world.skip(10 * second);
    world.poll({ agents: [gocdAgent(next)] });
  }
  assertEquals(world.state.instances.get(taskId), undefined);
  world.status(next, "TASK_GONE");
  world.poll({ agents: [gocdAgent(next, lostContact)] });
  world.wait(6 * second);
  assertEquals(launches(world), []);
});

Deno.test("for an unreachable agent that was building, another one is launched in the same way", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.status(taskId, "TASK_UNREACHABLE");
  world.skip(5 * minute);
  world.poll({ agents: [gocdAgent(taskId, lostContact)] });
  world.wait(6 * second);
  assertEquals(launches(world).length, 1);
});

Deno.test("a build of a process that restarted under another uuid is remembered until the server has rescheduled it", () => {
  for (const isGivenBack of [false, true]) {
    const { world, taskId } = withIdleAgent();
    world.poll({ agents: [gocdAgent(taskId, building)] });
    const anew = gocdAgent(taskId, { uuid: "anew" });
    const shows = (former: Partial<GocdAgent>): void => {
      for (let polls = 0; polls < 8; polls++) {
        world.skip(10 * second);
        world.poll({ agents: [gocdAgent(taskId, former), anew] });
      }
    };
    // The server has restarted: the former record is Missing, and counts as one in contact.
    shows(missing);
    const { uuid } = { uuid: undefined, ...world.instance(taskId) };
    assertEquals([uuid, world.instance(taskId).mayHoldBuild], ["anew", true]);
    if (isGivenBack) {
      shows(lostContact);
      assertEquals(world.instance(taskId).mayHoldBuild, undefined);
    }
    world.status(taskId, "TASK_GONE");
    world.poll({ agents: [gocdAgent(taskId, lostContact)] });
    world.wait(6 * second);
    assertEquals(launches(world).length, isGivenBack ? 0 : 1);
  }
});

Deno.test("an agent that registered and died while no list was read may hold a build: one is launched after its record", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  const [taskId = ""] = launches(world);
  world.status(taskId, "TASK_RUNNING");
  world.status(taskId, "TASK_FAILED");
  // The server has restarted meanwhile: up to GoCD 18.6 it never finds out that a Missing agent is lost.
  world.read(gocdAgent(taskId, missing));
  world.skip(20 * minute);
  world.read(gocdAgent(taskId, { ...missing, configState: "Disabled" }));
  world.skip(minute);
  world.poll({ agents: [] });
  world.wait(6 * second);
  const [next = ""] = launches(world);
  assertStringIncludes(world.instance(next).launchReason, `${taskId} is lost with a build`);
});

Deno.test("the build is not rescheduled while the record of the dead agent is Missing", () => {
  const { world, taskId } = withIdleAgent();
  const stays = gocdAgent("stranger", { gocdResources: [] });
  world.poll({ agents: [gocdAgent(taskId, building), stays] });
  world.status(taskId, "TASK_FAILED");
  for (let minutes = 0; minutes < 20; minutes++) {
    world.skip(minute);
    world.poll({ agents: [gocdAgent(taskId, { ...missing, configState: "Disabled" }), stays] });
  }
  assertEquals(only(world.taken(), "delete-gocd-agents").length > 0, true);
  world.skip(10 * second);
  world.poll({ agents: [stays] });
  assertEquals(world.instance(taskId).mayHoldBuild, true);
  // The other one goes before the server has looked.
  world.skip(30 * second);
  world.poll();
  world.wait(6 * second);
  const [next = ""] = launches(world);
  assertStringIncludes(world.instance(next).launchReason, `${taskId} is lost with a build`);
});

Deno.test("a record that is adopted may hold a build: once it is deleted, an agent is launched for it", () => {
  const world = drive();
  world.subscribe();
  world.poll();
  const taskId = "gocd-abc123-default-7";
  for (let polls = 0; polls < 3; polls++) {
    world.skip(11 * second);
    world.poll({ agents: [gocdAgent(taskId, missing)] });
  }
  world.status(taskId, "TASK_UNKNOWN");
  for (let minutes = 0; minutes < 12; minutes++) {
    world.skip(minute);
    world.poll({ agents: [gocdAgent(taskId, { ...missing, configState: "Disabled" })] });
  }
  assertEquals(only(world.taken(), "delete-gocd-agents").length > 0, true);
  world.skip(10 * second);
  world.poll();
  world.wait(6 * second);
  const [next = ""] = launches(world);
  assertStringIncludes(world.instance(next).launchReason, `${taskId} is lost with a build`);
});

Deno.test("an agent that registered while no list was read, and is lost building, is remembered from the first list on", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  const [taskId = ""] = launches(world);
  world.status(taskId, "TASK_RUNNING");
  world.status(taskId, "TASK_LOST", reconciled);
  // The server still takes it for one that builds, so that Mesos is doubted; on the next list it is called lost.
  world.poll({ agents: [gocdAgent(taskId, building)] });
  assertEquals([world.instance(taskId).state, world.instance(taskId).mayHoldBuild], ["unreachable", true]);
  world.skip(minute);
  world.poll({ agents: [gocdAgent(taskId, lostContact)] });
  world.wait(6 * second);
  const [next = ""] = launches(world);
  assertStringIncludes(world.instance(next).launchReason, `${taskId} is lost with a build`);
});

Deno.test("what a living agent has taken since the server restarted is not known while it is Missing", () => {
  const { world, taskId } = withIdleAgent();
  const holds = (changes: Partial<GocdAgent>): boolean => {
    world.skip(10 * second);
    world.poll({ agents: [gocdAgent(taskId, changes)] });
    return world.instance(taskId).mayHoldBuild === true;
  };
  assertEquals([holds(missing), holds({}), holds(missing)], [true, false, true]);
  world.status(taskId, "TASK_FAILED");
  assertEquals([holds(missing), world.instance(taskId).state], [true, "gone"]);
});

Deno.test("one that was idle when it died holds nothing, even if the server restarts and shows it Missing", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId)] });
  world.skip(30 * second);
  world.poll({ agents: [gocdAgent(taskId)] });
  world.status(taskId, "TASK_FAILED");
  world.poll({ agents: [gocdAgent(taskId, missing)] });
  assertEquals(world.instance(taskId).mayHoldBuild, undefined);
});

Deno.test("an agent that took a build before any list showed it, and shows Idle in its death, may hold that build", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  const [taskId = ""] = launches(world);
  world.status(taskId, "TASK_RUNNING");
  // Its host is gone 5 s after it registered; its last ping said Idle, as it had not asked for its work yet.
  world.status(taskId, "TASK_GONE_BY_OPERATOR", { ...reconciled, reason: "REASON_AGENT_REMOVED_BY_OPERATOR" });
  world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals([world.instance(taskId).state, world.instance(taskId).mayHoldBuild], ["unreachable", true]);
  const other = gocdAgent("other", { gocdResources: [] });
  world.skip(minute);
  world.poll({ agents: [gocdAgent(taskId, lostContact), other] });
  assertEquals(world.instance(taskId).mayHoldBuild, true);
  world.skip(minute);
  world.poll({ agents: [gocdAgent(taskId, lostContact), other] });
  assertEquals(world.instance(taskId).mayHoldBuild, undefined, "by now it has been given to another");
});

Deno.test("an agent that Mesos ends while a list lacks it may hold what it took since: a record of it that is idle reports nothing", () => {
  const { world, taskId } = withIdleAgent();
  world.wait(30 * second);
  world.poll();
  world.skip(5 * second);
  world.status(taskId, "TASK_KILLING");
  world.status(taskId, "TASK_KILLED");
  assertEquals([world.instance(taskId).state, world.instance(taskId).mayHoldBuild], ["gone", true]);
  world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals(world.instance(taskId).mayHoldBuild, true);
});

Deno.test("a build of a former record outlives the instance: it hangs until that record, too, is silent and checked", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId, building)] });
  const [former, other] = [gocdAgent(taskId, missing), gocdAgent("other", { gocdResources: [] })];
  const holds = (...agents: readonly GocdAgent[]): boolean => {
    for (let polls = 0; polls < 8; polls++) {
      world.skip(10 * second);
      world.poll({ agents: [...agents, other] });
    }
    return world.instance(taskId).mayHoldBuild === true;
  };
  assertEquals(holds(former, gocdAgent(taskId, { uuid: "anew" })), true);
  // An operator deletes the record of the new process.
  assertEquals(holds(former), true);
  world.status(taskId, "TASK_FAILED");
  assertEquals(holds(former), true);
  // The deleted record is missing for too short a time to prove that it holds no build either.
  assertEquals(holds({ ...former, ...lostContact }), true);
  for (let minutes = 0; minutes < 5; minutes++) holds({ ...former, ...lostContact });
  assertEquals(holds({ ...former, ...lostContact }), false);
});

Deno.test("the build of an agent that ended without a known record is rescheduled once others are in contact", () => {
  const gone = anInstance("gocd-abc123-default-1", { state: "gone", cause: "never-registered", message: "m" });
  const ended = { ...gone, mayHoldBuild: true, isDeleteAsked: true } as const;
  const world = drive({ stored: { ...emptyStore, instances: [ended] } });
  world.subscribe();
  for (let polls = 0; polls < 30; polls++) {
    world.skip(minute);
    world.poll({ agents: [gocdAgent("other")] });
  }
  assertEquals([...world.state.instances.values()].filter(({ mayHoldBuild }) => mayHoldBuild), []);
});

Deno.test("a build of a former process is remembered of an agent that is found with two records after a restart", () => {
  const world = drive();
  world.subscribe();
  const taskId = "gocd-zzz999-default-7";
  world.status(taskId, "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h5" });
  const former = gocdAgent(taskId, { ...missing, configState: "Disabled" });
  const anew = gocdAgent(taskId, { uuid: "anew" });
  world.poll({ agents: [former, anew] });
  const { uuid } = { uuid: undefined, ...world.instance(taskId) };
  assertEquals([uuid, world.instance(taskId).mayHoldBuild], ["anew", true]);
});
