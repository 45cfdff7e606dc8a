// What a command changes, rule by rule: marks, pauses, timeouts, what a teardown waits for and leaves. Stories are in
// operator_test.ts, retire_test.ts and teardown_test.ts.

import { assertEquals } from "@std/assert";
import type { Draft } from "../../../src/core/draft.ts";
import type { OperatorEvent } from "../../../src/core/event.ts";
import type { AgentInstance, RetireReason } from "../../../src/core/instance.ts";
import {
  executeCommand,
  finishTeardown,
  noteSwitches,
  retireChanged,
  tornDown,
} from "../../../src/core/session/operator.ts";
import type { State } from "../../../src/core/state.ts";
import { finished, gocdAgent, linux, minute, someSettings, zeroMs } from "../../support/core.ts";
import {
  anInstance,
  aRegistered,
  draftAt,
  type DraftParts,
  gocdSuspicion,
  mesosSays,
  stateOf,
} from "../instance_fixtures.ts";

const at = (...parts: DraftParts): Draft => draftAt(zeroMs + minute, ...parts);
const profileHash = linux.hash;
const controls = (mode: "run" | "drain" | "teardown"): Partial<State> => ({
  controls: { frozen: false, frozenProfiles: [], mode },
});

function draining(changes: Partial<AgentInstance>, step: "finishing" | "disabling" = "finishing"): AgentInstance {
  return {
    ...anInstance("t", {
      state: "draining",
      uuid: "u",
      reason: "profile-changed",
      step: step === "finishing" ? { kind: step } : { kind: step, askedMs: 0 },
    }),
    profileHash,
    ...changes,
  } as AgentInstance;
}

for (
  const [mode, retire, isRestarted] of [
    ["run", "max-jobs", true],
    ["run", "max-lifetime", true],
    ["run", "operator", false],
    ["run", undefined, false],
    ["drain", "max-jobs", false],
    ["teardown", "max-jobs", false],
  ] as const
) {
  Deno.test(`a drain or teardown in the mode ${mode} ${isRestarted ? "restarts" : "leaves"} the drain-timeout of an agent that leaves because of ${retire}`, () => {
    const asked = (event: OperatorEvent): number | undefined => {
      const instance = draining(retire === undefined ? {} : { retire });
      const draft = at([instance], { disabledSinceMs: new Map([["u", zeroMs]]) }, controls(mode));
      executeCommand(draft, event);
      return draft.state.server.disabledSinceMs.get("u");
    };
    const want = isRestarted ? undefined : zeroMs;
    assertEquals(asked({ kind: "drain-requested" }), want);
    assertEquals(asked({ kind: "teardown-requested", mode: "drain" }), want);
  });
}

Deno.test("an idle agent has no drain-timeout that a drain could restart", () => {
  const instance = { ...aRegistered("t", "idle", { retire: "max-jobs" }), uuid: "u" } as AgentInstance;
  const draft = at([instance], { disabledSinceMs: new Map([["u", zeroMs]]) });
  executeCommand(draft, { kind: "drain-requested" });
  assertEquals(draft.state.server.disabledSinceMs.get("u"), zeroMs);
});

Deno.test("a canary is remembered with its time, together with those of other profiles, and planned for", () => {
  const draft = at([], {}, { canaries: new Map([["gpu", 1]]) });
  executeCommand(draft, { kind: "canary-requested", profile: "default" });
  assertEquals([[...draft.state.canaries], draft.state.demand.isStale], [[["gpu", 1], ["default", draft.atMs]], true]);
  assertEquals(draft.finish().notes, [
    { kind: "operator", result: { kind: "canary", profile: "default" }, mode: "run" },
  ]);
});

Deno.test("a loss that is accepted ends the brake, the end of the program is remembered", () => {
  const draft = at([], {}, { brake: { isSameCluster: true, gocd: gocdSuspicion } });
  executeCommand(draft, { kind: "loss-accepted" });
  assertEquals(draft.state.brake, { isSameCluster: true });
  assertEquals(draft.state.shuttingDown, false);
  executeCommand(draft, { kind: "shutdown-started" });
  assertEquals(draft.state.shuttingDown, true);
});

