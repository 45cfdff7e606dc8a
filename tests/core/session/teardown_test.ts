// A teardown: what is drained and forgotten before and after the framework is removed, and what starts again.

import { assertEquals } from "@std/assert";
import { uuidOf } from "../../../src/core/life/phase.ts";
import {
  building,
  confirmDeletes,
  drive,
  type Driver,
  emptyStore,
  gocdAgent,
  kinds,
  lostContact,
  minute,
  only,
  problem,
  reconciled,
  second,
  subscribedEvent,
  theOne,
  watch,
  withIdleAgent,
} from "../../support/core.ts";

Deno.test("teardown drains first, then removes the framework, forgets its id and ends the program", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "teardown-requested", mode: "drain" });
  world.poll({ agents: [gocdAgent(taskId)] });
  world.wait(2 * second);
  assertEquals(only(world.taken(), "teardown-framework"), []);
  world.status(taskId, "TASK_KILLED");
  world.poll({ agents: [gocdAgent(taskId, { configState: "Disabled" })] });
  world.wait(2 * second);
  assertEquals(only(confirmDeletes(world), "teardown-framework"), []);
  world.poll({ agents: [] });
  world.wait(2 * second);
  assertEquals(kinds(world.taken()).slice(-1), ["teardown-framework"]);
  assertEquals(kinds(world.send({ kind: "framework-torn-down" }).effects), ["exit"]);
  assertEquals(world.state.framework, { lineage: "abc123", nextTaskNumber: 2 });
  assertEquals([world.state.instances.size, world.state.controls.mode], [0, "run"]);
});

Deno.test("a teardown that continues after a restart forgets no record that was not checked", () => {
  const before = withIdleAgent();
  before.world.status(before.taskId, "TASK_KILLED");
  const gone = before.world.instance(before.taskId);
  const world = drive({
    stored: {
      framework: before.world.state.framework,
      instances: [gone],
      controls: { frozen: false, frozenProfiles: [], mode: "teardown" },
    },
  });
  world.subscribe();
  world.status("gocd-abc123-fence-0", "TASK_UNKNOWN", reconciled);
  world.wait(30 * second);
  assertEquals(only(world.taken(), "teardown-framework"), [], "the list has not been read yet");
  world.poll({ agents: [gocdAgent(before.taskId)] });
  world.wait(2 * second);
  assertEquals(only(world.taken(), "teardown-framework"), []);
  world.poll({ agents: [] });
  world.wait(9 * minute);
  world.poll({ agents: [] });
  world.wait(2 * second);
  assertEquals(
    only(world.taken(), "teardown-framework"),
    [],
    "one list may lack a record that nobody was asked to delete",
  );
  world.wait(minute);
  world.poll({ agents: [] });
  world.wait(2 * second);
  assertEquals(only(world.taken(), "teardown-framework").length, 1);
});

Deno.test("a teardown of a restored older state waits until Mesos has reported its tasks, and drains those that the state lacks", () => {
  const { world: before, taskId } = withIdleAgent();
  const world = drive({ stored: { ...emptyStore, framework: before.state.framework } });
  const fence = (round: string): string => `gocd-abc123-fence${round}-0`;
  const asked = (): string[] =>
    only(world.taken(), "reconcile-tasks").map(({ tasks }) => tasks.map((each) => each.taskId).join(" "));
  world.subscribe();
  assertEquals(asked(), ["", fence("")]);
  world.send({
    kind: "mesos-call-failed",
    call: { kind: "reconcile-tasks", tasks: [] },
    outcome: "unknown",
    message: "no answer",
  });
  world.status(fence(""), "TASK_UNKNOWN", reconciled);
  world.poll({ agents: [gocdAgent("agent-0", building)] });
  world.send({ kind: "teardown-requested", mode: "drain" });
  assertEquals(only(world.taken(), "teardown-framework"), [], "the request before this fence may not have arrived");
  world.wait(15 * second);
  assertEquals(asked(), ["", fence("-1")], "requested again");
  world.status(taskId, "TASK_RUNNING", reconciled);
  world.status(fence("-1"), "TASK_UNKNOWN", reconciled);
  world.wait(10 * minute);
  assertEquals(only(world.taken(), "teardown-framework"), []);
  assertEquals(world.instance(taskId).state, "starting");
});

Deno.test("a teardown of a restored state without tasks in Mesos ends as soon as Mesos and a list have said so", () => {
  const world = drive({ stored: { ...emptyStore, framework: withIdleAgent().world.state.framework } });
  world.subscribe();
  world.send({ kind: "teardown-requested", mode: "drain" });
  assertEquals(only(world.taken(), "teardown-framework"), []);
  world.status("gocd-abc123-fence-0", "TASK_UNKNOWN", reconciled);
  world.wait(second);
  assertEquals(only(world.taken(), "teardown-framework"), [], "the GoCD server may know agents");
  world.read();
  world.wait(28 * second);
  assertEquals(only(world.taken(), "teardown-framework"), [], "Mesos has half a minute to report all tasks");
  world.wait(second);
  assertEquals(only(world.taken(), "teardown-framework").length, 1);
});

