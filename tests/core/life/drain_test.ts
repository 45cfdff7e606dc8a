// Scale-in: who is drained, the steps of a drain, and every race in it.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import {
  building,
  confirmDeletes,
  type Driver,
  gocdAgent,
  job,
  jobs,
  kinds,
  lostContact,
  minute,
  missing,
  only,
  pending,
  problem,
  second,
  theOne,
  watch,
  withIdleAgent,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const disabled: Partial<GocdAgent> = { configState: "Disabled" };

/** What a drain does at the moment, or the state of an instance that is not draining. */
function stepOf(instance: AgentInstance): string {
  return instance.state === "draining" ? instance.step.kind : instance.state;
}

/** A driver whose one agent has just been disabled for idleness. */
function draining(changes: Parameters<typeof aProfile>[0] = {}): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent({ profiles: [aProfile({ gocdResources: ["linux"], ...changes })] });
  world.wait(10 * minute, 10 * second);
  world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals(stepOf(world.instance(taskId)), "disabling");
  assertEquals(theOne(world.taken(), "disable-gocd-agents").agents.map((each) => each.taskId), [taskId]);
  return { world, taskId };
}

/** A driver whose one agent is about to be deleted. */
function deleting(): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = draining();
  world.read(gocdAgent(taskId, disabled));
  world.skip(20 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(stepOf(world.instance(taskId)), "deleting");
  return { world, taskId };
}

Deno.test("a disabled agent is deleted only when two reads at least 20 s apart show it idle", () => {
  const { world, taskId } = draining();
  world.read(gocdAgent(taskId, disabled));
  world.skip(10 * second);
  world.read(gocdAgent(taskId, disabled));
  world.skip(9 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "delete-gocd-agents").length], ["confirming", 0]);
  world.skip(second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "delete-gocd-agents").length], ["deleting", 1]);
});

Deno.test("a slow response shows the agent as it was when the request was sent", () => {
  const { world, taskId } = draining();
  world.read(gocdAgent(taskId, disabled));
  while (world.state.server.requestedMs === undefined) world.wait(second);
  world.wait(30 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(stepOf(world.instance(taskId)), "confirming");
});

Deno.test("an agent that takes a job between disable and the second idle read finishes it first", () => {
  const { world, taskId } = draining();
  world.read(gocdAgent(taskId, disabled));
  world.skip(10 * second);
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals(stepOf(world.instance(taskId)), "finishing");
  world.wait(60 * minute, minute);
  world.read(gocdAgent(taskId, { ...disabled, agentState: "Building", buildState: "Cancelled" }));
  assertEquals(stepOf(world.instance(taskId)), "finishing");
  world.read(gocdAgent(taskId, disabled));
  world.skip(19 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "kill-task")], ["confirming", []]);
});

Deno.test("a refused DELETE lets the job finish", () => {
  const { world, taskId } = deleting();
  const call = theOne(world.taken(), "delete-gocd-agents");
  world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "conflict", code: "gocd-conflict" }) });
  assertEquals(stepOf(world.instance(taskId)), "finishing");
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "kill-task")], ["finishing", []]);
});

Deno.test("a refused bulk DELETE is repeated one by one, and only the agent that builds stays", () => {
  const { world, taskId } = deleting();
  world.taken();
  const other = { taskId: "gocd-abc123-default-9", uuid: "u9" };
  const call = { kind: "delete-gocd-agents" as const, agents: [{ taskId, uuid: `uuid-${taskId}` }, other] };
  world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "conflict", code: "gocd-conflict" }) });
  assertEquals(only(world.taken(), "delete-gocd-agents").map((each) => each.agents.length), [1, 1]);
  assertEquals(stepOf(world.instance(taskId)), "deleting");
});