Deno.test("each switch is stored, makes the plan stale, and is reported with the switches before", () => {
  const draft = at([], {}, controls("drain"));
  const event = { kind: "launching-frozen", profile: "gpu" } as const;
  executeCommand(draft, event);
  const { records, notes, state } = draft.finish();
  const now = { frozen: false, frozenProfiles: ["gpu"], mode: "drain" } as const;
  assertEquals([records, state.demand.isStale], [[{ kind: "controls", controls: now }], true]);
  assertEquals(notes, [{
    kind: "operator",
    result: {
      kind: "switched",
      command: event,
      before: { frozen: false, frozenProfiles: [], mode: "drain" },
      isRetried: false,
    },
    mode: "drain",
  }]);
});

const set = { frozen: false, frozenProfiles: ["a"], mode: "drain", tornDown: true } as const;
const frozen = { frozen: true, frozenProfiles: ["a"], mode: "run" } as const;
for (
  const [event, before, after] of [
    [{ kind: "launching-frozen" }, set, { ...set, frozen: true }],
    [{ kind: "launching-frozen", profile: "b" }, set, { ...set, frozenProfiles: ["a", "b"] }],
    [{ kind: "launching-frozen", profile: "a" }, set, set],
    [{ kind: "profile-drain-requested", profile: "b" }, set, { ...set, frozenProfiles: ["a", "b"] }],
    [{ kind: "launching-resumed", profile: "a" }, set, { ...set, frozenProfiles: [] }],
    [{ kind: "drain-requested" }, frozen, { ...frozen, mode: "drain" }],
    [{ kind: "teardown-requested", mode: "drain" }, frozen, { ...frozen, mode: "teardown" }],
    [{ kind: "teardown-requested", mode: "now" }, frozen, { ...frozen, mode: "teardown", tearsDownNow: true }],
    [{ kind: "teardown-requested", mode: "drain" }, { ...frozen, mode: "teardown", tearsDownNow: true }, {
      ...frozen,
      mode: "teardown",
    }],
    [{ kind: "drain-requested" }, { ...frozen, mode: "teardown", tearsDownNow: true }, { ...frozen, mode: "drain" }],
  ] as const
) {
  Deno.test(`the wish ${JSON.stringify(event)} leaves all other switches as they are`, () => {
    const draft = at([], {}, { controls: before });
    executeCommand(draft, event);
    assertEquals(draft.state.controls, after);
  });
}

Deno.test("after a teardown no switch is set, and that it was torn down is remembered", () => {
  const draft = at([aRegistered("a", "idle")], {}, {
    controls: frozen,
    brake: { isSameCluster: true, gocd: gocdSuspicion },
  });
  tornDown(draft);
  assertEquals(draft.state.brake.gocd, undefined);
  assertEquals(draft.state.controls, { frozen: false, frozenProfiles: [], mode: "run", tornDown: true });
  assertEquals([draft.state.instances.size, draft.state.framework.frameworkId], [0, undefined]);
  assertEquals(draft.state.session, { kind: "ended", sinceMs: draft.atMs, reason: "torn down" });
});

Deno.test("a resume ends the freeze of its profile, or everything", () => {
  const left = (profile?: string): unknown => {
    const before = { frozen: true, frozenProfiles: ["default", "gpu"], mode: "drain" } as const;
    const draft = at([], {}, { controls: before });
    executeCommand(draft, { kind: "launching-resumed", ...(profile === undefined ? {} : { profile }) });
    return draft.state.controls;
  };
  assertEquals(left("gpu"), { frozen: true, frozenProfiles: ["default"], mode: "drain" });
  assertEquals(left(), { frozen: false, frozenProfiles: [], mode: "run" });
});

Deno.test("switches of an earlier run are reported if any of them is set", () => {
  const told = (changes: Partial<State["controls"]>): number => {
    const draft = at([], {}, { controls: { frozen: false, frozenProfiles: [], mode: "run", ...changes } });
    noteSwitches(draft);
    return draft.finish().notes.length;
  };
  assertEquals([told({}), told({ mode: "drain" }), told({ frozen: true }), told({ frozenProfiles: ["a"] })], [
    0,
    1,
    1,
    1,
  ]);
});

