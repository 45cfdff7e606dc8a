// The life of an instance from launch to oblivion, and everything before it is registered.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Effect } from "../../../src/core/effect.ts";
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
  pending,
  problem,
  reconciled,
  second,
  theOne,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

/** A driver with one instance that runs and has not registered. */
function withRunning(): { readonly world: Driver; readonly taskId: string } {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const taskId = theOne(world.taken(), "accept-offers").launches[0]?.taskId ?? "";
  world.status(taskId, "TASK_RUNNING");
  world.taken();
  return { world, taskId };
}

/** Waits while the server shows the same agents at every question. */
function waitWith(world: Driver, ms: number, agents: readonly ReturnType<typeof gocdAgent>[]): void {
  const endMs = world.atMs + ms;
  while (world.atMs < endMs) {
    world.wait(second);
    const { askedMs, nextPollMs } = world.state.server;
    if (askedMs === undefined) continue;
    if (nextPollMs <= world.atMs) world.poll({ agents });
    else world.read(...agents);
  }
}

Deno.test("an instance is launched, starts, runs, registers, builds, falls idle, is drained, killed, cleaned up, forgotten", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const accept = theOne(world.taken(), "accept-offers");
  const taskId = accept.launches[0]?.taskId ?? "";
  assertEquals(taskId, "gocd-abc123-default-1");
  assertEquals(accept.launches[0]?.gocdResources, ["linux"]);
  assertEquals(world.instance(taskId).state, "launching");
  world.status(taskId, "TASK_STARTING");
  assertEquals(world.instance(taskId).state, "starting");
  world.status(taskId, "TASK_RUNNING");
  world.wait(30 * second);
  world.read(gocdAgent(taskId));
  const registered = world.instance(taskId);
  assertEquals(registered.state === "registered" ? registered.activity.kind : "", "idle");
  world.read(gocdAgent(taskId, building));
  const busy = world.instance(taskId);
  assertEquals(busy.state === "registered" ? busy.activity.kind : "", "building");
  world.poll({ agents: [gocdAgent(taskId)] });
  world.taken();
  waitWith(world, 12 * minute, [gocdAgent(taskId)]);
  const disable = only(world.taken(), "disable-gocd-agents");
  assertEquals(disable[0]?.agents, [{ taskId, uuid: `uuid-${taskId}` }]);
  assertEquals(world.instance(taskId).state, "draining");
  waitWith(world, 40 * second, [gocdAgent(taskId, { configState: "Disabled" })]);
  const call = theOne(world.taken(), "delete-gocd-agents");
  world.send({ kind: "gocd-call-done", call });
  assertEquals([world.instance(taskId).state, only(world.taken(), "kill-task")], ["draining", []]);
  world.wait(second, second);
  assertEquals(only(world.taken(), "read-gocd-agents").length, 1);
  world.read();
  assertEquals(world.instance(taskId).state, "killing");
  assertEquals(theOne(world.taken(), "kill-task"), {
    kind: "kill-task",
    taskId,
    mesosAgentId: "a-h1",
    graceMs: 30_000,
  });
  world.status(taskId, "TASK_KILLED");
  const gone = world.instance(taskId);
  assertEquals(gone.state === "gone" ? gone.cause : "", "stopped");
  waitWith(world, 9 * minute, []);
  assertEquals(world.state.instances.size, 1);
  waitWith(world, 4 * minute, []);
  assertEquals(world.state.instances.size, 0);
});

Deno.test("a dead instance without a record costs no reads between polls", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_FAILED");
  world.poll({ agents: [] });
  world.taken();
  world.wait(100 * second);
  assertEquals(only(world.taken(), "read-gocd-agents"), []);
});

Deno.test("several instances in one ACCEPT get ids that are never given twice", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(3) });
  world.offers(offer("h1"));
  assertEquals(theOne(world.taken(), "accept-offers").launches.map((each) => each.taskId), [
    "gocd-abc123-default-1",
    "gocd-abc123-default-2",
    "gocd-abc123-default-3",
  ]);
});

Deno.test("a Pending agent with the hostname of a living instance is enabled with what it should have registered with", () => {
  const world = drive({ profiles: [aProfile({ gocdResources: ["linux"], environments: ["prod"] })] });
  world.subscribe();
  world.poll({ jobs: jobs(1, { environment: "prod" }) });
  world.offers(offer("h1"));
  const taskId = "gocd-abc123-default-1";
  world.status(taskId, "TASK_RUNNING");
  world.read(gocdAgent(taskId, pending), gocdAgent("stranger", pending));
  assertEquals(only(world.taken(), "enable-gocd-agent"), [{
    kind: "enable-gocd-agent",
    taskId,
    uuid: `uuid-${taskId}`,
    registration: { gocdResources: ["linux"], environment: "prod" },
  }]);
  world.wait(10 * second);
  world.read(gocdAgent(taskId, pending));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 0);
  world.wait(50 * second);
  world.read(gocdAgent(taskId, pending));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 0, "it waits its turn among other calls");
  const call = { kind: "enable-gocd-agent", taskId, uuid: `uuid-${taskId}` } as const;
  world.send({ kind: "gocd-call-failed", call, problem: problem() });
  world.wait(30 * second);
  world.read(gocdAgent(taskId, pending));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
  world.read(gocdAgent(taskId));
  assertEquals(world.instance(taskId).state, "registered");
});

