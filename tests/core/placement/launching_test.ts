// What follows from offers in the step that brings them: launches, declines, and what is remembered of hosts and roles.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { offersReceived } from "../../../src/core/placement/launching.ts";
import { fromMilli, noResources, toMilli } from "../../../src/core/placement/mesos_resources.ts";
import type { Offer } from "../../../src/core/placement/offer.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import type { OffersState, State, WantedAgents } from "../../../src/core/state.ts";
import { finished, gocdAgent, linux, minute, zeroMs } from "../../support/core.ts";
import { aWanted, hostOffer } from "../../support/placement.ts";
import { anInstance, stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + minute;
const web: AgentProfile = { ...linux, name: "web", role: "web" };
const canary = { kind: "canary" } as const;

interface Situation {
  readonly wanted?: readonly WantedAgents[];
  readonly instances?: readonly AgentInstance[];
  readonly offers?: Partial<OffersState>;
  readonly parts?: Partial<State>;
  readonly profiles?: readonly AgentProfile[];
  readonly maxCpuShare?: number;
}

/** The draft after these offers. */
function after(offers: readonly Offer[], situation: Situation = {}): Draft {
  const { wanted = [aWanted({})], instances = [], profiles = [linux, web], parts = {}, maxCpuShare } = situation;
  const scaling = maxCpuShare === undefined ? {} : { maxCpuShare };
  const state = stateOf(instances, {}, { profiles, scaling });
  const now: State = {
    ...state,
    inherited: "none",
    demand: { ...state.demand, wanted, isStale: false },
    offers: { ...state.offers, ...situation.offers },
    ...parts,
  };
  const draft = new Draft(now, atMs, 0.5);
  offersReceived(draft, offers);
  return draft;
}

/** `launch COUNT` on each accepted host, and what is declined, with the seconds for which it is refused. */
function said(draft: Draft): string[] {
  return finished(draft).effects.map((effect) => {
    if (effect.kind === "accept-offers") return `launch ${effect.launches.length}, ${effect.refuseSeconds} s`;
    return effect.kind === "decline-offers"
      ? `decline ${effect.offerIds.join()}, ${effect.refuseSeconds} s`
      : effect.kind;
  });
}

const big = hostOffer("h1", { cpus: 8, mem: 100_000 });
const small = hostOffer("h2", { cpus: 0.5 });

Deno.test("without demand, everything is declined for an hour, and the plan is unchanged", () => {
  for (const wanted of [[], [aWanted({ profile: "former" })]]) {
    const draft = after([big], { wanted });
    assertEquals([said(draft), draft.state.demand.isStale], [["decline o-h1, 3600 s"], false]);
  }
  const parts = { shuttingDown: true };
  assertEquals(said(after([big], { parts })), ["decline o-h1, 3600 s"]);
});

Deno.test("no offers change nothing", () => {
  const draft = after([]);
  assertEquals([said(draft), draft.state.demand.isStale, draft.state.offers.nearestMiss.size], [[], false, 0]);
});

Deno.test("what is left is refused for five seconds while something is still wanted, else for an hour", () => {
  assertEquals(said(after([big, small])), ["launch 1, 3600 s", "decline o-h2, 3600 s"]);
  assertEquals(said(after([big, small], { wanted: [aWanted({ count: 9 })] })), [
    "launch 8, 5 s",
    "decline o-h2, 5 s",
  ]);
});

Deno.test("what the share holds back is still wanted, together with what found no place", () => {
  const all = after([big], { wanted: [aWanted({ count: 4 })], maxCpuShare: 0.5 });
  assertEquals([said(all), all.state.demand.wanted.length], [["launch 4, 3600 s"], 0]);
  const held = after([big], { wanted: [aWanted({ count: 6 })], maxCpuShare: 0.5 });
  assertEquals([said(held), held.state.demand.wanted.map(({ count }) => count)], [["launch 4, 5 s"], [2]]);
  const narrow = hostOffer("h1", { cpus: 8, mem: 1_024 });
  const both = after([narrow], { wanted: [aWanted({ count: 6 })], maxCpuShare: 0.5 });
  assertEquals([said(both), both.state.demand.wanted.map(({ count }) => count)], [["launch 1, 5 s"], [5]]);
});

Deno.test("agents that are gone do not count to max-per-host", () => {
  const profiles = [{ ...linux, maxPerHost: 1 }];
  const there = (state: "gone" | "killing"): AgentInstance =>
    anInstance("t", { state, cause: "lost", message: "" } as never, { mesosAgentId: "a-h1", host: "h1" });
  assertEquals(said(after([big], { profiles, instances: [there("gone")] })), ["launch 1, 3600 s"]);
  assertEquals(said(after([big], { profiles, instances: [there("killing")] })), ["decline o-h1, 5 s"]);
});

Deno.test("an instance knows which agents on the list belong to others, if there are any", () => {
  const { server } = stateOf([]);
  const parts = { server: { ...server, agents: [gocdAgent("stranger"), gocdAgent("plugin", { elastic: true })] } };
  const strangers = (situation: Situation): unknown =>
    [...after([big], situation).state.instances.values()].map((each) => "strangers" in each ? each.strangers : "none");
  assertEquals(strangers({ parts, wanted: [aWanted({ count: 2, gocdResources: ["linux"] })] }), [
    ["uuid-stranger"],
    ["uuid-stranger"],
  ]);
  assertEquals(strangers({}), ["none"]);
  const many = Array.from({ length: 101 }, (_, index) => gocdAgent(`s${index}`));
  const crowd = (count: number): State["server"] => ({ ...server, agents: many.slice(0, count) });
  const wanted = [aWanted({ gocdResources: ["linux"] })];
  assertEquals(strangers({ parts: { server: crowd(101) }, wanted }), ["none"], "too many to be remembered");
  assertEquals((strangers({ parts: { server: crowd(100) }, wanted }) as string[][])[0]?.length, 100);
});

Deno.test("of a host with agents of ours it is remembered what it last had left: what was declined, or nothing", () => {
  const there = (host: string): AgentInstance =>
    anInstance(host, { state: "starting" }, { mesosAgentId: `a-${host}`, host });
  const former = hostOffer("h9", {});
  const gone = hostOffer("h8", {});
  const { state } = after([big, small, hostOffer("h3", { cpus: 0.1 })], {
    instances: [there("h2"), there("h9")],
    offers: { hosts: new Map([["a-h9", former], ["a-h8", gone]]) },
  });
  assertEquals([...state.offers.hosts], [["a-h9", former], ["a-h1", { ...big, resources: [] }], ["a-h2", small]]);
});

Deno.test("a role keeps what is known of it, and the long filter of a DECLINE or ACCEPT is remembered", () => {
  const roles = new Map([["ci", { suppressed: false, repeated: true, lastReviveMs: 7 }]]);
  const { state } = after([big, hostOffer("h5", { role: "web", cpus: 0.5 })], { offers: { roles } });
  assertEquals([...state.offers.roles], [
    ["ci", { suppressed: false, repeated: true, lastReviveMs: 7, lastOfferMs: atMs, longDeclineMs: atMs }],
    ["web", { suppressed: false, repeated: false, lastOfferMs: atMs, longDeclineMs: atMs }],
  ]);
});

Deno.test("only the request for the canary that is launched is removed", () => {
  const canaries = new Map([["default", zeroMs], ["web", zeroMs]]);
  const left = (wanted: WantedAgents): string[] => [
    ...after([big], { wanted: [wanted], parts: { canaries } }).state.canaries.keys(),
  ];
  assertEquals([left(aWanted({ reason: canary })), left(aWanted({}))], [["web"], ["default", "web"]]);
});

Deno.test("a thousand launches of the last minute are remembered, the last ones", () => {
  const launchTimesMs = Array.from({ length: 1_000 }, (_, index) => zeroMs + 1 + index);
  const times = after([big], { offers: { launchTimesMs } }).state.offers.launchTimesMs;
  assertEquals([times.length, times[0], times.at(-1)], [1_000, zeroMs + 2, atMs]);
});

Deno.test("amounts are whole thousandths, rounded as Mesos does", () => {
  assertEquals([toMilli(0.1), toMilli(1.2345), toMilli(2), fromMilli(1_500)], [100, 1_235, 2_000, 1.5]);
  assertEquals(noResources, { cpusMilli: 0, memMbMilli: 0, diskMbMilli: 0, gpus: 0, portsCount: 0 });
});
