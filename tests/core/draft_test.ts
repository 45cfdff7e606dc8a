// A frame under construction: what is stored, what is only remembered, and in which order things leave.

import { assertEquals } from "@std/assert";
import { Draft } from "../../src/core/draft.ts";
import { zeroMs } from "../support/core.ts";
import { anInstance, gocdSuspicion, mesosSuspicion, stateOf } from "./instance_fixtures.ts";

const one = anInstance("t", { state: "starting" });
const later = { ...one, lastReconcileMs: 7 };

function draftOf(...instances: readonly (typeof one)[]): Draft {
  const state = stateOf(instances);
  return new Draft({ ...state, demand: { ...state.demand, isStale: false } }, zeroMs, 0.5);
}

Deno.test("an instance that is put is stored; one that is put unrecorded is only remembered", () => {
  const put = draftOf();
  put.put(one);
  assertEquals([put.instance("t"), put.finish().records, put.state.demand.isStale], [one, [{
    kind: "instance",
    instance: one,
  }], true]);
  const touched = draftOf(one);
  touched.touch(later);
  assertEquals([touched.instance("t"), touched.finish().records, touched.state.demand.isStale], [later, [], false]);
});

Deno.test("what is touched after it was put is stored as it is then, once", () => {
  const draft = draftOf();
  draft.put(one);
  draft.touch(later);
  assertEquals(draft.finish().records, [{ kind: "instance", instance: later }]);
});

Deno.test("an instance that is removed is stored as such, whatever was stored of it before", () => {
  const draft = draftOf(one);
  draft.put(later);
  draft.remove("t");
  assertEquals([draft.instance("t"), draft.finish().records], [undefined, [{ kind: "instance-removed", taskId: "t" }]]);
  assertEquals(draft.state.demand.isStale, true);
});

Deno.test("an instance that is removed makes the plan stale, and cpu-hours are stored as their record", () => {
  const draft = draftOf(one);
  draft.remove("t");
  assertEquals(draft.state.demand.isStale, true);
  const cpuUse = { record: { day: "2026-11-28", cpuMs: 5 }, countedMs: 6, storedMs: 7 };
  draft.setCpuUse(cpuUse);
  draft.setCpuUse(cpuUse);
  assertEquals(draft.state.cpuUse, cpuUse);
  assertEquals(draft.finish().records.slice(1), [{ kind: "cpu-use", cpuUse: cpuUse.record }]);
});

Deno.test("a suspicion of the GoCD server is stored when it begins and when it ends, and no other change of the brake is", () => {
  const draft = draftOf(one);
  const brake = { isSameCluster: true, gocd: gocdSuspicion };
  draft.setBrake(brake);
  assertEquals([draft.state.brake, draft.finish().records], [brake, [{ kind: "suspicion", suspicion: gocdSuspicion }]]);
  const next = new Draft(draft.state, zeroMs, 0.5);
  next.setBrake({ ...brake, mesos: mesosSuspicion });
  assertEquals([next.state.brake.mesos, next.finish().records], [mesosSuspicion, []]);
  next.setBrake({ isSameCluster: true });
  assertEquals(next.finish().records, [{ kind: "suspicion" }]);
});

Deno.test("the previous state is unchanged, and unchanged parts are the same objects", () => {
  const { instances, ...rest } = stateOf([one]);
  const before = { ...rest, instances };
  const draft = new Draft(before, zeroMs, 0.5);
  draft.put(later);
  draft.set({ shuttingDown: true });
  assertEquals([before.instances.get("t"), before.shuttingDown], [one, false]);
  assertEquals([draft.state.server === before.server, draft.state.shuttingDown], [true, true]);
});

Deno.test("effects and notes leave in their order, and each record of a kind once", () => {
  const draft = draftOf();
  draft.setFramework({ lineage: "abc123", nextTaskNumber: 2 });
  draft.setFramework({ lineage: "abc123", nextTaskNumber: 3 });
  draft.setControls({ frozen: true, frozenProfiles: [], mode: "run" });
  draft.effect({ kind: "read-gocd-agents" });
  draft.effect({ kind: "teardown-framework" });
  draft.note({ kind: "demand-none" });
  draft.note({ kind: "store-works" });
  const { records, effects, notes, state } = draft.finish();
  assertEquals(records, [
    { kind: "framework", framework: { lineage: "abc123", nextTaskNumber: 3 } },
    { kind: "controls", controls: { frozen: true, frozenProfiles: [], mode: "run" } },
  ]);
  assertEquals([effects.map(({ kind }) => kind), notes.map(({ kind }) => kind)], [[
    "read-gocd-agents",
    "teardown-framework",
  ], ["demand-none", "store-works"]]);
  assertEquals([state.framework.nextTaskNumber, state.controls.frozen], [3, true]);
});
