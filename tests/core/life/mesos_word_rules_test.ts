// What a task state of Mesos causes besides the end of the task: what is remembered of the cluster, the container, the
// launch and the host. Ends: task_ends_test.ts. Stories: lifecycle_test.ts, doubt_test.ts.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance, InstancePhase } from "../../../src/core/instance.ts";
import { failuresByHost } from "../../../src/core/life/failure_window.ts";
import { taskStatusUpdated } from "../../../src/core/life/lifecycle_mesos.ts";
import type { TaskStatus } from "../../../src/core/session/task_status.ts";
import type { State } from "../../../src/core/state.ts";
import { gocdAgent, jobs, minute, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, stateOf } from "../instance_fixtures.ts";

const nowMs = zeroMs + minute;
const bucketKey = ";linux";

/** The draft after a word about the instance `t`, for whose bucket a job waits. */
function after(
  instance: AgentInstance | undefined,
  changes: Partial<TaskStatus>,
  server: Partial<State["server"]> = {},
  parts: Partial<State> = {},
): Draft {
  const { settings, demand } = stateOf([]);
  const backlog = bucketJobs(jobs(1), settings.poller, "insensitive");
  const draft = draftAt(nowMs, instance === undefined ? [] : [instance], server, {
    demand: { ...demand, backlog },
    ...parts,
  });
  taskStatusUpdated(draft, { taskId: "t", state: "TASK_FAILED", message: "m", mesosAgentId: "s-t", ...changes });
  return draft;
}

const of = (phase: InstancePhase): AgentInstance => anInstance("t", phase, { bucketKey });
const launching = of({ state: "launching", sinceMs: zeroMs });
const starting = of({ state: "starting", sinceMs: zeroMs, runningSinceMs: zeroMs });
const unreachable = of({ state: "unreachable", sinceMs: zeroMs, uuid: "u" });
const doubted = of({ state: "unreachable", sinceMs: zeroMs, uuid: "u", lost: { sinceMs: zeroMs, message: "m" } });
const killing = of({ state: "killing", sinceMs: zeroMs, uuid: "uuid-t", cause: "drained" });
const byMesos = of({ state: "killing", sinceMs: zeroMs, uuid: "uuid-t", cause: "by-mesos" });
const unregistered = of({ state: "killing", sinceMs: zeroMs, cause: "register-timeout" });
const dead = of({ state: "gone", sinceMs: zeroMs, cause: "lost", message: "m" });
const idle = aRegistered("t", "idle", { bucketKey });

for (
  const [state, isKnown] of [
    ["TASK_STAGING", true],
    ["TASK_RUNNING", true],
    ["TASK_KILLING", true],
    ["TASK_UNREACHABLE", true],
    ["TASK_FAILED", false],
    ["TASK_KILLED", false],
    ["TASK_LOST", false],
    ["TASK_GONE", false],
    ["TASK_NEW", false],
  ] as const
) {
  Deno.test(`${state} ${isKnown ? "shows" : "does not show"} that this is our cluster`, () => {
    const isSame = (mesosAgentId: string): boolean =>
      after(idle, { state, mesosAgentId }, {}, { brake: { isSameCluster: false } }).state.brake.isSameCluster;
    assertEquals([isSame("s-t"), isSame("")], [isKnown, false]);
  });
}

Deno.test("an update is acknowledged if it has a uuid and a Mesos agent", () => {
  const acknowledged = (changes: Partial<TaskStatus>): number => {
    const { mesosAgentId, ...status } = {
      taskId: "t",
      state: "TASK_NEW",
      message: "",
      mesosAgentId: "s-t",
      ...changes,
    };
    const draft = draftAt(nowMs, [idle]);
    taskStatusUpdated(draft, mesosAgentId === "" ? status : { ...status, mesosAgentId });
    return draft.finish().effects.length;
  };
  assertEquals([acknowledged({ uuid: "q" }), acknowledged({ uuid: "" }), acknowledged({})], [1, 0, 0]);
  assertEquals(acknowledged({ uuid: "q", mesosAgentId: "" }), 0);
});

const duplicate = { state: "TASK_ERROR", message: "Task has duplicate ID: t" };

Deno.test("only a launch can turn out to have an id that lives; its jobs wait no second time, and Mesos is asked", () => {
  const draft = after(launching, duplicate);
  assertEquals([draft.instance("t")?.state, draft.instance("t")?.adopted], ["starting", true]);
  assertEquals([draft.state.demand.streaks.get(bucketKey), [...draft.state.reconciliation.pending]], [1, ["t"]]);
  for (const instance of [starting, idle]) assertEquals(after(instance, duplicate).instance("t")?.state, "gone");
  assertEquals(after(undefined, duplicate).instance("t"), undefined);
});

