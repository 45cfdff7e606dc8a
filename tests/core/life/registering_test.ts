// From the launch of an instance to its record on the GoCD server: who is enabled, who counts, and who never comes.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  kinds,
  lostContact,
  minute,
  missing,
  offer,
  only,
  ownPending,
  pending,
  problem,
  second,
  waitWith,
  withIdleAgent,
  withRunning,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

Deno.test("a Pending agent with the hostname of a living instance is enabled with what it should have registered with", () => {
  const world = drive({ profiles: [aProfile({ gocdResources: ["linux"], environments: ["prod"] })] });
  world.subscribe();
  world.poll({ jobs: jobs(1, { environment: "prod" }) });
  world.offers(offer("h1"));
  const taskId = "gocd-abc123-default-1";
  world.status(taskId, "TASK_RUNNING");
  world.read(ownPending(taskId), gocdAgent("stranger", pending));
  assertEquals(only(world.taken(), "enable-gocd-agent"), [{
    kind: "enable-gocd-agent",
    taskId,
    uuid: `uuid-${taskId}`,
    registration: { hostname: taskId, gocdResources: ["linux"], environment: "prod" },
  }]);
  world.wait(10 * second);
  world.read(ownPending(taskId));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 0);
  world.wait(50 * second);
  world.read(ownPending(taskId));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 0, "it waits its turn among other calls");
  const call = { kind: "enable-gocd-agent", taskId, uuid: `uuid-${taskId}` } as const;
  world.send({ kind: "gocd-call-failed", call, problem: problem() });
  world.wait(30 * second);
  world.read(ownPending(taskId));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
  world.read(gocdAgent(taskId));
  assertEquals(world.instance(taskId).state, "registered");
});

Deno.test("a Pending agent that only has the task id of an instance may be a stranger: it is reported, never enabled", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const taskId = "gocd-abc123-default-1";
  const stranger = gocdAgent(taskId, { ...pending, uuid: "stranger" });
  const problems = (): string[] => statusView(world.state, world.atMs).problems.map(({ code }) => code);
  world.read(stranger);
  world.status(taskId, "TASK_RUNNING");
  waitWith(world, 5 * minute, [stranger]);
  assertEquals(only(world.taken(), "enable-gocd-agent"), []);
  const told = world.noted().filter(({ code }) => code === "pending-not-proven");
  assertStringIncludes(
    told[0]?.text ?? "",
    `a Pending GoCD agent is named ${taskId}, but that name is public in Mesos`,
  );
  assertStringIncludes(told[0]?.hint ?? "", "auto-register-key");
  assertEquals(problems(), ["pending-not-proven"]);
  // Its own agent comes.
  world.wait(10 * second);
  world.read(stranger, ownPending(taskId));
  assertEquals(only(world.taken(), "enable-gocd-agent").map(({ uuid }) => uuid), [`uuid-${taskId}`]);
  assertEquals(problems(), []);
  world.wait(30 * second);
  world.read(stranger, gocdAgent(taskId));
  assertEquals(world.instance(taskId).state, "registered");
});

const untouched: readonly { readonly name: string; readonly prepare: (world: Driver, taskId: string) => void }[] = [
  { name: "of an instance that is gone", prepare: (world, taskId) => void world.status(taskId, "TASK_FAILED") },
  {
    name: "of an instance that is being killed",
    prepare: (world, taskId) => void world.status(taskId, "TASK_KILLING"),
  },
  {
    name: "while the server is in maintenance mode",
    prepare: (world) => void world.poll({ server: { maintenance: "on" } }),
  },
];
for (const { name, prepare } of untouched) {
  Deno.test(`a Pending agent ${name} is not enabled`, () => {
    const { world, taskId } = withRunning();
    prepare(world, taskId);
    world.taken();
    world.read(ownPending(taskId));
    assertEquals(kinds(world.taken()), []);
  });
}

Deno.test("an elastic agent is never touched, not even with the hostname of an instance", () => {
  const { world, taskId } = withRunning();
  world.read(gocdAgent(taskId, { ...pending, elastic: true }));
  world.status(taskId, "TASK_FAILED");
  world.read(gocdAgent(taskId, { elastic: true }));
  world.wait(minute);
  world.read(gocdAgent(taskId, { elastic: true }));
  const gocdCalls = kinds(world.taken()).filter((kind) =>
    kind.endsWith("gocd-agent") || kind.endsWith("e-gocd-agents")
  );
  assertEquals(gocdCalls, []);
});

Deno.test("two records with one hostname are reported, and the enabled one counts", () => {
  const { world, taskId } = withRunning();
  world.read(ownPending(taskId), gocdAgent(taskId, { uuid: "second" }));
  const instance = world.instance(taskId);
  assertEquals(instance.state === "registered" ? instance.uuid : "", "second");
  assertEquals(only(world.taken(), "enable-gocd-agent"), []);
  assertEquals(world.noted().some((note) => note.code === "duplicate-hostname"), true);
});