const breakers: State["breakers"] = {
  profiles: new Map(["default", "gpu"].map((name) => [
    name,
    { failures: 1, sinceMs: 0, lastFailureMs: 0, retryMs: 0, lastFailure: mesosSays("x") },
  ])),
  hosts: new Map([["h", { failures: [{ atMs: 0, profile: "gpu" }], lastFailure: mesosSays("x") }]]),
};

Deno.test("a resume of a profile counts as a fix of that profile, a resume of all as a fix of everything", () => {
  const left = (profile?: string): unknown => {
    const draft = at([], {}, { breakers });
    executeCommand(draft, { kind: "launching-resumed", ...(profile === undefined ? {} : { profile }) });
    const { profiles, hosts } = draft.state.breakers;
    return [[...profiles].flatMap(([name, { failures }]) => failures > 0 ? [name] : []), hosts.size];
  };
  assertEquals([left("default"), left("gpu"), left()], [[["gpu"], 1], [["default"], 0], [[], 0]]);
});

Deno.test("new settings clear the failures of the profiles that they change, and apply immediately", () => {
  const profiles = [linux, { ...linux, name: "gpu" }];
  const draft = at([], { nextPollMs: zeroMs + 3 * minute }, { breakers, settings: someSettings({ profiles }) });
  const settings = someSettings({ profiles: [linux, { ...linux, name: "gpu", hash: "11111111" }] });
  executeCommand(draft, { kind: "settings-changed", settings });
  assertEquals([[...draft.state.breakers.profiles.keys()], draft.state.breakers.hosts.size], [["default"], 0]);
  assertEquals([draft.state.settings, draft.state.settingsSinceMs], [settings, draft.atMs]);
  assertEquals([draft.state.server.nextPollMs, draft.state.demand.isStale], [zeroMs + 3 * minute, true]);
});

Deno.test("agents of a changed profile are marked, unless they leave for another reason; the mark is removed with the change", () => {
  const marked = (hash: string, retire?: RetireReason): unknown => {
    const instance = anInstance("t", { state: "starting" }, {
      profileHash: hash,
      ...(retire === undefined ? {} : { retire }),
    });
    return retireChanged([instance], someSettings()).map((each) => each.retire ?? "none");
  };
  assertEquals([marked("old"), marked("old", "surplus"), marked("old", "profile-changed")], [
    ["profile-changed"],
    [],
    [],
  ]);
  assertEquals([marked(profileHash), marked(profileHash, "surplus"), marked(profileHash, "profile-changed")], [
    [],
    [],
    ["none"],
  ]);
});

Deno.test("a draining agent whose profile is as it was again is enabled, one whose profile changes only now is not", () => {
  const after = (instance: AgentInstance): unknown => {
    const draft = at([instance], { disabledSinceMs: new Map([["u", zeroMs]]) });
    executeCommand(draft, { kind: "settings-changed", settings: someSettings() });
    return [finished(draft).effects.map(({ kind }) => kind), draft.state.server.disabledSinceMs.get("u")];
  };
  assertEquals(after(draining({ retire: "profile-changed" })), [["enable-gocd-agent"], undefined]);
  assertEquals(after(draining({ profileHash: "old", reason: "idle" })), [[], zeroMs]);
});

Deno.test("a resume removes the mark of the operator from the named profiles, and no other mark", () => {
  const marks = (profile?: string): unknown => {
    const instances = [
      anInstance("a", { state: "starting" }, { profileHash, retire: "operator" }),
      anInstance("b", { state: "starting" }, { profileHash, retire: "surplus" }),
      anInstance("c", { state: "starting" }, { profileHash: "old", retire: "operator" }),
      anInstance("d", { state: "starting" }, { profile: "gpu", retire: "operator" }),
    ];
    const draft = at(instances);
    executeCommand(draft, { kind: "launching-resumed", ...(profile === undefined ? {} : { profile }) });
    return [...draft.state.instances.values()].map((each) => each.retire);
  };
  assertEquals([marks("default"), marks("gpu"), marks()], [
    [undefined, "surplus", "profile-changed", "operator"],
    ["operator", "surplus", "operator", "profile-changed"],
    [undefined, "surplus", "profile-changed", "profile-changed"],
  ]);
});