Deno.test("a Pending agent is enabled even if GoCD shows it before Mesos says anything", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  world.read(gocdAgent("gocd-abc123-default-1", pending));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
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
    world.read(gocdAgent(taskId, pending));
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
  world.read(gocdAgent(taskId, pending), gocdAgent(taskId, { uuid: "second" }));
  const instance = world.instance(taskId);
  assertEquals(instance.state === "registered" ? instance.uuid : "", "second");
  assertEquals(only(world.taken(), "enable-gocd-agent"), []);
  assertEquals(world.noted().some((note) => note.code === "duplicate-hostname"), true);
});

Deno.test("an agent that registers a second time counts under the record that talks", () => {
  for (const old of [lostContact, missing, { configState: "Disabled" }] as const) {
    const { world, taskId } = withIdleAgent();
    world.read(gocdAgent(taskId, old), gocdAgent(taskId, { uuid: "second", ...building }));
    const instance = world.instance(taskId);
    assertEquals(instance.state === "registered" ? instance.uuid : "", "second");
  }
});

Deno.test("an agent that never registers is killed when its time is over, and counts as a failure", () => {
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

Deno.test("without a fresh list nobody is killed for not being in it", () => {
  const { world, taskId } = withRunning();
  world.wait(30 * minute, 10 * second);
  assertEquals(world.instance(taskId).state, "starting");
});

Deno.test("an agent whose Pending record lists come to lack may be enabled and build: it is not killed for ten minutes", () => {
  const { world, taskId } = withRunning();
  waitWith(world, 9 * minute, [gocdAgent(taskId, pending)]);
  waitWith(world, 9 * minute, []);
  assertEquals(world.instance(taskId).state, "starting");
  waitWith(world, 2 * minute, []);
  assertEquals(world.instance(taskId).state, "killing");
});

Deno.test("an agent that stays Pending is killed when its time is over, with that cause", () => {
  const { world, taskId } = withRunning();
  waitWith(world, 11 * minute, [gocdAgent(taskId, pending)]);
  const killing = world.instance(taskId);
  assertEquals(killing.state === "killing" ? killing.cause : "", "pending-stuck");
});

Deno.test("an agent is not killed for staying Pending while its enabling is on its way", () => {
  const { world, taskId } = withRunning();
  const call = { kind: "enable-gocd-agent", taskId, uuid: `uuid-${taskId}` } as const;
  waitWith(world, 9 * minute, []);
  waitWith(world, 4 * minute, [gocdAgent(taskId, pending)]);
  assertEquals([world.instance(taskId).state, only(world.taken(), "enable-gocd-agent").length], ["starting", 1]);
  world.send({ kind: "gocd-call-failed", call, problem: problem() });
  waitWith(world, 20 * second, [gocdAgent(taskId, pending)]);
  assertEquals(world.instance(taskId).state, "starting");
  waitWith(world, 20 * second, [gocdAgent(taskId, pending)]);
  assertEquals([world.instance(taskId).state, only(world.taken(), "enable-gocd-agent").length], ["killing", 0]);
});

Deno.test("a launch of which Mesos says nothing is asked for after 30 s, and killed when its time is over", () => {
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

Deno.test("KILL is sent again with the first list after 10 s, later after a minute, until Mesos says terminal", () => {
  const { world, taskId } = withRunning();
  while (world.instance(taskId).state !== "killing") waitWith(world, second, []);
  assertEquals(only(world.taken(), "kill-task").length, 1);
  waitWith(world, 30 * second, []);
  assertEquals(only(world.taken(), "kill-task").length, 2);
  waitWith(world, 30 * second, []);
  world.taken();
  waitWith(world, 5 * minute, []);
  assertEquals(only(world.taken(), "kill-task").length, 5);
  world.status(taskId, "TASK_KILLED");
  world.wait(2 * minute);
  assertEquals(only(world.taken(), "kill-task"), []);
});

Deno.test("a KILL that is repeated looks at the list again: the one before may be lost, and the agent have registered since", () => {
  const { world, taskId } = withRunning();
  while (world.instance(taskId).state !== "killing") waitWith(world, second, []);
  world.taken();
  world.wait(2 * minute);
  const effects = world.taken();
  assertEquals([only(effects, "kill-task").length, isLooking(effects)], [0, true], "no list, no KILL");
  world.read(gocdAgent(taskId, building));
  world.wait(2 * minute);
  assertEquals([world.instance(taskId).state, only(world.taken(), "kill-task").length], ["registered", 0]);
});

/** A driver whose one agent is to be killed, decided while there was no session. */
function killingUnsent(): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "disconnected", reason: "cut" });
  world.read();
  waitWith(world, 13 * minute, []);
  assertEquals(world.instance(taskId).state, "killing");
  assertEquals(only(world.taken(), "kill-task"), []);
  world.skip(minute);
  world.subscribe();
  world.wait(second);
  const effects = world.taken();
  assertEquals([only(effects, "kill-task").length, isLooking(effects)], [0, true], "it looks before it kills");
  return { world, taskId };
}

/** Whether the list of agents is asked for, alone or with all else. */
function isLooking(effects: readonly Effect[]): boolean {
  return effects.some(({ kind }) => kind === "read-gocd-agents" || kind === "poll-gocd");
}

Deno.test("no KILL leaves without a session; it leaves once there is one, and a look at the list", () => {
  const { world } = killingUnsent();
  world.read();
  world.wait(second);
  assertEquals(only(world.taken(), "kill-task").length, 1);
  world.wait(minute);
  assertEquals(only(world.taken(), "kill-task").length, 0, "a repeat needs another look");
  world.read();
  world.wait(second);
  assertEquals(only(world.taken(), "kill-task").length, 1);
});

for (const configState of ["Enabled", "Disabled"]) {
  Deno.test(`an agent that registered anew before its KILL could leave, and builds, is kept: ${configState}`, () => {
    const { world, taskId } = killingUnsent();
    world.read(gocdAgent(taskId, { uuid: "anew", configState, ...building }));
    const kept = world.instance(taskId);
    assertEquals(kept.state === "registered" ? kept.uuid : kept.state, "anew");
    world.wait(minute);
    assertEquals(only(world.taken(), "kill-task"), []);
  });
}

Deno.test("what Mesos kills by itself is not killed by us, unless it takes ten minutes", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_KILLING", { message: "draining" });
  assertEquals(world.instance(taskId).state, "killing");
  world.wait(9 * minute);
  assertEquals(only(world.taken(), "kill-task"), []);
  world.wait(minute);
  assertEquals(only(world.taken(), "kill-task").length, 1);
});

