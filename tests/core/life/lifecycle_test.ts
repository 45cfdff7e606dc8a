// The life of an instance from launch to oblivion, its KILL and its end. Until it is registered: registering_test.ts.

import { assertEquals } from "@std/assert";
import type { Effect } from "../../../src/core/effect.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  kinds,
  minute,
  offer,
  only,
  reconciled,
  second,
  theOne,
  waitWith,
  withIdleAgent,
  withRunning,
  zeroMs,
} from "../../support/core.ts";

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

Deno.test("KILL is sent again with the first list after 10 s, later after a minute, until Mesos reports a terminal state", () => {
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

Deno.test("a repeated KILL checks the list again: the previous one may be lost, and the agent may have registered since", () => {
  const { world, taskId } = withRunning();
  while (world.instance(taskId).state !== "killing") waitWith(world, second, []);
  world.taken();
  world.wait(2 * minute);
  const effects = world.taken();
  assertEquals([only(effects, "kill-task").length, isLooking(effects)], [0, true], "no list, no KILL");
  world.read(gocdAgent(taskId, building));
  world.wait(2 * minute);
  assertEquals([world.instance(taskId).state, only(world.taken(), "kill-task").length], ["draining", 0]);
});

Deno.test("an agent that registers while it is being stopped is disabled immediately, and stopped once it is certainly idle", () => {
  const { world, taskId } = withRunning();
  while (world.instance(taskId).state !== "killing") waitWith(world, second, []);
  world.taken();
  world.noted();
  world.read(gocdAgent(taskId));
  assertEquals(only(world.taken(), "disable-gocd-agents").map(({ agents }) => agents), [[
    { taskId, uuid: `uuid-${taskId}` },
  ]]);
  assertEquals(world.noted().map(({ code }) => code), ["agent-registered", "agent-draining"]);
  // Waiting jobs do not bring it back into service, whatever the reason of the lost KILL.
  world.poll({ jobs: jobs(2), agents: [gocdAgent(taskId, { configState: "Disabled" })] });
  assertEquals([world.instance(taskId).state, only(world.taken(), "enable-gocd-agent")], ["draining", []]);
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

Deno.test("no KILL is sent without a session; it is sent once there is one, and a fresh list", () => {
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
  Deno.test(`an agent that registered again before its KILL could leave, and builds, is kept: ${configState}`, () => {
    const { world, taskId } = killingUnsent();
    world.read(gocdAgent(taskId, { uuid: "anew", configState, ...building }));
    const kept = world.instance(taskId);
    assertEquals(kept.state === "registered" ? kept.uuid : kept.state, "anew");
    world.wait(minute);
    assertEquals(only(world.taken(), "kill-task"), []);
  });
}

Deno.test("a task that Mesos kills is not killed by us, unless it takes ten minutes", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_KILLING", { message: "draining" });
  assertEquals(world.instance(taskId).state, "killing");
  world.wait(9 * minute);
  assertEquals(only(world.taken(), "kill-task"), []);
  world.wait(minute);
  assertEquals(only(world.taken(), "kill-task").length, 1);
});

Deno.test("a Mesos agent that is drained permanently reports its kills as GONE_BY_OPERATOR from the start: lost, acknowledged", () => {
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

Deno.test("a task that was reported lost and that the master still has is kept", () => {
  const { world, taskId } = withRunning();
  world.status(taskId, "TASK_LOST", { uuid: "" });
  world.status(taskId, "TASK_RUNNING", reconciled);
  assertEquals(world.instance(taskId).state, "starting");
  world.read(gocdAgent(taskId));
  assertEquals(world.instance(taskId).state, "registered");
});

for (const [state, changes] of [["TASK_UNKNOWN", reconciled], ["TASK_GONE_BY_OPERATOR", { uuid: "" }]] as const) {
  Deno.test(`a task that was being killed, and that Mesos reports as ${state} and then as alive, is not forgotten`, () => {
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

Deno.test("of an ACCEPT that arrives twice, the second copy has no effect, and the task of the first is kept", () => {
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

Deno.test("an unreachable agent is replaced immediately, returns as it was, and is drained as surplus when idle", () => {
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

Deno.test("Mesos is asked again about an agent that returns: the update may be older than its end, which comes only once", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_GONE_BY_OPERATOR", { uuid: "" });
  world.taken();
  world.status(taskId, "TASK_RUNNING", reconciled);
  world.wait(second);
  assertEquals(only(world.taken(), "reconcile-tasks").flatMap(({ tasks }) => tasks.map((each) => each.taskId)), [
    taskId,
  ]);
  world.status(taskId, "TASK_GONE_BY_OPERATOR", reconciled);
  assertEquals(world.instance(taskId).state, "unreachable");
});

Deno.test("an agent that ends while it is unreachable is lost, which is no failure of host or profile", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  world.status(taskId, "TASK_FAILED", { message: "Unreachable agent re-reregistered" });
  const gone = world.instance(taskId);
  assertEquals([gone.state === "gone" ? gone.cause : "", world.state.breakers.profiles.size], ["lost", 0]);
});

Deno.test("an unreachable agent without a report for a day is cancelled", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  world.wait(24 * 60 * minute, minute);
  assertEquals(world.instance(taskId).state, "gone");
});

Deno.test("no unreachable agent is given up because the clock was set forward while the program was down", () => {
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
