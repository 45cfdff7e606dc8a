// What each event of the session leaves, part by part. Stories are in session_test.ts, lines in
// words/session_note_texts_test.ts.

import { assertEquals } from "@std/assert";
import type { Draft } from "../../../src/core/draft.ts";
import type { EventOf } from "../../../src/core/event.ts";
import type { MesosEffect } from "../../../src/core/effect.ts";
import {
  declineLeftOvers,
  disconnected,
  frameworkError,
  heard,
  isGoodSession,
  mesosCallFailed,
  silentSinceMs,
  subscribed,
} from "../../../src/core/session/session.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import type { SessionState, State } from "../../../src/core/state.ts";
import { emptyStore, finished, linux, minute, second, someSettings, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt, stateOf } from "../instance_fixtures.ts";

const nowMs = zeroMs + minute;
const at = (parts: Partial<State> = {}, instances: readonly ReturnType<typeof anInstance>[] = []): Draft =>
  draftAt(nowMs, instances, {}, parts);

function subscribe(draft: Draft, changes: Partial<EventOf<"subscribed">> = {}): Draft {
  subscribed(draft, { kind: "subscribed", frameworkId: "f-1", master: "m:5050", ...changes });
  return draft;
}

const living = anInstance("a", { state: "starting" });
const framework = { ...emptyStore.framework, frameworkId: "f-1" };
const failing = { sinceMs: zeroMs + 7, isUnsteady: false };
const connecting: SessionState = { kind: "connecting", sinceMs: zeroMs, reason: "cut" };

Deno.test("a session is as SUBSCRIBED reports it, with the preceding trouble until it has lasted", () => {
  assertEquals(subscribe(at({ session: connecting })).state.session, {
    kind: "subscribed",
    sinceMs: nowMs,
    master: "m:5050",
  });
  const told = { masterId: "id", masterVersion: "1.11.0", heartbeatMs: 15_000 };
  assertEquals(subscribe(at({ session: { ...connecting, failing } }), told).state.session, {
    kind: "subscribed",
    sinceMs: nowMs,
    master: "m:5050",
    masterId: "id",
    leaderSinceMs: nowMs,
    masterVersion: "1.11.0",
    heartbeatMs: 15_000,
    heardMs: nowMs,
    failing,
  });
});

Deno.test("a framework is stored if its id or its identity changes, or if it was marked as ended", () => {
  const stored = (before: State["framework"], frameworkId = "f-1", settings = someSettings()): unknown =>
    subscribe(at({ framework: before, settings }), { frameworkId }).finish().records;
  const record = (changes = {}): unknown => [{ kind: "framework", framework: { ...framework, ...changes } }];
  assertEquals([stored(framework), stored({ ...framework, ended: "m" })], [[], record()]);
  assertEquals(stored(framework, "f-2"), record({ frameworkId: "f-2" }));
  const registersAs = { user: "ci" };
  assertEquals(
    stored(framework, "f-1", { ...someSettings(), registersAs }),
    record({ registeredAs: registersAs }),
  );
  assertEquals(stored({ ...framework, registeredAs: registersAs }, "f-1", { ...someSettings(), registersAs }), []);
});

Deno.test("a new framework has no earlier tasks, the same one may have", () => {
  const inherited = (frameworkId: string, before: State["inherited"]): string =>
    subscribe(at({ framework, inherited: before }), { frameworkId }).state.inherited;
  assertEquals([inherited("f-2", "unknown"), inherited("f-1", "unknown"), inherited("f-2", "none")], [
    "known",
    "unknown",
    "none",
  ]);
});

