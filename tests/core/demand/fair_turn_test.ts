// `scaling.fair-share` in single plans: which sharer agents count for, which one is next, and which agents are enabled
// again for it.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { isInUse, sharerOf, usesOf, weightOf } from "../../../src/core/demand/fair_share.ts";
import { makePlan, type Plan } from "../../../src/core/demand/plan.ts";
import type { ScheduledJob } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { AgentProfile, FairShare } from "../../../src/core/settings.ts";
import type { State } from "../../../src/core/state.ts";
import { job, serverInfo, zeroMs } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const profiles = [
  aProfile({ name: "linux", gocdResources: ["linux"] }),
  aProfile({ name: "prod", gocdResources: ["linux"], environments: ["Prod"] }),
];
const byEnvironment: FairShare = { by: "environment", weights: {} };
const byProfile: FairShare = { by: "profile", weights: {} };

const inProd = { profile: "prod", environment: "Prod" };
const ofLinux = { profile: "linux" };
const leaving = (changes: Partial<AgentInstance>): AgentInstance =>
  anInstance("t", { state: "draining", uuid: "u", reason: "idle", step: { kind: "disabling", askedMs: 0 } }, changes);

/** So many jobs of an environment. */
function jobsIn(count: number, environment?: string): ScheduledJob[] {
  const name = environment ?? "none";
  return Array.from(
    { length: count },
    (_, index) => job(`${name}${index}`, environment === undefined ? {} : { environment }),
  );
}

interface Situation {
  readonly instances?: readonly AgentInstance[];
  readonly maxAgents?: number;
  readonly fairShare?: FairShare;
  readonly of?: readonly AgentProfile[];
  readonly change?: (state: State) => State;
}

/** The plan for jobs, the oldest first. */
function planFor(jobs: readonly ScheduledJob[], situation: Situation = {}): Plan {
  const { instances = [], maxAgents = 50, fairShare = byEnvironment, of = profiles, change = (same) => same } =
    situation;
  const state = stateOf(instances, {}, { profiles: of, scaling: { maxAgents, fairShare } });
  const backlog = bucketJobs(jobs, state.settings.poller, "insensitive");
  const polled = {
    ...state,
    demand: { ...state.demand, backlog },
    server: { ...state.server, info: serverInfo, lastPollMs: zeroMs },
  };
  return makePlan(change(polled), zeroMs, "poll");
}

/** How many agents of which profile it launches, turn by turn. */
const turns = ({ demand }: Plan): string => demand.wanted.map(({ profile, count }) => `${count} ${profile}`).join();

Deno.test("an agent counts as its profile or as its environment, whatever the case", () => {
  assertEquals([sharerOf(byProfile, inProd), sharerOf(byEnvironment, inProd)], ["prod", "prod"]);
  assertEquals([sharerOf(byProfile, ofLinux), sharerOf(byEnvironment, ofLinux)], ["linux", ""]);
});

Deno.test("the weight of a profile is its own, that of an environment is listed; the default is 1", () => {
  const settings = { profiles: [...profiles, aProfile({ name: "heavy", weight: 3 })] };
  const ofProfile = { by: "profile", weights: { heavy: 7 } } as const;
  assertEquals(["heavy", "linux", "nobody"].map((name) => weightOf(ofProfile, settings, name)), [3, 1, 1]);
  const listed = { by: "environment", weights: { prod: 5, "-": 2 } } as const;
  assertEquals(["prod", "", "heavy"].map((name) => weightOf(listed, settings, name)), [5, 2, 1]);
});

Deno.test("an agent is in use until it leaves", () => {
  const all = [
    anInstance("launching", { state: "launching" }, ofLinux),
    anInstance("starting", { state: "starting" }, inProd),
    aRegistered("registered", "idle", inProd),
    leaving(inProd),
    anInstance("killing", { state: "killing", cause: "drained" }, inProd),
    anInstance("unreachable", { state: "unreachable" }, inProd),
    anInstance("gone", { state: "gone", cause: "lost", message: "" }, inProd),
  ];
  assertEquals(all.map(isInUse), [true, true, true, false, false, false, false]);
  assertEquals([...usesOf(byEnvironment, stateOf(all))], [["", 1], ["prod", 2]]);
});

Deno.test("sharers whose jobs fit take turns, and each bucket reports how many agents it gets", () => {
  const plan = planFor([...jobsIn(3), ...jobsIn(2, "Prod")]);
  assertEquals(turns(plan), "1 linux,1 prod,1 linux,1 prod,1 linux");
  assertEquals(plan.demand.buckets.map(({ wanted, gate }) => [wanted, gate.kind]), [[3, "go"], [2, "go"]]);
  assertEquals([plan.held, plan.reuse], [[], []]);
});

Deno.test("a sharer with agents waits until the others have as many", () => {
  const instances = ["a", "b", "c"].map((name) => aRegistered(name, "building", ofLinux));
  const plan = planFor([...jobsIn(3), ...jobsIn(3, "Prod")], { instances, maxAgents: 6 });
  assertEquals(turns(plan), "3 prod");
  assertEquals(plan.demand.buckets.map(({ wanted, gate }) => [wanted, gate]), [
    [0, { kind: "held-limit", limit: 6, allowed: 0, sharedBy: "environment" }],
    [3, { kind: "go" }],
  ]);
  assertEquals(plan.held, [{
    profile: "linux",
    byProfile: 0,
    byFramework: 3,
    sharer: "",
    requirement: { environment: "", gocdResources: ["linux"] },
  }]);
});

