// Who gives its place up for a sharer with less: of which sharer, of which profile, and how many.

import { assertEquals } from "@std/assert";
import type { HeldBack } from "../../../src/core/demand/gates.ts";
import { yieldingAgents } from "../../../src/core/demand/yielding.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { FairShare } from "../../../src/core/settings.ts";
import type { WantedAgents } from "../../../src/core/state.ts";
import { zeroMs } from "../../support/core.ts";
import { aProfile, aWanted } from "../../support/placement.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const byEnvironment: FairShare = { by: "environment", weights: {} };

/** Agents of an environment that build, the first one longest. */
const builds = (environment: string, ids: string, changes: object = {}): AgentInstance[] =>
  [...ids].map((id, index) => ({
    ...aRegistered(id, "building", { environment }),
    activity: { kind: "building", sinceMs: zeroMs + index },
    ...changes,
  } as AgentInstance));

/** So many agents of a sharer that the limit of all holds back. */
const held = (sharer: string, byFramework: number, changes: Partial<HeldBack> = {}): HeldBack => ({
  profile: "default",
  byProfile: 0,
  byFramework,
  sharer,
  requirement: { environment: sharer, gocdResources: ["linux"] },
  ...changes,
});

interface More {
  readonly fairShare?: FairShare | "none";
  readonly wanted?: readonly WantedAgents[];
}

/** Whose places are given up. */
function going(instances: readonly AgentInstance[], all: readonly HeldBack[], more: More = {}): string {
  const { fairShare = byEnvironment, wanted = [] } = more;
  const scaling = fairShare === "none" ? {} : { fairShare };
  const profiles = [aProfile({ gocdResources: ["linux"], environments: "*" })];
  const state = stateOf(instances, {}, { profiles, scaling });
  return yieldingAgents(state, { held: all, wanted, buckets: [] }, zeroMs).map(({ taskId }) => taskId).join("");
}

Deno.test("slots are given up until the others have as many, by the agents that build longest", () => {
  const four = builds("qa", "abcd");
  assertEquals([going(four, [held("prod", 1)]), going(four, [held("prod", 9)])], ["a", "ab"]);
  assertEquals(going([...four].reverse(), [held("prod", 1)]), "a");
  assertEquals([going(builds("qa", "abc"), [held("prod", 2)]), going(builds("qa", "a"), [held("prod", 1)])], ["a", ""]);
  assertEquals([going(four, []), going(four, [held("prod", 1)], { fairShare: "none" })], ["", ""]);
});

Deno.test("what is launched for someone counts as what it has", () => {
  const wanted = (count: number): WantedAgents[] => [aWanted({ environment: "prod", count })];
  const given = (count: number): string => going(builds("qa", "abc"), [held("prod", 1)], { wanted: wanted(count) });
  assertEquals([given(1), given(2)], ["a", ""]);
});

Deno.test("weights count on both sides", () => {
  const weighted = (weights: Record<string, number>): string =>
    going(builds("qa", "abcd"), [held("prod", 9)], { fairShare: { by: "environment", weights } });
  assertEquals([weighted({ prod: 3 }), weighted({ qa: 3 }), weighted({ prod: 2, qa: 2 })], ["abc", "a", "ab"]);
});

Deno.test("a place that becomes free anyway is for one agent", () => {
  const leaving = (state: "draining" | "killing" | "gone", profile = "default"): AgentInstance =>
    anInstance("x", { state, uuid: "x", reason: "idle", step: { kind: "finishing" }, cause: "drained" } as never, {
      environment: "qa",
      profile,
    });
  const four = builds("qa", "abcd");
  assertEquals(going([...four, leaving("draining")], [held("prod", 1)]), "");
  assertEquals(going([...four, leaving("killing")], [held("prod", 2)]), "a");
  assertEquals(going([...four, leaving("gone")], [held("prod", 1)]), "a");
  const ofProfile = held("prod", 0, { byProfile: 1 });
  assertEquals([
    going([...four, leaving("draining")], [ofProfile]),
    going([...four, leaving("draining", "y")], [ofProfile]),
  ], [
    "",
    "a",
  ]);
});

Deno.test("at the limit of a profile only its own agents give a place up", () => {
  const others = builds("qa", "abcd", { profile: "other" });
  assertEquals(going(others, [held("prod", 1)]), "a");
  assertEquals(going(others, [held("prod", 0, { byProfile: 1 })]), "");
  assertEquals(going([...others, ...builds("qa", "e")], [held("prod", 0, { byProfile: 1 })]), "e");
});

Deno.test("agents that are idle or leaving give up no slot", () => {
  const idle = builds("qa", "ab", { activity: { kind: "idle", sinceMs: zeroMs } });
  const retired = builds("qa", "cd", { retire: "operator" });
  assertEquals(going([...idle, ...retired], [held("prod", 1)]), "");
  assertEquals(going([...idle, ...retired, ...builds("qa", "e")], [held("prod", 1)]), "e");
});

Deno.test("the sharer with the most agents gives up a place first, among equals the one that builds longest", () => {
  assertEquals(going([...builds("qa", "ab"), ...builds("dev", "xyz")], [held("prod", 1)]), "x");
  assertEquals(going([...builds("dev", "xyz"), ...builds("qa", "ab")], [held("prod", 1)]), "x");
  assertEquals(going([...builds("qa", "ab"), ...builds("dev", "xy")], [held("prod", 1)]), "a");
});

Deno.test("the sharer with least is served first, and of equals the one with the oldest job", () => {
  const three = [...builds("qa", "abc"), ...builds("dev", "x")];
  assertEquals(going(three, [held("dev", 1), held("prod", 1)]), "a");
  const [a, b] = builds("qa", "ab");
  // The first job could be done by a itself.
  const armed = { ...b, gocdResources: ["arm"] } as AgentInstance;
  const none = { environment: "", gocdResources: ["linux"] };
  const bare = [{ ...a, environment: undefined }, { ...armed, environment: undefined }] as unknown as AgentInstance[];
  const first = held("one", 1, { requirement: none });
  const second = held("two", 1, { requirement: { environment: "", gocdResources: ["gpu"] } });
  assertEquals([going(bare, [first, second]), going(bare, [second, first])], ["b", "a"]);
});

Deno.test("an agent that could take the job itself does not give up its place", () => {
  const qa = { environment: "qa", gocdResources: ["linux"] };
  const all = builds("qa", "abcd");
  assertEquals([going(all, [held("prod", 1, { requirement: qa })]), going(all, [held("prod", 1)])], ["", "a"]);
  const { requirement: _, ...unknown } = held("prod", 1);
  assertEquals(going(all, [unknown]), "a");
});