Deno.test("the number of a task without a record is used up, whatever happened to it", () => {
  const draft = draftAt(nowMs, [], {}, { framework: { lineage: "abc123", nextTaskNumber: 1 } });
  taskStatusUpdated(draft, { taskId: "gocd-abc123-default-7", state: "TASK_FAILED", message: "" });
  assertEquals(draft.state.framework.nextTaskNumber, 8);
});

Deno.test("a reconciliation request is answered by any status of the task; others stay pending", () => {
  const reconciliation = { pending: new Set(["t", "s"]), explicitDelayMs: 15_000, nextExplicitMs: Infinity };
  const pending = (
    taskId: string,
  ): unknown => [
    ...after(idle, { taskId, state: "TASK_RUNNING" }, {}, { reconciliation })
      .state.reconciliation.pending,
  ];
  assertEquals([pending("t"), pending("x")], [["s"], ["t", "s"]]);
});

Deno.test("the name and addresses of a running container are stored if they are new", () => {
  const known = { ...idle, addresses: ["10.0.0.1", "10.0.0.2"], dockerName: "0123456789ab" };
  const seen = (changes: Partial<TaskStatus>, before: AgentInstance = known): unknown => {
    const draft = after(before, { state: "TASK_RUNNING", ...changes });
    return draft.finish().records.map((each) => each.kind === "instance" ? each.instance : each);
  };
  assertEquals(seen({ ipAddresses: ["10.0.0.9"] }), [{ ...known, addresses: ["10.0.0.9"] }]);
  assertEquals(seen({ ipAddresses: ["10.0.0.2", "10.0.0.1"] }), [{ ...known, addresses: ["10.0.0.2", "10.0.0.1"] }]);
  assertEquals(seen({ dockerName: "ba9876543210" }), [{ ...known, dockerName: "ba9876543210" }]);
  assertEquals([seen({}), seen({ ipAddresses: ["10.0.0.1", "10.0.0.2"], dockerName: "0123456789ab" })], [[], []]);
  assertEquals(seen({ ipAddresses: ["10.0.0.1"] }, idle), [{ ...idle, addresses: ["10.0.0.1"] }]);
  assertEquals(seen({ dockerName: "ba9876543210" }, idle), [{ ...idle, dockerName: "ba9876543210" }]);
  assertEquals(seen({}, idle), []);
  assertEquals(seen({ state: "TASK_STARTING", ipAddresses: ["10.0.0.9"] }), [], "it is that of the Mesos agent");
});

Deno.test("a task that is found alive again runs from now on, if it runs", () => {
  const back = (state: string): unknown => {
    const now = after(dead, { state, reason: "REASON_RECONCILIATION" }).instance("t");
    return now?.state === "starting" ? ["runningSinceMs" in now, now.runningSinceMs, now.sinceMs] : now?.state;
  };
  assertEquals([back("TASK_RUNNING"), back("TASK_STAGING")], [[true, nowMs, nowMs], [false, undefined, nowMs]]);
});

Deno.test("an agent that is found alive again with a record is in service, or is enabled if that is Pending", () => {
  const back = (known: AgentInstance, configState: string, isListed = true): string | undefined => {
    const record = gocdAgent("t", { configState, uuid: "u" });
    return after(known, { state: "TASK_RUNNING", reason: "REASON_RECONCILIATION" }, {
      agents: isListed ? [record] : [],
      unlisted: new Map([["u", { gocdAgent: record, sinceMs: zeroMs }]]),
    }).instance("t")?.state;
  };
  for (const known of [{ ...dead, uuid: "u" } as AgentInstance, unreachable]) {
    const states = ["Enabled", "Disabled", "Pending"].map((configState) => back(known, configState));
    assertEquals(states, ["registered", "registered", "starting"]);
    assertEquals(back(known, "Pending", false), "starting", "a list may lack it");
  }
  const record = gocdAgent("t", { configState: "Pending", uuid: "u" });
  const update = { state: "TASK_RUNNING", reason: "REASON_RECONCILIATION" };
  assertEquals(after(unreachable, update, { agents: [record] }).instance("t")?.formerUuids, ["u"]);
});

const losses = (draft: Draft): number =>
  failuresByHost(draft.state, nowMs).get("h-t")?.recentFailures["lost-host"] ?? 0;
const waived = (draft: Draft): boolean => draft.state.demand.streaks.get(bucketKey) === 1;

for (
  const [what, instance, state, isLoss, isWaived] of [
    ["an agent in service", idle, "unreachable", true, true],
    ["an agent that starts", starting, "unreachable", true, true],
    ["one in doubt", doubted, "unreachable", false, true],
    ["one that is unreachable already", unreachable, "unreachable", false, false],
    ["one that is over", dead, "gone", false, false],
  ] as const
) {
  Deno.test(`${what} that Mesos cannot reach is ${isLoss ? "" : "not "}counted, its jobs wait ${isWaived ? "no second time" : "as before"}`, () => {
    const draft = after(instance, { state: "TASK_UNREACHABLE" });
    assertEquals([draft.instance("t")?.state, losses(draft) === 1, waived(draft)], [state, isLoss, isWaived]);
    assertEquals(draft.instance("t") === instance, !isWaived);
  });
}

