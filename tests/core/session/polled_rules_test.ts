// What a poll, a read of the agents, and the answers to changes of records leave behind: each part alone. Lines about
// the server: life/gocd_server_test.ts; how old a reading is: reading_test.ts.

import { assertEquals } from "@std/assert";
import type { Draft } from "../../../src/core/draft.ts";
import type { GocdEffect } from "../../../src/core/effect.ts";
import type { EventOf, GocdProblem } from "../../../src/core/event.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import {
  gocdAgentsRead,
  gocdCallDone,
  gocdCallFailed,
  gocdPolled,
  gocdPollFailed,
} from "../../../src/core/session/polled.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import type { ServerState, State } from "../../../src/core/state.ts";
import {
  building,
  finished,
  gocdAgent,
  job,
  linux,
  lostContact,
  minute,
  missing,
  problem,
  second,
  serverInfo,
  someSettings,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, type DraftParts } from "../instance_fixtures.ts";

const nowMs = zeroMs + 10 * minute;
const at = (...parts: DraftParts): Draft => draftAt(nowMs, ...parts);
const disabled = { configState: "Disabled" } as const;

function polled(draft: Draft, changes: Partial<EventOf<"gocd-polled">> = {}): Draft {
  gocdPolled(draft, { kind: "gocd-polled", server: serverInfo, jobs: [], agents: [], findings: [], ...changes });
  return draft;
}

function read(draft: Draft, agents: readonly GocdAgent[], tookMs?: number): Draft {
  gocdAgentsRead(draft, { kind: "gocd-agents-read", agents, ...(tookMs === undefined ? {} : { tookMs }) });
  return draft;
}

/** Times by uuid, in ms after zeroMs. */
const since = (times: ReadonlyMap<string, number>): unknown =>
  Object.fromEntries([...times].map(([uuid, ms]) => [uuid, ms - zeroMs]));
const all = (ms: number): ReadonlyMap<string, number> =>
  new Map(["a", "b", "c", "gone"].map((name) => [`uuid-${name}`, zeroMs + ms]));

Deno.test("the times since which an agent is disabled and idle are kept while it is, and start again afterwards", () => {
  const agents = [gocdAgent("a", disabled), gocdAgent("b", { ...disabled, ...building }), gocdAgent("c")];
  const kept = read(at([], { disabledSinceMs: all(1), disabledIdleSinceMs: all(2) }), agents).state.server;
  assertEquals([since(kept.disabledSinceMs), since(kept.disabledIdleSinceMs)], [
    { "uuid-a": 1, "uuid-b": 1 },
    { "uuid-a": 2 },
  ]);
  const fresh = read(at([]), agents).state.server;
  assertEquals([since(fresh.disabledSinceMs), since(fresh.disabledIdleSinceMs)], [
    { "uuid-a": 600_000, "uuid-b": 600_000 },
    { "uuid-a": 600_000 },
  ]);
});

Deno.test("since when an agent is silent is kept while its silence is of one kind", () => {
  const agents = [gocdAgent("a", lostContact), gocdAgent("b", missing), gocdAgent("c")];
  const lost = (before: readonly GocdAgent[]): unknown =>
    since(read(at([], { agents: before, lostSinceMs: all(1) }), agents).state.server.lostSinceMs);
  assertEquals(lost(agents), { "uuid-a": 1, "uuid-b": 1 });
  assertEquals(lost([gocdAgent("a", missing), gocdAgent("b", lostContact)]), { "uuid-a": 600_000, "uuid-b": 600_000 });
  assertEquals(lost([]), { "uuid-a": 600_000, "uuid-b": 600_000 });
  const { lostSinceMs } = read(at([], { agents }), agents).state.server;
  assertEquals(since(lostSinceMs), { "uuid-a": 600_000, "uuid-b": 600_000 });
});

Deno.test("a request for a record is forgotten after a minute", () => {
  const lastRequestMs = new Map([["old", nowMs - minute], ["new", nowMs - minute + 1]]);
  assertEquals([...read(at([], { lastRequestMs }), []).state.server.lastRequestMs.keys()], ["new"]);
});

