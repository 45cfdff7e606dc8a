// Most agents vanish at once: the server has changed, not they. Nothing is taken down, and nothing is launched for what
// may be another server's backlog or in another cluster, until they are back or the operator declares them lost.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isOlderVersion } from "../../../src/core/life/brake.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  building,
  confirmDeletes,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  kinds,
  lostContact,
  minute,
  offer,
  only,
  pending,
  problem,
  reconciled,
  second,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

/** Agents that have registered, on hosts with room for four each, and what the server shows of them. */
function withMany(
  count: number,
  shown: Partial<GocdAgent> = building,
): { readonly world: Driver; readonly ids: readonly string[]; readonly listed: readonly GocdAgent[] } {
  const world = drive({ profiles: [aProfile({ gocdResources: ["linux"], idleTimeoutMs: 60 * minute })] });
  world.subscribe();
  world.poll({ jobs: jobs(count) });
  world.wait(6 * second);
  world.offers(...Array.from({ length: 10 }, (_, index) => offer(`h${index}`)));
  const ids = [...world.state.instances.keys()];
  for (const id of ids) world.status(id, "TASK_RUNNING", { mesosAgentId: world.instance(id).mesosAgentId });
  const listed = ids.map((id) => gocdAgent(id, shown));
  world.poll({ agents: listed });
  world.taken();
  world.noted();
  return { world, ids, listed };
}

/** The master's own word, as it answers a question. */
function master(world: Driver, taskId: string, word: string): void {
  world.status(taskId, word, { ...reconciled, mesosAgentId: world.instance(taskId).mesosAgentId });
}

/** What has been done to agents: changes of their records, and KILLs. */
function acts(world: Driver): string[] {
  return kinds(world.taken()).filter((kind) => /able-gocd|delete-gocd|kill/.test(kind));
}

/** Polls that all show the same, for so long. */
function pollFor(world: Driver, ms: number, poll: Parameters<Driver["poll"]>[0]): void {
  const endMs = world.atMs + ms;
  while (world.atMs < endMs) {
    world.wait(minute, 10 * second);
    world.poll(poll);
  }
}

const killed = (world: Driver): Set<string> => new Set(only(world.taken(), "kill-task").map(({ taskId }) => taskId));

const problems = (world: Driver): string[] => statusView(world.state, world.atMs).problems.map(({ code }) => code);

Deno.test("a list that shows none of our agents kills none of 30 that build, however long it is shown", () => {
  const { world } = withMany(30);
  pollFor(world, 3 * 60 * minute, { agents: [gocdAgent("somebody-else")] });
  assertEquals(acts(world), []);
  const told = world.noted().filter(({ code }) => code === "brake-on");
  assertEquals(told.length, 1);
  assertStringIncludes(told[0]?.text ?? "", "no longer lists 30 of our 30 agents");
  assertMatch(told[0]?.hint ?? "", /go-server\.url.*accept-loss/);
  assertEquals(told[0]?.fields, { server: "gocd" });
  assertEquals(problems(world).includes("brake-on"), true);
});

Deno.test("nothing is launched for a backlog that may be another server's", () => {
  const { world, listed } = withMany(3);
  world.poll({ jobs: jobs(5), agents: [] });
  world.wait(6 * second);
  world.offers(offer("h1"));
  assertEquals(only(world.taken(), "accept-offers"), []);
  const { verdict, reasonCode, reason } = world.verdict("j0");
  assertEquals([verdict, reasonCode], ["needs-agent", "held-brake"]);
  assertStringIncludes(reason, "nothing is launched until they are back");
  world.poll({ jobs: jobs(5), agents: listed });
  world.wait(6 * second);
  world.offers(offer("h1"));
  assertEquals(only(world.taken(), "accept-offers").flatMap(({ launches }) => launches).length, 4);
});

Deno.test("once the agents are back, everything continues, and those still missing count from then on", () => {
  const { world, listed } = withMany(8);
  pollFor(world, 20 * minute, { agents: [] });
  world.poll({ agents: listed.slice(0, 5) });
  assertEquals(world.state.brake.gocd === undefined, false, "too many are still missing");
  world.poll({ agents: listed.slice(0, 6) });
  assertEquals(world.state.brake.gocd, undefined);
  assertEquals(world.noted().filter(({ code }) => code === "brake-off").length, 1);
  pollFor(world, 9 * minute, { agents: listed.slice(0, 6) });
  assertEquals(acts(world), []);
  pollFor(world, 2 * minute, { agents: listed.slice(0, 6) });
  assertEquals(killed(world).size, 2);
});

