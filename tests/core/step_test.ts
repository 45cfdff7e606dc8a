// The state at the start, and that each event and each tick leads to what belongs to it. What that is in full is in the
// tests of each room.

import { assertEquals } from "@std/assert";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import { noBrake } from "../../src/core/life/brake.ts";
import { unansweredAtFirst } from "../../src/core/session/reconciliation.ts";
import { watchedFrom } from "../../src/core/session/watched.ts";
import type { State } from "../../src/core/state.ts";
import { initialState, step } from "../../src/core/step.ts";
import {
  emptyStore,
  gocdAgent,
  linux,
  minute,
  offer,
  pending,
  problem,
  second,
  serverInfo,
  someSettings,
  zeroMs,
} from "../support/core.ts";
import { anInstance, aRegistered, stateOf } from "./instance_fixtures.ts";

/** Paths of what a state knows of the world: lists and maps with something in them, and moments other than `atMs`. */
function knownIn(value: unknown, atMs: number, path = ""): string[] {
  if (value instanceof Map || value instanceof Set) return value.size === 0 ? [] : [path];
  if (Array.isArray(value)) return value.length === 0 ? [] : [path];
  if (typeof value === "number") return value === (path.endsWith("Ms") ? atMs : 0) ? [] : [path];
  if (typeof value === "boolean") return value ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => knownIn(each, atMs, `${path}.${key}`));
}

Deno.test("a run starts with what was stored, and knows nothing else", () => {
  const settings = someSettings();
  const { framework, controls, watched, ...state } = initialState(emptyStore, settings, zeroMs);
  assertEquals([state.settings, framework, controls], [settings, emptyStore.framework, emptyStore.controls]);
  assertEquals(watched, watchedFrom(zeroMs));
  assertEquals([state.reconciliation, state.brake], [unansweredAtFirst([]), noBrake]);
  assertEquals([state.session.kind, state.inherited, state.demand.backlog.resourceCase], [
    "connecting",
    "none",
    "insensitive",
  ]);
  const { settings: _, reconciliation: __, brake: ___, ...others } = state;
  assertEquals(knownIn(others, zeroMs), []);
});

Deno.test("stored instances are marked by the settings, none has a time in the future, and cpu-hours continue from now", () => {
  const ahead = anInstance("a", { state: "starting", sinceMs: zeroMs + minute }, { profileHash: linux.hash });
  const asked = anInstance("b", { state: "starting" }, { profileHash: linux.hash, retire: "maintenance" });
  const old = anInstance("c", { state: "starting" }, { profileHash: "old" });
  const cpuUse = { day: "2026-11-28", cpuMs: 7 };
  const state = initialState({ ...emptyStore, instances: [ahead, asked, old], cpuUse }, someSettings(), zeroMs);
  assertEquals([...state.instances], [
    ["a", { ...ahead, sinceMs: zeroMs }],
    ["b", asked],
    ["c", { ...old, retire: "profile-changed" }],
  ]);
  assertEquals([...state.maintenanceRequestedMs], [["s-b", zeroMs]]);
  assertEquals(state.cpuUse, { record: cpuUse, countedMs: zeroMs, storedMs: zeroMs });
});

const after = (state: State, event: Event, afterMs = second): ReturnType<typeof step> =>
  step(state, { atMs: zeroMs + afterMs, random: 0.5, event });
const kinds = (effects: readonly Effect[]): readonly string[] => effects.map(({ kind }) => kind);

Deno.test("after a list, calls of Mesos are sent first, then those that disable and delete, and those that enable last", () => {
  const gone = ["a", "b"].map((taskId) =>
    anInstance(taskId, { state: "gone", cause: "exited", message: "", uuid: `uuid-${taskId}` })
  );
  const starting = anInstance("t", { state: "starting", runningSinceMs: zeroMs });
  const agents = [gocdAgent("t", pending), gocdAgent("a", { configState: "Disabled" }), gocdAgent("b")];
  const { offers, ...state } = stateOf([starting, ...gone]);
  const roles = new Map([["ci", { suppressed: false, repeated: false }]]);
  const { effects } = after({ ...state, offers: { ...offers, roles } }, { kind: "gocd-agents-read", agents });
  assertEquals(kinds(effects), ["suppress-offers", "disable-gocd-agents", "delete-gocd-agents", "enable-gocd-agent"]);
});

