// When an instance is removed, as the page shows it: the same as what the core then does.

import { assertEquals, assertMatch } from "@std/assert";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { State } from "../../../src/core/state.ts";
import { outlooksOf } from "../../../src/core/view/outlook.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { type Driver, gocdAgent, linux, minute, second, withIdleAgent, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt } from "../instance_fixtures.ts";

function detailOf({ state, atMs }: Driver): string {
  return statusView(state, atMs).instances[0]?.detail ?? "gone";
}

function timeIn(detail: string): number {
  return Date.parse(/at (\S+Z)/.exec(detail)?.[1] ?? "");
}

Deno.test("an idle agent is drained no earlier than its detail says, and then at the next poll", () => {
  const { world, taskId } = withIdleAgent();
  const detail = detailOf(world);
  assertMatch(detail, /^drained at \S+Z if still idle$/);
  assertEquals(timeIn(detail) > world.atMs, true);
  let told = timeIn(detail);
  for (let polls = 0; polls < 200 && statusView(world.state, world.atMs).instances[0]?.state === "idle"; polls++) {
    const next = timeIn(detailOf(world));
    assertEquals(next >= told, true, "it is only postponed, by time in which the server was not read");
    told = next;
    world.wait(10 * second);
    world.poll({ agents: [gocdAgent(taskId)] });
  }
  assertEquals(statusView(world.state, world.atMs).instances[0]?.state, "draining");
  assertEquals([world.atMs >= told, world.atMs <= told + 2 * minute], [true, true]);
});

const profile = { ...linux, idleTimeoutMs: 10 * minute, drainTimeoutMs: 5 * minute };

/** The outlook of an instance of that profile, read and in contact until now, `atMs`. */
function outlook(instance: AgentInstance, changes: (state: State) => State = (state) => state): unknown {
  const { state } = draftAt(zeroMs + minute, [instance], { disabledSinceMs: new Map([["uuid-t", zeroMs]]) });
  return outlooksOf(changes({ ...state, settings: { ...state.settings, profiles: [profile] } }))(instance);
}

const draining = (kind: string, changes: object = {}): AgentInstance =>
  anInstance("t", {
    state: "draining",
    uuid: "uuid-t",
    reason: "idle",
    step: { kind, sinceMs: zeroMs, firstIdleMs: zeroMs } as never,
    ...changes,
  });

Deno.test("only an idle agent of a configured profile has a time at which it is removed, and not during a drain", () => {
  const draining = (state: State): State => ({ ...state, controls: { ...state.controls, mode: "drain" } });
  const idle = aRegistered("t", "idle");
  assertEquals(outlook(idle), { idleUntilMs: zeroMs + 10 * minute });
  const kept = (state: State): State => ({
    ...state,
    settings: { ...state.settings, profiles: [{ ...profile, minIdle: 1 }] },
  });
  assertEquals(outlook(idle, kept), { idleUntilMs: zeroMs + 10 * minute, isKept: true });
  assertEquals([outlook(aRegistered("t", "building")), outlook(idle, draining)], [{}, {}]);
  assertEquals(outlook({ ...idle, profile: "former" } as AgentInstance), {});
});

Deno.test("a disabled agent that still builds is stopped after drain-timeout, unless it may finish its job", () => {
  const stopped = { stoppedMs: zeroMs + 5 * minute };
  assertEquals([outlook(draining("finishing")), outlook(draining("disabling"))], [stopped, {}]);
  assertEquals(outlook(draining("finishing", { reason: "fair-share" })), {});
  assertEquals(outlook(draining("finishing", { retire: "max-jobs" })), {});
  const undisabled = (state: State): State => ({
    ...state,
    server: { ...state.server, disabledSinceMs: new Map() },
  });
  assertEquals(outlook(draining("finishing"), undisabled), {});
  const patient = (state: State): State => ({
    ...state,
    settings: { ...state.settings, profiles: [{ ...linux, name: "default" }] },
  });
  assertEquals(outlook(draining("finishing"), patient), {}, "there is no drain-timeout");
});
