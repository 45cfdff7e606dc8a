// Single rules that the stories of their subjects pass by: each by one case that only this rule decides.

import { assertEquals } from "@std/assert";
import { assess } from "../../src/core/demand/assess.ts";
import { judgeGocdList } from "../../src/core/life/brake.ts";
import type { Draft } from "../../src/core/draft.ts";
import { launchBudget } from "../../src/core/demand/gates.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import { agentForHungBuilds } from "../../src/core/demand/hung_build.ts";
import {
  type AgentInstance,
  inPhase,
  type InstanceIdentity,
  type InstanceMarks,
  type InstancePhase,
} from "../../src/core/instance.ts";
import { offersReceived } from "../../src/core/placement/launching.ts";
import { watchClocks } from "../../src/core/life/lifecycle_clock.ts";
import { advanceInstances } from "../../src/core/life/lifecycle_gocd.ts";
import { taskStatusUpdated } from "../../src/core/life/lifecycle_mesos.ts";
import { inverseAnswerLost, inverseOffersReceived } from "../../src/core/session/maintenance.ts";
import { environmentNameProblem } from "../../src/core/words/names.ts";
import { executeCommand, noteSwitches } from "../../src/core/session/operator.ts";
import { makePlan } from "../../src/core/demand/plan.ts";
import { bucketJobs } from "../../src/core/demand/backlog.ts";
import { reconcile } from "../../src/core/session/reconciliation.ts";
import type { State } from "../../src/core/state.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import {
  finished,
  gocdAgent,
  jobs,
  linesOf,
  lostContact,
  minute,
  offer,
  only,
  serverInfo,
  withIdleAgent,
  zeroMs,
} from "../support/core.ts";
import {
  anInstance,
  aRegistered,
  draftAt,
  type DraftParts,
  launchReason,
  mesosSays,
  stateOf,
} from "./instance_fixtures.ts";

/** As {@linkcode draftAt}, so long after zeroMs. */
const at = (afterMs: number, ...rest: DraftParts): Draft => draftAt(zeroMs + afterMs, ...rest);

/** Each field of every phase: the compiler sees to it. */
const whole: Required<InstanceIdentity & InstanceMarks> = {
  taskId: "t",
  profile: "default",
  profileHash: "0",
  environment: "prod",
  gocdResources: ["linux"],
  createdMs: 1,
  launchReason: "a job waits",
  adopted: true,
  bucketKey: "k",
  network: "USER",
  needsProof: true,
  mesosAgentId: "s-t",
  host: "h-t",
  lastKillMs: 1,
  lastReconcileMs: 2,
  strangers: ["s"],
  addresses: ["10.0.0.1"],
  dockerName: "0123456789ab",
  retire: "surplus",
  mayRun: true,
  wasPending: true,
  mayHoldBuild: true,
  isDeleteAsked: true,
  isDeleted: true,
  sharedUuid: "other",
  formerUuids: ["former"],
  lossAccepted: true,
  built: { jobs: 1, locator: "p/1/s/1/a" },
};

Deno.test("an instance keeps what it is and all its marks in every phase, and nothing that only a former phase knew", () => {
  const sinceMs = 5;
  const phases: readonly InstancePhase[] = [
    { state: "launching", sinceMs, held: true },
    { state: "starting", sinceMs, runningSinceMs: 4, pendingUuid: "p", held: true },
    { state: "registered", sinceMs, uuid: "u", activity: { kind: "idle", sinceMs }, gap: { sinceMs } },
    { state: "draining", sinceMs, uuid: "u", reason: "idle", step: { kind: "finishing" } },
    { state: "unreachable", sinceMs, uuid: "u", lost: { sinceMs, message: "m" } },
    { state: "killing", sinceMs, uuid: "u", cause: "drained" },
    { state: "gone", sinceMs, uuid: "u", cause: "lost", message: "m", isUnproven: true },
  ];
  for (const phase of phases) {
    assertEquals(inPhase({ ...whole, ...phase }, { state: "starting", sinceMs: 6 }), {
      ...whole,
      state: "starting",
      sinceMs: 6,
    });
  }
});

Deno.test("a list changes no instance whose loss was not accepted", () => {
  const draft = at(0, [aRegistered("t", "idle")]);
  judgeGocdList(draft, [gocdAgent("t")]);
  assertEquals(finished(draft).records, []);
});