for (
  const [gone, all, others, isBraked] of [
    [1, 1, 0, false],
    [2, 2, 0, false],
    [2, 2, 1, true],
    [1, 1, 2, true],
    [3, 3, 0, true],
    [3, 6, 0, false],
    [4, 6, 0, true],
    [2, 3, 0, false],
  ] as const
) {
  const what = `${gone} of ${all} agents vanish, and ${others} of others`;
  Deno.test(`${what}: ${isBraked ? "it may be another server" : "ordinary, their containers are stopped"}`, () => {
    const { world, listed } = withMany(all, {});
    const strangers = Array.from({ length: others }, (_, index) => gocdAgent(`stranger-${index}`));
    world.poll({ agents: [...listed, ...strangers] });
    world.taken();
    pollFor(world, 12 * minute, { agents: listed.slice(gone) });
    assertEquals(killed(world).size, isBraked ? 0 : gone);
    assertEquals(world.state.brake.gocd !== undefined, isBraked);
  });
}

Deno.test("records that are expected to disappear are no evidence: our own DELETEs, Pending ones, those of a plugin", () => {
  const { world, listed } = withMany(1, {});
  const others = [gocdAgent("a", pending), gocdAgent("b", { elastic: true }), gocdAgent("c", { elastic: true })];
  world.poll({ agents: [...listed, ...others] });
  world.poll({ agents: [] });
  assertEquals(world.state.brake.gocd, undefined);
});

Deno.test("agents that we have deleted ourselves do not count as vanished", () => {
  const { world, listed } = withMany(4, {});
  world.send({ kind: "drain-requested" });
  world.poll({ agents: listed });
  const off = listed.map((each) => ({ ...each, configState: "Disabled" }));
  world.read(...off);
  world.skip(20 * second);
  world.read(...off);
  assertEquals(kinds(confirmDeletes(world)).includes("delete-gocd-agents"), true);
  world.read();
  assertEquals([world.state.brake.gocd, acts(world)], [undefined, Array.from({ length: 4 }, () => "kill-task")]);
});

Deno.test("agents whose records we have deleted do not count when Mesos reports them again, and are stopped immediately", () => {
  const { world, ids, listed } = withMany(4, {});
  world.send({ kind: "drain-requested" });
  world.poll({ agents: listed });
  const off = listed.map((each) => ({ ...each, configState: "Disabled" }));
  world.read(...off);
  world.skip(20 * second);
  world.read(...off);
  confirmDeletes(world);
  world.read();
  const where = ids.map((id) => world.instance(id).mesosAgentId);
  ids.forEach((id, at) => world.status(id, "TASK_UNREACHABLE", { uuid: "", mesosAgentId: where[at] ?? "" }));
  for (const id of ids) master(world, id, "TASK_RUNNING");
  assertEquals(new Set(ids.map((id) => world.instance(id).state)), new Set(["registered"]));
  world.taken();
  pollFor(world, 50 * second, { agents: [] });
  assertEquals([world.state.brake.gocd, killed(world).size], [undefined, 4]);
});

Deno.test("a cancelled immediate teardown leaves no brake, except for records that the server would not delete", () => {
  for (const isRefused of [false, true]) {
    const { world, listed } = withMany(4);
    world.send({ kind: "teardown-requested", mode: "now" });
    const calls = only(world.taken(), "delete-gocd-agents");
    assertEquals(calls.length, 4);
    world.send({ kind: "launching-resumed" });
    const failed = problem({ kind: "conflict", code: "gocd-agent-busy" });
    if (isRefused) { for (const call of calls) world.send({ kind: "gocd-call-failed", call, problem: failed }); }
    world.read(...listed);
    world.read();
    assertEquals(world.state.brake.gocd !== undefined, isRefused);
  }
});

Deno.test("with a server whose version has gone back, one agent that vanishes is enough", () => {
  for (const version of ["26.0.9", "27.0.0"]) {
    const { world, listed } = withMany(1);
    world.poll({ agents: listed, server: { version: "26.1.0" } });
    world.poll({ agents: [], server: { version } });
    assertEquals(world.state.brake.gocd !== undefined, version === "26.0.9");
    world.poll({ agents: listed, server: { version } });
    assertEquals(world.state.brake.gocd, undefined, "it may have been taken back with all its agents");
  }
  assertEquals([isOlderVersion("9.1", "10.0"), isOlderVersion("<16.6", "26.1.0"), isOlderVersion("1.2", "1.2.0")], [
    true,
    false,
    false,
  ]);
});