Deno.test("a teardown asks for all tasks first, which a master may have learned meanwhile, and drains them", () => {
  const idle = (minutes: number): Driver => {
    const world = drive();
    world.subscribe();
    world.read();
    world.wait(minutes * minute);
    world.taken();
    world.send({ kind: "teardown-requested", mode: "drain" });
    return world;
  };
  const acts = (world: Driver): readonly string[] =>
    kinds(world.taken()).filter((kind) => kind === "teardown-framework" || kind === "reconcile-tasks");
  const recent = idle(1);
  assertEquals(acts(recent), ["teardown-framework"], "Mesos has reported all tasks a minute ago");
  const world = idle(5);
  assertEquals(acts(world), ["reconcile-tasks"]);
  world.wait(29 * second);
  assertEquals(acts(world), []);
  world.status("gocd-abc123-default-1", "TASK_RUNNING", reconciled);
  world.wait(2 * minute);
  assertEquals(acts(world).includes("teardown-framework"), false);
  const empty = idle(5);
  empty.send({ kind: "disconnected", reason: "cut" });
  empty.wait(second);
  empty.subscribe();
  empty.wait(second);
  assertEquals(acts(empty), ["reconcile-tasks", "reconcile-tasks"], "another master may have other tasks");
  empty.wait(29 * second);
  assertEquals(acts(empty), []);
  empty.wait(second);
  assertEquals(acts(empty), ["teardown-framework"]);
});

Deno.test("a teardown of a restored state spares an agent on a host that has not reregistered, which only the GoCD server knows", () => {
  const { world: before, taskId } = withIdleAgent();
  const world = drive({ stored: { ...emptyStore, framework: before.state.framework } });
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.subscribe();
  world.send({ kind: "teardown-requested", mode: "drain" });
  world.status("gocd-abc123-fence-0", "TASK_UNKNOWN", reconciled);
  world.wait(second);
  assertEquals(only(world.taken(), "teardown-framework"), []);
  world.read(gocdAgent(taskId, building));
  world.wait(second);
  assertEquals([world.instance(taskId).state, only(world.taken(), "teardown-framework")], ["unreachable", []]);
});

Deno.test("a teardown forgets no record whose DELETE was refused because some lists lack it", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "teardown-requested", mode: "drain" });
  world.poll({ agents: [gocdAgent(taskId)] });
  world.status(taskId, "TASK_KILLED");
  world.poll({ agents: [gocdAgent(taskId, { configState: "Disabled" })] });
  const call = theOne(world.taken(), "delete-gocd-agents");
  world.send({ kind: "gocd-call-failed", call, problem: problem({ kind: "refused", code: "gocd-forbidden" }) });
  const isTornDown = (): boolean => only(world.taken(), "teardown-framework").length > 0;
  watch(world, 9 * minute);
  assertEquals(isTornDown(), false);
  world.read(gocdAgent(taskId, { configState: "Disabled" }));
  assertEquals(only(confirmDeletes(world), "delete-gocd-agents").length, 1, "it is listed again");
  world.read();
  world.wait(2 * second);
  assertEquals(isTornDown(), true);
});

Deno.test("an immediate teardown ends all agents at once and deletes their records", () => {
  const { world, taskId } = withIdleAgent();
  const frame = world.send({ kind: "teardown-requested", mode: "now" });
  assertEquals(kinds(frame.effects), ["disable-gocd-agents", "delete-gocd-agents", "teardown-framework"]);
  const answer = world.send({ kind: "framework-torn-down" });
  assertEquals(answer.records.filter((record) => record.kind === "instance-removed").length, 1);
  assertEquals([world.state.instances.has(taskId), kinds(answer.effects)], [false, ["exit"]]);
});

Deno.test("a TEARDOWN without a response forgets no agent, is sent again, and is done once Mesos reports the framework as removed", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "teardown-requested", mode: "now" });
  world.taken();
  world.send({
    kind: "mesos-call-failed",
    call: { kind: "teardown-framework" },
    outcome: "unknown",
    message: "no answer",
  });
  assertEquals(world.noted().filter(({ level }) => level === "warning" || level === "error"), [], "no trouble to tell");
  world.wait(10 * second);
  assertEquals([world.state.instances.has(taskId), only(world.taken(), "teardown-framework")], [true, []]);
  world.wait(10 * second);
  assertEquals(only(world.taken(), "teardown-framework").length, 1);
  world.send({ kind: "framework-error", error: "removed", message: "Framework has been removed" });
  assertEquals([world.state.instances.size, only(world.taken(), "exit").length], [0, 1]);
});

Deno.test("a removal after a cancelled teardown forgets no dead agent whose record remains", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "teardown-requested", mode: "now" });
  world.send({ kind: "launching-resumed" });
  world.status(taskId, "TASK_FAILED");
  const frame = world.send({ kind: "framework-error", error: "removed", message: "Framework has been removed" });
  assertEquals(world.instance(taskId).state, "gone");
  assertEquals([only(frame.effects, "exit"), world.state.framework.frameworkId], [[], undefined]);
});