Deno.test("several buckets of one sharer are served oldest first", () => {
  const two = [...jobsIn(2), job("bare", { gocdResources: [] }), ...jobsIn(1, "Prod")];
  assertEquals(turns(planFor(two, { maxAgents: 3 })), "1 linux,1 prod,1 linux");
  assertEquals(planFor(two, { maxAgents: 3 }).demand.buckets.map(({ wanted }) => wanted), [2, 0, 1]);
  assertEquals(planFor(two).demand.buckets.map(({ wanted }) => wanted), [2, 1, 1]);
});

Deno.test("after a hundred turns what follows is added to the last turn of its kind", () => {
  const { demand: { wanted } } = planFor([...jobsIn(120), ...jobsIn(120, "Prod")], { maxAgents: 500 });
  assertEquals(wanted.length, 100);
  assertEquals(wanted.map(({ count }) => count).slice(96), [1, 1, 71, 71]);
});

Deno.test("after a hundred turns a bucket whose turn comes for the first time has an entry of its own", () => {
  const others = Array.from({ length: 5 }, (_, index) => job(`other${index}`, { gocdResources: ["linux", "docker"] }));
  const of = [...profiles, aProfile({ name: "docker", gocdResources: ["linux", "docker"] })];
  const jobs = [...jobsIn(60), ...others, ...jobsIn(60, "Prod")];
  const { demand: { wanted } } = planFor(jobs, { maxAgents: 500, of });
  assertEquals([...new Set(wanted.slice(0, 100).map(({ profile }) => profile))], ["linux", "prod"]);
  assertEquals(wanted.slice(100).map(({ profile, count }) => `${count} ${profile}`), ["5 docker"]);
});

Deno.test("buckets that no limit affects reserve no slot", () => {
  const frozen = (state: State): State => ({ ...state, controls: { ...state.controls, frozenProfiles: ["linux"] } });
  const plan = planFor([...jobsIn(2), ...jobsIn(1, "Prod")], { change: frozen });
  assertEquals([turns(plan), plan.held], ["1 prod", []]);
  assertEquals(plan.demand.buckets[0]?.gate, { kind: "held-frozen", profile: "linux" });
});

Deno.test("jobs that no profile serves have no turn", () => {
  const gates = (plan: Plan): unknown => plan.demand.buckets.map(({ wanted, gate }) => [wanted, gate.kind]);
  assertEquals(gates(planFor(jobsIn(1), { of: [] })), [[0, "go"]]);
  const gpu = job("g", { gocdResources: ["gpu"] });
  assertEquals(gates(planFor([gpu, ...jobsIn(1)])), [[0, "go"], [1, "go"]]);
});

Deno.test("an agent that leaves is enabled again before another is launched, as long as launching is allowed", () => {
  const plan = planFor(jobsIn(2), { instances: [leaving(ofLinux)] });
  assertEquals([plan.reuse, turns(plan)], [["t"], "1 linux"]);
  assertEquals(plan.demand.buckets.map(({ wanted, needsAgent }) => [wanted, needsAgent]), [[1, 2]]);
  const draining = (state: State): State => ({ ...state, controls: { ...state.controls, mode: "drain" } });
  assertEquals(planFor(jobsIn(2), { instances: [leaving(ofLinux)], change: draining }).reuse, []);
});

Deno.test("an agent that is being removed is not enabled again while a sharer with less lacks resources", () => {
  const full = (state: State): State => {
    const miss = { atMs: zeroMs, sinceMs: zeroMs - 20_000, miss: {} } as never;
    return { ...state, offers: { ...state.offers, nearestMiss: new Map([["linux", miss], ["prod", miss]]) } };
  };
  const reuse = (building: number, jobs: readonly ScheduledJob[], change = full): readonly string[] => {
    const others = Array.from({ length: building }, (_, index) => aRegistered(`b${index}`, "building", ofLinux));
    return planFor(jobs, { instances: [leaving(ofLinux), ...others], change }).reuse;
  };
  const both = [...jobsIn(2), ...jobsIn(1, "Prod")];
  assertEquals(reuse(1, both), []);
  assertEquals(reuse(0, both), ["t"], "the other one has no less");
  assertEquals(reuse(1, jobsIn(2)), ["t"], "nobody else waits");
  assertEquals(reuse(1, both, (state) => state), ["t"], "offers may fit");
  const others = [aRegistered("a", "building", ofLinux), aRegistered("b", "building", inProd)];
  const weighted = (prod: number): readonly string[] =>
    planFor(both, {
      instances: [leaving(ofLinux), aRegistered("c", "building", ofLinux), ...others],
      fairShare: { by: "environment", weights: { prod } },
      change: full,
    }).reuse;
  assertEquals([weighted(3), weighted(0.5)], [[], ["t"]], "one of three, and one of a half");
});

Deno.test("an agent that leaves comes back for its own sharer's jobs, but not if another sharer waits for its place", () => {
  const full = { instances: [leaving(inProd)], maxAgents: 1 };
  assertEquals(planFor(jobsIn(2, "Prod"), full).reuse, ["t"]);
  assertEquals(planFor([...jobsIn(1), ...jobsIn(1, "Prod")], full).reuse, []);
  assertEquals(planFor([...jobsIn(1), ...jobsIn(1, "Prod")], { ...full, maxAgents: 5 }).reuse, ["t"]);
  assertEquals(planFor(jobsIn(2, "Prod"), { ...full, fairShare: byProfile }).reuse, ["t"]);
});
