// What ends a build by the drain-timeout, and how a drain ends that is no longer needed: condition by condition.
// Stories: drain_timeout_test.ts.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { Draining, DrainStep, InstanceMarks, InstancePhase } from "../../../src/core/instance.ts";
import { advanceDrain, takeBack } from "../../../src/core/life/drain.ts";
import type { State } from "../../../src/core/state.ts";
import { building, gocdAgent, linux, minute, someSettings, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt, stateOf } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;

function drained(
  step: DrainStep,
  phase: Partial<InstancePhase & { readonly state: "draining" }> = {},
  marks: Partial<InstanceMarks> = {},
): Draining {
  const known = { state: "draining", uuid: "uuid-t", reason: "idle", step } as const;
  return anInstance("t", { ...known, ...phase }, marks) as Draining;
}

interface Look {
  readonly shown?: Partial<GocdAgent>;
  readonly server?: Partial<State["server"]>;
  readonly parts?: Partial<State>;
}

const off = { configState: "Disabled" } as const;
const disabling: DrainStep = { kind: "disabling", askedMs: nowMs };
const finishing: DrainStep = { kind: "finishing" };
const absent: DrainStep = { kind: "absent", sinceMs: nowMs };
const confirming: DrainStep = { kind: "confirming", firstIdleMs: nowMs };
const deleting: DrainStep = { kind: "deleting", askedMs: nowMs, sinceMs: nowMs };

const timeoutMs = 5 * minute;

/** Whether a list that shows the agent disabled and building, or as given, ends its build. */
function isKilled(instance: Draining, { shown = { ...off, ...building }, server = {}, parts = {} }: Look): boolean {
  const draft = draftAt(nowMs, [instance], server, parts);
  advanceDrain(draft, instance, gocdAgent("t", shown));
  const now = draft.instance("t");
  const kills = draft.finish().effects.filter(({ kind }) => kind === "kill-task").length;
  assertEquals(kills, now?.state === "killing" ? 1 : 0);
  return now?.state === "killing" && now.cause === "drain-timeout";
}

const withTimeout: Partial<State> = {
  settings: someSettings({ profiles: [{ ...linux, drainTimeoutMs: timeoutMs }] }),
};
const disabledFor = (ms: number): Partial<State["server"]> => ({
  disabledSinceMs: new Map([["uuid-t", nowMs - ms]]),
});
const long = nowMs - 9 * minute;

const timeouts: readonly (readonly [what: string, instance: Draining, look: Look, isOver: boolean])[] = [
  ["it has lasted for so long", drained(finishing, { sinceMs: long }), { server: disabledFor(timeoutMs) }, true],
  ["it has lasted for less", drained(finishing, { sinceMs: long }), { server: disabledFor(timeoutMs - 1) }, false],
  ["the drain has lasted for so long", drained(finishing, { sinceMs: nowMs - timeoutMs }), {
    server: disabledFor(9 * minute),
  }, true],
  ["the drain has lasted for less", drained(finishing, { sinceMs: nowMs - timeoutMs + 1 }), {
    server: disabledFor(9 * minute),
  }, false],
  ["nobody knows since when it is disabled", drained(finishing, { sinceMs: long }), {}, false],
  [
    "its profile has none",
    drained(finishing, { sinceMs: long }),
    { server: disabledFor(9 * minute), parts: {} },
    false,
  ],
  ["its profile is gone", { ...drained(finishing, { sinceMs: long }), profile: "former" }, {
    server: disabledFor(9 * minute),
  }, false],
  ["it is being enabled", drained({ kind: "enabling", askedMs: nowMs }, { sinceMs: long }), {
    server: disabledFor(9 * minute),
  }, false],
  ["there is no session", drained(finishing, { sinceMs: long }), {
    server: disabledFor(9 * minute),
    parts: { ...withTimeout, session: { ...stateOf([]).session, kind: "connecting" } },
  }, false],
  ["it has its last job", drained(finishing, { sinceMs: long }, { retire: "max-jobs" }), {
    server: disabledFor(9 * minute),
  }, false],
  [
    "it is old",
    drained(finishing, { sinceMs: long }, { retire: "max-lifetime" }),
    { server: disabledFor(9 * minute) },
    false,
  ],
  ["the operator wants it gone", drained(finishing, { sinceMs: long }, { retire: "operator" }), {
    server: disabledFor(9 * minute),
  }, true],
  ["it goes for the share of others", drained(finishing, { sinceMs: long, reason: "fair-share" }), {
    server: disabledFor(9 * minute),
  }, false],
  [
    "it is shown enabled",
    drained(disabling, { sinceMs: long }),
    { shown: building, server: disabledFor(9 * minute) },
    false,
  ],
];
for (const [what, instance, look, isOver] of timeouts) {
  Deno.test(`the drain-timeout ${isOver ? "ends" : "does not end"} a build if ${what}`, () => {
    assertEquals(isKilled(instance, { parts: withTimeout, ...look }), isOver);
  });
}

