// An agent that was stopped after its record was deleted, and comes back: who else may be in its container.

import { assertEquals } from "@std/assert";
import type { Draining, DrainStep } from "../../../src/core/instance.ts";
import { advanceDrain } from "../../../src/core/life/drain.ts";
import {
  building,
  confirmDeletes,
  drive,
  type Driver,
  gocdAgent,
  minute,
  only,
  pending,
  reconciled,
  second,
  watch,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, draftAt } from "../instance_fixtures.ts";

const stranger = gocdAgent("build-server-0", building);

/** Back after its KILL was lost with its host; this run met the stranger at its first list, or only after the DELETE. */
function back(meets: "first" | "late" | "many"): { readonly world: Driver; readonly taskId: string } {
  const { world: before, taskId } = withIdleAgent();
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  const others = meets === "late"
    ? []
    : meets === "first"
    ? [stranger]
    : Array.from({ length: 101 }, (_, index) => gocdAgent(`s${index}`, { ...building, uuid: `s${index}` }));
  world.subscribe();
  world.status(taskId, "TASK_RUNNING", reconciled);
  watch(world, 2 * minute, gocdAgent(taskId), ...others);
  world.wait(10 * minute, 10 * second);
  world.poll({ agents: [gocdAgent(taskId), ...others] });
  for (let i = 0; i < 6; i++) {
    world.read(gocdAgent(taskId, { configState: "Disabled" }), ...others);
    world.wait(10 * second);
  }
  confirmDeletes(world);
  const now = meets === "late" ? [stranger] : others;
  world.read(...now);
  assertEquals(world.instance(taskId).state, "killing");
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  const ghost = gocdAgent("host1", { ...pending, uuid: `uuid-${taskId}` });
  world.read(ghost, ...now);
  world.status(taskId, "TASK_RUNNING", reconciled);
  world.taken();
  watch(world, 12 * minute, ghost, ...now);
  return { world, taskId };
}

for (const [meets, isKilled] of [["first", true], ["late", false], ["many", false]] as const) {
  Deno.test(`beside strangers that a run has met ${meets}, a drained agent that is back is ${isKilled ? "" : "not "}stopped`, () => {
    const { world, taskId } = back(meets);
    assertEquals(only(world.taken(), "kill-task").length > 0, isKilled);
    assertEquals(world.instance(taskId).state, isKilled ? "killing" : "starting");
  });
}

Deno.test("strangers are the agents that lists showed before the DELETE was first requested, except its own record", () => {
  const nowMs = zeroMs + 20 * minute;
  const sinceMs = nowMs - minute;
  const known = (step: Extract<DrainStep, { kind: "deleting" }>): readonly string[] | undefined => {
    const phase = { state: "draining", sinceMs, uuid: "own", reason: "idle", step } as const;
    const instance = anInstance("t", phase, { isDeleteAsked: true, isDeleted: true }) as Draining;
    const agents = ["old", "late", "never-seen"].map((uuid) => gocdAgent(uuid, { uuid }));
    const appearedMs = new Map([["old", sinceMs - 1], ["late", sinceMs], ["own", zeroMs]]);
    const own = { gocdAgent: gocdAgent("other-name", { uuid: "own" }), sinceMs };
    const draft = draftAt(nowMs, [instance], { agents, appearedMs, unlisted: new Map([["own", own]]) });
    advanceDrain(draft, instance, undefined);
    assertEquals(draft.instance("t")?.state, "killing");
    return draft.instance("t")?.strangers;
  };
  assertEquals(known({ kind: "deleting", askedMs: nowMs - second, sinceMs }), ["old"]);
  assertEquals(known({ kind: "deleting", askedMs: sinceMs }), ["old"]);
  assertEquals(known({ kind: "deleting", askedMs: sinceMs - second }), undefined);
});
