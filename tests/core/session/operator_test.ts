// What the operator asks for while the program runs, and the start from what a store gives back.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { OperatorEvent } from "../../../src/core/event.ts";
import type { Settings } from "../../../src/core/settings.ts";
import { initialState } from "../../../src/core/step.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  building,
  confirmDeletes,
  drive,
  emptyStore,
  gocdAgent,
  job,
  jobs,
  linux,
  minute,
  offer,
  only,
  second,
  someSettings,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

/** The usual settings with another image, so to say. */
const changedProfile = (): Settings => someSettings({ profiles: [{ ...linux, hash: "11111111" }] });

Deno.test("drain launches nothing, disables every agent, kills none that builds, and continues running", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "drain-requested" });
  world.poll({ jobs: jobs(2), agents: [gocdAgent(taskId, building)] });
  assertEquals([world.state.demand.wanted, world.instance(taskId).state], [[], "draining"]);
  assertEquals(world.verdict("j1").reasonCode, "held-mode");
  world.wait(60 * minute, minute);
  assertEquals(only(world.taken(), "kill-task"), []);
  world.send({ kind: "launching-resumed" });
  world.poll({ jobs: jobs(2), agents: [gocdAgent(taskId, { ...building, configState: "Disabled" })] });
  assertEquals(world.state.demand.wanted[0]?.count, 2);
});

Deno.test("agents of a changed profile are replaced once idle, and kept if the change is taken back", () => {
  const { world, taskId } = withIdleAgent();
  const changed = someSettings({ profiles: [{ ...linux, hash: "11111111" }] });
  world.send({ kind: "settings-changed", settings: changed });
  assertEquals(world.instance(taskId).retire, "profile-changed");
  world.poll({ agents: [gocdAgent(taskId, building)] });
  assertEquals(world.instance(taskId).state, "registered");
  world.send({ kind: "settings-changed", settings: someSettings() });
  assertEquals(world.instance(taskId).retire, undefined);
  world.send({ kind: "settings-changed", settings: changed });
  world.poll({ agents: [gocdAgent(taskId)] });
  const draining = world.instance(taskId);
  assertEquals(draining.state === "draining" ? draining.reason : draining.state, "profile-changed");
});

Deno.test("an agent to be replaced does not count as capacity for new jobs", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "settings-changed", settings: someSettings({ profiles: [{ ...linux, hash: "11111111" }] }) });
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId)] });
  assertEquals(world.verdict("j0").verdict, "needs-agent");
});

Deno.test("agents that are on their way when their profile changes take the jobs they came for, and are replaced then", () => {
  const world = drive({ poller: { intervalMs: 15 * second } });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_RUNNING");
  world.send({ kind: "settings-changed", settings: changedProfile() });
  world.wait(15 * second);
  world.poll({ jobs: jobs(1) });
  assertEquals([world.verdict("j0").verdict, world.state.demand.wanted], ["coming", []]);
  world.read(gocdAgent(taskId));
  world.wait(15 * second);
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId)] });
  assertEquals([world.verdict("j0").verdict, world.instance(taskId).state], ["will-be-taken", "registered"]);
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.wait(minute);
  world.poll({ jobs: [job("next")], agents: [gocdAgent(taskId)] });
  assertEquals([world.verdict("next").verdict, world.instance(taskId).state], ["needs-agent", "draining"]);
});

Deno.test("an agent of a changed profile is replaced immediately if no job waits for it, or if one waits too long", () => {
  for (const [waiting, state] of [[jobs(0), "draining"], [jobs(1), "registered"]] as const) {
    const world = drive();
    world.subscribe();
    world.poll({ jobs: jobs(1) });
    world.offers(offer("h1"));
    const [taskId = ""] = world.state.instances.keys();
    world.wait(second);
    world.send({ kind: "settings-changed", settings: changedProfile() });
    world.wait(second);
    world.read(gocdAgent(taskId));
    world.wait(89 * second);
    world.poll({ jobs: waiting, agents: [gocdAgent(taskId)] });
    assertEquals(world.instance(taskId).state, state);
    world.wait(second);
    world.poll({ jobs: waiting, agents: [gocdAgent(taskId)] });
    assertEquals(world.instance(taskId).state, "draining");
  }
});