Deno.test("a restart of the server starts, and ends, with the list that shows it", () => {
  const restarted = (agents: readonly GocdAgent[], before?: number): number | undefined =>
    read(at([], before === undefined ? {} : { restartedMs: before }), agents).state.server.restartedMs;
  const [a, b] = [gocdAgent("a", missing), gocdAgent("b")];
  assertEquals([restarted([a]), restarted([a, b]), restarted([])], [nowMs, undefined, undefined]);
  assertEquals(restarted([a, gocdAgent("c", missing), b]), undefined);
  assertEquals([restarted([a], 5), restarted([a, gocdAgent("c", missing), b], 5), restarted([a, b], 5)], [
    5,
    5,
    undefined,
  ]);
  assertEquals("restartedMs" in read(at([], { restartedMs: 5 }), []).state.server, false);
  const others = [gocdAgent("p", { elastic: true }), gocdAgent("d", disabled)];
  assertEquals([restarted([a, ...others]), restarted(others)], [nowMs, undefined]);
});

Deno.test("between two polls it is remembered what was built, a poll starts again", () => {
  const [b, c] = [gocdAgent("b", building), gocdAgent("c", building)];
  const before = { agents: [gocdAgent("b"), c], built: new Set(["p/1/s/1/x"]), begun: new Set(["uuid-c"]) };
  const agents = [gocdAgent("a", { ...building, buildLocator: "p/1/s/1/a" }), b, c];
  const after = read(at([], before), agents).state.server;
  assertEquals([[...after.built], [...after.begun]], [["p/1/s/1/x", "p/1/s/1/a"], ["uuid-b", "uuid-c"]]);
  const fresh = polled(at([], before), { agents }).state.server;
  assertEquals([fresh.built.size, fresh.begun.size], [0, 0]);
});

Deno.test("after a read the next one comes in ten seconds, or nine times as late as the answer, and the plan is stale", () => {
  const { state } = read(at([]), []);
  assertEquals([state.server.nextAgentsMs - nowMs, state.demand.isStale], [10 * second, true]);
  assertEquals(read(at([]), [], 2_000).state.server.nextAgentsMs - nowMs, 18 * second);
});

Deno.test("a read that shows that a waiting job was taken renews the plan at once", () => {
  const draft = polled(at([], { agents: [gocdAgent("a")] }), { jobs: [job("j")], agents: [gocdAgent("a")] });
  const later = draftAt(nowMs + second, [], draft.state.server, { demand: draft.state.demand });
  read(later, [gocdAgent("a", { ...building, buildLocator: "p/1/s/1/j" })]);
  assertEquals([later.state.demand.jobs, later.state.demand.isStale], [[], false]);
});

Deno.test("a poll leaves what it has found, and nothing of the failures before", () => {
  const before: Partial<ServerState> = {
    readFailure: { problem: problem(), sinceMs: zeroMs, count: 3 },
    missingEnvironments: ["old"],
    newestVersion: "26.2.0",
  };
  const findings = [{ code: "gocd-disk-full", message: "m", hint: "h" }];
  const draft = polled(at([], before), { findings, missingEnvironments: ["qa"], tookMs: 2_000 });
  const { server } = draft.state;
  assertEquals("readFailure" in server, false);
  assertEquals([server.findings, server.missingEnvironments, server.newestVersion], [findings, ["qa"], "26.2.0"]);
  assertEquals([server.info, server.lastPollMs, server.pollTookMs], [serverInfo, nowMs, 2_000]);
  const told = draft.finish().notes.map(({ kind }) => kind);
  assertEquals(told.filter((kind) => kind === "gocd-answers"), ["gocd-answers"]);
  assertEquals("missingEnvironments" in polled(at([], before)).state.server, false);
  assertEquals(polled(at([], { newestVersion: "25.1.0" })).state.server.newestVersion, "26.1.0");
  assertEquals(polled(at([])).state.server.newestVersion, "26.1.0");
  assertEquals(polled(at([])).finish().notes.filter(({ kind }) => kind === "gocd-answers"), []);
});

