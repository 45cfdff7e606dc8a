// Agents that come back after they were stopped, deleted or lost: what is still known of them.

import { assertEquals } from "@std/assert";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { watchClocks } from "../../../src/core/life/lifecycle_clock.ts";
import { taskStatusUpdated } from "../../../src/core/life/lifecycle_mesos.ts";
import { gocdCallFailed } from "../../../src/core/session/polled.ts";
import {
  building,
  confirmDeletes,
  drive,
  gocdAgent,
  jobs,
  lostContact,
  minute,
  offer,
  only,
  pending,
  problem,
  reconciled,
  second,
  watch,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, draftAt } from "../instance_fixtures.ts";

const disabled = { configState: "Disabled" } as const;

Deno.test("a launch that arrives late, after its KILL was answered by the master alone, is asked for", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const taskId = [...world.state.instances.keys()][0] ?? "";
  watch(world, 12 * minute);
  assertEquals(world.instance(taskId).state, "killing");
  world.status(taskId, "TASK_UNKNOWN", reconciled);
  assertEquals(world.instance(taskId).state, "gone");
  world.taken();
  world.status(taskId, "TASK_RUNNING");
  assertEquals(only(world.taken(), "reconcile-tasks").map(({ tasks }) => tasks[0]?.taskId), [taskId]);
  world.wait(2 * second);
  world.read(gocdAgent(taskId));
  world.wait(31 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(only(world.taken(), "delete-gocd-agents"), [], "idle on one list only");
});

for (const lost of [{ state: "TASK_UNREACHABLE", uuid: "" }, { state: "TASK_UNKNOWN", ...reconciled }]) {
  Deno.test(`an agent that was drained, lost with ${lost.state} and is back serves the job that waits`, () => {
    const { world, taskId } = withIdleAgent({ scaling: { maxAgents: 1 } });
    world.wait(10 * minute, 10 * second);
    world.poll({ agents: [gocdAgent(taskId)] });
    world.read(gocdAgent(taskId, disabled));
    assertEquals(world.instance(taskId).state, "draining");
    const { state, ...changes } = lost;
    world.status(taskId, state, changes);
    assertEquals(world.instance(taskId).state, "unreachable");
    world.wait(10 * second);
    world.status(taskId, "TASK_RUNNING", reconciled);
    world.taken();
    let polls = 0;
    for (; polls < 60; polls++) {
      world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId, disabled)] });
      const kinds = world.taken().map(({ kind }) => kind);
      if (kinds.some((kind) => kind === "enable-gocd-agent" || kind === "delete-gocd-agents" || kind === "kill-task")) {
        break;
      }
      world.wait(30 * second);
    }
    assertEquals([world.instance(taskId).state, polls < 4], ["draining", true], `after ${polls * 30} s`);
  });
}

Deno.test("the record of a process that started anew is checked and corrected like the first one", () => {
  const { world, taskId } = withIdleAgent();
  const anew = gocdAgent(taskId, { uuid: "uuid-anew", gocdResources: [] });
  const old = gocdAgent(taskId, lostContact);
  world.taken();
  watch(world, 3 * minute, old, anew);
  assertEquals(world.instance(taskId).formerUuids, [`uuid-${taskId}`]);
  assertEquals(only(world.taken(), "correct-gocd-agent").length, 1);
});

Deno.test("an agent that started anew without its resources does not keep its place at the limit while a job waits that it cannot take", () => {
  const { world, taskId } = withIdleAgent({ scaling: { maxAgents: 1 } });
  const anew = gocdAgent(taskId, { uuid: "uuid-anew", gocdResources: [] });
  const old = gocdAgent(taskId, lostContact);
  watch(world, minute, old, anew);
  world.taken();
  for (let polls = 0; polls < 240; polls++) {
    world.poll({ jobs: jobs(1), agents: [old, anew] });
    world.wait(30 * second);
  }
  assertEquals(
    world.taken().map(({ kind }) => kind).filter((kind) =>
      kind.endsWith("gocd-agents") && kind !== "read-gocd-agents" || kind === "correct-gocd-agent"
    ).slice(0, 1).length,
    1,
  );
});