Deno.test("one agent is launched for builds that hang, of a profile that may launch, unless one comes anyway", () => {
  const dead = anInstance("t", { state: "gone", cause: "lost", message: "" }, {
    mayHoldBuild: true,
    environment: "prod",
  });
  const wanted = (
    change: (state: State) => State = (state) => state,
    { isAnyWanted = false, agents = [] as GocdAgent[], others = [] as AgentInstance[] } = {},
  ): unknown => {
    const { state } = at(minute, [dead, ...others], { agents });
    const now = change(state);
    return agentForHungBuilds(now, { budget: launchBudget(now, zeroMs), isAnyWanted }, zeroMs + minute).map((
      { count, profile, environment, reason },
    ) => [count, profile, environment, reason]);
  };
  const reason = { kind: "hung-build", taskId: "t" };
  assertEquals(wanted(), [[1, "default", "prod", reason]]);
  assertEquals(wanted((state) => ({ ...state, controls: { ...state.controls, frozenProfiles: ["default"] } })), []);
  assertEquals([wanted(undefined, { isAnyWanted: true }), wanted(undefined, { agents: [gocdAgent("x")] })], [[], []]);
  assertEquals(wanted(undefined, { agents: [gocdAgent("x", lostContact)] }), [[1, "default", "prod", reason]]);
  for (const state of [{ state: "launching" }, { state: "starting" }] as const) {
    assertEquals(wanted(undefined, { others: [anInstance("n", state)] }), []);
  }
});

Deno.test("a long decline is remembered, so that the next demand ends its filter; a short one is not", () => {
  const declined = (wantedCount: number): number | undefined => {
    const { demand } = stateOf([]);
    const wanted = wantedCount === 0
      ? []
      : [{ bucketKey: "k", profile: "default", gocdResources: [], count: wantedCount, reason: launchReason }];
    const draft = at(minute, [], {}, { inherited: "none", demand: { ...demand, wanted } });
    offersReceived(draft, [offer("h", { cpus: 0.5 })]);
    return draft.state.offers.roles.get("ci")?.longDeclineMs;
  };
  assertEquals([declined(0), declined(1)], [zeroMs + minute, undefined]);
});

const late = anInstance("t", { state: "starting", runningSinceMs: zeroMs });

Deno.test("an agent that the list shows by its name is left as it is; one that may be another's is held, which is reported once", () => {
  const after = (instance: AgentInstance, agents: readonly GocdAgent[]): unknown => {
    const draft = at(20 * minute, [instance], { agents, appearedMs: new Map([["uuid-odd", zeroMs + minute]]) });
    watchClocks(draft);
    const now = draft.state.instances.get("t");
    return [
      now?.state,
      now !== undefined && "held" in now && now.held === true,
      ...linesOf(draft).map(({ code }) => code),
    ];
  };
  assertEquals(after(late, [gocdAgent("t")]), ["starting", false]);
  assertEquals(after(late, [gocdAgent("odd")]), ["starting", true, "agent-not-told-apart"]);
  assertEquals(after({ ...late, held: true } as AgentInstance, [gocdAgent("odd")]), ["starting", true]);
  assertEquals(after(late, []), ["killing", false, "agent-killing"]);
});

Deno.test("an agent in an unknown state is left alone forever", () => {
  const unsure = anInstance("t", {
    state: "registered",
    uuid: "uuid-t",
    activity: { kind: "unsure", word: "Sleeping", sinceMs: zeroMs },
  });
  const draft = at(60 * minute, [unsure]);
  advanceInstances(draft, [gocdAgent("t", { agentState: "Sleeping" })]);
  assertEquals(draft.state.instances.get("t"), unsure);
});

Deno.test("a status of another Mesos agent ends nothing; one of an agent that was not known does", () => {
  const ended = (mesosAgentId: string, answered: string | undefined): unknown => {
    const draft = at(minute, [anInstance("t", { state: "starting" }, { mesosAgentId })]);
    taskStatusUpdated(draft, {
      taskId: "t",
      state: "TASK_LOST",
      message: "m",
      ...(answered === undefined ? {} : { mesosAgentId: answered }),
    });
    return draft.state.instances.get("t")?.state;
  };
  assertEquals([ended("s", "s"), ended("s", "other"), ended("", "other"), ended("s", ""), ended("s", undefined)], [
    "gone",
    "starting",
    "gone",
    "gone",
    "gone",
  ]);
});