Deno.test("findings are reported once each, those of single jobs once for all, and those of missing environments", () => {
  const settings = someSettings({ profiles: [{ ...linux, minIdle: 1, environments: ["qa"] }] });
  const unassigned = { code: "gocd-job-unassigned", message: "m", hint: "h", locators: ["p/1/s/1/j", "p/1/s/1/k"] };
  const disk = { code: "gocd-disk-full", message: "full", hint: "h" };
  const jobs = [job("j"), job("k", { elasticProfile: "k8s" })];
  const draft = polled(at([], {}, { settings }), { findings: [unassigned, disk], missingEnvironments: ["qa"], jobs });
  const told = draft.finish().notes.flatMap((note) =>
    note.kind === "gocd-finding" ? [`${note.finding.code} ${note.onceKey} ${note.finding.locators?.length ?? 0}`] : []
  );
  const missingText = 'environment "qa" of profile "default" is not on the GoCD server: its min-idle agents are not ' +
    "launched";
  assertEquals(told, [
    "gocd-disk-full full 0",
    "gocd-job-unassigned gocd-job-unassigned 1",
    `environment-missing ${missingText} 0`,
  ]);
});

for (const kind of ["gocd-polled", "gocd-agents-read"] as const) {
  Deno.test(`what a list of agents shows is judged by a ${kind === "gocd-polled" ? "poll" : "read"}`, () => {
    const listed = (draft: Draft, agents: readonly GocdAgent[]): Draft =>
      kind === "gocd-polled" ? polled(draft, { agents }) : read(draft, agents);
    const known = { inherited: "known" } as const;
    // Numbers of our lineage are used up.
    assertEquals(listed(at([], {}, known), [gocdAgent("gocd-abc123-default-7")]).state.framework.nextTaskNumber, 8);
    // An unknown record of our lineage is adopted.
    const own = listed(at([], {}, { ...known, reconciliation: { pending: new Set(), explicitDelayMs: 1 } }), [
      gocdAgent("gocd-abc123-default-7"),
    ]);
    assertEquals([...own.state.instances.keys()], ["gocd-abc123-default-7"]);
    // The brake.
    const three = ["a", "b", "c"].map((name) => aRegistered(name, "idle"));
    const agents = three.map(({ taskId }) => gocdAgent(taskId));
    assertEquals(listed(at(three, { agents }), []).state.brake.gocd?.missing, 3);
    // Worn agents, and peaks.
    const profiles = [{ ...linux, maxJobs: 1, keepPeakForMs: minute }];
    const worn = listed(at([aRegistered("a", "idle")], { agents }, { settings: someSettings({ profiles }) }), [
      gocdAgent("a", { ...building, buildLocator: "p/1/s/1/x" }),
    ]);
    assertEquals(worn.state.instances.get("a")?.retire, "max-jobs");
    assertEquals(worn.state.demand.peaks?.get("default"), [{ lastMs: nowMs, agents: 0 }]);
    // What is surplus goes at a poll alone.
    const surplus = listed(at([aRegistered("a", "idle", { retire: "surplus" })], { agents }), agents);
    assertEquals(surplus.state.instances.get("a")?.state, kind === "gocd-polled" ? "draining" : "registered");
    // Since when agents are there, idle, silent or unlisted.
    const lists = listed(at([], { agents: [gocdAgent("gone")] }), [gocdAgent("a"), gocdAgent("b", lostContact)]);
    const { idleSinceMs, appearedMs, lostSinceMs, unlisted, inContactSinceMs } = lists.state.server;
    assertEquals([since(idleSinceMs), since(appearedMs), since(lostSinceMs)], [
      { "uuid-a": 600_000 },
      { "uuid-a": 600_000, "uuid-b": 600_000 },
      { "uuid-b": 600_000 },
    ]);
    assertEquals([unlisted.get("uuid-gone")?.sinceMs, inContactSinceMs], [nowMs, nowMs]);
    // And how old it is.
    assertEquals(listed(at([], { requestedMs: nowMs - 5 }), []).state.server.reading?.requestedMs, nowMs - 5);
  });
}

