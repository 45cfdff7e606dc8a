// A job that is given to an agent while we look: counted as waiting, an agent too many would be launched for it.

import { assertEquals } from "@std/assert";
import {
  drive,
  type Driver,
  gocdAgent,
  job,
  linux,
  minute,
  offer,
  only,
  second,
  withIdleAgent,
} from "../../support/core.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";

const eager = { poller: { attempts: 0 } };

/** A GocdAgent that builds `p/1/s/1/NAME`; without a name the server does not report the job. */
function builds(hostname: string, name?: string, changes: Partial<GocdAgent> = {}): GocdAgent {
  const told = name === undefined ? {} : { buildLocator: `p/1/s/1/${name}` };
  return gocdAgent(hostname, { agentState: "Building", buildState: "Building", ...told, ...changes });
}

const waiting = (world: Driver): string[] => world.state.demand.jobs.map(({ name, verdict }) => `${name} ${verdict}`);
const wanted = (world: Driver): number => world.state.demand.wanted.reduce((total, each) => total + each.count, 0);

Deno.test("no agent is launched for a job that is assigned between the feed and the list of agents", () => {
  const world = drive(eager);
  world.subscribe();
  world.poll({ agents: [gocdAgent("h")] });
  world.wait(10 * second);
  world.poll({ jobs: [job("a"), job("b")], agents: [builds("h", "a")] });
  assertEquals([waiting(world), wanted(world)], [["b needs-agent"], 1]);
});

Deno.test("any agent may take it: a new one, one of another profile, one of an elastic plugin", () => {
  const world = drive(eager);
  world.poll({ jobs: [job("a"), job("b")], agents: [builds("new", "a"), builds("plugin", "b", { elastic: true })] });
  assertEquals(waiting(world), []);
});

Deno.test("a job waits again if its agent had it before the feed was read, or has lost it", () => {
  const world = drive(eager);
  world.poll({ agents: [builds("back", "a"), builds("lost", "b")] });
  world.wait(10 * second);
  const lost = builds("lost", "b", { agentState: "LostContact", buildState: "Unknown" });
  world.poll({ jobs: [job("a"), job("b")], agents: [builds("back", "a"), lost] });
  assertEquals([waiting(world), wanted(world)], [["a needs-agent", "b needs-agent"], 2]);
});

Deno.test("a job that an agent takes between two polls leaves the list, and the next job keeps its own agent", () => {
  const world = drive(eager);
  world.subscribe();
  world.poll({ jobs: [job("a"), job("b")], agents: [gocdAgent("h")] });
  assertEquals([waiting(world), wanted(world)], [["a will-be-taken", "b needs-agent"], 1]);
  world.read(builds("h", "a"));
  world.offers(offer("h1"), offer("h2"), offer("h3"));
  assertEquals(only(world.taken(), "accept-offers").flatMap(({ launches }) => launches).length, 1);
  world.send({ kind: "tick" });
  assertEquals(waiting(world), ["b coming"]);
});

Deno.test("if the server does not report what an agent builds, one that starts between two polls counts for one job", () => {
  const world = drive(eager);
  world.subscribe();
  world.poll({ jobs: [job("a"), job("b"), job("c")], agents: [gocdAgent("h"), builds("old")] });
  assertEquals(wanted(world), 2);
  for (const _ of ["one look", "another"]) {
    world.wait(second);
    world.read(builds("h"), builds("old"));
    world.send({ kind: "tick" });
    assertEquals(wanted(world), 2, "the one that has built since before stands for none");
  }
  world.wait(5 * second);
  world.poll({ jobs: [job("b"), job("c")], agents: [builds("h"), builds("old")] });
  assertEquals([waiting(world), wanted(world)], [["b needs-agent", "c needs-agent"], 2], "a poll counts anew");
});

Deno.test("if an agent is enabled again for a job and takes it immediately, no second one follows", () => {
  for (const name of ["a", undefined]) {
    const { world, taskId } = withIdleAgent({ ...eager, profiles: [{ ...linux, idleTimeoutMs: minute }] });
    world.wait(2 * minute);
    world.poll({ agents: [gocdAgent(taskId)] });
    assertEquals(world.instance(taskId).state, "draining");
    world.wait(second);
    world.read(gocdAgent(taskId, { configState: "Disabled" }));
    world.wait(second);
    world.poll({ jobs: [job("a")], agents: [gocdAgent(taskId, { configState: "Disabled" })] });
    assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
    world.wait(second);
    world.read(builds(taskId, name));
    world.offers(offer("h1"), offer("h2"));
    assertEquals(only(world.taken(), "accept-offers"), []);
    assertEquals(wanted(world), 0);
  }
});
