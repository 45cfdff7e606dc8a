// Idle agents that take no jobs although others do: they must not keep their kind of jobs from getting agents.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { watchOvertaken } from "../../../src/core/demand/sick_agents.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  job,
  minute,
  offer,
  second,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { stateOf } from "../instance_fixtures.ts";

const builds = (hostname: string, name: string): GocdAgent =>
  gocdAgent(hostname, { ...building, buildLocator: `p/1/s/1/${name}` });
const named = (...names: readonly string[]): ReturnType<typeof job>[] => names.map((name) => job(name));
const told = (world: Driver): (string | undefined)[] =>
  world.noted().flatMap(({ code, text }) => code === "agent-sick" ? [text] : []);
const verdictOf = (world: Driver, name: string): string => world.verdict(name).verdict;

/** `sick` idles while `well` builds one job after the other; polls every two minutes. */
function passes(world: Driver, sick: GocdAgent, rounds: readonly (readonly [waiting: string, builds: string])[]): void {
  for (const [waiting, name] of rounds) {
    world.wait(2 * minute, minute);
    world.poll({ jobs: named(...waiting.split(" ")), agents: [sick, builds("well", name)] });
  }
}

Deno.test("an idle agent beside which two jobs waited until others took them is reported, and does not count", () => {
  const world = drive();
  world.poll({ jobs: named("a", "b", "c", "d"), agents: [gocdAgent("sick"), builds("well", "x")] });
  passes(world, gocdAgent("sick"), [["a b c d", "x"], ["b c d", "a"]]);
  assertEquals([verdictOf(world, "c"), told(world)], ["other-cause", []]);
  passes(world, gocdAgent("sick"), [["c d", "b"]]);
  assertEquals([verdictOf(world, "c"), verdictOf(world, "d")], ["needs-agent", "needs-agent"]);
  assertStringIncludes(told(world)[0] ?? "", "agent sick is idle and in contact, but takes no jobs");
});

Deno.test("an agent that builds in between, or that could not take those jobs, is not sick", () => {
  const others: readonly GocdAgent[] = [gocdAgent("h", { gocdResources: ["java"] }), gocdAgent("h", { elastic: true })];
  for (const other of others) {
    const world = drive();
    world.poll({ jobs: named("a", "b", "c"), agents: [other, builds("well", "x")] });
    passes(world, other, [["a b c", "x"], ["b c", "a"], ["c", "b"]]);
    assertEquals(told(world), []);
  }
  const world = drive();
  world.poll({ jobs: named("a", "b", "c"), agents: [gocdAgent("h"), builds("well", "x")] });
  passes(world, gocdAgent("h"), [["a b c", "x"], ["b c", "a"]]);
  world.read(builds("h", "y"), builds("well", "a"));
  passes(world, gocdAgent("h"), [["c", "b"]]);
  assertEquals(told(world), []);
});

Deno.test("jobs that others take within the server's grace prove nothing", () => {
  const world = drive();
  world.poll({ agents: [gocdAgent("h")] });
  for (const name of ["a", "b", "c", "d"]) {
    world.wait(2 * minute, minute);
    world.poll({ jobs: named(name), agents: [gocdAgent("h"), gocdAgent("well")] });
    world.wait(10 * second);
    world.poll({ agents: [gocdAgent("h"), builds("well", name)] });
  }
  assertEquals(told(world), []);
});

/** How often an agent counts as passed over that has been idle since a time, after other agents took two jobs. */
function passedOver(
  { idleSinceMs = zeroMs, before = zeroMs, graceMs = 90 * second, lastPollMs = zeroMs + 2 * minute } = {},
): number | undefined {
  const state = stateOf([], {}, { poller: { assignGraceMs: graceMs } });
  const server = {
    ...state.server,
    lastPollMs,
    healthySinceMs: zeroMs,
    overtaken: new Map([["uuid-h", { idleSinceMs: before, jobs: 1 }]]),
  };
  const draft = new Draft({ ...state, server }, lastPollMs + minute, 0.5);
  const { buckets } = bucketJobs([job("a"), job("b"), job("c")], state.settings.poller, "insensitive");
  const memory = { firstSeenMs: zeroMs, bucketKey: ";linux", order: 0, passedOver: 0, otherCauseCount: 0 };
  watchOvertaken(draft, {
    built: new Set(["a", "b", "x", "foreign"].map((name) => `p/1/s/1/${name}`)),
    before: new Map([
      ...["a", "b", "c"].map((name) => [`p/1/s/1/${name}`, memory] as const),
      ["p/1/s/1/foreign", { ...memory, bucketKey: "" }],
    ]),
    here: new Set(["p/1/s/1/b", "p/1/s/1/c"]),
    buckets,
    idleSinceMs: new Map([["uuid-h", idleSinceMs]]),
    agents: [gocdAgent("h"), gocdAgent("busy", building)],
    rule: "insensitive",
  });
  return draft.state.server.overtaken.get("uuid-h")?.jobs;
}

Deno.test("an idle agent is passed over by each job that another builds, as long as it is idle without a break", () => {
  assertEquals([passedOver(), passedOver({ before: zeroMs - 1 })], [2, 1]);
  assertEquals([passedOver({ graceMs: 2 * minute }), passedOver({ graceMs: 2 * minute + 1 })], [2, 1]);
  const later = { idleSinceMs: zeroMs + 2 * minute + 1, before: zeroMs, graceMs: 0 };
  assertEquals([passedOver(later), passedOver({ ...later, idleSinceMs: zeroMs + 2 * minute })], [undefined, 1]);
});

Deno.test("a sick agent of ours is drained immediately", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ jobs: named("a", "b", "c"), agents: [gocdAgent(taskId), builds("well", "x")] });
  passes(world, gocdAgent(taskId), [["a b c", "x"], ["b c", "a"], ["c", "b"]]);
  assertEquals([world.instance(taskId).state, verdictOf(world, "c")], ["draining", "needs-agent"]);
});

Deno.test("a job that idle agents have left waiting is tried again without them, once in each pause", () => {
  const world = drive();
  world.subscribe();
  const agents = [gocdAgent("sick")];
  const pollFor = (minutes: number, others: readonly GocdAgent[] = []): void => {
    for (let passed = 0; passed < minutes; passed += 2) {
      world.wait(2 * minute, minute);
      world.poll({ jobs: named("a"), agents: [...agents, ...others] });
      world.offers(offer("h1"));
    }
  };
  world.poll({ jobs: named("a"), agents });
  pollFor(30);
  assertEquals([verdictOf(world, "a"), world.state.instances.size], ["other-cause", 0]);
  pollFor(4);
  assertEquals(world.state.instances.size, 1);
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_RUNNING");
  pollFor(4, [gocdAgent(taskId)]);
  assertEquals([verdictOf(world, "a"), world.state.instances.size], ["other-cause", 1]);
});