Deno.test("a poll reports what waits, and for which role nothing is offered", () => {
  const { offers } = at([]).state;
  const codes = (lastOfferMs: number, ...jobs: readonly ReturnType<typeof job>[]): readonly string[] => {
    const roles = new Map([["ci", { suppressed: false, repeated: false, lastOfferMs }]]);
    const { notes } = polled(at([], {}, { offers: { ...offers, roles } }), { jobs }).finish();
    return notes.map(({ kind }) => kind).filter((kind) => kind !== "gocd-version");
  };
  assertEquals(codes(zeroMs), []);
  assertEquals(codes(zeroMs, job("j")), ["demand-changed", "bucket-changed", "no-offer"]);
  assertEquals(codes(nowMs, job("j")), ["demand-changed", "bucket-changed"]);
});

Deno.test("maintenance mode is also reported by the first poll of a run", () => {
  const draft = at([]);
  const { info: _, ...server } = draft.state.server;
  draft.set({ server });
  polled(draft, { server: { ...serverInfo, maintenance: "on" } });
  assertEquals(draft.finish().notes.map(({ kind }) => kind), ["gocd-version", "gocd-maintenance"]);
});

Deno.test("a failed poll is a problem since its request, and each outage is a new line", () => {
  const failed = (server: Partial<ServerState>): readonly unknown[] => {
    const draft = at([], server);
    gocdPollFailed(draft, { kind: "gocd-poll-failed", problem: problem() });
    const { readFailure, nextPollMs, failingSinceMs } = draft.state.server;
    const [note] = draft.finish().notes;
    return [readFailure?.sinceMs, readFailure?.count, nextPollMs, failingSinceMs, note?.onceKey];
  };
  const { lastPollMs: _, ...never } = at([]).state.server;
  const key = (ms: number): string => `gocd-unreachable ${ms}`;
  assertEquals(failed({ requestedMs: nowMs - 7 }), [nowMs - 7, 1, nowMs + 5_000, nowMs - 7, key(nowMs)]);
  assertEquals(failed({}), [nowMs, 1, nowMs + 5_000, nowMs, key(nowMs)]);
  assertEquals(
    failed({ readFailure: { problem: problem(), sinceMs: 3, count: 1 }, failingSinceMs: 4, lastPollMs: 5 }),
    [
      3,
      2,
      nowMs + 10_000,
      4,
      key(5),
    ],
  );
  const draft = at([]);
  draft.set({ server: never });
  gocdPollFailed(draft, { kind: "gocd-poll-failed", problem: problem() });
  assertEquals(draft.finish().notes[0]?.onceKey, key(zeroMs));
});

const record = { taskId: "t", uuid: "u" };
const enable: GocdEffect = { kind: "enable-gocd-agent", ...record };
const disable: GocdEffect = { kind: "disable-gocd-agents", agents: [record] };
const remove: GocdEffect = { kind: "delete-gocd-agents", agents: [record] };

Deno.test("after a change the list is read sooner, never later", () => {
  const next = (call: GocdEffect, nextAgentsMs: number): number => {
    const draft = at([], { nextAgentsMs });
    gocdCallDone(draft, call);
    return draft.state.server.nextAgentsMs - nowMs;
  };
  assertEquals([next(disable, nowMs + minute), next(enable, nowMs + minute), next(remove, nowMs + minute)], [
    2_000,
    2_000,
    0,
  ]);
  assertEquals([next(disable, nowMs + 1_999), next(remove, nowMs - 1)], [1_999, -1]);
  const draft = at([], { nextAgentsMs: nowMs + minute });
  gocdCallFailed(draft, { kind: "gocd-call-failed", call: remove, problem: problem() });
  assertEquals(draft.state.server.nextAgentsMs - nowMs, 2_000);
});

Deno.test("any response to an enable request counts as its response, whether it was carried out or not", () => {
  const asked = (answer: (draft: Draft) => void): boolean => {
    const draft = at([], { enableRequestedMs: new Map([["u", zeroMs]]) });
    answer(draft);
    return draft.state.server.enableRequestedMs.has("u");
  };
  const fails = (call: GocdEffect) => (draft: Draft): void =>
    gocdCallFailed(draft, { kind: "gocd-call-failed", call, problem: problem() });
  assertEquals([asked((draft) => gocdCallDone(draft, enable)), asked(fails(enable))], [false, false]);
  for (
    const call of [disable, { kind: "correct-gocd-agent", ...record, registration: { gocdResources: [] } } as const]
  ) {
    assertEquals([asked((draft) => gocdCallDone(draft, call)), asked(fails(call))], [true, true]);
  }
});