Deno.test("a deleted agent is killed only when a list from after the DELETE shows that it has not registered again", () => {
  for (const isAnew of [false, true]) {
    const { world, taskId } = deleting();
    world.send({ kind: "gocd-call-done", call: theOne(world.taken(), "delete-gocd-agents") });
    world.wait(second);
    const effects = world.taken();
    assertEquals([only(effects, "kill-task").length, only(effects, "read-gocd-agents").length], [0, 1]);
    if (isAnew) world.read(gocdAgent(taskId, { uuid: "anew" }));
    else world.read();
    assertEquals(stepOf(world.instance(taskId)), isAnew ? "registered" : "killing");
    assertEquals(only(world.taken(), "kill-task").length, isAnew ? 0 : 1);
  }
});

Deno.test("while the server cannot be read after a DELETE, the kill waits; after an outage one list is not enough", () => {
  const { world, taskId } = deleting();
  world.send({ kind: "gocd-call-done", call: theOne(world.taken(), "delete-gocd-agents") });
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  world.wait(60 * minute, minute);
  assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "kill-task")], ["deleting", []]);
  watch(world, 9 * minute);
  assertEquals(stepOf(world.instance(taskId)), "deleting");
  watch(world, 3 * minute);
  assertEquals(stepOf(world.instance(taskId)), "killing");
});

Deno.test("a DELETE whose response is lost is repeated, whether or not the record is listed, and done once it is confirmed", () => {
  for (const isListed of [true, false]) {
    const { world, taskId } = deleting();
    world.taken();
    const agents = isListed ? [gocdAgent(taskId, disabled)] : [];
    world.wait(29 * second);
    world.read(...agents);
    assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "delete-gocd-agents")], ["deleting", []]);
    world.wait(second);
    world.read(...agents);
    assertEquals(only(confirmDeletes(world), "delete-gocd-agents").length, 1);
    world.read();
    assertEquals(stepOf(world.instance(taskId)), "killing");
  }
});

Deno.test("an agent that takes a job while its DELETE is in flight finishes it", () => {
  const { world, taskId } = deleting();
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals(stepOf(world.instance(taskId)), "finishing");
});

Deno.test("new demand enables a draining agent again instead of launching one, whatever the polls", () => {
  for (const confirmed of [false, true]) {
    const { world, taskId } = draining();
    if (confirmed) world.read(gocdAgent(taskId, disabled));
    world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId, confirmed ? disabled : {})] });
    assertEquals(only(world.taken(), "enable-gocd-agent"), [
      { kind: "enable-gocd-agent", taskId, uuid: `uuid-${taskId}` },
    ]);
    assertEquals([stepOf(world.instance(taskId)), world.state.demand.wanted], ["enabling", []]);
    world.wait(second);
    assertEquals(world.verdict("j0").verdict, "coming");
    world.read(gocdAgent(taskId));
    assertEquals(stepOf(world.instance(taskId)), "registered");
  }
});

Deno.test("demand that a draining agent cannot take, or that needs more, is launched for", () => {
  const { world, taskId } = draining();
  world.poll({ jobs: [job("a", { environment: "prod" })], agents: [gocdAgent(taskId)] });
  assertEquals(stepOf(world.instance(taskId)), "disabling");
  world.poll({ jobs: jobs(3), agents: [gocdAgent(taskId)] });
  assertEquals([stepOf(world.instance(taskId)), world.state.demand.wanted[0]?.count], ["enabling", 2]);
});

Deno.test("an agent that is disabled and found useful in the same poll ends up enabled", () => {
  const { world, taskId } = draining();
  world.wait(40 * second);
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId)] });
  assertEquals(kinds(world.taken()).filter((kind) => /^(en|dis)able/.test(kind)), [
    "disable-gocd-agents",
    "enable-gocd-agent",
  ]);
});

Deno.test("enabling an agent is retried every 30 s, and after two minutes its drain continues", () => {
  const { world, taskId } = draining();
  world.read(gocdAgent(taskId, disabled));
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId, disabled)] });
  world.taken();
  world.wait(30 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
  world.wait(90 * second);
  for (const step of ["finishing", "confirming"]) {
    world.read(gocdAgent(taskId, disabled));
    world.wait(second);
    assertEquals([stepOf(world.instance(taskId)), world.verdict("j0").verdict], [step, "needs-agent"]);
  }
});