Deno.test("a Mesos agent that is drained for good calls its kills GONE_BY_OPERATOR from the first on: lost, acknowledged", () => {
  const { world, taskId } = withIdleAgent();
  // Instead of KILLING, KILLED and the master's own word (slave.cpp: mark_gone overwrites both states).
  const drained = { reason: "REASON_AGENT_DRAINING" };
  for (const changes of [drained, drained, { uuid: "", reason: "REASON_AGENT_REMOVED_BY_OPERATOR" }]) {
    const { effects } = world.status(taskId, "TASK_GONE_BY_OPERATOR", changes);
    assertEquals(only(effects, "acknowledge-status").length, changes === drained ? 1 : 0);
    const gone = world.instance(taskId);
    assertEquals(gone.state === "gone" ? gone.cause : gone.state, "lost");
  }
  world.wait(minute);
  assertEquals([only(world.taken(), "kill-task"), world.state.breakers.hosts.size], [[], 0]);
});

Deno.test("a late RUNNING after the end changes nothing but is acknowledged", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_FAILED");
  const gone = world.instance(taskId);
  const frame = world.status(taskId, "TASK_RUNNING");
  assertEquals(world.instance(taskId), gone);
  assertEquals([frame.records.length, kinds(frame.effects)], [0, ["acknowledge-status"]]);
});

Deno.test("a task that was called lost and that the master knows after all is taken back", () => {
  const { world, taskId } = withRunning();
  world.status(taskId, "TASK_LOST", { uuid: "" });
  world.status(taskId, "TASK_RUNNING", reconciled);
  assertEquals(world.instance(taskId).state, "starting");
  world.read(gocdAgent(taskId));
  assertEquals(world.instance(taskId).state, "registered");
});

