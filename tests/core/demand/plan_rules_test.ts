// Single plans: what counts as a poll, for which jobs places are kept, which come last, and what verdicts contain in
// addition to the reason.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { makePlan, type Plan } from "../../../src/core/demand/plan.ts";
import { replanIfDue, reuseAll } from "../../../src/core/demand/replan.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent, ScheduledJob } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import type { ServerState, State } from "../../../src/core/state.ts";
import { finished, gocdAgent, job, kinds, linux, minute, serverInfo, zeroMs } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { anInstance, aRegistered, mesosSays, stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + 2 * minute;
const arm = aProfile({ name: "arm", gocdResources: ["arm"] });
const armJob = job("arm", { gocdResources: ["arm"] });

interface Situation {
  readonly jobs?: readonly ScheduledJob[];
  readonly agents?: readonly GocdAgent[];
  readonly instances?: readonly AgentInstance[];
  readonly profiles?: readonly AgentProfile[];
  readonly maxAgents?: number;
  readonly server?: Partial<ServerState>;
  readonly parts?: Partial<State>;
}

/** A state just polled; jobs have been seen since zeroMs, and agents have been idle since then. */
function polled(situation: Situation): State {
  const { jobs = [], agents = [], instances = [], profiles = [linux, arm], maxAgents = 50 } = situation;
  const state = stateOf(instances, {}, { profiles, scaling: { maxAgents } });
  const backlog = bucketJobs(jobs, state.settings.poller, "insensitive");
  const plain = { firstSeenMs: zeroMs, bucketKey: ";linux", order: 0, passedOver: 0, otherCauseCount: 0 };
  const seen = new Map(backlog.order.map((locator) => [locator, plain]));
  return {
    ...state,
    demand: { ...state.demand, backlog, seen },
    server: {
      ...state.server,
      info: serverInfo,
      lastPollMs: atMs,
      agents,
      idleSinceMs: new Map(agents.map(({ uuid }) => [uuid, zeroMs])),
      healthySinceMs: zeroMs,
      serving: watchedFrom(zeroMs),
      reading: { requestedMs: atMs, readMs: atMs, tookMs: [0] },
      ...situation.server,
    },
    ...situation.parts,
  };
}

const planOf = (situation: Situation): Plan => makePlan(polled(situation), atMs, "poll");
const wanted = (situation: Situation): string[] =>
  planOf(situation).demand.wanted.map(({ bucketKey, profile, count }) => `${count} ${profile} for ${bucketKey}`);

Deno.test("a bucket whose jobs need no agent is not held back", () => {
  const { controls } = stateOf([]);
  const parts = { controls: { ...controls, frozen: true } };
  const recent = { idleSinceMs: new Map([["uuid-h", atMs]]) };
  const gates = planOf({ jobs: [job("a"), armJob], agents: [gocdAgent("h")], parts, server: recent }).demand.buckets;
  assertEquals(gates.map(({ gate }) => gate.kind), ["go", "held-frozen"]);
});

Deno.test("only a poll proves that an idle agent has left a job waiting: between polls the list of jobs is old", () => {
  const state = polled({ jobs: [job("a")], agents: [gocdAgent("h")] });
  const memory = (occasion: "poll" | "replan"): unknown => {
    const { demand } = makePlan(state, atMs, occasion);
    return [demand.seen.get("p/1/s/1/a")?.otherCauseCount, demand.jobs[0]?.reason.kind, demand.isStale, demand.madeMs];
  };
  assertEquals([memory("poll"), memory("replan")], [[1, "idle-unused", false, atMs], [0, "idle-unused", false, atMs]]);
});

Deno.test("a job that waits for another cause gives newer jobs of its bucket no precedence", () => {
  const stuck = job("stuck");
  const state = polled({ jobs: [stuck, armJob, job("later")], maxAgents: 1 });
  const otherCause = { sinceMs: atMs, untilMs: atMs + minute };
  const seen = new Map(
    [...state.demand.seen].map(([locator, each]) =>
      [locator, locator === stuck.locator ? { ...each, otherCause } : each] as const
    ),
  );
  const buckets = (demand: State["demand"]): string[] =>
    makePlan({ ...state, demand }, atMs, "poll").demand.buckets.map(({ key, wanted }) => `${key} ${wanted}`);
  assertEquals(buckets(state.demand), [";linux 1", ";arm 0"]);
  assertEquals(buckets({ ...state.demand, seen }), [";arm 1", ";linux 0"]);
  const only = { ...state.demand, seen, backlog: polled({ jobs: [stuck, armJob] }).demand.backlog };
  assertEquals(buckets(only), [";arm 1", ";linux 0"], "no job of the bucket needs an agent");
});

Deno.test("an agent for a hung build is launched only if no other agent is launched", () => {
  const hung = anInstance("t", { state: "gone", cause: "lost", message: "" }, { mayHoldBuild: true });
  const all = { instances: [hung] };
  const canaries = new Map([["arm", atMs]]);
  const warm = [linux, { ...arm, minIdle: 1 }];
  assertEquals(wanted(all), ["1 default for hung default"]);
  assertEquals(wanted({ ...all, jobs: [armJob] }), ["1 arm for ;arm"]);
  assertEquals(wanted({ ...all, parts: { canaries } }), ["1 arm for canary arm"]);
  assertEquals(wanted({ ...all, profiles: warm }), ["1 arm for warm arm"]);
  assertEquals(wanted({ ...all, profiles: warm, parts: { canaries } }), ["1 arm for canary arm", "1 arm for warm arm"]);
});

/** The profile `default` has failed so often, and may be tried again at a time. */
const failing = (failures: number, retryMs: number): Partial<State> => ({
  breakers: {
    hosts: new Map(),
    profiles: new Map([["default", {
      failures,
      sinceMs: zeroMs,
      lastFailureMs: zeroMs,
      retryMs,
      lastFailure: mesosSays("no image"),
    }]]),
  },
});

Deno.test("idle agents leave a place to each profile whose jobs wait for the end of a pause", () => {
  const full = { profiles: [linux, { ...arm, minIdle: 2 }], maxAgents: 2 };
  const two = [job("a"), job("b", { gocdResources: [] })];
  const pause = failing(1, atMs + minute);
  assertEquals(wanted({ ...full, parts: pause }), ["2 arm for warm arm"]);
  assertEquals(wanted({ ...full, jobs: [job("a")], parts: pause }), ["1 arm for warm arm"]);
  assertEquals(wanted({ ...full, jobs: two, parts: pause }), ["1 arm for warm arm"], "they are of one profile");
  assertEquals(wanted({ ...full, jobs: [job("x", { gocdResources: ["gpu"] })], parts: pause }), ["2 arm for warm arm"]);
  const trying = [anInstance("t", { state: "starting" })];
  const alone = { ...full, maxAgents: 3, jobs: [job("a")], parts: failing(3, zeroMs) };
  assertEquals(wanted(alone), ["1 default for ;linux", "2 arm for warm arm"]);
  assertEquals(wanted({ ...alone, jobs: [job("a"), job("c")] }), ["1 default for ;linux", "2 arm for warm arm"]);
  const others = { ...alone, jobs: [job("a"), job("c")], instances: trying };
  assertEquals(wanted(others), ["1 arm for warm arm"], "one is tried, and a place is left for the next");
});

Deno.test("jobs that no offer fits come after younger ones that find room", () => {
  const { offers } = stateOf([]);
  const nearestMiss = new Map([["default", { atMs, sinceMs: zeroMs, miss: {} }]]);
  const short = { jobs: [job("a"), armJob], maxAgents: 1 };
  assertEquals(wanted(short), ["1 default for ;linux"]);
  assertEquals(wanted({ ...short, parts: { offers: { ...offers, nearestMiss } } }), ["1 arm for ;arm"]);
  const gpu = job("g", { gocdResources: ["arm", "gpu"] });
  const missed = new Map([["arm", { atMs, sinceMs: zeroMs, miss: {} }]]);
  assertEquals(
    planOf({ jobs: [gpu, job("a")], parts: { offers: { ...offers, nearestMiss: missed } } }).demand.buckets.map((
      { key },
    ) => key),
    [";arm,gpu", ";linux"],
    "no profile serves it: no offer is waited for",
  );
});

Deno.test("a verdict reports why this profile was chosen only if another one serves, and since when the job waits", () => {
  const spare = aProfile({ name: "spare", gocdResources: ["linux", "java"] });
  const [alone] = planOf({ jobs: [job("a")] }).demand.jobs;
  const [chosen] = planOf({ jobs: [job("a")], profiles: [linux, spare] }).demand.jobs;
  assertEquals([alone?.firstSeenMs, alone !== undefined && "chosenBy" in alone], [zeroMs, false]);
  assertEquals(chosen?.chosenBy, { kind: "surplus", surplus: 0, over: "spare", others: 1 });
});

Deno.test("jobs that this run has not seen before are seen now, also those that are not ours", () => {
  const state = polled({ jobs: [job("a"), job("e", { elasticProfile: "k8s" })] });
  const unseen = { ...state, demand: { ...state.demand, seen: new Map() } };
  const { jobs } = makePlan(unseen, atMs, "poll").demand;
  assertEquals(jobs.map(({ verdict, firstSeenMs }) => [verdict, firstSeenMs]), [
    ["needs-agent", atMs],
    ["not-ours", atMs],
  ]);
});

Deno.test("without a session a verdict reports the state of the session, as far as it is known", () => {
  const { session } = stateOf([]);
  const told = (more: object): unknown => {
    const parts = { session: { ...session, kind: "connecting", ...more } as State["session"] };
    return planOf({ jobs: [job("a")], parts }).demand.jobs[0]?.reason;
  };
  const kind = "held-no-session";
  assertEquals([told({}), told({ reason: "cut" }), told({ reason: "cut", hint: "look" })], [
    { kind },
    { kind, why: "cut" },
    { kind, why: "cut", hint: "look" },
  ]);
});

const leaving = anInstance("t", {
  state: "draining",
  uuid: "uuid-t",
  reason: "idle",
  step: { kind: "disabling", askedMs: zeroMs },
});

Deno.test("a plan that is renewed between polls enables agents again that leave, and keeps the streaks", () => {
  const state = polled({ jobs: [job("a")], instances: [leaving] });
  const draft = new Draft({ ...state, demand: { ...state.demand, isStale: true } }, atMs, 0.5);
  replanIfDue(draft);
  assertEquals(draft.state.demand.buckets[0]?.pollsInARow, 0);
  assertEquals(kinds(finished(draft).effects), ["enable-gocd-agent"]);
});

Deno.test("an agent that is no longer leaving is not enabled again", () => {
  const draft = new Draft(polled({ instances: [aRegistered("r", "idle")] }), atMs, 0.5);
  reuseAll(draft, ["r", "nobody"]);
  assertEquals(finished(draft).effects, []);
});