Deno.test("an agent that someone enables again is kept", () => {
  const { world, taskId } = draining();
  world.read(gocdAgent(taskId, disabled));
  world.read(gocdAgent(taskId, building));
  const kept = world.instance(taskId);
  assertEquals(kept.state === "registered" ? kept.activity.kind : kept.state, "building");
});

Deno.test("an agent that is leaving for another reason is disabled again when someone enables it", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "drain-requested" });
  world.poll({ agents: [gocdAgent(taskId)] });
  world.read(gocdAgent(taskId, disabled));
  world.taken();
  world.read(gocdAgent(taskId));
  assertEquals(only(world.taken(), "disable-gocd-agents").length, 1);
  assertEquals(stepOf(world.instance(taskId)), "disabling");
});

Deno.test("a DISABLE without effect is repeated after 30 s", () => {
  const { world, taskId } = draining();
  world.skip(20 * second);
  world.read(gocdAgent(taskId));
  assertEquals(only(world.taken(), "disable-gocd-agents"), []);
  world.skip(10 * second);
  world.read(gocdAgent(taskId));
  assertEquals(only(world.taken(), "disable-gocd-agents").length, 1);
});

Deno.test("a record that is absent from one list is no reason to kill; absence from all lists for ten minutes is", () => {
  const { world, taskId } = draining();
  world.read(gocdAgent(taskId, disabled));
  world.skip(20 * second);
  world.read();
  assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "kill-task")], ["absent", []]);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(stepOf(world.instance(taskId)), "confirming");
  world.read();
  world.wait(10 * minute, 10 * second);
  world.read();
  assertEquals(stepOf(world.instance(taskId)), "killing");
});

Deno.test("a registered agent whose record is absent, or Pending again, for ten minutes is killed, not before", () => {
  for (const agents of [[], [pending]]) {
    const { world, taskId } = withIdleAgent();
    const shown = agents.map((changes) => gocdAgent(taskId, changes));
    world.read(...shown);
    world.wait(9 * minute, 10 * second);
    world.read(...shown);
    assertEquals(stepOf(world.instance(taskId)), "registered");
    world.wait(minute);
    world.read(...shown);
    assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "enable-gocd-agent")], ["killing", []]);
  }
});

Deno.test("a deleted record that comes back as Pending counts as deleted", () => {
  const { world, taskId } = deleting();
  world.read(gocdAgent(taskId, pending));
  assertEquals([stepOf(world.instance(taskId)), only(world.taken(), "enable-gocd-agent")], ["killing", []]);
});

Deno.test("an agent out of contact while it drains is deleted only after its job went to another", () => {
  const { world, taskId } = draining();
  const lost = gocdAgent(taskId, { ...disabled, ...lostContact });
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  world.read(lost);
  world.skip(50 * second);
  world.read(lost);
  assertEquals(stepOf(world.instance(taskId)), "finishing");
  world.skip(10 * second);
  world.read(lost);
  world.skip(20 * second);
  world.read(lost);
  assertEquals(stepOf(world.instance(taskId)), "deleting");
});

Deno.test("states without meaning stop a drain: Missing after a restart, and states of a later server version", () => {
  for (const changes of [missing, { agentState: "Sleeping" }, { configState: "Archived" }]) {
    const { world, taskId } = draining();
    world.read(gocdAgent(taskId, disabled));
    world.skip(20 * second);
    world.read(gocdAgent(taskId, { ...disabled, ...changes }));
    assertEquals([stepOf(world.instance(taskId)) === "deleting", only(world.taken(), "delete-gocd-agents")], [
      false,
      [],
    ]);
  }
});