Deno.test("an agent that comes back after we deleted its record is stopped within a minute in drain mode, too", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "drain-requested" });
  world.poll({ agents: [gocdAgent(taskId)] });
  for (let i = 0; i < 5; i++) {
    world.wait(10 * second);
    world.read(gocdAgent(taskId, disabled));
  }
  confirmDeletes(world);
  world.read();
  assertEquals(world.instance(taskId).state, "killing");
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  world.wait(10 * second);
  world.status(taskId, "TASK_RUNNING", reconciled);
  world.taken();
  for (let i = 0; i < 12; i++) {
    world.skip(5 * second);
    world.poll({ agents: [gocdAgent("other")] });
  }
  assertEquals(world.instance(taskId).state, "killing");
});

Deno.test("that one record of an agent was deleted says nothing of its next one, which lists lack now", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNKNOWN", reconciled);
  assertEquals(world.instance(taskId).state, "unreachable");
  watch(world, 2 * minute, gocdAgent(taskId, lostContact));
  assertEquals(world.instance(taskId).state, "gone");
  confirmDeletes(world);
  watch(world, 10 * second, gocdAgent(taskId, { ...lostContact, ...disabled }));
  watch(world, 30 * second, gocdAgent(taskId, { ...lostContact, ...disabled }));
  confirmDeletes(world);
  world.read(gocdAgent("other"));
  assertEquals(world.instance(taskId).isDeleted, true);
  const anew = gocdAgent(taskId, { uuid: "uuid-anew", ...building });
  world.wait(second);
  world.read(gocdAgent("other"), anew);
  assertEquals([world.instance(taskId).state, (world.instance(taskId) as { uuid?: string }).uuid], [
    "unreachable",
    "uuid-anew",
  ]);
  watch(world, 12 * minute, gocdAgent("other"), anew);
  assertEquals(world.instance(taskId).state, "unreachable");
  world.read(gocdAgent("other"), anew);
  world.taken();
  world.status(taskId, "TASK_RUNNING", reconciled);
  world.skip(21 * second);
  world.read(gocdAgent("other"));
  assertEquals(only(world.taken(), "kill-task"), []);
});

Deno.test("a refused DELETE of a former record says nothing of the DELETE of the one that counts", () => {
  const draft = draftAt(zeroMs, [
    anInstance("t", {
      state: "draining",
      uuid: "own",
      reason: "idle",
      step: { kind: "deleting", askedMs: zeroMs, sinceMs: zeroMs },
    }, { isDeleteAsked: true, isDeleted: true, formerUuids: ["former"] }),
  ]);
  const before = draft.instance("t");
  gocdCallFailed(draft, {
    kind: "gocd-call-failed",
    call: { kind: "delete-gocd-agents", agents: [{ taskId: "t", uuid: "former" }] },
    problem: problem({ kind: "conflict" }),
  });
  assertEquals(draft.instance("t"), before);
});

Deno.test("no launch-timeout ends a container while the enabling of its Pending record has not been answered", () => {
  const nowMs = zeroMs + 20 * minute;
  const state = new Map([["p", nowMs - minute]]);
  const draft = draftAt(nowMs, [anInstance("t", { state: "starting", pendingUuid: "p" })], {
    agents: [gocdAgent("t", { ...pending, uuid: "p" })],
    enableRequestedMs: state,
  }, { watched: { sinceMs: zeroMs, gaps: [] } });
  watchClocks(draft);
  assertEquals(draft.instance("t")?.state, "starting");
});

Deno.test("that a record was deleted before its agent came back Pending says nothing of the one that is enabled then", () => {
  const draft = draftAt(zeroMs + minute, [
    anInstance("t", { state: "unreachable", uuid: "own" }, { isDeleteAsked: true, isDeleted: true }),
  ], { agents: [gocdAgent("t", { ...pending, uuid: "own" })] });
  taskStatusUpdated(draft, { taskId: "t", state: "TASK_RUNNING", message: "", mesosAgentId: "s-t", ...reconciled });
  const { state, isDeleted, isDeleteAsked } = draft.instance("t") ?? {} as AgentInstance;
  assertEquals([state, isDeleted, isDeleteAsked], ["starting", undefined, undefined]);
});