Deno.test("an agent that must leave for maintenance is disabled on the list that first shows it, and does not count before", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  const unavailability = { startMs: world.atMs + minute };
  world.send({
    kind: "inverse-offers-received",
    offers: [{ id: "i1", mesosAgentId: world.instance(taskId).mesosAgentId, unavailability }],
  });
  world.poll({ jobs: jobs(1) });
  assertEquals(world.verdict("j0").verdict, "needs-agent");
  world.read(gocdAgent(taskId));
  assertEquals(world.instance(taskId).state, "draining");
});

Deno.test("while launching is frozen, drained agents are enabled again for jobs that wait", () => {
  for (const profile of [undefined, "default"]) {
    const { world, taskId } = withIdleAgent();
    world.send({ kind: "launching-frozen", ...(profile === undefined ? {} : { profile }) });
    world.wait(10 * minute, 10 * second);
    world.poll({ agents: [gocdAgent(taskId)] });
    assertEquals(world.instance(taskId).state, "draining");
    world.read(gocdAgent(taskId, { configState: "Disabled" }));
    world.taken();
    world.poll({ jobs: jobs(2), agents: [gocdAgent(taskId, { configState: "Disabled" })] });
    assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
    assertEquals([world.verdict("j1").reasonCode, world.state.demand.wanted], ["held-frozen", []]);
  }
});

Deno.test("shorter intervals apply immediately", () => {
  const world = drive();
  world.poll();
  world.send({ kind: "settings-changed", settings: someSettings({ poller: { intervalMs: 10 * second } }) });
  assertEquals(world.state.server.nextPollMs, world.atMs + 10 * second);
});

Deno.test("a crash between storing a launch and its ACCEPT leaves an instance that Mesos denies, and another is launched", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const { framework, controls, instances } = world.state;
  const later = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  later.subscribe();
  assertEquals(only(later.taken(), "reconcile-tasks")[0]?.tasks.map((each) => each.taskId), ["gocd-abc123-default-1"]);
  later.poll({ jobs: jobs(1) });
  assertEquals(later.verdict("j0").verdict, "coming");
  later.status("gocd-abc123-default-1", "TASK_UNKNOWN", { uuid: "", reason: "REASON_RECONCILIATION" });
  later.wait(second);
  assertEquals(later.state.demand.wanted[0]?.count, 1);
});

Deno.test("a drain that a crash interrupted continues where it was", () => {
  const { world, taskId } = withIdleAgent();
  world.wait(10 * minute, 10 * second);
  world.poll({ agents: [gocdAgent(taskId)] });
  const off = gocdAgent(taskId, { configState: "Disabled" });
  world.read(off);
  world.skip(20 * second);
  world.read(off);
  const { framework, controls, instances } = world.state;
  const later = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  later.subscribe();
  later.poll({ agents: [] });
  assertEquals(later.instance(taskId).state, "draining", "the response to the DELETE is not known");
  later.skip(30 * second);
  later.read();
  confirmDeletes(later);
  later.read();
  const killing = later.instance(taskId);
  assertEquals(killing.state === "killing" ? killing.cause : killing.state, "drained");
});

Deno.test("switches survive a restart, and agents of an older configuration are recognized at the start", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "launching-frozen" });
  const { framework, controls, instances } = world.state;
  const state = initialState(
    { framework, controls, instances: [...instances.values()] },
    someSettings({ profiles: [aProfile({ name: "other" })] }),
    zeroMs,
  );
  assertEquals(state.controls.frozen, true);
  assertEquals(state.instances.get(taskId)?.retire, "profile-changed");
});

