// Run-on-all jobs: pinned ones are left alone, those that have lost their pin are served.

import { assertEquals } from "@std/assert";
import { type Unpinned, unpinnedAt } from "../../../src/core/demand/run_on_all.ts";
import type { GocdAgent, ScheduledJob } from "../../../src/core/gocd_records.ts";
import { building, drive, type Driver, gocdAgent, job, lostContact, minute, offer, only } from "../../support/core.ts";

const seenAtZero = { firstSeenMs: 0, bucketKey: "", order: 0, passedOver: 0, otherCauseCount: 0 };

/** One of the jobs that GoCD makes for each agent. */
const each = (number: number, changes: Partial<ScheduledJob> = {}): ScheduledJob =>
  job(`test-runOnAll-${number}`, changes);

const verdicts = (world: Driver): string[] => world.state.demand.jobs.map(({ verdict }) => verdict);

/** Polls every two minutes, with an offer each time; returns how many agents were launched. */
function pollFor(
  world: Driver,
  minutes: number,
  waiting: readonly ScheduledJob[],
  agents: readonly GocdAgent[],
): number {
  const before = world.state.framework.nextTaskNumber;
  for (let passed = 0; passed < minutes; passed += 2) {
    world.wait(2 * minute, minute);
    world.poll({ jobs: waiting, agents });
    world.offers(offer("h1"));
    world.send({ kind: "tick" });
  }
  return world.state.framework.nextTaskNumber - before;
}

function subscribed(waiting: readonly ScheduledJob[], agents: readonly GocdAgent[]): Driver {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: waiting, agents });
  return world;
}

Deno.test("for a run-on-all job that an agent had and that waits again, an agent is launched immediately", () => {
  for (const last of [building, { ...lostContact }]) {
    const world = subscribed([], [gocdAgent("h", { ...last, buildLocator: each(1).locator })]);
    assertEquals(pollFor(world, 2, [each(1), each(2)], [gocdAgent("h", lostContact)]), 1);
    assertEquals(verdicts(world), ["coming", "not-ours"]);
  }
});

Deno.test("a read between two polls is enough to have seen a run-on-all job with its agent", () => {
  const world = subscribed([], [gocdAgent("h")]);
  world.read(gocdAgent("h", { ...building, buildLocator: each(1).locator }));
  world.read(gocdAgent("h", lostContact));
  assertEquals(pollFor(world, 2, [each(1)], [gocdAgent("h", lostContact)]), 1);
});

Deno.test("a run-on-all job waits for its own agent as long as one is alive that it may be pinned to", () => {
  for (const state of [building, {}]) {
    const agents = [gocdAgent("h", state)];
    assertEquals(pollFor(subscribed([each(1)], agents), 60, [each(1)], agents), 0);
  }
});

Deno.test("if no agent exists that a run-on-all job may be pinned to, one is launched after ten minutes, one of a kind", () => {
  const others = [
    gocdAgent("other", { gocdResources: ["java"] }),
    gocdAgent("off", { configState: "Disabled" }),
    gocdAgent("lost", lostContact),
    gocdAgent("plugin", { elastic: true }),
    gocdAgent("hung", { ...building, buildState: "Cancelled" }),
  ];
  const waiting = [each(1), each(2), each(3), each(4, { environment: "prod" })];
  const world = subscribed(waiting, others);
  assertEquals(pollFor(world, 8, waiting, others), 0);
  assertEquals(pollFor(world, 2, waiting, others), 1);
  assertEquals(verdicts(world), ["coming", "not-ours", "not-ours", "unserved"]);
  assertEquals(pollFor(world, 8, waiting, others), 0);
});

Deno.test("no agent is launched for a run-on-all job while another of its kind has certainly lost its pin", () => {
  const unpinned = (known: Unpinned): string[] => {
    const seen = new Map([each(1), each(2)].map(({ locator }) => [locator, seenAtZero]));
    const polled = { jobs: [each(1), each(2)], agents: [], rule: "insensitive", seen } as const;
    return [...unpinnedAt(known, polled, 10 * minute).keys()];
  };
  assertEquals([unpinned(new Map()), unpinned(new Map([[each(2).locator, 0]]))], [[each(1).locator], [
    each(2).locator,
  ]]);
  assertEquals([...unpinnedAt(new Map(), { jobs: [], agents: [], rule: "insensitive", seen: new Map() }, 0)], []);
});

Deno.test("if the guess was wrong, the agent is removed after its idle time and the next is tried half an hour later", () => {
  const world = subscribed([each(1)], []);
  assertEquals(pollFor(world, 10, [each(1)], []), 1);
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_RUNNING");
  const idle = [gocdAgent(taskId)];
  assertEquals(pollFor(world, 4, [each(1)], idle), 0);
  assertEquals(world.state.demand.jobs[0]?.reason.kind, "idle-unused");
  assertEquals(pollFor(world, 8, [each(1)], idle), 0);
  assertEquals(world.instance(taskId).state, "draining");
  world.read(gocdAgent(taskId, { configState: "Disabled" }));
  world.wait(minute);
  world.read(gocdAgent(taskId, { configState: "Disabled" }));
  world.status(taskId, "TASK_KILLED");
  assertEquals(pollFor(world, 16, [each(1)], []), 0);
  assertEquals(pollFor(world, 12, [each(1)], []), 1);
  assertEquals(only(world.taken(), "kill-task"), []);
});