Deno.test("ten thousand answers are kept to be given again", () => {
  const draft = at(0, []);
  inverseAnswerLost(draft, Array.from({ length: 10_001 }, (_, index) => `i${index}`));
  const { inverseUnanswered } = draft.state.offers;
  assertEquals([inverseUnanswered.length, inverseUnanswered[0]], [10_000, "i1"]);
});

Deno.test("a repeated inverse offer for a host is answered again, but reported and stored once", () => {
  const { world, taskId } = withIdleAgent();
  const ask = (
    unavailability = { startMs: world.atMs, durationMs: 60 * minute },
  ): { notes: (string | undefined)[]; records: number } => {
    const { notes, records } = world.send({
      kind: "inverse-offers-received",
      offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability }],
    });
    return { notes: notes.map(({ text, onceKey }) => `${text} | ${onceKey}`), records: records.length };
  };
  assertEquals(ask(), {
    notes: [
      `Mesos asks to free host h1 (maintenance has begun); 1 agent there finish their jobs first | a-h1 ${world.atMs}`,
    ],
    records: 1,
  });
  assertEquals(ask(), { notes: [], records: 0 });
  assertEquals([world.instance(taskId).retire, only(world.taken(), "decline-inverse-offers").length], [
    "maintenance",
    2,
  ]);
});

Deno.test("agents can register neither in an environment without a name nor in one whose name starts with a dot", () => {
  assertEquals(environmentNameProblem(""), "the name of an environment must not be empty");
  assertEquals(environmentNameProblem(".a"), "only letters, digits, and - _ . are allowed, and no dot in front");
  assertEquals([environmentNameProblem("a.b"), environmentNameProblem("x".repeat(255))], [undefined, undefined]);
  assertEquals(environmentNameProblem("x".repeat(256)), "it has more than 255 characters");
});

Deno.test("switches of an earlier run are also reported in machine-readable form", () => {
  const { controls } = stateOf([]);
  const draft = at(0, [], {}, { controls: { ...controls, frozenProfiles: ["a", "b"] } });
  noteSwitches(draft);
  assertEquals(linesOf(draft)[0]?.fields, { mode: "run", frozen: false, frozenProfiles: "a,b" });
});

Deno.test("a kind of jobs that a failing profile tries alone is limited to one", () => {
  const limited = (failures: number): unknown => {
    const { demand, settings, server } = stateOf([]);
    const backlog = bucketJobs(jobs(2), settings.poller, "insensitive");
    const profiles = new Map([["default", {
      failures,
      sinceMs: zeroMs,
      lastFailureMs: zeroMs,
      retryMs: zeroMs,
      lastFailure: mesosSays("x"),
    }]]);
    const { state } = at(minute, [], { ...server, agents: [] }, {
      demand: { ...demand, backlog },
      breakers: { profiles, hosts: new Map() },
    });
    const polled = { ...state, server: { ...state.server, lastPollMs: zeroMs + minute, info: serverInfo } };
    const [row] = makePlan(polled, zeroMs + minute, "poll").demand.buckets;
    return [row?.wanted, row?.limitedTo];
  };
  assertEquals([limited(3), limited(2)], [[1, 1], [2, undefined]]);
});

Deno.test("while nothing is pending the pause between questions does not grow", () => {
  const reconciliation = {
    pending: new Set<string>(),
    explicitDelayMs: 15_000,
    nextExplicitMs: zeroMs,
    implicitRequestedMs: zeroMs,
  };
  const draft = at(minute, [], {}, { reconciliation });
  reconcile(draft);
  assertEquals(draft.state.reconciliation, reconciliation);
});

Deno.test("the picture names agents that will come or are idle for a kind of jobs by their kind", () => {
  const { demand, settings } = stateOf([]);
  const backlog = bucketJobs(jobs(3), settings.poller, "insensitive");
  const { state } = at(minute, [anInstance("coming", { state: "starting" })], { agents: [gocdAgent("idle")] }, {
    demand: { ...demand, backlog },
  });
  const [assessed] = assess(state, zeroMs + minute).buckets;
  assertEquals([assessed?.idleNames, assessed?.comingNames], [["idle"], ["coming"]]);
});

Deno.test("the reason of a lost session is in the picture, and none while there is a session", () => {
  const { state } = at(minute, []);
  assertEquals("reason" in statusView(state, zeroMs).mesos, false);
  const lost = { ...state, session: { ...state.session, kind: "connecting" as const, reason: "cut" } };
  assertEquals([statusView(lost, zeroMs).mesos.reason, statusView(lost, zeroMs).mesos.session], ["cut", "connecting"]);
});