Deno.test("an agent that registers a second time counts under the record that is in contact", () => {
  for (const old of [lostContact, missing, { configState: "Disabled" }] as const) {
    const { world, taskId } = withIdleAgent();
    world.read(gocdAgent(taskId, old), gocdAgent(taskId, { uuid: "second", ...building }));
    const instance = world.instance(taskId);
    assertEquals(instance.state === "registered" ? instance.uuid : "", "second");
  }
});

Deno.test("an agent that never registers is killed after its register-timeout, and counts as a failure", () => {
  const { world, taskId } = withRunning();
  waitWith(world, 9 * minute, []);
  assertEquals(world.instance(taskId).state, "starting");
  waitWith(world, 2 * minute, []);
  const killing = world.instance(taskId);
  assertEquals(killing.state === "killing" ? killing.cause : "", "register-timeout");
  assertEquals(world.state.breakers.profiles.get("default")?.failures, 1);
  world.status(taskId, "TASK_KILLED");
  const gone = world.instance(taskId);
  assertEquals(gone.state === "gone" ? gone.cause : "", "never-registered");
  assertEquals(world.state.breakers.profiles.get("default")?.failures, 1, "it counts once");
  const told = world.noted().filter(({ level }) => level !== "debug").slice(-2);
  assertEquals(told.map(({ code, level }) => [code, level]), [["agent-killing", "warning"], ["agent-stopped", "info"]]);
  assertStringIncludes(told[0]?.hint ?? "", "agent's log");
});

Deno.test("without a fresh list no agent is killed for being absent from it", () => {
  const { world, taskId } = withRunning();
  world.wait(30 * minute, 10 * second);
  assertEquals(world.instance(taskId).state, "starting");
});

Deno.test("an agent whose Pending record lists come to lack may be enabled and build: it is not killed for ten minutes", () => {
  const { world, taskId } = withRunning();
  waitWith(world, 9 * minute, [ownPending(taskId)]);
  waitWith(world, 9 * minute, []);
  assertEquals(world.instance(taskId).state, "starting");
  waitWith(world, 2 * minute, []);
  assertEquals(world.instance(taskId).state, "killing");
});

Deno.test("an agent that stays Pending is killed after its register-timeout, with that cause", () => {
  const { world, taskId } = withRunning();
  waitWith(world, 11 * minute, [ownPending(taskId)]);
  const killing = world.instance(taskId);
  assertEquals(killing.state === "killing" ? killing.cause : "", "pending-stuck");
});

Deno.test("an agent is not killed for staying Pending while its enabling is on its way", () => {
  const { world, taskId } = withRunning();
  const call = { kind: "enable-gocd-agent", taskId, uuid: `uuid-${taskId}` } as const;
  waitWith(world, 9 * minute, []);
  waitWith(world, 4 * minute, [ownPending(taskId)]);
  assertEquals([world.instance(taskId).state, only(world.taken(), "enable-gocd-agent").length], ["starting", 1]);
  world.send({ kind: "gocd-call-failed", call, problem: problem() });
  waitWith(world, 20 * second, [ownPending(taskId)]);
  assertEquals(world.instance(taskId).state, "starting");
  waitWith(world, 20 * second, [ownPending(taskId)]);
  assertEquals([world.instance(taskId).state, only(world.taken(), "enable-gocd-agent").length], ["killing", 0]);
});

Deno.test("a launch that Mesos does not report is reconciled after 30 s, and killed after its timeout", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const taskId = "gocd-abc123-default-1";
  world.taken();
  world.wait(29 * second);
  assertEquals(only(world.taken(), "reconcile-tasks"), []);
  world.wait(2 * second);
  assertEquals(only(world.taken(), "reconcile-tasks").map((each) => each.tasks), [[{ taskId, mesosAgentId: "a-h1" }]]);
  waitWith(world, 10 * minute, []);
  const killing = world.instance(taskId);
  assertEquals(killing.state === "killing" ? killing.cause : "", "launch-timeout");
});

Deno.test("a container that does not run in time is killed and counts as a failure", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  world.status("gocd-abc123-default-1", "TASK_STARTING");
  waitWith(world, 9 * minute, []);
  world.wait(5 * minute);
  assertEquals(world.instance("gocd-abc123-default-1").state, "starting", "an old list proves nothing");
  waitWith(world, 20 * second, []);
  assertEquals(world.instance("gocd-abc123-default-1").state, "killing");
  assertEquals(world.state.breakers.profiles.get("default")?.lastFailure.kind, "not-running");
});