Deno.test("one that was in doubt and is unreachable is in no doubt any more", () => {
  const { lost: _, ...want } = { lost: undefined, ...doubted };
  const now = after(doubted, { state: "TASK_UNREACHABLE" }).instance("t");
  assertEquals([now !== undefined && "lost" in now, now?.sinceMs, want.state], [false, nowMs, "unreachable"]);
});

Deno.test("jobs of a task that Mesos kills do not wait for the polls a second time, once", () => {
  assertEquals([idle, killing, dead].map((each) => waived(after(each, { state: "TASK_KILLING" }))), [
    true,
    false,
    false,
  ]);
});

Deno.test("the loss of an agent that is being killed is its end, although the GoCD server is in contact with it", () => {
  const ended = (instance: AgentInstance): string | undefined =>
    after(instance, { state: "TASK_LOST" }, { agents: [gocdAgent("t")] }).instance("t")?.state;
  assertEquals([ended(killing), ended(idle)], ["gone", "unreachable"]);
});

Deno.test("an unproven loss may turn out to be alive; one that the Mesos agent has seen, or that was no loss, may not", () => {
  const isUnproven = (instance: AgentInstance, changes: Partial<TaskStatus>): unknown => {
    const now = after(instance, changes).instance("t");
    return now?.state === "gone" ? [now.cause, now.isUnproven === true] : now?.state;
  };
  assertEquals(isUnproven(starting, { state: "TASK_LOST" }), ["lost", true]);
  assertEquals(isUnproven(starting, { state: "TASK_LOST", uuid: "q" }), ["lost", false]);
  assertEquals(isUnproven({ ...killing, lastKillMs: zeroMs }, { state: "TASK_LOST" }), ["stopped", true]);
  assertEquals(isUnproven(killing, { state: "TASK_LOST", uuid: "q" }), ["stopped", false]);
  assertEquals(isUnproven(byMesos, { state: "TASK_LOST" }), ["stopped", true], "Docker may hang");
  assertEquals(isUnproven(unregistered, { state: "TASK_LOST" }), ["never-registered", true]);
  assertEquals(isUnproven(starting, { state: "TASK_KILLED" }), ["lost", false]);
});

Deno.test("a dropped launch frees its place in the minute, and its jobs do not wait for the polls a second time", () => {
  const launchTimesMs = [zeroMs - 1, zeroMs, zeroMs, zeroMs + 1];
  const left = (createdMs: number): unknown => {
    const { offers } = stateOf([]);
    const draft = after({ ...launching, createdMs }, { state: "TASK_DROPPED" }, {}, {
      offers: { ...offers, launchTimesMs },
    });
    assertEquals(waived(draft), true);
    return draft.state.offers.launchTimesMs;
  };
  assertEquals(left(zeroMs), [zeroMs - 1, zeroMs, zeroMs + 1]);
  assertEquals(left(zeroMs - 1), [zeroMs, zeroMs, zeroMs + 1]);
  assertEquals(left(zeroMs + 9), launchTimesMs);
});

for (
  const [what, instance, changes, isLoss, hasNote] of [
    ["that runs", starting, {}, true, false],
    ["whose host was the reason", starting, { reason: "REASON_GC_ERROR" }, false, false],
    ["whose Mesos agent has gone", starting, { reason: "REASON_AGENT_REMOVED" }, true, false],
    ["that was unreachable", unreachable, {}, false, false],
    ["that was never begun", launching, { state: "TASK_GONE", reason: "REASON_RECONCILIATION" }, false, true],
  ] as const
) {
  Deno.test(`the loss of an agent ${what} is ${isLoss ? "" : "not "}counted, and its jobs wait no second time`, () => {
    const draft = after(instance, { state: "TASK_LOST", ...changes });
    assertEquals([draft.instance("t")?.state, losses(draft), waived(draft)], ["gone", isLoss ? 1 : 0, true]);
    const [note] = draft.finish().notes.filter(({ kind }) => kind === "agent-lost");
    assertEquals(note !== undefined && "neverBegan" in note, hasNote);
  });
}

Deno.test("a status of the fence belongs to no task, but is acknowledged", () => {
  const { state } = draftAt(nowMs, []);
  const draft = new Draft(state, nowMs, 0.5);
  taskStatusUpdated(draft, {
    taskId: "gocd-abc123-fence-0",
    state: "TASK_RUNNING",
    message: "",
    mesosAgentId: "s",
    uuid: "q",
  });
  const { effects, records } = draft.finish();
  assertEquals([effects.map(({ kind }) => kind), records], [["acknowledge-status"], []]);
});
