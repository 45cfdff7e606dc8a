// What a plan reports about each kind of job and about each job, which draining agents it uses again, and what it keeps
// ready. Not here: when launches follow (plan_test.ts), the gates (gates_test.ts).

import { bucketText, launchReasonText, verdictText } from "../../../src/core/words/reasons.ts";
import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import type { GocdAgent, ScheduledJob } from "../../../src/core/gocd_records.ts";
import { launchBudget } from "../../../src/core/demand/gates.ts";
import type { AgentInstance, InstancePhase } from "../../../src/core/instance.ts";
import { minIdleAgents } from "../../../src/core/demand/min_idle.ts";
import { makePlan, type Plan } from "../../../src/core/demand/plan.ts";
import type { State } from "../../../src/core/state.ts";
import {
  building,
  gocdAgent,
  job,
  jobs,
  linux,
  lostContact,
  minute,
  second,
  serverInfo,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

interface Given {
  readonly jobs?: readonly ScheduledJob[];
  readonly agents?: readonly GocdAgent[];
  readonly instances?: readonly AgentInstance[];
  readonly streak?: number;
  readonly attempts?: number;
  readonly maxAgents?: number;
  readonly occasion?: "poll" | "replan";
  readonly change?: (state: State) => State;
}

/** The plan of a moment; `attempts` is 0 unless specified. */
function planOf(given: Given): Plan {
  const { agents = [], instances = [], attempts = 0, maxAgents = 50, occasion = "poll", change = (state) => state } =
    given;
  const state = stateOf(instances, {}, { poller: { attempts }, scaling: { maxAgents } });
  const backlog = bucketJobs(given.jobs ?? jobs(1), state.settings.poller, "insensitive");
  const seen = new Map(backlog.order.map((locator, order) => [
    locator,
    { firstSeenMs: zeroMs, bucketKey: ";linux", order, passedOver: 0, otherCauseCount: 0 },
  ]));
  const streaks = new Map(given.streak === undefined ? [] : [[";linux", given.streak]]);
  return makePlan(
    change({
      ...state,
      server: { ...state.server, agents, lastPollMs: zeroMs, info: serverInfo },
      demand: { ...state.demand, backlog, seen, streaks },
    }),
    zeroMs,
    occasion,
  );
}

const reason = (given: Given): string | undefined => {
  const [bucket] = planOf(given).demand.buckets;
  return bucket === undefined ? undefined : bucketText(bucket);
};
const verdict = (given: Given, at = 0): string => {
  const found = planOf(given).demand.jobs[at];
  return found === undefined ? "none" : `${found.verdict} ${found.reason.kind}: ${verdictText(found)}`;
};

const coming = (count: number): AgentInstance[] =>
  Array.from({ length: count }, (_, index) => anInstance(`t${index + 1}`, { state: "starting" }));
const idleOnes = (count: number): GocdAgent[] =>
  Array.from({ length: count }, (_, index) => gocdAgent(`h${index + 1}`));

for (
  const [text, given] of [
    ["1 needs an agent", { jobs: jobs(1) }],
    ["2 need an agent", { jobs: jobs(2) }],
    ["1 will be taken by idle agents; 2 need an agent", { jobs: jobs(3), agents: idleOnes(1) }],
    ["1 will be taken by agents on their way; 1 needs an agent", { jobs: jobs(2), instances: coming(1) }],
    ["1 unserved", { jobs: [job("j", { gocdResources: ["gpu"] })] }],
    [
      "1 needs an agent; seen in 1 poll in a row, launched after more than 1 (poller.attempts)",
      { jobs: jobs(1), attempts: 1 },
    ],
    [
      "2 will be taken by agents on their way; 2 need an agent; limit reached: scaling.max-agents = 3, so only 1 now",
      { jobs: jobs(4), instances: coming(2), maxAgents: 3 },
    ],
    ["", { jobs: [] }],
  ] as const satisfies readonly (readonly [string, Given])[]
) {
  Deno.test(`a kind of jobs reads "${text}"`, () => assertEquals(reason(given) ?? "", text));
}

Deno.test("the number of jobs that wait for another cause is reported", () => {
  const off = (state: State): State => ({
    ...state,
    server: { ...state.server, info: { ...serverInfo, maintenance: "on" } },
  });
  const gate = "the GoCD server is in maintenance mode: no agent could register";
  assertEquals(reason({ jobs: jobs(1), change: off })?.replace(`; ${gate}`, ""), "1 waits for another reason");
  assertEquals(reason({ jobs: jobs(2), change: off })?.replace(`; ${gate}`, ""), "2 wait for another reason");
});

Deno.test("up to three agents that will take a job are named; of more, the first three and the number of others", () => {
  const taken = (count: number): string => verdict({ jobs: jobs(1), agents: idleOnes(count) });
  assertEquals(taken(1), "will-be-taken idle-agent: an idle agent can take it: h1");
  assertEquals(taken(3), "will-be-taken idle-agent: an idle agent can take it: h1, h2, h3");
  assertEquals(taken(5), "will-be-taken idle-agent: an idle agent can take it: h1, h2, h3 and 2 more");
  assertEquals(verdict({ instances: coming(2) }), "coming agent-coming: agents are on their way: t1, t2");
});

Deno.test("the oldest jobs are taken first, by idle agents, then by coming ones, and the rest needs one", () => {
  const { jobs: judged } = planOf({ jobs: jobs(4), agents: idleOnes(1), instances: coming(2) }).demand;
  assertEquals(judged.map(({ name, verdict }) => `${name} ${verdict}`), [
    "j0 will-be-taken",
    "j1 coming",
    "j2 coming",
    "j3 needs-agent",
  ]);
});

Deno.test("verdicts are in the order of the feed, whatever their bucket", () => {
  const mixed = [job("a"), job("e", { elasticProfile: "k" }), job("b", { gocdResources: ["gpu"] }), job("c")];
  assertEquals(planOf({ jobs: mixed }).demand.jobs.map(({ name, verdict }) => `${name} ${verdict}`), [
    "a needs-agent",
    "e not-ours",
    "b unserved",
    "c needs-agent",
  ]);
});

const needs = "needs-agent";
const must = "profile default:";

Deno.test("a job that needs an agent says what it waits for: an offer, a session, a better offer, room", () => {
  const missed = (agoMs: number) => (state: State): State => ({
    ...state,
    offers: {
      ...state.offers,
      nearestMiss: new Map([["default", { atMs: zeroMs - agoMs, sinceMs: 0, miss: {} }]]),
    },
  });
  const fits = `${needs} no-fitting-offer: ${must} no Mesos offer fits: no offers available`;
  const waits = `${needs} launching: ${must} waiting for a Mesos offer`;
  assertEquals([verdict({ change: missed(2 * minute - 1) }), verdict({ change: missed(2 * minute) })], [fits, waits]);
  const apart = (state: State): State => ({
    ...state,
    session: { ...state.session, kind: "connecting", reason: "no route" },
  });
  assertEquals(verdict({ change: apart }), `${needs} held-no-session: ${must} not subscribed to Mesos: no route`);
  const mute = (state: State): State => {
    const { reason: _, ...session } = state.session;
    return { ...state, session: { ...session, kind: "connecting" } };
  };
  assertEquals(verdict({ change: mute }), `${needs} held-no-session: ${must} not subscribed to Mesos: connecting`);
  const frozen = (state: State): State => ({ ...state, controls: { ...state.controls, frozen: true } });
  assertEquals(verdict({ change: frozen }), `${needs} held-frozen: ${must} launching is frozen by the operator`);
});

Deno.test("what no profile serves is coded by what is missing", () => {
  const code = (asked: ScheduledJob): string | undefined => planOf({ jobs: [asked] }).demand.jobs[0]?.reason.kind;
  assertEquals(code(job("j", { gocdResources: ["gpu"] })), "no-profile-resources");
  assertEquals(code(job("j", { environment: "prod" })), "no-profile-environment");
  assertEquals(code(job("j", { environment: "prod", gocdResources: ["gpu"] })), "no-profile-resources");
});

Deno.test("a resource that no profile has is shown as the job spells it, without surrounding spaces", () => {
  const missing = (name: string): readonly string[] => {
    const [verdict] = planOf({ jobs: [job("j", { gocdResources: [name] })] }).demand.jobs;
    return verdict?.reason.kind === "no-profile-resources" ? verdict.reason.missing : [];
  };
  assertEquals([missing("GPU"), missing(" gpu ")], [["GPU"], ["gpu"]]);
});

Deno.test("a poll that finds demand counts, one that finds none ends the count, a replan leaves it alone", () => {
  const streak = (given: Given): number | undefined => planOf(given).demand.streaks.get(";linux");
  assertEquals([streak({}), streak({ streak: 2 }), streak({ streak: 2, occasion: "replan" })], [1, 3, 2]);
  assertEquals(streak({ streak: 2, agents: idleOnes(1) }), undefined);
  assertEquals(streak({ streak: 2, agents: idleOnes(1), occasion: "replan" }), 2);
  assertEquals(streak({ streak: 2, jobs: [] }), undefined);
  const { wanted } = planOf({ streak: 2, attempts: 3 }).demand;
  assertEquals([wanted, planOf({ streak: 3, attempts: 3 }).demand.wanted.length], [[], 1]);
});

Deno.test("the reason for a launch names the jobs, the polls and the agents that are coming", () => {
  const why = (given: Given): string | undefined => {
    const [wanted] = planOf(given).demand.wanted;
    return wanted === undefined ? undefined : launchReasonText(wanted.reason);
  };
  assertEquals(why({}), "1 job (linux) waited in 1 poll");
  assertEquals(why({ jobs: jobs(3), streak: 1, instances: coming(1) }), "3 jobs (linux) waited in 2 polls, 1 coming");
});

const drainingIn = (step: (InstancePhase & { state: "draining" })["step"], changes: object = {}): AgentInstance =>
  anInstance("t", { state: "draining", uuid: "u", reason: "idle", step, ...changes });

for (
  const [name, instance, isReused] of [
    ["is being disabled", drainingIn({ kind: "disabling", askedMs: 0 }), true],
    ["is being confirmed", drainingIn({ kind: "confirming", firstIdleMs: 0 }), true],
    ["finishes its job", drainingIn({ kind: "finishing" }), false],
    ["is being deleted", drainingIn({ kind: "deleting", askedMs: 0 }), false],
    ["is absent", drainingIn({ kind: "absent", sinceMs: 0 }), false],
    ["is surplus", drainingIn({ kind: "confirming", firstIdleMs: 0 }, { reason: "surplus" }), false],
    ["is to go for maintenance", drainingIn({ kind: "confirming", firstIdleMs: 0 }, { retire: "maintenance" }), false],
    ["has other resources", drainingIn({ kind: "confirming", firstIdleMs: 0 }, { gocdResources: ["arm"] }), false],
    ["is idle, and not draining", aRegistered("t", "idle"), false],
  ] as const
) {
  Deno.test(`an agent that ${name} is ${isReused ? "used again" : "not used again"} for a job that waits`, () => {
    const { reuse, demand } = planOf({ instances: [instance] });
    assertEquals([reuse, demand.wanted.length], isReused ? [["t"], 0] : [[], 1]);
  });
}

Deno.test("no more draining agents are enabled again than jobs need, each for one kind of jobs, even during a freeze", () => {
  const three = ["a", "b", "c"].map((taskId) => ({ ...drainingIn({ kind: "confirming", firstIdleMs: 0 }), taskId }));
  assertEquals(planOf({ jobs: jobs(2), instances: three }).reuse, ["a", "b"]);
  const kinds = [job("j1"), job("j2", { gocdResources: [] })];
  assertEquals(planOf({ jobs: kinds, instances: three }).reuse, ["a", "b"]);
  const frozen = (state: State): State => ({ ...state, controls: { ...state.controls, frozen: true } });
  assertEquals(planOf({ instances: three, change: frozen }).reuse, ["a"]);
  const drained = (state: State): State => ({ ...state, controls: { ...state.controls, mode: "drain" } });
  assertEquals(planOf({ instances: three, change: drained }).reuse, []);
  assertEquals(verdict({ instances: three }), `${needs} enabling-again: ${must} a drained agent is enabled again`);
});

Deno.test("while no older job waits for a place, each drained agent is used again, of whichever profile", () => {
  const leaving = drainingIn({ kind: "confirming", firstIdleMs: 0 });
  const other = { ...leaving, taskId: "o", profile: "other", gocdResources: ["arm"] };
  const profiles = [linux, { ...linux, name: "other", gocdResources: ["arm"] }];
  const change = (state: State): State => ({ ...state, settings: { ...state.settings, profiles } });
  const both = [job("j1"), job("j2", { gocdResources: ["arm"] })];
  assertEquals(planOf({ jobs: both, instances: [leaving, other], change }).reuse, ["t", "o"]);
  assertEquals(planOf({ jobs: both, instances: [other, leaving], change }).reuse, ["t", "o"]);
});

const warm = { ...linux, minIdle: 3 };
const ready = (instances: readonly AgentInstance[], maxAgents = 50, reserved = 0): (string | number)[] => {
  const state = stateOf(instances, {}, { profiles: [warm], scaling: { maxAgents } });
  const polled = { ...state, server: { ...state.server, lastPollMs: zeroMs, info: serverInfo } };
  return minIdleAgents(polled, { budget: launchBudget(polled, zeroMs), reserved }, zeroMs)
    .flatMap(({ count, reason, bucketKey }) => [count, launchReasonText(reason), bucketKey]);
};

Deno.test("agents are kept ready up to min-idle: those on their way and idle ones count, no others", () => {
  const key = "warm default";
  assertEquals(ready([]), [3, "min-idle = 3, 0 ready", key]);
  const counting = [
    anInstance("a", { state: "launching" }),
    anInstance("b", { state: "starting" }),
    aRegistered("c", "idle"),
  ];
  assertEquals(ready(counting), []);
  assertEquals(ready(counting.slice(1)), [1, "min-idle = 3, 2 ready", key]);
  const others = [
    aRegistered("d", "building"),
    aRegistered("e", "idle", { retire: "operator" }),
    aRegistered("f", "idle", { profile: "other" }),
    drainingIn({ kind: "disabling", askedMs: 0 }),
  ];
  assertEquals(ready(others), [3, "min-idle = 3, 0 ready", key]);
});

Deno.test("min-idle keeps to the limits, and leaves reserved places free", () => {
  assertEquals([ready([], 2)[0], ready([], 3, 1)[0], ready([], 1, 1)[0]], [2, 2, undefined]);
});

Deno.test("unavailable, lost and building agents do not reduce the number of waiting jobs", () => {
  const agents = [gocdAgent("a", building), gocdAgent("b", lostContact), gocdAgent("c", { configState: "Disabled" })];
  const { demand } = planOf({ jobs: jobs(2), agents, change: (state) => ({ ...state, startedMs: zeroMs - second }) });
  assertEquals([demand.buckets[0]?.needsAgent, demand.wanted[0]?.count], [2, 2]);
});