Deno.test("while all agents are drained the drain-timeout ends any build", () => {
  const parts: Partial<State> = { ...withTimeout, controls: { frozen: false, frozenProfiles: [], mode: "drain" } };
  const look = { server: disabledFor(timeoutMs), parts };
  for (const [phase, marks] of [[{ reason: "fair-share" }, {}], [{}, { retire: "max-jobs" }]] as const) {
    assertEquals(isKilled(drained(finishing, { sinceMs: long, ...phase }, marks), look), true);
  }
});

Deno.test("the drain-timeout kills an agent that still builds; one that it does not apply to continues its drain", () => {
  const server = disabledFor(timeoutMs);
  assertEquals(isKilled(drained(disabling, { sinceMs: long }), { server, parts: withTimeout }), true);
  const left = drained(finishing, { sinceMs: long, reason: "fair-share" });
  const draft = draftAt(nowMs, [left], server, withTimeout);
  advanceDrain(draft, left, gocdAgent("t", off));
  assertEquals(draft.instance("t"), { ...left, step: { kind: "confirming", firstIdleMs: nowMs } });
});

/** What happens to a drain that is no longer needed. */
function takenBack(instance: Draining, parts: Partial<State> = {}): string {
  const draft = draftAt(nowMs, [instance], disabledFor(minute), parts);
  takeBack(draft, instance);
  const now = draft.instance("t");
  const isRestarted = !draft.state.server.disabledSinceMs.has("uuid-t");
  return [
    now?.state === "draining" ? now.step.kind : now?.state,
    ...(now?.retire === undefined ? [] : [now.retire]),
    ...(isRestarted ? ["anew"] : []),
    ...draft.finish().effects.map(({ kind }) => kind),
  ].join(", ");
}

for (const reason of ["operator", "maintenance", "profile-changed", "idle", "surplus", "fair-share"] as const) {
  const isWanted = reason === "operator" || reason === "maintenance" || reason === "profile-changed";
  Deno.test(`a drain for "${reason}" that is cancelled ${isWanted ? "enables agents that build" : "starts again"}`, () => {
    const enabled = isWanted ? "enabling, anew, enable-gocd-agent" : undefined;
    assertEquals(takenBack(drained(finishing, { reason })), enabled ?? "finishing, anew");
    assertEquals(takenBack(drained(disabling, { reason })), enabled ?? "disabling, anew");
    for (const step of [confirming, deleting, absent]) {
      assertEquals(takenBack(drained(step, { reason })), `${step.kind}, anew`);
    }
  });
}

Deno.test("an agent that leaves for another reason, or with all, is not enabled when a drain is cancelled", () => {
  const draining: Partial<State> = { controls: { frozen: false, frozenProfiles: [], mode: "drain" } };
  const reason = "operator";
  assertEquals(takenBack(drained(finishing, { reason }, { retire: "surplus" })), "finishing, surplus, anew");
  assertEquals(takenBack(drained(finishing, { reason }), draining), "finishing, anew");
});

Deno.test("a worn agent is removed because of its wear when a drain is cancelled, unless it is already leaving", () => {
  const parts: Partial<State> = { settings: someSettings({ profiles: [{ ...linux, maxJobs: 1 }] }) };
  const built = { jobs: 1 };
  assertEquals(takenBack(drained(finishing, { reason: "operator" }, { built }), parts), "finishing, max-jobs");
  assertEquals(
    takenBack(drained(finishing, { reason: "operator" }, { built, retire: "surplus" }), parts),
    "finishing, surplus, anew",
  );
  assertEquals(takenBack(drained(finishing, { reason: "operator" }), parts), "enabling, anew, enable-gocd-agent");
});