Deno.test("each event is handled, and a rescinded offer changes nothing", () => {
  const state = stateOf([]);
  const record = { taskId: "t", uuid: "u" };
  const disable = { kind: "disable-gocd-agents", agents: [record] } as const;
  assertEquals(after(state, { kind: "heartbeat" }).state.session.heardMs, zeroMs + second);
  assertEquals(after(state, { kind: "gocd-call-done", call: disable }).state.server.nextAgentsMs, zeroMs);
  const unread = { ...state, server: { ...state.server, nextAgentsMs: zeroMs + minute } };
  assertEquals(after(unread, { kind: "gocd-call-done", call: disable }).state.server.nextAgentsMs, zeroMs + 3 * second);
  const codes = (event: Event): readonly string[] => after(state, event).notes.map(({ kind }) => kind);
  assertEquals(codes({ kind: "gocd-call-failed", call: disable, problem: problem() }), ["gocd-call-failed"]);
  assertEquals(codes({ kind: "gocd-poll-failed", problem: problem() }), ["gocd-problem"]);
  const request = {
    kind: "read-sandbox",
    taskId: "t",
    profile: "default",
    host: "h",
    frameworkId: "f",
    address: { hostname: "h", port: 5_051 },
  } as const;
  assertEquals(codes({ kind: "sandbox-read", request, answer: { kind: "read", text: "x" } }), ["stderr-read"]);
  assertEquals(codes({ kind: "tick" }), []);
  assertEquals(after(state, { kind: "tick" }, 2 * minute).notes.map(({ kind }) => kind), ["program-stood-still"]);
  for (const kind of ["offer-rescinded", "inverse-offer-rescinded"] as const) {
    const { effects, notes, records } = after(state, { kind, offerId: "o" });
    assertEquals([effects, notes, records], [[], [], []]);
  }
});

Deno.test("offers show which Mesos agents are of the same cluster", () => {
  const state = stateOf([aRegistered("a", "idle")], { brake: noBrake });
  const offered = (mesosAgentId: string): boolean =>
    after(state, { kind: "offers-received", offers: [offer("h", { mesosAgentId })] }).state.brake.isSameCluster;
  assertEquals([offered("s-a"), offered("s-b")], [true, false]);
});

Deno.test("a tick brings the windows that are open, judges losses, and counts cpu-hours", () => {
  const schedule = { from: "0 7 * * *", to: "0 19 * * *", timeZone: "UTC" };
  const window = { profile: "default", schedule, sinceMs: zeroMs };
  assertEquals([...after(stateOf([]), { kind: "tick", windows: [window] }).state.windows.values()], [window]);
  const settings = someSettings({ scaling: { cpuHoursPerDay: 10 } });
  const { cpuUse } = after(stateOf([], { settings }), { kind: "tick" }).state;
  assertEquals([cpuUse?.record.cpuMs, cpuUse?.countedMs], [0, zeroMs + second]);
  const mesos = { kind: "mesos-lost", sinceMs: zeroMs, lost: 3, of: 3 } as const;
  assertEquals(after(stateOf([], { brake: { ...noBrake, mesos } }), { kind: "tick" }).state.brake.mesos, undefined);
});

Deno.test("only records of which a list is the cause are changed together", () => {
  const gone = ["a", "b"].map((taskId) =>
    anInstance(taskId, { state: "gone", cause: "exited", message: "", uuid: `uuid-${taskId}` })
  );
  const agents = [gocdAgent("a"), gocdAgent("b")];
  const polled: Event = { kind: "gocd-polled", server: serverInfo, jobs: [], agents, findings: [] };
  const read: Event = { kind: "gocd-agents-read", agents };
  for (const event of [polled, read]) assertEquals(kinds(after(stateOf(gone), event).effects), ["disable-gocd-agents"]);
  const { server, ...state } = stateOf([aRegistered("a", "idle"), aRegistered("b", "idle")]);
  const unread = { ...state, server: { ...server, agents } };
  const teardown = after(unread, { kind: "teardown-requested", mode: "now" });
  assertEquals(kinds(teardown.effects), [
    "disable-gocd-agents",
    "delete-gocd-agents",
    "delete-gocd-agents",
    "teardown-framework",
  ]);
});