Deno.test("the brake survives a restart: the agents are on record, and the list lacks them", () => {
  const { world: before } = withMany(4);
  pollFor(before, 5 * minute, { agents: [] });
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  world.subscribe();
  for (const id of instances.keys()) master(world, id, "TASK_RUNNING");
  pollFor(world, 30 * minute, { agents: [], jobs: jobs(2) });
  assertEquals(acts(world), []);
  assertEquals(world.verdict("j0").reasonCode, "held-brake");
});

Deno.test("it also survives a restart if it was on for a single agent, until a list shows that agent", () => {
  const { world: before, listed } = withMany(1);
  before.poll({ agents: [...listed, gocdAgent("stranger")] });
  before.poll({ agents: [gocdAgent("elsewhere")] });
  assertEquals(before.state.brake.gocd !== undefined, true);
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  world.subscribe();
  for (const id of instances.keys()) master(world, id, "TASK_RUNNING");
  pollFor(world, 30 * minute, { agents: [gocdAgent("elsewhere")] });
  assertEquals([world.state.brake.gocd !== undefined, acts(world)], [true, []]);
  world.poll({ agents: listed });
  assertEquals(world.state.brake.gocd, undefined);
  pollFor(world, 12 * minute, { agents: [] });
  assertEquals(killed(world).size, 1, "its record has been deleted in this run");
});

Deno.test("after an older state was restored, agents unknown to both sides hold nothing back", () => {
  const { world: before } = withMany(4);
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  for (const id of instances.keys()) master(world, id, "TASK_UNKNOWN");
  world.poll({ jobs: jobs(1) });
  assertEquals([...world.state.instances.values()].map(({ state }) => state), ["gone", "gone", "gone", "gone"]);
  world.wait(6 * second);
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  assertEquals(only(world.taken(), "accept-offers").length, 1);
});

Deno.test("agents that Mesos has just lost count if the server lacks others as well: both may be different servers than before", () => {
  const { world: before } = withMany(6);
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  world.subscribe();
  [...instances.keys()].forEach((id, index) => master(world, id, index < 2 ? "TASK_RUNNING" : "TASK_UNKNOWN"));
  pollFor(world, 30 * minute, { agents: [] });
  assertEquals(acts(world), []);
  assertEquals([...world.state.instances.values()].some(({ state }) => state === "gone" || state === "killing"), false);
});

Deno.test("under the brake, nothing that had started continues: drains, cleanup, the clocks of starting agents", () => {
  const { world, ids, listed } = withMany(6, {});
  const [dead = "", drained = ""] = ids;
  world.status(dead, "TASK_FAILED", { mesosAgentId: world.instance(dead).mesosAgentId });
  const busy = listed.slice(1).map((each) => ({ ...each, ...building }));
  world.poll({ jobs: jobs(1), agents: busy });
  world.wait(30 * second);
  world.poll({ jobs: jobs(1), agents: busy });
  world.offers(offer("h1"));
  const [launched = ""] = only(world.taken(), "accept-offers").flatMap(({ launches }) => launches.map((l) => l.taskId));
  world.status(launched, "TASK_RUNNING");
  world.poll({ agents: [] });
  // What the other server shows by chance.
  pollFor(world, 30 * minute, { agents: [gocdAgent(dead), gocdAgent(drained, { configState: "Disabled" })] });
  assertEquals(acts(world), []);
  assertEquals(world.instance(launched).state, "starting");
});

Deno.test("once the operator accepts the loss, everything continues: containers are stopped, others are launched", () => {
  const { world, ids } = withMany(3);
  pollFor(world, 11 * minute, { agents: [] });
  assertEquals(acts(world), []);
  world.noted();
  world.send({ kind: "loss-accepted" });
  assertStringIncludes(world.noted().at(-1)?.text ?? "", "the loss of 3 agents is accepted");
  world.poll({ jobs: jobs(1), agents: [] });
  assertEquals(acts(world), ["kill-task", "kill-task", "kill-task"]);
  assertEquals(world.state.brake.gocd, undefined);
  for (const id of ids) world.status(id, "TASK_KILLED", { mesosAgentId: world.instance(id).mesosAgentId });
  world.poll({ jobs: jobs(1), agents: [] });
  world.wait(6 * second);
  world.offers(offer("h1"));
  assertEquals(only(world.taken(), "accept-offers").length, 1);
});

