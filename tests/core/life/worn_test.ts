// Agents that are replaced for what they have done: max-jobs and max-lifetime.

import { assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, InstancePhase, Registered } from "../../../src/core/instance.ts";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { retireAgents } from "../../../src/core/life/scale_in.ts";
import { isLastJobNear, retireWorn, wearOf } from "../../../src/core/life/worn.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  job,
  kinds,
  linux,
  minute,
  offer,
  only,
  second,
  someSettings,
  theOne,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { aProfile, type ProfileChanges } from "../../support/placement.ts";
import { anInstance, aRegistered, draftAt } from "../instance_fixtures.ts";

const disabled: Partial<GocdAgent> = { configState: "Disabled" };

function idleAgent(changes: ProfileChanges): { readonly world: Driver; readonly taskId: string } {
  const found = withIdleAgent({ profiles: [aProfile({ gocdResources: ["linux"], ...changes })] });
  found.world.taken();
  found.world.noted();
  return found;
}

/** `building LOCATOR`, as reported by a server. */
const builds = (name: string): Partial<GocdAgent> => ({ ...building, buildLocator: `p/1/s/1/${name}` });

/** The reason of a drain, or the state of an instance that is not draining. */
function phaseOf(world: Driver, taskId: string): string {
  const instance = world.instance(taskId);
  return instance.state === "draining" ? `${instance.reason} ${instance.step.kind}` : instance.state;
}