Deno.test("agents that were drained by the operator and still build are enabled again by a resume", () => {
  for (const [step, kinds] of [["finishing", ["enable-gocd-agent"]], ["disabling", ["enable-gocd-agent"]]] as const) {
    const draft = at([draining({ retire: "operator", reason: "operator" }, step)]);
    executeCommand(draft, { kind: "launching-resumed" });
    assertEquals(finished(draft).effects.map(({ kind }) => kind), kinds);
  }
});

/** What a teardown does now. */
function torn(
  instances: readonly AgentInstance[],
  server: Partial<State["server"]> = {},
  parts: Partial<State> = {},
): string[] {
  const draft = at(instances, server, { ...controls("teardown"), ...parts });
  finishTeardown(draft);
  return finished(draft).effects.map(({ kind }) => kind);
}

const gone = (changes: Partial<AgentInstance> = {}): AgentInstance =>
  ({ ...anInstance("t", { state: "gone", cause: "exited", message: "", uuid: "u" }), ...changes }) as AgentInstance;

Deno.test("a framework is torn down only in that mode, in a session, and once no agent is alive", () => {
  const session = { ...stateOf([]).session, kind: "connecting" as const };
  assertEquals(torn([]), ["teardown-framework"]);
  assertEquals([torn([], {}, controls("run")), torn([], {}, controls("drain")), torn([], {}, { session })], [
    [],
    [],
    [],
  ]);
  const launching = anInstance("l", { state: "launching" });
  assertEquals([torn([launching]), torn([gone({ uuid: "x", isDeleteAsked: true, isDeleted: true }), launching])], [
    [],
    [],
  ]);
});

Deno.test("a teardown waits for agents that may come back, and for a later list without the record", () => {
  const asked = { isDeleteAsked: true, isDeleted: true } as const;
  assertEquals(torn([gone(asked)]), ["teardown-framework"]);
  assertEquals(torn([gone({ isDeleteAsked: true })]), [], "one list may lack it");
  assertEquals(torn([gone({ ...asked, isUnproven: true })]), []);
  const read = (requestedMs: number) => ({ reading: { requestedMs, readMs: requestedMs, tookMs: [0] } });
  assertEquals([torn([gone(asked)], read(zeroMs)), torn([gone(asked)], read(zeroMs + 1))], [[], [
    "teardown-framework",
  ]]);
  const { reading: _, ...unread } = at([]).state.server;
  const draft = at([gone(asked)], {}, controls("teardown"));
  draft.set({ server: unread });
  finishTeardown(draft);
  assertEquals(finished(draft).effects, []);
  assertEquals(torn([gone(asked)], { agents: [gocdAgent("other", { uuid: "u" })] }), []);
  assertEquals(torn([gone(asked)], { agents: [gocdAgent("t", { uuid: "other" })] }), []);
  assertEquals(torn([gone(asked)], { agents: [gocdAgent("x")] }), ["teardown-framework"]);
});

Deno.test("remaining records are deleted with the framework, one by one, and remembered as requested", () => {
  const launching = anInstance("l", { state: "launching" });
  const asked = { ...aRegistered("b", "idle"), isDeleteAsked: true as const };
  const unread = { reading: { requestedMs: zeroMs - 1, readMs: zeroMs, tookMs: [0] } };
  const draft = at([launching, aRegistered("a", "idle"), asked], unread, {
    controls: { frozen: false, frozenProfiles: [], mode: "teardown", tearsDownNow: true },
  });
  finishTeardown(draft);
  const [a, b] = ["a", "b"].map((taskId) => ({ taskId, uuid: `uuid-${taskId}` }));
  const { effects, records, state } = finished(draft);
  assertEquals(effects as unknown[], [
    { kind: "disable-gocd-agents", agents: [a, b] },
    { kind: "delete-gocd-agents", agents: [a] },
    { kind: "delete-gocd-agents", agents: [b] },
    { kind: "teardown-framework" },
  ]);
  assertEquals(records as unknown[], [
    { kind: "instance", instance: { ...aRegistered("a", "idle"), isDeleteAsked: true } },
  ]);
  assertEquals(state.tearDownRequestedMs, draft.atMs);
});
