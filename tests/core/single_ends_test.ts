// Single rules about ends that the stories of their subjects pass by: the brake, dead agents and their records,
// teardowns.

import { assertEquals } from "@std/assert";
import { cleanUp, reenableDeadRecord } from "../../src/core/life/cleanup.ts";
import { deleteRefused } from "../../src/core/life/drain.ts";
import { Draft } from "../../src/core/draft.ts";
import { indexGocdAgents } from "../../src/core/life/gocd_index.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import type { Draining, DrainStep, Gone } from "../../src/core/instance.ts";
import { watchClocks } from "../../src/core/life/lifecycle_clock.ts";
import { taskStatusUpdated } from "../../src/core/life/lifecycle_mesos.ts";
import { finishTeardown } from "../../src/core/session/operator.ts";
import { finished, gocdAgent, linesOf, minute, pending, second, serverInfo, zeroMs } from "../support/core.ts";
import { anInstance, aRegistered, draftAt, type DraftParts, gocdSuspicion, stateOf } from "./instance_fixtures.ts";

/** As {@linkcode draftAt}, so long after zeroMs. */
const at = (afterMs: number, ...rest: DraftParts): Draft => draftAt(zeroMs + afterMs, ...rest);

Deno.test("of the records of a dead agent one that can be deleted comes before a Pending one", () => {
  const gone = anInstance("t", { state: "gone", cause: "exited", message: "" }) as Gone;
  const draft = at(minute, [gone]);
  cleanUp(draft, gone, indexGocdAgents([gocdAgent("t", { ...pending, uuid: "p" }), gocdAgent("t", { uuid: "e" })]));
  assertEquals(finished(draft).effects, [{ kind: "disable-gocd-agents", agents: [{ taskId: "t", uuid: "e" }] }]);
});

const late = anInstance("t", { state: "starting", runningSinceMs: zeroMs });

Deno.test("under the brake no clock ends an agent, and no KILL is repeated", () => {
  const brake = { isSameCluster: true, gocd: gocdSuspicion };
  const draft = at(20 * minute, [late], {}, { brake });
  watchClocks(draft);
  assertEquals(draft.state.instances.get("t"), late);
  const killing = anInstance("t", { state: "killing", cause: "drained", sinceMs: zeroMs + 19 * minute }, {
    lastKillMs: zeroMs + 19 * minute,
  });
  const again = at(20 * minute, [killing], {}, { brake });
  watchClocks(again);
  assertEquals(finished(again).effects, []);
});

Deno.test("a teardown disables and deletes the records that may be left, of no instance without one", () => {
  const instances = [anInstance("a", { state: "launching" }), aRegistered("b", "idle")];
  const { controls } = stateOf([]);
  const draft = at(minute, instances, { agents: [gocdAgent("b")] }, {
    controls: { ...controls, mode: "teardown", tearsDownNow: true },
  });
  finishTeardown(draft);
  const refs = [{ taskId: "b", uuid: "uuid-b" }];
  assertEquals(finished(draft).effects, [
    { kind: "disable-gocd-agents", agents: refs },
    { kind: "delete-gocd-agents", agents: refs },
    { kind: "teardown-framework" },
  ]);
  const again = new Draft(draft.state, draft.atMs + 15 * second - 1, 0.5);
  finishTeardown(again);
  const due = new Draft(draft.state, draft.atMs + 15 * second, 0.5);
  finishTeardown(due);
  assertEquals([finished(again).effects, finished(due).effects.at(-1)?.kind], [[], "teardown-framework"]);
});

Deno.test("an agent that never registered is checked twice before its record is deleted, like any whose end was not observed", () => {
  const deleted = (
    cause: "never-registered" | "lost" | "dropped" | "exited" | "stopped",
    idleForMs: number,
  ): boolean => {
    const gone = anInstance("t", { state: "gone", cause, message: "", uuid: "uuid-t" }) as Gone;
    // 15 minutes after its end it is no longer reconciled (doubt.ts).
    const draft = at(15 * minute, [gone], {
      disabledIdleSinceMs: new Map([["uuid-t", zeroMs + 15 * minute - idleForMs]]),
      healthySinceMs: zeroMs,
    });
    cleanUp(draft, gone, indexGocdAgents([gocdAgent("t", { configState: "Disabled" })]));
    return finished(draft).effects.length === 1;
  };
  for (const cause of ["never-registered", "lost", "dropped"] as const) {
    assertEquals([deleted(cause, 20 * second - 1), deleted(cause, 20 * second)], [false, true]);
  }
  for (const cause of ["exited", "stopped"] as const) assertEquals(deleted(cause, 0), true);
});

Deno.test("a dead agent with a known record is enabled after ten minutes, so that its silence shows", () => {
  const enabled = (afterMs: number, uuid?: string): number => {
    const gone = anInstance("t", {
      state: "gone",
      cause: "exited",
      message: "",
      ...(uuid === undefined ? {} : { uuid }),
    }) as Gone;
    const draft = at(afterMs, [gone]);
    reenableDeadRecord(draft, gone);
    return finished(draft).effects.length;
  };
  assertEquals([enabled(10 * minute - 1, "u"), enabled(10 * minute, "u"), enabled(10 * minute)], [0, 1, 0]);
});

Deno.test("a report that Mesos kills an ended task changes nothing", () => {
  const gone = anInstance("t", { state: "gone", cause: "exited", message: "" });
  const draft = at(minute, [gone]);
  taskStatusUpdated(draft, { taskId: "t", state: "TASK_KILLING", message: "" });
  assertEquals([draft.state.instances.get("t"), linesOf(draft)], [gone, []]);
});

Deno.test("a teardown waits for the record of a dead agent, known by its uuid or by its name", () => {
  const { controls } = stateOf([]);
  const tears = (agents: readonly GocdAgent[], uuid?: string): boolean => {
    const gone = anInstance("t", {
      state: "gone",
      cause: "exited",
      message: "",
      ...(uuid === undefined ? {} : { uuid }),
    });
    const draft = at(minute, [gone], { agents }, { controls: { ...controls, mode: "teardown" } });
    finishTeardown(draft);
    return finished(draft).effects.some(({ kind }) => kind === "teardown-framework");
  };
  assertEquals([tears([]), tears([gocdAgent("t")]), tears([gocdAgent("x", { uuid: "u" })], "u")], [true, false, false]);
  assertEquals(
    [tears([gocdAgent("t", pending)]), tears([gocdAgent("t", { elastic: true })]), tears([gocdAgent("x")])],
    [true, true, true],
  );
});

Deno.test("in maintenance mode no request is sent for the record of a dead agent", () => {
  const gone = anInstance("t", { state: "gone", cause: "exited", message: "", uuid: "uuid-t" }) as Gone;
  const draft = at(minute, [gone], { info: { ...serverInfo, maintenance: "on" } });
  cleanUp(draft, gone, indexGocdAgents([gocdAgent("t")]));
  assertEquals(finished(draft).effects, []);
});

Deno.test("a refused DELETE lets a job finish only if a DELETE was requested", () => {
  const after = (step: DrainStep): unknown => {
    const instance = anInstance("t", { state: "draining", uuid: "u", reason: "idle", step }) as Draining;
    const draft = at(minute, [instance]);
    deleteRefused(draft, instance);
    const now = draft.state.instances.get("t");
    return now?.state === "draining" ? now.step.kind : undefined;
  };
  assertEquals([after({ kind: "deleting", askedMs: 0 }), after({ kind: "disabling", askedMs: 0 })], [
    "finishing",
    "disabling",
  ]);
});
