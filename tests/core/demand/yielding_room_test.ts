// Which building agents are removed for a sharer with less when resources, not a number of agents, hold it back: at
// `scaling.max-cpu-share`, and in a full cluster. At limits: yielding_test.ts.

import { assertEquals } from "@std/assert";
import { yieldingAgents } from "../../../src/core/demand/yielding.ts";
import type { LaunchReason } from "../../../src/core/demand/reason.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { FairShare } from "../../../src/core/settings.ts";
import type { State, WantedAgents } from "../../../src/core/state.ts";
import { minute, offer, second, zeroMs } from "../../support/core.ts";
import { aProfile, aWanted } from "../../support/placement.ts";
import { anInstance, aRegistered, launchReason as minIdle, stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + minute;
const small = aProfile({ gocdResources: ["linux"], environments: "*" });
const big = aProfile({ ...small, name: "big", mesosResources: { ...small.mesosResources, cpusMilli: 2_000 } });
const fairShare: FairShare = { by: "environment", weights: {} };

/** Agents of `qa` that build, one on each host unless a host is given, the first one longest. */
const builds = (ids: string, changes: object = {}): AgentInstance[] =>
  [...ids].map((id, index) => ({
    ...aRegistered(id, "building", { environment: "qa" }),
    activity: { kind: "building", sinceMs: zeroMs + index },
    ...changes,
  } as AgentInstance));

/** Agents for jobs of `prod`. */
const forProd = (count: number, profile = "default"): WantedAgents =>
  aWanted({ bucketKey: "prod", profile, environment: "prod", gocdResources: ["linux"], count, reason: jobs });

const jobs: LaunchReason = { kind: "jobs", jobs: 1, gocdResources: ["linux"], polls: 1, coming: 0 };

interface Situation {
  /** Since when no offer has fitted; absent: offers fit. */
  readonly missSinceMs?: number;
  /** Unused cpus of each host. */
  readonly unusedCpus?: number;
  readonly isShareHeld?: boolean;
  readonly shared?: "no";
  /** The environment that the waiting jobs require. */
  readonly jobIn?: string;
}

/** The task ids of the agents to remove. */
function going(instances: readonly AgentInstance[], wanted: readonly WantedAgents[], situation: Situation): string {
  const { missSinceMs, unusedCpus = 0, isShareHeld = false, shared, jobIn = "prod" } = situation;
  const names = ["default", "big"];
  const scaling = { ...(shared === "no" ? {} : { fairShare }), maxCpuShare: 0.5 };
  const profiles = [small, big];
  const state = stateOf(instances, {}, { profiles, scaling });
  const miss = { atMs, sinceMs: missSinceMs ?? atMs, miss: {} };
  const hosts = instances.map(({ mesosAgentId, host }) =>
    [mesosAgentId, offer(host, { mesosAgentId, cpus: unusedCpus, mem: 0 })] as const
  );
  const offers: State["offers"] = {
    ...state.offers,
    nearestMiss: new Map(missSinceMs === undefined ? [] : names.map((name) => [name, miss] as never)),
    hosts: new Map(hosts),
    ...(isShareHeld ? { shareHeld: { atMs, profiles: names, usedMilli: 4_000, clusterMilli: 8_000 } } : {}),
  };
  const bucket = { key: "prod", requirement: { environment: jobIn, gocdResources: ["linux"] } };
  const lacking = { held: [], wanted, buckets: [{ bucket }] as never };
  return yieldingAgents({ ...state, offers }, lacking, atMs).map(({ taskId }) => taskId).join("");
}

const full: Situation = { missSinceMs: zeroMs };
const atShare: Situation = { isShareHeld: true };

for (const [where, situation] of [["in a full cluster", full], ["at max-cpu-share", atShare]] as const) {
  Deno.test(`${where}, agents are removed until the others have as much, the one that builds longest first`, () => {
    const four = builds("abcd");
    assertEquals([1, 2, 9].map((count) => going(four, [forProd(count)], situation)), ["a", "ab", "ab"]);
    assertEquals(going(builds("a"), [forProd(1)], situation), "", "the other one would have less");
  });

  Deno.test(`${where}, nothing is removed without fair-share, or for agents that no job needs`, () => {
    assertEquals(going(builds("abcd"), [forProd(1)], { ...situation, shared: "no" }), "");
    assertEquals(going(builds("abcd"), [{ ...forProd(1), reason: minIdle }], situation), "");
  });

  Deno.test(`${where}, an agent that could take the waiting job stays`, () => {
    assertEquals(going(builds("abcd"), [forProd(1)], { ...situation, jobIn: "qa" }), "");
    const arm = builds("x", { gocdResources: ["arm"] });
    assertEquals(going([...builds("abc"), ...arm], [forProd(1)], { ...situation, jobIn: "qa" }), "x");
  });

  Deno.test(`${where}, an agent that is being removed anyway is one slot`, () => {
    const leaving = anInstance("x", { state: "killing", cause: "drained" });
    assertEquals([1, 2].map((count) => going([...builds("abcd"), leaving], [forProd(count)], situation)), ["", "a"]);
  });

  Deno.test(`${where}, one agent must free enough, because several would be replaced one by one`, () => {
    assertEquals(going(builds("abcd"), [forProd(1, "big")], situation), "");
    assertEquals(going([...builds("ab"), ...builds("c", { profile: "big" })], [forProd(1, "big")], situation), "c");
    assertEquals(going(builds("ab", { profile: "big" }), [forProd(1)], situation), "a");
  });
}

Deno.test("agents that are wanted and fit are counted as present", () => {
  assertEquals(going(builds("abcd"), [forProd(2)], {}), "");
});

Deno.test("in a full cluster, what the host has unused counts", () => {
  assertEquals(going(builds("abcd"), [forProd(1, "big")], { ...full, unusedCpus: 1 }), "a");
});

Deno.test("in a full cluster, one agent of a host is removed at a time, because the unused resources are there once", () => {
  const sameHost = builds("abcd", { mesosAgentId: "s", host: "h" });
  assertEquals(going(sameHost, [forProd(2)], full), "a");
  assertEquals(going([...sameHost, ...builds("x")], [forProd(2)], full), "ax");
});

Deno.test("in a full cluster, only a lasting lack of offers counts", () => {
  assertEquals([19, 20].map((s) => going(builds("abcd"), [forProd(1)], { missSinceMs: atMs - s * second })), ["", "a"]);
});

Deno.test("at max-cpu-share, an agent whose profile is no longer configured stays: what it would free is not known", () => {
  assertEquals(going(builds("abcd", { profile: "former" }), [forProd(1)], atShare), "");
});
