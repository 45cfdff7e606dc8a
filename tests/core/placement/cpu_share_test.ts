// `scaling.max-cpu-share`, function by function: what hosts have to give, what may be launched, and whom that holds
// back.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import {
  clusterOf,
  heldByShare,
  seeCapacity,
  shareHeldOf,
  withinShare,
} from "../../../src/core/placement/cpu_share.ts";
import type { Offer, OfferedResource } from "../../../src/core/placement/offer.ts";
import type { HostCapacity, OffersState, State } from "../../../src/core/state.ts";
import { minute, second, zeroMs } from "../../support/core.ts";
import { aProfile, aWanted, hostOffer, scalar, wantedOf } from "../../support/placement.ts";
import { anInstance, stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + 20 * minute;
const profiles = [
  aProfile({ name: "one", mesosResources: { cpusMilli: 1_000 } }),
  aProfile({ name: "two", mesosResources: { cpusMilli: 2_000 } }),
];

const on = (mesosAgentId: string, profile: string, changes: object = {}): AgentInstance => ({
  ...anInstance(`${mesosAgentId}-${profile}`, { state: "starting" }, { mesosAgentId, profile }),
  ...changes,
});

function draftWith(
  offers: Partial<OffersState>,
  instances: readonly AgentInstance[] = [],
  maxCpuShare: number | "none" = 0.5,
): Draft {
  const state = stateOf(instances, {}, { profiles, scaling: maxCpuShare === "none" ? {} : { maxCpuShare } });
  return new Draft({ ...state, offers: { ...state.offers, ...offers } }, atMs, 0.5);
}

const has = (offeredMilli: number, hostname = "h1", ageMs = 0): HostCapacity => ({
  atMs: atMs - ageMs,
  hostname,
  offeredMilli,
});

/** What is known of hosts after these offers. */
function known(
  offers: readonly Offer[],
  before: readonly (readonly [string, HostCapacity])[] = [],
  instances: readonly AgentInstance[] = [],
): unknown {
  const draft = draftWith({ capacity: new Map(before) }, instances);
  seeCapacity(draft, offers);
  return [...draft.state.offers.capacity ?? []].map(([id, { hostname, offeredMilli }]) =>
    `${id} ${hostname} ${offeredMilli}`
  );
}

const odd = (changes: Partial<OfferedResource>): OfferedResource => scalar("cpus", 5, changes);

Deno.test("the offers of a host to all roles are added up", () => {
  const [first, second_] = [hostOffer("h1", { cpus: 4 }), hostOffer("h1", { id: "o2", role: "web", cpus: 2 })];
  assertEquals(known([first, second_]), ["a-h1 h1 6000"]);
  assertEquals(known([first], [], [on("a-h1", "two"), on("a-h2", "two")]), ["a-h1 h1 4000"]);
});

Deno.test("only usable cpus of a host count", () => {
  const more = [
    odd({ use: "revocable" }),
    odd({ value: { kind: "set", items: [] } }),
    scalar("gpus", 7),
    odd({ reservations: "[1]" }),
  ];
  assertEquals(known([hostOffer("h1", { cpus: 4, more })]), ["a-h1 h1 9000"]);
});

Deno.test("a host is forgotten after ten minutes, or when its machine comes back as another Mesos agent", () => {
  const h2 = hostOffer("h2", { cpus: 1 });
  assertEquals(known([h2], [["a-h1", has(8_000, "h1", 10 * minute - 1)]]), ["a-h1 h1 8000", "a-h2 h2 1000"]);
  assertEquals(known([h2], [["a-h1", has(8_000, "h1", 10 * minute)]]), ["a-h2 h2 1000"]);
  assertEquals(known([h2], [["old", has(8_000, "h2")]]), ["a-h2 h2 1000"]);
  assertEquals(known([h2], [["old", has(8_000, "h2")]], [on("old", "one")]), ["a-h2 h2 1000"]);
  assertEquals(known([h2], [["old", has(8_000, "h2")]], [on("old", "one", { state: "gone" })]), ["a-h2 h2 1000"]);
  const draft = draftWith({});
  seeCapacity(draft, [h2]);
  assertEquals(draft.state.offers.capacity?.get("a-h2"), has(1_000, "h2"));
});

Deno.test("a machine that comes back as another Mesos agent counts once in addition to a task whose loss could not be stored", () => {
  const draft = draftWith({ capacity: new Map([["old", has(8_000, "h2")]]) }, [on("old", "one")]);
  seeCapacity(draft, [hostOffer("h2", { cpus: 8 })]);
  assertEquals(clusterOf(draft.state), { usedMilli: 1_000, clusterMilli: 9_000 });
});

Deno.test("without the key nothing is remembered, and nothing is cut", () => {
  const draft = draftWith({}, [], "none");
  seeCapacity(draft, [hostOffer("h1", {})]);
  const wanted = [wantedOf(3, profiles[0] ?? aProfile({}))];
  assertEquals([draft.state.offers.capacity, withinShare(draft, wanted)], [undefined, { wanted, held: [] }]);
});

interface Cut {
  readonly counts: readonly number[];
  readonly held: readonly number[];
  readonly shareHeld: State["offers"]["shareHeld"];
}

/** What may be launched of so many agents of these profiles. */
function cut(
  wanted: readonly (readonly [profile: number, count: number])[],
  capacity: readonly (readonly [string, HostCapacity])[],
  instances: readonly AgentInstance[] = [],
): Cut {
  const draft = draftWith({ capacity: new Map(capacity) }, instances);
  const all = wanted.map(([index, count]) => wantedOf(count, profiles[index] ?? aProfile({})));
  const shared = withinShare(draft, all);
  return {
    counts: shared.wanted.map((each) => each.wanted.count),
    held: shared.held,
    shareHeld: draft.state.offers.shareHeld,
  };
}

Deno.test("earlier launches reduce the share of later ones, and what that holds back is reported", () => {
  const hosts = [["s1", has(8_000)], ["s2", has(4_000, "h2")]] as const;
  assertEquals(cut([[0, 2], [1, 2]], hosts), { counts: [2, 2], held: [0, 0], shareHeld: undefined });
  assertEquals(cut([[0, 3], [1, 2]], hosts), {
    counts: [3, 1],
    held: [0, 1],
    shareHeld: { atMs, profiles: ["two"], usedMilli: 5_000, clusterMilli: 12_000 },
  });
  assertEquals(cut([[1, 9], [0, 9]], hosts), {
    counts: [3, 0],
    held: [6, 9],
    shareHeld: { atMs, profiles: ["two", "one"], usedMilli: 6_000, clusterMilli: 12_000 },
  });
});

Deno.test("what agents have is taken off the share, also beyond it and on hosts that have offered nothing for long", () => {
  assertEquals(cut([[0, 9]], [["s1", has(5_000)]], [on("s1", "two"), on("s1", "one")]).counts, [1]);
  assertEquals(cut([[0, 9]], [["s1", has(8_000)]], [on("s2", "two")]).counts, [3]);
  assertEquals(cut([[0, 9]], [["s1", has(1_000)]], [on("s1", "two")]), {
    counts: [0],
    held: [9],
    shareHeld: { atMs, profiles: ["one"], usedMilli: 2_000, clusterMilli: 3_000 },
  });
  assertEquals(cut([[0, 9]], []).counts, [0]);
});

Deno.test("the cpus of a host are those that it has offered, and those that our agents used there before and still use", () => {
  const host = [["s1", has(8_000)]] as const;
  const launched = (createdMs: number, changes: object = {}): AgentInstance =>
    on("s1", "two", { createdMs, ...changes });
  assertEquals(cut([[0, 9]], host, [launched(atMs - 1)]).counts, [3]);
  // Its place was part of the offer: that of one that was launched with it, and, it may be, that of one that has ended.
  assertEquals(cut([[0, 9]], host, [launched(atMs)]).counts, [2]);
  assertEquals(cut([[0, 9]], host, [launched(atMs - 1, { state: "gone" })]).counts, [4]);
  assertEquals(cut([[0, 9]], host, [on("s1", "former")]).counts, [4]);
});

Deno.test("for two minutes the share is what holds the agents of a profile back that jobs wait for", () => {
  const shareHeld = { atMs, profiles: ["one"], usedMilli: 1, clusterMilli: 20_000 };
  const { state } = draftWith({ shareHeld });
  const kind = (profile: string, afterMs: number): unknown => shareHeldOf(state, profile, atMs + afterMs);
  assertEquals([kind("one", 2 * minute - 1), kind("one", 2 * minute), kind("two", 0)], [
    shareHeld,
    undefined,
    undefined,
  ]);
  assertEquals(shareHeldOf(draftWith({ shareHeld }, [], "none").state, "one", atMs), undefined);
  assertEquals(shareHeldOf(draftWith({}).state, "one", atMs), undefined);
  const reason = { kind: "jobs", jobs: 1, gocdResources: [], polls: 1, coming: 0 } as const;
  const wanted = [
    aWanted({ profile: "one", count: 3, reason }),
    aWanted({ profile: "one", count: 11 }),
    aWanted({ profile: "two", count: 7, reason }),
    aWanted({ profile: "one", count: 2, reason }),
  ];
  assertEquals([heldByShare(state, wanted, atMs + second), heldByShare(state, wanted, atMs + 2 * minute)], [5, 0]);
});