Deno.test("the picture reports what is known of Mesos and the GoCD server", () => {
  const { state } = at(minute, []);
  const { mesos, gocd, mode, frozen, startedMs, atMs } = statusView(state, zeroMs + minute);
  assertEquals(mesos, {
    health: { state: "fine", sinceMs: zeroMs },
    frameworkId: "f-1",
    frameworkName: "GoCD-Mesos",
    session: "subscribed",
    master: "mesos:5050",
    masterVersion: "1.11.0",
    sinceMs: zeroMs,
    offers: "suppressed",
  });
  assertEquals([gocd.version, gocd.maintenance, gocd.lastPollMs, gocd.stale], [
    "26.1.0",
    "off",
    zeroMs + minute,
    false,
  ]);
  assertEquals([mode, frozen, startedMs, atMs], ["run", false, zeroMs, zeroMs + minute]);
  const wanted = [{ bucketKey: "k", profile: "default", gocdResources: [], count: 1, reason: launchReason }];
  assertEquals(statusView({ ...state, demand: { ...state.demand, wanted } }, zeroMs).mesos.offers, "wanted");
  assertEquals(statusView({ ...state, server: stateOf([]).server }, zeroMs).gocd.maintenance, "unknown");
});

Deno.test("a cancelled window is forgotten", () => {
  const { world } = withIdleAgent();
  world.send({
    kind: "inverse-offers-received",
    offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability: { startMs: world.atMs } }],
  });
  assertEquals([...world.state.maintenanceRequestedMs.keys()], ["a-h1"]);
  world.offers(offer("h1", { mesosAgentId: "a-h1" }));
  assertEquals([...world.state.maintenanceRequestedMs.keys()], []);
});

Deno.test("a miss lasts while the next one comes within two minutes", () => {
  const sinceMs = (gapMs: number): number | undefined => {
    const { demand, offers } = stateOf([]);
    const wanted = [{ bucketKey: "k", profile: "default", gocdResources: [], count: 1, reason: launchReason }];
    const nearestMiss = new Map([["default", { sinceMs: 5, atMs: zeroMs, miss: {} }]]);
    const draft = at(gapMs, [], {}, {
      inherited: "none",
      demand: { ...demand, wanted },
      offers: { ...offers, nearestMiss },
    });
    offersReceived(draft, [offer("h", { cpus: 0.5 })]);
    return draft.state.offers.nearestMiss.get("default")?.sinceMs;
  };
  assertEquals([sinceMs(2 * minute - 1), sinceMs(2 * minute)], [5, zeroMs + 2 * minute]);
});

Deno.test("several agents on a host that Mesos requests are reported in the plural", () => {
  const instances = ["a", "b"].map((taskId) => ({ ...aRegistered(taskId, "idle"), mesosAgentId: "s", host: "h" }));
  const draft = at(minute, instances);
  inverseOffersReceived(draft, [{ id: "i", mesosAgentId: "s", unavailability: { startMs: zeroMs } }]);
  assertEquals(
    linesOf(draft)[0]?.text,
    "Mesos asks to free host h (maintenance has begun); 2 agents there finish their jobs first",
  );
});

Deno.test("a resume says that failures are retried, if there were any", () => {
  const said = (
    profile: string | undefined,
    failing: readonly string[],
    hosts: readonly string[],
  ): string | undefined => {
    const profiles = new Map(
      failing.map((
        name,
      ) => [name, { failures: 1, sinceMs: 0, lastFailureMs: 0, retryMs: 0, lastFailure: mesosSays("x") }]),
    );
    const breakers = {
      profiles,
      hosts: new Map(hosts.map((host) => [host, { failures: [{ atMs: 0 }], lastFailure: mesosSays("x") }])),
    };
    const draft = at(minute, [], {}, { breakers });
    executeCommand(draft, { kind: "launching-resumed", ...(profile === undefined ? {} : { profile }) });
    return linesOf(draft)[0]?.text;
  };
  const again = "; what has failed is retried at once";
  assertEquals([said(undefined, [], []), said(undefined, ["default"], []), said(undefined, [], ["h"])], [
    "launching resumes",
    `launching resumes${again}`,
    `launching resumes${again}`,
  ]);
  assertEquals([said("default", [], ["h"]), said("default", ["default"], []), said("default", ["other"], [])], [
    "launching resumes for profile default",
    `launching resumes for profile default${again}`,
    "launching resumes for profile default",
  ]);
});
