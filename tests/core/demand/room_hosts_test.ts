// Which agents are removed so that another finds room on a host: what the host would have left, and what else stands in
// the way.

import { assertEquals } from "@std/assert";
import type { Assessment } from "../../../src/core/demand/assess.ts";
import type { HeldBack } from "../../../src/core/demand/gates.ts";
import { reusableInstances, reusedFor } from "../../../src/core/demand/reusable.ts";
import { idleOfNoUse, makeRoom, spareLeaving } from "../../../src/core/demand/room.ts";
import type { AgentInstance, Registered } from "../../../src/core/instance.ts";
import type { Offer, OfferedResource } from "../../../src/core/placement/offer.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { idleText } from "../../../src/core/words/causes.ts";
import { linux, minute, offer, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, launchReason, stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + minute;
const held = (byProfile: number, byFramework: number, profile = "default"): HeldBack => ({
  profile,
  byProfile,
  byFramework,
});
const leaving = (taskId: string, profile = "default"): AgentInstance =>
  anInstance(taskId, { state: "draining", uuid: taskId, reason: "idle", step: { kind: "disabling", askedMs: 0 } }, {
    profile,
  });
/** Idle agents, the first idle longest, on the host `s`. */
const idle = (...ids: readonly string[]): Registered[] =>
  ids.map((id, index) => ({
    ...aRegistered(id, "idle", { mesosAgentId: "s" }),
    activity: { kind: "idle", sinceMs: index },
  } as Registered));

const twoCpus: AgentProfile = {
  ...linux,
  name: "big",
  mesosResources: { ...linux.mesosResources, cpusMilli: 2_000 },
};

interface Situation {
  readonly idle: readonly Registered[];
  readonly others?: readonly AgentInstance[];
  readonly big?: AgentProfile;
  /** Agents that find no offer; by profile. */
  readonly wanted?: readonly (readonly [profile: string, count: number])[];
  readonly minIdle?: number;
  readonly last?: Partial<Offer> | "unknown";
  readonly held?: readonly HeldBack[];
  readonly byShare?: number;
}

/** Who goes, and why. */
function going(situation: Situation): string[] {
  const { idle: free, others = [], big = twoCpus, minIdle = 0, held: holds = [], byShare = 0 } = situation;
  const { wanted = [["big", 1]], last = {} } = situation;
  const state = stateOf([...free, ...others], {}, { profiles: [{ ...linux, minIdle }, big] });
  const miss = { atMs, sinceMs: zeroMs, miss: {} };
  const none = offer("h", { mesosAgentId: "s", cpus: 0, mem: 0 });
  const now = {
    ...state,
    offers: {
      ...state.offers,
      nearestMiss: new Map([["big", miss], ["default", miss], ["former", miss]]),
      hosts: new Map(last === "unknown" ? [] : [["s", { ...none, ...last }]]),
    },
    demand: {
      ...state.demand,
      wanted: wanted.map(([profile, count]) => ({
        bucketKey: "k",
        profile,
        gocdResources: [],
        count,
        reason: launchReason,
      })),
    },
  };
  return makeRoom(now, { held: holds, idle: free, byShare }, atMs).map(({ instance: { taskId }, why }) =>
    why.kind === "room" ? taskId : `${taskId}: ${idleText(why)}`
  );
}

Deno.test("of the leaving agents, only those that no job waits for are spare, by profile and in total", () => {
  const state = stateOf([leaving("a"), leaving("b"), leaving("c", "other"), leaving("d", "other")]);
  const spare = (...all: readonly HeldBack[]): number => spareLeaving(state, all, "default");
  assertEquals([spare(held(1, 0)), spare(held(2, 0)), spare(held(2, 0, "other")), spare(held(0, 3))], [1, 0, 2, 1]);
});

Deno.test("as many are enabled again for a job as no older one waits for, including those already assigned", () => {
  const state = stateOf(["a", "b", "c", "d"].map((id) => leaving(id)));
  const bucket = { requirement: { environment: "", gocdResources: ["linux"] } };
  const reused = (needs: number, taken: readonly string[], holds: readonly HeldBack[]): string =>
    reusedFor(state, {
      assessed: { bucket } as unknown as Assessment["buckets"][number],
      needs,
      leaving: reusableInstances(state),
      taken,
      held: holds,
    }).join();
  assertEquals([reused(2, [], []), reused(9, ["a"], [])], ["a,b", "b,c,d"]);
  assertEquals([reused(9, [], [held(3, 0)]), reused(9, ["a"], [held(1, 0)]), reused(9, [], [held(4, 0)])], [
    "a",
    "b,c",
    "",
  ]);
});

Deno.test("an agent that builds, or that does not count as idle, is not useless", () => {
  const builds = { ...aRegistered("busy", "building"), uuid: "u" } as AgentInstance;
  const unknown = { ...aRegistered("unknown", "idle"), uuid: "v" } as AgentInstance;
  const ofClass = (uuid: string): Assessment["capacity"][number] => ({
    kind: "idle",
    count: 1,
    names: ["h"],
    uuids: [uuid],
    capability: { environments: new Set(), gocdResources: new Set() },
  });
  const capacity = [ofClass("u"), ofClass("w")];
  assertEquals(idleOfNoUse(stateOf([builds, unknown]), { buckets: [], capacity, used: [0, 0] }), []);
});

Deno.test("as many agents are removed as the share holds back, counting those that are leaving", () => {
  const situation = { idle: idle("a", "b"), wanted: [] };
  const why = "others wait for its cpus (scaling.max-cpu-share)";
  assertEquals(going({ ...situation, byShare: 1 }), [`a: ${why}`]);
  assertEquals(going({ ...situation, byShare: 3 }), [`a: ${why}`, `b: ${why}`]);
  assertEquals(going({ ...situation, byShare: 1, others: [leaving("c")] }), []);
  assertEquals(going({ ...situation, byShare: 2, others: [leaving("c")] }), [`a: ${why}`]);
});

Deno.test("an agent that leaves because of a limit is not drained again to make room", () => {
  assertEquals(going({ idle: idle("a", "b", "c"), held: [held(0, 1)] }), [
    "a: others wait for its place (scaling.max-agents)",
    "b",
    "c",
  ]);
});

Deno.test("a slot that becomes free anyway is for one agent only", () => {
  const situation = { idle: idle("a", "b", "c", "d"), others: [leaving("x")] };
  assertEquals(going({ ...situation, wanted: [["big", 1]] }), []);
  assertEquals(going({ ...situation, wanted: [["big", 1], ["big", 1]] }), ["a", "b"]);
  assertEquals(going({ ...situation, wanted: [["big", 2]] }), ["a", "b"]);
});

Deno.test("for each agent that finds no room, others are removed, as long as min-idle is kept", () => {
  const situation = { idle: idle("a", "b", "c"), wanted: [["default", 3]] } as const;
  assertEquals([going(situation), going({ ...situation, minIdle: 1 }), going({ ...situation, minIdle: 2 })], [
    ["a", "b", "c"],
    ["a", "b"],
    ["a"],
  ]);
});

Deno.test("one plan makes room for twenty agents of a kind", () => {
  const many = idle(...Array.from({ length: 25 }, (_, index) => `t${index}`));
  assertEquals(going({ idle: many, wanted: [["default", 25]] }).length, 20);
});

Deno.test("no agent is drained for a profile that no longer exists", () => {
  assertEquals(going({ idle: idle("a", "b"), wanted: [["former", 1]] }), []);
});

Deno.test("agents on different hosts make no room together", () => {
  const [a, b] = idle("a", "b");
  const apart = [a, { ...b, mesosAgentId: "s2" }] as Registered[];
  assertEquals([going({ idle: apart }), going({ idle: idle("a", "b") })], [[], ["a", "b"]]);
});

/** An agent of the wanted profile that builds. */
const other = (taskId: string, mesosAgentId: string, changes: object = {}): AgentInstance =>
  ({ ...aRegistered(taskId, "building", { mesosAgentId, profile: "big" }), ...changes }) as AgentInstance;

Deno.test("living agents of the profile that stay on a host count towards max-per-host", () => {
  const one = { idle: idle("a", "b"), big: { ...twoCpus, maxPerHost: 1 } };
  assertEquals(going({ ...one, others: [other("x", "s")] }), []);
  assertEquals(going({ ...one, others: [other("x", "s2")] }), ["a", "b"]);
  assertEquals(going({ ...one, others: [other("x", "s", { profile: "default" })] }), ["a", "b"]);
  assertEquals(going({ ...one, others: [other("x", "s", { state: "gone" })] }), ["a", "b"]);
  const two = { ...one, big: { ...twoCpus, maxPerHost: 2 } };
  assertEquals(going({ ...two, others: [other("x", "s")] }), ["a", "b"]);
  assertEquals(going({ ...two, others: [other("x", "s"), other("y", "s")] }), []);
});

Deno.test("leaving agents do not count towards max-per-host", () => {
  const ofBig = (...ids: readonly string[]): Registered[] =>
    idle(...ids).map((each) => ({ ...each, profile: "big" }) as Registered);
  const big = { ...twoCpus, maxPerHost: 1 };
  assertEquals([going({ idle: ofBig("a"), big }), going({ idle: ofBig("a", "b"), big })], [["a"], ["a", "b"]]);
});

/** Cpus and memory of a role, reserved for it or not. */
function resources(role: string, reservations: string, cpusMilli: number): OfferedResource[] {
  return [["cpus", cpusMilli], ["mem", 9_000_000]].map(([name, milli]) => ({
    name: String(name),
    value: { kind: "scalar", milli: Number(milli) },
    role,
    reservations,
    use: "usable",
  }));
}

Deno.test("the last known free resources of a host count if they are for the role or for all; otherwise only what is freed counts", () => {
  const left = (role: string, reservations: string): string[] =>
    going({ idle: idle("a", "b"), last: { resources: resources(role, reservations, 1_000) } });
  assertEquals([left("ci", "[]"), left("ci", "[1]"), left("web", "[]"), left("web", "[1]")], [
    ["a"],
    ["a"],
    ["a"],
    ["a", "b"],
  ]);
  assertEquals(going({ idle: idle("a", "b"), last: "unknown" }), ["a", "b"]);
  const there = idle("a", "b").map((each) => ({ ...each, host: "h1" }));
  const on = (value: string): string[] => {
    const big = { ...twoCpus, constraints: [{ field: "hostname", operator: "equals", value }] } as AgentProfile;
    return going({ idle: there, big, last: "unknown" });
  };
  assertEquals([on("h1"), on("h2")], [["a", "b"], []]);
});

Deno.test("an agent whose profile no longer exists frees no known resources", () => {
  const former = idle("a", "b", "c").map((each, index) => index === 1 ? { ...each, profile: "former" } : each);
  assertEquals(going({ idle: former as Registered[] }), ["a", "b", "c"]);
});