for (const [state, changes] of [["TASK_UNKNOWN", reconciled], ["TASK_GONE_BY_OPERATOR", { uuid: "" }]] as const) {
  Deno.test(`a task that was being killed, and that Mesos calls ${state} and then alive, does not run on unseen`, () => {
    const { world, taskId } = withRunning();
    waitWith(world, 12 * minute, []);
    assertEquals(world.instance(taskId).state, "killing");
    world.status(taskId, state, changes);
    assertEquals(world.instance(taskId).state, "gone");
    world.taken();
    world.status(taskId, "TASK_RUNNING", reconciled);
    assertEquals(world.instance(taskId).state, "starting");
    waitWith(world, 12 * minute, []);
    assertEquals(only(world.taken(), "kill-task").length > 0, true);
  });
}

Deno.test("an update of a task that was called lost makes the program ask the master, which may know it", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const taskId = theOne(world.taken(), "accept-offers").launches[0]?.taskId ?? "";
  world.status(taskId, "TASK_GONE", reconciled);
  world.taken();
  const { effects } = world.status(taskId, "TASK_STARTING");
  assertEquals([world.instance(taskId).state, only(effects, "reconcile-tasks").map((each) => each.tasks)], ["gone", [
    [{ taskId, mesosAgentId: "a-h1" }],
  ]]);
  world.status(taskId, "TASK_RUNNING", reconciled);
  assertEquals(world.instance(taskId).state, "starting");
});

const invalidOffers = { uuid: "", reason: "REASON_INVALID_OFFERS", message: "Offer o1 is no longer valid" };

Deno.test("an ACCEPT that arrives twice: its second copy comes to nothing, the task of the first is kept", () => {
  const begun = withRunning();
  begun.world.status(begun.taskId, "TASK_DROPPED", invalidOffers);
  assertEquals(begun.world.instance(begun.taskId).state, "starting");
  begun.world.wait(second);
  assertEquals(only(begun.world.taken(), "reconcile-tasks").flatMap((each) => each.tasks.map((task) => task.taskId)), [
    begun.taskId,
  ]);
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const taskId = theOne(world.taken(), "accept-offers").launches[0]?.taskId ?? "";
  world.status(taskId, "TASK_DROPPED", invalidOffers);
  assertEquals(world.instance(taskId).state, "gone");
  world.status(taskId, "TASK_STARTING");
  assertEquals(world.instance(taskId).state, "starting");
});

Deno.test("an unreachable agent is replaced at once, returns as it is, and is drained as surplus when idle", () => {
  const { world, taskId } = withIdleAgent({ poller: { attempts: 0 } });
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId)] });
  assertEquals(world.verdict("j0").verdict, "will-be-taken");
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  world.wait(second);
  assertEquals(world.verdict("j0").verdict, "needs-agent");
  world.status(taskId, "TASK_RUNNING", { uuid: "", reason: "REASON_AGENT_REREGISTERED" });
  world.read(gocdAgent(taskId, building));
  const back = world.instance(taskId);
  assertEquals(back.state === "registered" ? back.activity.kind : "", "building");
  waitWith(world, 13 * minute, [gocdAgent(taskId)]);
  assertEquals(world.instance(taskId).state, "draining");
});

Deno.test("an agent that ends while it is unreachable is lost, which is nobody's failure", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  world.status(taskId, "TASK_FAILED", { message: "Unreachable agent re-reregistered" });
  const gone = world.instance(taskId);
  assertEquals([gone.state === "gone" ? gone.cause : "", world.state.breakers.profiles.size], ["lost", 0]);
});

Deno.test("an unreachable agent of which nothing is heard for a day is given up", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  world.wait(24 * 60 * minute, minute);
  assertEquals(world.instance(taskId).state, "gone");
});

Deno.test("a clock set forward while the program was down gives no unreachable agent up", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  const instance = { ...world.instance(taskId), sinceMs: zeroMs - 25 * 60 * minute };
  const framework = { frameworkId: "f-1", lineage: "abc123", nextTaskNumber: 2 };
  const controls = { frozen: false, frozenProfiles: [], mode: "run" } as const;
  const again = drive({ stored: { framework, controls, instances: [instance] } });
  again.wait(59 * minute, minute);
  assertEquals(again.instance(taskId).state, "unreachable");
  again.wait(2 * minute, minute);
  assertEquals(again.instance(taskId).state, "gone");
});

Deno.test("an update is stored in the frame that acknowledges it", () => {
  const { world, taskId } = withIdleAgent();
  const frame = world.status(taskId, "TASK_FAILED");
  assertEquals(frame.records.map((record) => record.kind), ["instance"]);
  assertEquals(kinds(frame.effects), ["acknowledge-status"]);
});

Deno.test("a state that this program does not know changes nothing", () => {
  const { world, taskId } = withIdleAgent();
  const before = world.instance(taskId);
  world.status(taskId, "TASK_HIBERNATING");
  assertEquals(world.instance(taskId), before);
  world.status("gocd-zzz999-default-7", "TASK_HIBERNATING");
  assertEquals(world.state.instances.size, 1);
});