Deno.test("a start reports which switches are set, and a new session within the run does not repeat it", () => {
  const controls = { frozen: true, frozenProfiles: ["default", "mac"], mode: "drain" } as const;
  const world = drive({ stored: { ...emptyStore, controls } });
  world.subscribe();
  const told = (): readonly string[] =>
    world.noted().flatMap(({ code, text, hint }) => code === "switches-in-force" ? [`${text} (${hint})`] : []);
  assertEquals(told(), [
    "still in effect from earlier commands: draining, nothing is launched; all launching is frozen; launching of default, mac " +
    "is frozen (`gocd-mesos resume FILE` ends it)",
  ]);
  world.send({ kind: "disconnected", reason: "the master has ended the stream" });
  world.subscribe();
  assertEquals(told(), []);
  const other = drive();
  other.subscribe();
  assertEquals(other.noted().filter(({ code }) => code === "switches-in-force"), []);
});

Deno.test("a command reports what it cancels, and what still holds launching back", () => {
  const world = drive();
  const told: string[] = [];
  const ask = (event: OperatorEvent): void => {
    world.send(event);
    told.push(
      ...world.noted().flatMap(({ code, text }) => code === "operator" ? [text] : []),
    );
  };
  ask({ kind: "launching-frozen" });
  ask({ kind: "launching-resumed", profile: "default" });
  ask({ kind: "launching-resumed" });
  ask({ kind: "teardown-requested", mode: "drain" });
  ask({ kind: "drain-requested" });
  ask({ kind: "launching-resumed", profile: "default" });
  ask({ kind: "launching-resumed" });
  ask({ kind: "launching-resumed", profile: "default" });
  const base = "launching resumes for profile default";
  const draining = "draining: nothing is launched, each agent is removed once idle";
  assertEquals(told, [
    "launching is frozen",
    `${base}, but nothing is launched: all launching is frozen until a resume without a profile`,
    "launching resumes",
    "tearing down: the framework is removed once every agent is drained",
    `${draining}; the teardown is cancelled`,
    `${base}, but nothing is launched: the drain continues until a resume without a profile`,
    "launching resumes; the drain is cancelled",
    base,
  ]);
});

Deno.test("a record survives a round trip through JSON", () => {
  const { world } = withIdleAgent();
  for (const instance of world.state.instances.values()) assertEquals(JSON.parse(JSON.stringify(instance)), instance);
  assertEquals(JSON.parse(JSON.stringify(world.state.framework)), world.state.framework);
});

Deno.test("the picture shows instances, profiles, agents that are ours, and what is wrong", () => {
  const { world, taskId } = withIdleAgent({ poller: { attempts: 0 } });
  world.status("gocd-abc123-default-9", "TASK_RUNNING");
  world.poll({
    jobs: jobs(1, { gocdResources: ["gpu"] }),
    agents: [gocdAgent(taskId, building), gocdAgent("other", { elastic: true })],
  });
  const view = statusView(world.state, world.atMs);
  assertEquals(view.instances.map((each) => each.state), ["building", "starting"]);
  assertEquals(view.gocdAgents.map((each) => [each.state, each.taskId]), [["building", taskId], [
    "elastic",
    undefined,
  ]]);
  assertEquals(view.profiles.map(({ alive, building, starting }) => [alive, building, starting]), [[2, 1, 1]]);
  assertEquals(view.problems.map((each) => each.code), ["jobs-unserved"]);
  assertStringIncludes(view.problems[0]?.message ?? "", "1 job is not served by any profile");
  world.send({ kind: "disconnected", reason: "cut" });
  assertEquals(statusView(world.state, world.atMs).problems[0]?.code, "mesos-connecting");
});

Deno.test("before the first poll and without a session the picture says so", () => {
  const state = initialState(emptyStore, someSettings(), zeroMs);
  const view = statusView(state, zeroMs + 5 * second);
  assertEquals([view.mesos.session, view.mesos.offers, view.gocd.maintenance], ["connecting", "suppressed", "unknown"]);
});