Deno.test("a one-job agent is disabled while it builds its job, finishes it, and is removed", () => {
  const { world, taskId } = idleAgent({ maxJobs: 1 });
  world.wait(10 * second);
  world.read(gocdAgent(taskId, builds("a")));
  assertEquals(theOne(world.taken(), "disable-gocd-agents").agents.map((each) => each.taskId), [taskId]);
  assertEquals(
    world.noted().map(({ text }) => text).at(-1),
    `draining ${taskId}: it is running the last job of its max-jobs; it finishes that job and takes no other`,
  );
  for (let minutes = 0; minutes < 120; minutes += 10) {
    world.wait(10 * minute, minute);
    world.read(gocdAgent(taskId, { ...disabled, ...builds("a") }));
  }
  assertEquals([phaseOf(world, taskId), only(world.taken(), "kill-task")], ["max-jobs finishing", []]);
  world.read(gocdAgent(taskId, disabled));
  world.skip(20 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(phaseOf(world, taskId), "max-jobs deleting");
});

Deno.test("an agent with max-jobs 3 is disabled with its third job, however the others were noticed", () => {
  const { world, taskId } = idleAgent({ maxJobs: 3 });
  const shown: readonly (readonly [Partial<GocdAgent>, string])[] = [
    [builds("a"), "registered"],
    [builds("a"), "registered"],
    [builds("b"), "registered"],
    [{}, "registered"],
    [{ agentState: "LostContact", buildState: "Unknown", buildLocator: "p/1/s/1/b" }, "registered"],
    [builds("b"), "registered"],
    [{}, "registered"],
    [builds("c"), "max-jobs disabling"],
  ];
  for (const [changes, phase] of shown) {
    world.wait(10 * second);
    world.read(gocdAgent(taskId, changes));
    assertEquals(phaseOf(world, taskId), phase);
  }
});

Deno.test("if the server reports no locators, a build counts when it starts", () => {
  const { world, taskId } = idleAgent({ maxJobs: 2 });
  const phases = [building, building, {}, building].map((changes) => {
    world.wait(10 * second);
    world.read(gocdAgent(taskId, changes));
    return phaseOf(world, taskId);
  });
  assertEquals(phases, ["registered", "registered", "registered", "max-jobs disabling"]);
});

Deno.test("a one-job agent is never enabled again: not for jobs that wait, nor when someone has enabled it", () => {
  const { world, taskId } = idleAgent({ maxJobs: 1 });
  world.read(gocdAgent(taskId, builds("a")));
  world.read(gocdAgent(taskId, disabled));
  world.taken();
  world.poll({ jobs: [job("b")], agents: [gocdAgent(taskId, disabled)] });
  assertEquals(only(world.taken(), "enable-gocd-agent"), []);
  world.wait(30 * second);
  world.read(gocdAgent(taskId));
  assertEquals(kinds(world.taken()).filter((kind) => kind.endsWith("gocd-agents")).at(-1), "disable-gocd-agents");
});

Deno.test("the operator cancels a drain, and a one-job agent with its job is still removed", () => {
  const { world, taskId } = idleAgent({ maxJobs: 1 });
  world.read(gocdAgent(taskId, builds("a")));
  world.send({ kind: "drain-requested" });
  world.read(gocdAgent(taskId, { ...disabled, ...builds("a") }));
  world.taken();
  world.send({ kind: "launching-resumed" });
  assertEquals(only(world.taken(), "enable-gocd-agent"), []);
});

Deno.test("the drain-timeout does not end the last job of an agent, until the operator drains all", () => {
  const { world, taskId } = idleAgent({ maxJobs: 1, drainTimeoutMs: 5 * minute });
  const building = gocdAgent(taskId, { ...disabled, ...builds("a") });
  world.read(gocdAgent(taskId, builds("a")));
  const killsWithin = (minutes: number): number => {
    for (let at = 0; at < minutes; at++) {
      world.wait(minute, 10 * second);
      world.read(building);
    }
    return only(world.taken(), "kill-task").length;
  };
  assertEquals(killsWithin(60), 0);
  world.send({ kind: "drain-requested" });
  assertEquals([killsWithin(4), killsWithin(3) > 0], [0, true]);
});

Deno.test("while a one-job agent is idle the agents are read every ten seconds, so that its job is seen", () => {
  const reads = (maxJobs: number | undefined): number => {
    const { world, taskId } = idleAgent(maxJobs === undefined ? {} : { maxJobs });
    let count = 0;
    for (let at = 0; at < 60; at++) {
      world.wait(second);
      const asked = only(world.taken(), "read-gocd-agents").length;
      if (asked > 0) world.read(gocdAgent(taskId));
      count += asked;
    }
    return count;
  };
  assertEquals([reads(undefined), reads(2), reads(1) >= 5], [0, 0, true]);
});

Deno.test("the place of a one-job agent is launched for as soon as it is free: its jobs have waited already", () => {
  const { world, taskId } = withIdleAgent({
    profiles: [aProfile({ gocdResources: ["linux"], maxJobs: 1, maxAgents: 1 })],
  });
  world.read(gocdAgent(taskId, builds("a")));
  for (let polls = 0; polls < 3; polls++) {
    world.wait(2 * minute, 10 * second);
    world.poll({ jobs: [job("b")], agents: [gocdAgent(taskId, { ...disabled, ...builds("a") })] });
  }
  assertEquals(world.verdict("b").reasonCode, "held-limit");
  world.status(taskId, "TASK_KILLED");
  world.wait(second);
  world.taken();
  world.offers(offer("h9"));
  assertEquals(theOne(world.taken(), "accept-offers").launches.length, 1);
});

const aged = { maxLifetimeMs: 60 * minute };

const idleMs = (ms: number): Partial<InstancePhase> => ({
  activity: { kind: "idle", sinceMs: zeroMs + 60 * minute - ms },
});

/** Which of these go at the age of 60 minutes; `waiting`: a job that they can take. */
function oldOnesGo(
  instances: readonly AgentInstance[],
  { waiting = false, minIdle = 0, afterMs = 60 * minute } = {},
): readonly string[] {
  const { state } = drive({ profiles: [{ ...linux, ...aged, minIdle }] });
  const backlog = bucketJobs(waiting ? [job("a")] : [], state.settings.poller, "insensitive");
  const draft = draftAt(zeroMs + afterMs, instances, {}, {
    settings: state.settings,
    demand: { ...state.demand, backlog },
  });
  retireWorn(draft, []);
  retireAgents(draft, "read");
  return [...draft.state.instances.values()].filter((each) => each.state === "draining").map(({ taskId }) => taskId);
}

Deno.test("an old agent that builds is disabled immediately; an idle one is removed, but first takes a job that waits for it", () => {
  const old = (phase: Partial<InstancePhase>): readonly AgentInstance[] => [
    anInstance("t", { ...phase, state: "registered", uuid: "u" } as never),
  ];
  const busy = old({ activity: { kind: "building", sinceMs: zeroMs } } as never);
  const waiting = true;
  assertEquals([oldOnesGo(busy), oldOnesGo(busy, { waiting })], [["t"], ["t"]]);
  assertEquals([oldOnesGo(old(idleMs(0))), oldOnesGo(old(idleMs(0)), { waiting })], [["t"], []]);
  assertEquals(oldOnesGo(old(idleMs(90 * second)), { waiting }), ["t"]);
  assertEquals(oldOnesGo(old({ activity: { kind: "unsure", word: "LostContact", sinceMs: zeroMs } } as never)), []);
});

Deno.test("an old idle agent of min-idle is removed when its replacement is idle, or does not register", () => {
  const old = anInstance("t", { state: "registered", uuid: "u", ...idleMs(0) } as never);
  const fresh = (taskId: string): AgentInstance => aRegistered(taskId, "idle", { createdMs: zeroMs + 50 * minute });
  const minIdle = 1;
  assertEquals([oldOnesGo([old], { minIdle }), oldOnesGo([old, fresh("f")], { minIdle })], [[], ["t"]]);
  assertEquals(oldOnesGo([old], { minIdle, afterMs: 80 * minute }), ["t"]);
});

Deno.test("what an agent has done is judged by its profile of now, max-jobs before max-lifetime", () => {
  const wear = (changes: ProfileChanges, jobs: number, ageMs: number): string | undefined =>
    wearOf(
      { settings: someSettings({ profiles: [aProfile(changes)] }) },
      aRegistered("gocd-abc123-default-0", "idle", { built: { jobs } }),
      zeroMs + ageMs,
    );
  assertEquals(
    [
      wear({}, 99, 10_000 * minute),
      wear({ maxJobs: 2 }, 1, 0),
      wear({ maxJobs: 2 }, 2, 0),
      wear({ maxJobs: 2 }, 3, 0),
      wear(aged, 9, 60 * minute - 1),
      wear(aged, 9, 60 * minute),
      wear({ ...aged, maxJobs: 1 }, 1, 60 * minute),
      wear({ ...aged, name: "other" }, 1, 60 * minute),
    ],
    [undefined, undefined, "max-jobs", "max-jobs", undefined, "max-lifetime", "max-jobs", undefined],
  );
});

Deno.test("agents launched together reach their age one after the other, none later than max-lifetime, none more than a tenth earlier", () => {
  const settings = someSettings({ profiles: [aProfile(aged)] });
  const oldAtMs = (number: number): number => {
    const instance = anInstance(`gocd-abc123-default-${number}`, { state: "launching" });
    for (let ms = 0;; ms += 10 * second) {
      if (wearOf({ settings }, instance, zeroMs + ms) !== undefined) return ms;
    }
  };
  const ages = Array.from({ length: 20 }, (_, index) => oldAtMs(index + 1));
  fc.assert(
    fc.property(fc.nat(1_000_000), (number) => {
      const ageMs = oldAtMs(number);
      return ageMs > 54 * minute - 1 && ageMs <= 60 * minute;
    }),
    { numRuns: 50 },
  );
  assertEquals(new Set(ages).size, 20);
});

Deno.test("whether the next job of an agent is its last", () => {
  const near = (maxJobs: number, jobs: number, changes = {}): boolean =>
    isLastJobNear(
      { settings: someSettings({ profiles: [aProfile({ maxJobs })] }) },
      aRegistered("t", "idle", { built: { jobs }, ...changes }) as Registered,
    );
  assertEquals([near(1, 0), near(3, 1), near(3, 2), near(3, 3, { retire: "max-jobs" })], [true, false, true, false]);
});