Deno.test("an immediate teardown without a session waits for one, and forgets no agent before", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "disconnected", reason: "cut" });
  world.send({ kind: "teardown-requested", mode: "now" });
  world.wait(minute);
  assertEquals([world.state.instances.has(taskId), only(world.taken(), "exit")], [true, []]);
  world.subscribe();
  world.wait(second);
  assertEquals(only(world.taken(), "teardown-framework").length, 1);
});

Deno.test("an immediate teardown also deletes the earlier record of an agent that has registered anew", () => {
  const { world, taskId } = withIdleAgent();
  const former = gocdAgent("10-0-0-7", { ...lostContact, uuid: `uuid-${taskId}` });
  world.read(former, gocdAgent(taskId, { ...building, uuid: "anew" }));
  world.read(former, gocdAgent(taskId, { ...building, uuid: "anew" }));
  assertEquals([uuidOf(world.instance(taskId)), world.instance(taskId).formerUuids], ["anew", [former.uuid]]);
  world.taken();
  world.send({ kind: "teardown-requested", mode: "now" });
  const deleted = only(world.taken(), "delete-gocd-agents").flatMap(({ agents }) => agents.map(({ uuid }) => uuid));
  assertEquals(deleted, ["anew", former.uuid]);
});

Deno.test("an immediate teardown is continued after a crash, whether or not it has taken effect, and leaves no record", () => {
  const { world: before, taskId } = withIdleAgent();
  before.send({ kind: "teardown-requested", mode: "now" });
  const { framework, controls, instances } = before.state;
  const stored = { framework, controls, instances: [...instances.values()] };
  const unsent = drive({ stored });
  unsent.subscribe();
  unsent.wait(second);
  assertEquals(kinds(unsent.taken()).slice(-4, -1), [
    "disable-gocd-agents",
    "delete-gocd-agents",
    "teardown-framework",
  ]);
  const sent = drive({ stored });
  sent.send({ kind: "framework-error", error: "removed", message: "Framework has been removed" });
  assertEquals(sent.state.instances.has(taskId), false);
  assertEquals(kinds(sent.taken()), ["disable-gocd-agents", "delete-gocd-agents", "exit"]);
});

Deno.test("that a framework was torn down is stored with it, until the operator resumes or a framework is registered", () => {
  const tornDown = (): Driver => {
    const world = drive();
    world.subscribe();
    world.send({ kind: "teardown-requested", mode: "now" });
    const frame = world.send({ kind: "framework-torn-down" });
    const stored = frame.records.find((record) => record.kind === "controls");
    assertEquals(stored?.kind === "controls" ? stored.controls.tornDown : undefined, true);
    assertEquals(world.state.framework.frameworkId, undefined);
    return world;
  };
  const again = tornDown();
  again.taken();
  again.send({ kind: "teardown-requested", mode: "drain" });
  assertEquals([kinds(again.taken()), again.state.controls.mode], [["exit"], "run"]);
  for (
    const [event, isOver] of [
      [{ kind: "launching-resumed" }, true],
      [{ kind: "launching-resumed", profile: "default" }, false],
      [{ kind: "launching-frozen" }, false],
      [{ kind: "drain-requested" }, false],
      [subscribedEvent, true],
    ] as const
  ) {
    const world = tornDown();
    world.send(event);
    assertEquals(world.state.controls.tornDown, isOver ? undefined : true, event.kind);
  }
});

Deno.test("a framework that is torn down leaves nothing, and its id is reported; a second teardown reports that there is nothing to do", () => {
  const { world } = withIdleAgent();
  world.send({ kind: "teardown-requested", mode: "now" });
  world.taken();
  world.noted();
  world.send({ kind: "framework-torn-down" });
  assertEquals([world.state.instances.size, world.state.session.kind, world.state.session.reason], [
    0,
    "ended",
    "torn down",
  ]);
  const said = (): string[] =>
    world.noted().map(({ code, text, fields }) => `${code}: ${text} ${JSON.stringify(fields)}`);
  assertEquals(said().filter((text) => text.startsWith("torn-down")), [
    "torn-down: framework f-1 is torn down and forgotten {}",
  ]);
  assertEquals(world.taken(), [{ kind: "exit", message: "the framework is torn down" }]);
  world.send({ kind: "teardown-requested", mode: "drain" });
  const text = "there is no framework to tear down: it was torn down before";
  assertEquals([said(), world.taken()], [[`operator: ${text} {"mode":"run"}`], [{ kind: "exit", message: text }]]);
});

Deno.test("a TEARDOWN that was sent twice and is answered twice is reported once", () => {
  const { world } = withIdleAgent();
  world.send({ kind: "teardown-requested", mode: "now" });
  world.send({ kind: "framework-torn-down" });
  world.noted();
  world.send({ kind: "framework-torn-down" });
  assertEquals(world.noted(), []);
  assertEquals(world.state.session.kind, "ended");
});