/** What a change that failed leaves. */
function failedCall(call: GocdEffect, kind: GocdProblem["kind"], ...parts: DraftParts): Draft {
  const draft = at(...parts);
  gocdCallFailed(draft, { kind: "gocd-call-failed", call, problem: problem({ kind, code: `gocd-${kind}` }) });
  return draft;
}

Deno.test("a change that fails is reported by its call and code, and remembered as a failure of such changes", () => {
  const draft = failedCall(disable, "refused", []);
  assertEquals(draft.state.server.writeFailure, {
    kind: "update",
    problem: problem({ kind: "refused", code: "gocd-refused" }),
    sinceMs: nowMs,
    lastMs: nowMs,
  });
  assertEquals(draft.finish().notes, [{
    kind: "gocd-call-failed",
    call: "disable-gocd-agents",
    problem: problem({ kind: "refused", code: "gocd-refused" }),
    onceKey: "disable-gocd-agents gocd-refused",
  }]);
  assertEquals(failedCall(remove, "refused", []).state.server.writeFailure?.kind, "delete");
});

Deno.test("a change that is refused because of maintenance shows the mode, if the server is known, until the next poll", () => {
  const serving = watchedFrom(zeroMs);
  const before = at([], { serving, nextAgentsMs: zeroMs }).state.server;
  const { serving: _serving, ...left } = before;
  assertEquals(failedCall(disable, "maintenance", [], { serving, nextAgentsMs: zeroMs }).state.server, {
    ...left,
    info: { ...serverInfo, maintenance: "on" },
  });
  const shown = (kind: GocdProblem["kind"], server: Partial<ServerState> = {}): unknown => {
    const { state } = failedCall(disable, kind, [], { serving, ...server });
    return [state.server.info?.maintenance, state.server.serving, state.demand.isStale];
  };
  assertEquals(shown("maintenance"), ["on", undefined, true]);
  assertEquals(shown("refused"), ["off", serving, false]);
  const draft = at([], { serving });
  const { info: _, ...server } = draft.state.server;
  draft.set({ server });
  gocdCallFailed(draft, { kind: "gocd-call-failed", call: disable, problem: problem({ kind: "maintenance" }) });
  assertEquals([draft.state.server.info, draft.state.server.serving], [undefined, serving]);
});

Deno.test("a DELETE that the server refuses for a build lets it finish, or be seen as dead; another call does not", () => {
  const deleting = anInstance("t", {
    state: "draining",
    uuid: "u",
    reason: "idle",
    step: { kind: "deleting", askedMs: zeroMs },
  });
  const gone = anInstance("t", { state: "gone", cause: "exited", message: "", uuid: "u" });
  const after = (call: GocdEffect, kind: GocdProblem["kind"], instance: AgentInstance): unknown => {
    const { state, effects, notes } = finished(failedCall(call, kind, [instance]));
    const now = state.instances.get("t");
    return [now?.state === "draining" ? now.step.kind : now?.state, effects.map((each) => each.kind), notes.length];
  };
  assertEquals(after(remove, "conflict", deleting), ["finishing", [], 1]);
  assertEquals([after(remove, "refused", deleting), after(disable, "conflict", deleting)], [
    ["deleting", [], 1],
    ["deleting", [], 1],
  ]);
  assertEquals([after(remove, "conflict", gone), after(disable, "conflict", gone)], [
    ["gone", ["enable-gocd-agent"], 1],
    ["gone", [], 1],
  ]);
  const nobody: State = failedCall(remove, "conflict", []).state;
  assertEquals(nobody.instances.size, 0);
  const none = failedCall({ kind: "delete-gocd-agents", agents: [] }, "conflict", [gone]).finish();
  assertEquals([none.effects, none.notes.length], [[], 1]);
  const two = { kind: "delete-gocd-agents", agents: [record, { taskId: "v", uuid: "w" }] } as const;
  const { effects, notes } = failedCall(two, "conflict", [deleting]).finish();
  assertEquals([effects, notes], [two.agents.map((each) => ({ kind: "delete-gocd-agents", agents: [each] })), []]);
});