Deno.test("only the same run of the same master is the same cluster without proof", () => {
  const isSame = (before: string | undefined, now: string | undefined): boolean => {
    const { session } = stateOf([]);
    const draft = at({
      session: { ...session, ...(before === undefined ? {} : { masterId: before }) },
      brake: { isSameCluster: true },
    });
    return subscribe(draft, now === undefined ? {} : { masterId: now }).state.brake.isSameCluster;
  };
  assertEquals([isSame("a", "a"), isSame("a", "b"), isSame("a", undefined), isSame(undefined, undefined)], [
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("offers of the session before are void, what is known of hosts is not, and each role starts again", () => {
  const { offers } = stateOf([]);
  const settings = someSettings({ profiles: [linux, { ...linux, name: "qa", role: "qa" }] });
  const nearestMiss = new Map([["default", { sinceMs: 1, atMs: 2, miss: {} }]]);
  const old = new Map([["old", { suppressed: true, repeated: true }], ["ci", { suppressed: true, repeated: true }]]);
  const before = { ...offers, nearestMiss, undeclined: ["o"], inverseUnanswered: ["i"], roles: old };
  const fresh = { suppressed: false, repeated: false };
  assertEquals(subscribe(at({ offers: before, settings })).state.offers, {
    ...offers,
    nearestMiss,
    undeclined: [],
    inverseUnanswered: [],
    roles: new Map([["ci", fresh], ["qa", fresh]]),
  });
});

Deno.test("a teardown before a framework is history, and switches are reported at the first session of a run alone", () => {
  const controls = { frozen: true, frozenProfiles: [], mode: "run", tornDown: true } as const;
  const first = subscribe(at({ session: connecting, controls }));
  const { tornDown: _, ...left } = controls;
  assertEquals(first.state.controls, left);
  const told = (draft: Draft): readonly string[] => draft.finish().notes.map(({ kind }) => kind);
  assertEquals(told(first), ["subscribed", "roles-ignored", "switches-in-force"]);
  assertEquals(told(subscribe(at({ controls }))), ["subscribed", "roles-ignored"]);
});

Deno.test("a subscription is reported with what is known, and how many agents may live", () => {
  const gone = anInstance("b", { state: "gone", cause: "lost", message: "" });
  assertEquals(subscribe(at({}, [living, gone]), { masterVersion: "1.11.0" }).finish().notes, [
    { kind: "subscribed", master: "m:5050", masterVersion: "1.11.0", frameworkId: "f-1", instances: 1 },
  ]);
  assertEquals(subscribe(at()).finish().notes[0], {
    kind: "subscribed",
    master: "m:5050",
    frameworkId: "f-1",
    instances: 0,
  });
});

Deno.test("data of a master counts only in a session", () => {
  for (const [session, heardMs] of [[stateOf([]).session, nowMs], [connecting, undefined]] as const) {
    const draft = at({ session });
    heard(draft);
    assertEquals(draft.state.session, { ...session, ...(heardMs === undefined ? {} : { heardMs }) });
  }
});

const lost = (session: SessionState, event: Partial<EventOf<"disconnected">> = {}): SessionState => {
  const draft = at({ session });
  disconnected(draft, { kind: "disconnected", reason: "cut", ...event });
  return draft.state.session;
};

Deno.test("a lost session and the following attempts are one period, which remembers the master", () => {
  const session = { ...stateOf([]).session, masterId: "id", heartbeatMs: 15_000 };
  assertEquals(lost(session), {
    kind: "connecting",
    reason: "cut",
    sinceMs: nowMs,
    failing: { sinceMs: nowMs, isUnsteady: false },
    master: "mesos:5050",
    masterId: "id",
  });
  assertEquals(lost({ kind: "connecting", sinceMs: zeroMs, reason: "starting" }), {
    kind: "connecting",
    reason: "cut",
    sinceMs: zeroMs,
    failing: { sinceMs: zeroMs, isUnsteady: false },
  });
  assertEquals(lost({ ...connecting, failing: { sinceMs: 5, isUnsteady: true } }).failing, {
    sinceMs: 5,
    isUnsteady: true,
  });
});

Deno.test("the hint of a reason is kept while the reason is the same", () => {
  const before = { ...connecting, hint: "open the port" };
  assertEquals([lost(before).hint, lost(before, { reason: "other" }).hint, lost(before, { hint: "new" }).hint], [
    "open the port",
    undefined,
    "new",
  ]);
  assertEquals("hint" in lost(connecting), false);
});

Deno.test("a session that ends within thirty seconds continues the preceding trouble; a longer one starts anew", () => {
  const failed = (heldMs: number, before?: SessionState["failing"]): unknown => {
    const session = { ...stateOf([]).session, sinceMs: nowMs - heldMs };
    return lost({ ...session, ...(before === undefined ? {} : { failing: before }) }).failing;
  };
  assertEquals(failed(30 * second, failing), { sinceMs: failing.sinceMs, isUnsteady: true });
  assertEquals(failed(30 * second + 1, failing), { sinceMs: nowMs, isUnsteady: false });
  assertEquals(failed(1), { sinceMs: nowMs, isUnsteady: false });
  assertEquals([isGoodSession(0, 30 * second), isGoodSession(0, 30 * second + 1)], [false, true]);
});

Deno.test("a master is silent once two of its heartbeats are missing, as far as anyone watched", () => {
  const silent = (afterMs: number, changes: Partial<SessionState> = {}, watched = watchedFrom(zeroMs)): unknown => {
    const state = stateOf([]);
    const session = { ...state.session, heartbeatMs: 15_000, heardMs: zeroMs, ...changes };
    return silentSinceMs({ ...state, session, watched, lastStepMs: zeroMs + afterMs });
  };
  assertEquals([silent(30 * second), silent(30 * second + 1)], [undefined, zeroMs]);
  assertEquals(silent(minute, { kind: "connecting" }), undefined);
  assertEquals(silent(minute, {}, watchedFrom(zeroMs + 30 * second)), undefined);
  const { session: { heardMs: _, heartbeatMs: __, ...session }, ...state } = stateOf([]);
  const bare = { ...state, watched: watchedFrom(zeroMs), lastStepMs: zeroMs + minute };
  assertEquals(silentSinceMs({ ...bare, session: { ...session, heardMs: zeroMs } }), undefined);
  assertEquals(silentSinceMs({ ...bare, session: { ...session, heartbeatMs: 15_000 } }), undefined);
});

const removed = (parts: Partial<State>, instances: readonly ReturnType<typeof anInstance>[] = []): Draft => {
  const draft = at(parts, instances);
  frameworkError(draft, { kind: "framework-error", error: "removed", message: "m" });
  return draft;
};

for (
  const [name, parts, instances, kinds] of [
    ["that nobody asked for", {}, [], ["framework-replaced"]],
    ["that nobody asked for, with agents", {}, [living], ["framework-removed"]],
    ["in the mode alone", { mode: "teardown" }, [], ["framework-replaced"]],
    ["that was asked for before a drain", { mode: "drain", asked: true }, [], ["framework-replaced"]],
    ["that was asked for", { mode: "teardown", asked: true }, [], ["torn-down"]],
    ["that was asked for while agents live", { mode: "teardown", asked: true }, [living], ["framework-removed"]],
    ["that was asked for at once", { mode: "teardown", asked: true, now: true }, [living], ["torn-down"]],
    ["that an earlier run was asked for at once", { mode: "teardown", now: true }, [living], ["torn-down"]],
  ] as const
) {
  Deno.test(`a removal ${name} is reported as ${kinds}`, () => {
    const { mode = "run", asked = false, now = false } = parts as { mode?: "run"; asked?: boolean; now?: boolean };
    const draft = removed({
      framework,
      controls: { frozen: false, frozenProfiles: [], mode, ...(now ? { tearsDownNow: true } : {}) },
      ...(asked ? { tearDownRequestedMs: zeroMs } : {}),
    }, instances);
    assertEquals(draft.finish().notes.map(({ kind }) => kind), kinds as readonly string[] as never);
  });
}

Deno.test("a removed framework is reported by its id, if it has one, and forgotten or kept as ended", () => {
  const replaced = removed({ framework });
  assertEquals(replaced.finish().notes, [{ kind: "framework-replaced", frameworkId: "f-1", message: "m" }]);
  assertEquals([replaced.state.framework.frameworkId, replaced.state.session.reason], [undefined, "m"]);
  const ended = removed({ framework }, [living]);
  assertEquals(ended.finish().notes, [{ kind: "framework-removed", frameworkId: "f-1", instances: 1 }]);
  assertEquals([ended.state.framework, ended.state.session.kind], [{ ...framework, ended: "m" }, "ended"]);
  assertEquals(removed({ framework: emptyStore.framework }).finish().notes, [
    { kind: "framework-replaced", message: "m" },
  ]);
  const gone = anInstance("b", { state: "gone", cause: "lost", message: "" });
  assertEquals(removed({ framework }, [gone]).finish().notes[0]?.kind, "framework-replaced");
});

Deno.test("equal refusals of a framework are one line", () => {
  const draft = at();
  frameworkError(draft, { kind: "framework-error", error: "unauthorized", message: "m" });
  assertEquals(draft.finish().notes, [
    { kind: "framework-refused", error: "unauthorized", message: "m", onceKey: "m" },
  ]);
});

const fails = (
  call: MesosEffect,
  outcome: "refused" | "unknown",
  message = "no\nway",
  parts: Partial<State> = {},
  instances: readonly ReturnType<typeof anInstance>[] = [],
): Draft => {
  const draft = at(parts, instances);
  mesosCallFailed(draft, { kind: "mesos-call-failed", call, outcome, message });
  return draft;
};

Deno.test("a failed call is reported in one line; refusals are distinguished by their text, lost responses are not; a lost TEARDOWN is not reported", () => {
  const kill = { kind: "kill-task", taskId: "t", graceMs: 1 } as const;
  const told = { kind: "mesos-call-failed", call: "kill-task", message: "no way" } as const;
  assertEquals(fails(kill, "refused").finish().notes, [
    { ...told, outcome: "refused", onceKey: "kill-task refused no\nway" },
  ]);
  assertEquals(fails(kill, "unknown").finish().notes, [{ ...told, outcome: "unknown", onceKey: "kill-task unknown" }]);
  const teardown = { kind: "teardown-framework" } as const;
  assertEquals(fails(teardown, "unknown").finish().notes, []);
  assertEquals(fails(teardown, "refused").finish().notes.length, 1);
});

Deno.test("a failed SUPPRESS or REVIVE leaves the other roles as they are", () => {
  const { offers } = stateOf([]);
  const other = { suppressed: true, repeated: true };
  const roles = new Map([["qa", other]]);
  const { state } = fails({ kind: "suppress-offers", roles: ["ci"] }, "unknown", "m", { offers: { ...offers, roles } });
  assertEquals([[...state.offers.roles.keys()], state.offers.roles.get("qa")], [["qa", "ci"], other]);
});

Deno.test("a refused launch counts against its profile, with as much of the error as is of use", () => {
  const launching = anInstance("t", { state: "launching" });
  const call = {
    kind: "accept-offers",
    offerIds: ["o"],
    mesosAgentId: "s",
    launches: [{ taskId: "t" }, { taskId: "nobody" }],
    refuseSeconds: 5,
  } as unknown as MesosEffect;
  const { state } = fails(call, "refused", `a\n${"x".repeat(2_000)}`, {}, [launching]);
  assertEquals(state.breakers.profiles.get("default")?.lastFailure, {
    kind: "mesos",
    message: `a ${"x".repeat(1_998)}…`,
  });
  const now = state.instances.get("t");
  assertEquals([now?.state, now?.state === "gone" ? now.cause : ""], ["gone", "launch-failed"]);
});

Deno.test("offers are declined once more in a session, and what fails twice is remembered once", () => {
  const decline = { kind: "decline-offers", offerIds: ["a", "b"], refuseSeconds: 3_600 } as const;
  const { offers } = stateOf([]);
  const draft = fails(decline, "unknown", "m", { offers: { ...offers, undeclined: ["b", "c"] } });
  assertEquals(draft.state.offers.undeclined, ["b", "c", "a"]);
  const apart = at({ offers: draft.state.offers, session: connecting });
  declineLeftOvers(apart);
  assertEquals([finished(apart).effects, apart.state.offers.undeclined.length], [[], 3]);
  declineLeftOvers(draft);
  assertEquals([finished(draft).effects, draft.state.offers.undeclined], [
    [{ kind: "decline-offers", offerIds: ["b", "c", "a"], refuseSeconds: 5 }],
    [],
  ]);
  const none = at();
  declineLeftOvers(none);
  assertEquals(finished(none).effects, []);
});