Deno.test("an accepted loss outlives a restart, and is forgotten once the agents are seen again", () => {
  const { world: before, listed } = withMany(3);
  before.poll({ agents: [] });
  before.send({ kind: "loss-accepted" });
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  world.subscribe();
  world.poll({ agents: [] });
  assertEquals(world.state.brake.gocd, undefined);
  world.poll({ agents: listed });
  world.poll({ agents: [] });
  assertEquals(world.state.brake.gocd !== undefined, true);
});

Deno.test("without anything missing, accept-loss changes nothing", () => {
  const { world } = withMany(3);
  const before = world.state.instances;
  world.send({ kind: "loss-accepted" });
  assertEquals(world.state.instances, before);
  assertStringIncludes(world.noted().at(-1)?.text ?? "", "no agents are missing");
});

/** A session with another master, which calls all of these unknown. */
function otherCluster(world: Driver, ids: readonly string[]): void {
  world.send({ kind: "disconnected", reason: "configuration" });
  world.subscribe();
  world.noted();
  for (const id of ids) master(world, id, "TASK_UNKNOWN");
}

Deno.test("another cluster without our agents ends none of them, and nothing is launched there", () => {
  const { world, ids, listed } = withMany(5);
  otherCluster(world, ids);
  pollFor(world, 60 * minute, { jobs: jobs(2), agents: listed });
  assertEquals(acts(world), []);
  assertEquals(new Set(ids.map((id) => world.instance(id).state)), new Set(["unreachable"]));
  const told = world.noted().find(({ code }) => code === "brake-on");
  assertStringIncludes(told?.text ?? "", "another cluster");
  assertMatch(told?.hint ?? "", /mesos-master.*accept-loss/);
  assertEquals(told?.fields, { server: "mesos" });
  assertEquals(world.verdict("j0").reasonCode, "held-brake");
  world.offers(offer("other-host"));
  assertEquals(only(world.taken(), "accept-offers"), []);
  for (const id of ids) master(world, id, "TASK_RUNNING");
  world.wait(second);
  assertEquals(world.state.brake.mesos, undefined);
});

Deno.test("a Mesos agent of ours proves that it is our cluster: what is lost there is replaced immediately", () => {
  for (const proof of ["status", "offer"] as const) {
    const { world, ids, listed } = withMany(12);
    const [first = ""] = ids;
    const known = world.instance(first).host;
    otherCluster(world, ids.slice(1));
    if (proof === "status") master(world, first, "TASK_RUNNING");
    world.poll({ jobs: jobs(1), agents: listed });
    world.wait(6 * second);
    world.offers(offer(known));
    world.wait(6 * second);
    world.offers(offer(known));
    assertEquals(only(world.taken(), "accept-offers").length, 1, proof);
    assertEquals(world.state.brake.mesos !== undefined, true, "nothing is taken down");
  }
});

Deno.test("a dead rack does not hold launches back: unreachable agents, and lost ones that fall silent, are replaced", () => {
  const { world, ids } = withMany(8);
  for (const id of ids.slice(0, 4)) {
    world.status(id, "TASK_UNREACHABLE", { uuid: "", mesosAgentId: world.instance(id).mesosAgentId });
  }
  for (const id of ids.slice(4)) master(world, id, "TASK_LOST");
  const silent = ids.map((id) => gocdAgent(id, lostContact));
  world.poll({ jobs: jobs(2), agents: silent });
  world.wait(second);
  assertEquals(world.state.brake.mesos, undefined);
  world.poll({ jobs: jobs(2), agents: silent });
  world.wait(6 * second);
  world.offers(offer("h1"));
  assertEquals(only(world.taken(), "accept-offers").flatMap(({ launches }) => launches).length, 2);
});

Deno.test("an accepted loss ends what Mesos has lost: records are removed by the rules of a drain", () => {
  const { world, ids } = withMany(4, {});
  const idle = ids.map((id) => gocdAgent(id));
  otherCluster(world, ids);
  world.send({ kind: "loss-accepted" });
  world.poll({ agents: idle });
  assertEquals(new Set(ids.map((id) => world.instance(id).state)), new Set(["gone"]));
  world.read(...idle);
  assertEquals(acts(world), ["disable-gocd-agents"]);
});