Deno.test("maintenance mode freezes a drain", () => {
  const { world, taskId } = draining();
  world.read(gocdAgent(taskId, disabled));
  world.poll({ agents: [gocdAgent(taskId, disabled)], server: { maintenance: "on" } });
  world.wait(20 * minute, minute);
  world.poll({ agents: [], server: { maintenance: "on" } });
  world.poll({ agents: [gocdAgent(taskId, disabled)], server: { maintenance: "on" } });
  assertEquals(stepOf(world.instance(taskId)), "confirming");
  assertEquals(kinds(world.taken()).filter((kind) => /^(en|dis|del).*gocd-agent/.test(kind)), []);
});

Deno.test("maintenance detected by a call freezes everything until a poll shows that it is over", () => {
  const { world, taskId } = deleting();
  const call = theOne(world.taken(), "delete-gocd-agents");
  world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "maintenance", code: "gocd-maintenance" }) });
  world.wait(40 * second, 40 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(only(world.taken(), "delete-gocd-agents"), []);
  world.poll({ agents: [gocdAgent(taskId, disabled)] });
  assertEquals(only(world.taken(), "delete-gocd-agents").length, 1);
});

Deno.test("a drain that lasts longer than drain-timeout ends with a kill, if that is configured", () => {
  const { world, taskId } = draining({ drainTimeoutMs: 30 * minute });
  const busy = gocdAgent(taskId, { ...disabled, ...building });
  world.read(busy);
  world.wait(29 * minute, minute);
  world.read(busy);
  assertEquals(stepOf(world.instance(taskId)), "finishing");
  world.wait(minute);
  world.read(busy);
  assertEquals(stepOf(world.instance(taskId)), "killing");
});

Deno.test("an agent that has lost contact for ten minutes is drained as surplus and counts as a failure", () => {
  const { world, taskId } = withIdleAgent();
  world.read(gocdAgent(taskId, lostContact));
  world.wait(10 * minute, 10 * second);
  world.read(gocdAgent(taskId, lostContact));
  const instance = world.instance(taskId);
  assertEquals(instance.state === "draining" ? instance.reason : instance.state, "surplus");
  assertEquals(world.state.breakers.profiles.get("default")?.failures, 1);
});

const kept: readonly {
  readonly name: string;
  readonly options?: Parameters<typeof withIdleAgent>[0];
  readonly prepare?: (world: Driver, taskId: string) => void;
  readonly show?: Partial<GocdAgent>;
  readonly poll?: Parameters<Driver["poll"]>[0];
  readonly drains: boolean;
}[] = [
  { name: "an agent that is idle for idle-timeout is drained", drains: true },
  { name: "an agent that builds is not drained", show: building, drains: false },
  { name: "an agent that a waiting job could use is not drained", poll: { jobs: jobs(1) }, drains: false },
  {
    name: "an agent is drained although a job waits that it cannot take",
    poll: { jobs: [job("a", { environment: "prod" })] },
    drains: true,
  },
  {
    name: "an agent that min-idle keeps is not drained",
    options: { profiles: [aProfile({ gocdResources: ["linux"], minIdle: 1 })] },
    drains: false,
  },
  { name: "nobody is drained in maintenance mode", poll: { server: { maintenance: "on" } }, drains: false },
  {
    name: "no agent is drained without a session",
    prepare: (world) => void world.send({ kind: "disconnected", reason: "cut" }),
    drains: false,
  },
  { name: "an agent that somebody has disabled is drained after idle-timeout", show: disabled, drains: true },
  { name: "an agent that is Missing is not drained", show: missing, drains: false },
];
for (const { name, options = {}, prepare, show = {}, poll = {}, drains } of kept) {
  Deno.test(name, () => {
    const { world, taskId } = withIdleAgent(options);
    world.poll({ agents: [gocdAgent(taskId, show)] });
    prepare?.(world, taskId);
    world.wait(10 * minute, 10 * second);
    // A job that waits beside an idle agent for long waits for another cause: here it is new.
    world.poll({ agents: [gocdAgent(taskId, show)], ...poll });
    assertEquals(world.instance(taskId).state, drains ? "draining" : "registered");
  });
}
