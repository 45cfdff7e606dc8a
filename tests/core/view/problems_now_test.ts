// Current problems: which ones are reported, in which order, and since when.

import { assertEquals, assertMatch } from "@std/assert";
import { heldByLimits, problemsNow } from "../../../src/core/view/problems_now.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import type { JobVerdict } from "../../../src/core/demand/verdict.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { State } from "../../../src/core/state.ts";
import { agentsUnreachable } from "../../../src/core/words/problems.ts";
import { linux, minute, problem, second, serverInfo, someSettings, zeroMs } from "../../support/core.ts";
import { aBucket, anInstance, draftAt, gocdSuspicion, mesosSays, mesosSuspicion } from "../instance_fixtures.ts";

const nowMs = zeroMs + minute;

/** The codes of the problems, with their start if known. */
function told(parts: Partial<State> = {}, server: Partial<State["server"]> = {}): readonly string[] {
  const { state } = draftAt(nowMs, [], server, parts);
  return problemsNow(state, nowMs).map(({ code, sinceMs }) =>
    sinceMs === undefined ? code : `${code} since ${sinceMs - zeroMs}`
  );
}

const { state: plain } = draftAt(nowMs, []);
const refused = { kind: "update", problem: problem({ kind: "refused" }), sinceMs: zeroMs + 7, lastMs: nowMs } as const;
const controls = { frozen: true, frozenProfiles: [], mode: "run" } as const;
const cut = {
  kind: "connecting",
  sinceMs: zeroMs,
  reason: "cut",
  failing: { sinceMs: zeroMs + 3, isUnsteady: false },
} as const;

Deno.test("if nothing is wrong, nothing is reported", () => assertEquals(told(), []));

Deno.test("servers come first, each with since when it fails", () => {
  const failing = { readFailure: { problem: problem(), sinceMs: zeroMs + 5, count: 1 } };
  assertEquals(told({ session: cut, controls }, failing), [
    "gocd-unreachable since 5",
    "mesos-connecting since 3",
    "held-frozen",
  ]);
});

Deno.test("refused changes of records are reported once, by the health of the server or by themselves", () => {
  assertEquals(told({}, { writeFailure: refused }), ["gocd-writes-refused since 7"]);
  const failing = { writeFailure: refused, readFailure: { problem: problem(), sinceMs: zeroMs + 5, count: 1 } };
  assertEquals(told({}, failing), ["gocd-unreachable since 5", "gocd-writes-refused since 7"]);
});

Deno.test("each server that the brake is on for is reported", () => {
  const brake = {
    isSameCluster: true,
    gocd: { ...gocdSuspicion, sinceMs: zeroMs + 1 },
    mesos: { ...mesosSuspicion, sinceMs: zeroMs + 2 },
  };
  assertEquals(told({ brake }).filter((each) => each.startsWith("brake-on")), ["brake-on since 1", "brake-on since 2"]);
  assertEquals(told({ brake: { isSameCluster: true } }), []);
});

Deno.test("unreachable agents are one problem since the first of them, unless the GoCD server is in contact with them", () => {
  const away = (taskId: string, host: string, sinceMs: number): AgentInstance =>
    anInstance(taskId, { state: "unreachable", sinceMs }, { host });
  const messages = (instances: readonly AgentInstance[]): readonly string[] =>
    problemsNow(draftAt(nowMs, instances).state, nowMs).map(({ code, message, sinceMs = 0 }) =>
      `${code} since ${sinceMs - zeroMs}: ${message.split(";")[0]}`
    );
  assertEquals(messages([away("t-1", "h1", zeroMs + 7), away("t-2", "h1", zeroMs + 5)]), [
    "agent-unreachable since 5: 2 agents are unreachable: Mesos has lost contact with host h1",
  ]);
  assertEquals(messages([away("t-1", "h1", zeroMs + 7), away("t-2", "h2", zeroMs + 9)]), [
    "agent-unreachable since 7: 2 agents are unreachable: Mesos has lost contact with 2 hosts, e.g. h1",
  ]);
  const words = (count: number): string | undefined => agentsUnreachable(count, ["h1"]).message.split("; ")[1];
  assertEquals([words(1), words(2)], [
    "it is replaced if needed, and counts for no limit",
    "they are replaced if needed, and count for no limit",
  ]);
  const lost = { sinceMs: zeroMs, message: "Task is unknown to the agent" };
  const doubted = anInstance("t-1", { state: "unreachable", sinceMs: zeroMs, lost });
  assertEquals(messages([doubted, anInstance("t-2", { state: "killing", sinceMs: zeroMs, cause: "drained" })]), []);
});

Deno.test("what holds all launches back is reported, unless the first poll is awaited or the server's health says so", () => {
  const { lastPollMs: _, info: __, reading: ___, ...unread } = plain.server;
  const state = { ...plain, server: unread };
  const codes = (some: State): readonly string[] => problemsNow(some, nowMs).map(({ code }) => code);
  assertEquals([codes(state), codes({ ...state, controls })], [[], ["held-frozen"]]);
  assertEquals(told({ controls: { ...controls, frozen: false, mode: "drain" } }), ["held-mode"]);
  assertEquals(told({}, { info: { ...serverInfo, maintenance: "on" } }), ["held-maintenance"]);
  const old = { ...plain, server: { ...plain.server, lastPollMs: nowMs - 20 * minute } };
  assertEquals(codes(old), ["held-stale"]);
});

const breaker = {
  failures: 2,
  sinceMs: zeroMs + 4,
  lastFailureMs: zeroMs,
  retryMs: nowMs + second,
  lastFailure: mesosSays("no image"),
};

const waiting = { locator: "l", name: "j", gocdResources: [], verdict: "needs-agent", firstSeenMs: 0 } as const;
const needed = {
  demand: { ...plain.demand, jobs: [{ ...waiting, profile: "default", reason: { kind: "launching" } as const }] },
};

Deno.test("a profile that fails is reported until an agent of it has registered, with what its last container has written", () => {
  const stderr = { taskId: "t", host: "h", answer: { kind: "read", text: "out of disk" } } as const;
  const problems = (changes: object): readonly unknown[] => {
    const breakers = {
      profiles: new Map([["default", { ...breaker, ...changes }], ["other", breaker]]),
      hosts: new Map(),
    };
    return problemsNow({ ...plain, ...needed, breakers }, nowMs);
  };
  assertEquals(problems({ stderr }), [{
    code: "profile-failing",
    message:
      'profile default: the last 2 launches failed (no image; its stderr ends with "out of disk"); next try at 2023-11-14T22:14:21Z',
    hint: "check docker-image and the other settings of profile default",
    detail: "last lines of stderr of t on h:\nout of disk",
    profile: "default",
    sinceMs: zeroMs + 4,
  }]);
  const messages = (changes: object): readonly unknown[] =>
    (problems(changes) as readonly { message: string; sinceMs: number }[]).map((each) => [each.message, each.sinceMs]);
  const since = "(no image); no agent has registered since";
  const frozen = {
    ...plain,
    ...needed,
    controls,
    breakers: { profiles: new Map([["default", breaker]]), hosts: new Map() },
  };
  assertEquals(problemsNow(frozen, nowMs).map(({ message }) => message.split("; ")[1]), [
    undefined,
    "not retried while launching is held by the operator",
  ]);
  const jobs = [{ ...waiting, profile: "default", reason: { kind: "held-frozen" } as const }];
  const view = statusView({ ...frozen, demand: { ...plain.demand, jobs } }, nowMs);
  const held = "profile default: launching is frozen by the operator; the last 2 launches failed";
  assertEquals(view.jobs.map(({ reason, brief }) => [reason, brief]), [
    [`${held} ${since}`, `${held}; no agent has registered since`],
  ]);
  assertMatch(view.jobs[0]?.nextAct ?? "", /^check docker-image .*; then use Resume on the status page/);
  assertEquals(view.profiles.map(({ blocked, brief }) => [blocked, brief]), [
    [`the last 2 launches failed ${since}`, "the last 2 launches failed; no agent has registered since"],
  ]);
  assertEquals([messages({ retryMs: nowMs }), messages({ failures: 0, retryMs: nowMs })], [
    [[`profile default: the last 2 launches failed ${since}`, zeroMs + 4]],
    [[`profile default: the last launch failed ${since}`, zeroMs + 4]],
  ]);
});

Deno.test("a failing profile that nothing needs is shown for ten minutes after its last failure, but not as a problem", () => {
  const told = (parts: Partial<State>, minutes = 11): string | undefined => {
    const breakers = { profiles: new Map([["default", { ...breaker, lastFailureMs: nowMs - minutes * minute }]]) };
    const state = { ...plain, ...parts, breakers: { ...breakers, hosts: new Map() } };
    return problemsNow(state, nowMs)[0]?.message.replace(/.*\(no image\); /, "");
  };
  const asked = (verdict: "coming" | "will-be-taken" | "other-cause", profile: string): Partial<State> => ({
    demand: { ...plain.demand, jobs: [{ ...needed.demand.jobs[0] as JobVerdict, verdict, profile }] },
  });
  const launched = anInstance("t", { state: "launching", sinceMs: 0 });
  assertEquals([told({}, 0), told({}, 9.9), told({}, 10)], [
    "not retried, as no waiting job needs it",
    "not retried, as no waiting job needs it",
    undefined,
  ]);
  const next = "next try at 2023-11-14T22:14:21Z";
  assertEquals([told(needed), told(asked("coming", "default")), told({ canaries: new Map([["default", 0]]) })], [
    next,
    next,
    next,
  ]);
  assertEquals(told({ instances: new Map([["t", launched]]) }), next, "it is being tried");
  assertEquals(told({ settings: someSettings({ profiles: [{ ...linux, minIdle: 1 }] }) }), next, "it is kept ready");
  assertEquals([told(asked("coming", "other")), told(asked("will-be-taken", "default"))], [undefined, undefined]);
});

Deno.test("limits are reported with the jobs that they hold back, each once", () => {
  const held = (profile?: string) =>
    ({ kind: "held-limit", limit: 5, allowed: 0, ...(profile === undefined ? {} : { profile }) }) as const;
  const buckets = [
    aBucket("a", { gate: held(), needsAgent: 3, wanted: 1 }),
    aBucket("b", { gate: held("gpu"), needsAgent: 1, wanted: 0 }),
    aBucket("c", { gate: held(), needsAgent: 2, wanted: 0 }),
    aBucket("d", { needsAgent: 9, wanted: 0 }),
  ];
  const { state } = draftAt(nowMs, [], {}, { demand: { ...plain.demand, buckets } });
  assertEquals(problemsNow(state, nowMs).map(({ message }) => message.split(":")[0]), [
    "4 jobs are held back",
    "1 job is held back",
  ]);
  assertEquals(heldByLimits(state).map(({ gate: { profile }, count }) => [profile, count]), [[undefined, 4], [
    "gpu",
    1,
  ]]);
});

Deno.test("jobs held back by the share of the cluster are counted, and cpu-hours are reported from four fifths on", () => {
  const reason = { kind: "held-share", share: 0.5, usedCpus: 4, clusterCpus: 8 } as const;
  const job = { locator: "l", name: "j", gocdResources: [], verdict: "needs-agent", firstSeenMs: 0 } as const;
  const jobs = [{ ...job, reason }, { ...job, reason: { kind: "launching" } as const }, { ...job, reason }];
  const { state } = draftAt(nowMs, [], {}, { demand: { ...plain.demand, jobs } });
  assertEquals(problemsNow(state, nowMs).map(({ code, message }) => `${code}: ${message.slice(0, 20)}`), [
    "held-share: 2 jobs are held back",
  ]);
  const settings = someSettings({ scaling: { cpuHoursPerDay: 10 } });
  const used = (hours: number): readonly string[] => {
    const record = { day: new Date(nowMs).toISOString().slice(0, 10), cpuMs: hours * 60 * minute };
    return told({ settings, cpuUse: { record, countedMs: nowMs, storedMs: nowMs } });
  };
  assertEquals([used(7.99), used(8), used(10)], [[], ["cpu-hours-low"], ["held-cpu-hours"]]);
});

Deno.test("what is wrong is reported in this order", () => {
  const profile = { ...linux, environments: ["qa"], minIdle: 1, registerKey: "k" };
  const job = { locator: "l", name: "j", gocdResources: ["gpu"], firstSeenMs: 0 } as const;
  const share = { kind: "held-share", share: 0.5, usedCpus: 4, clusterCpus: 8 } as const;
  const jobs = [
    { ...job, verdict: "needs-agent", reason: share } as const,
    { ...job, verdict: "unserved", reason: { kind: "no-profile" } } as const,
  ];
  const buckets = [aBucket("a", { gate: { kind: "held-limit", limit: 5, allowed: 0 }, wanted: 0 })];
  const record = { day: new Date(nowMs).toISOString().slice(0, 10), cpuMs: 10 * 60 * minute };
  const parts: Partial<State> = {
    settings: someSettings({ profiles: [profile], scaling: { cpuHoursPerDay: 10 } }),
    cpuUse: { record, countedMs: nowMs, storedMs: nowMs },
    session: cut,
    controls,
    brake: { isSameCluster: true, gocd: gocdSuspicion, mesos: mesosSuspicion },
    breakers: { profiles: new Map([["default", breaker]]), hosts: new Map() },
    demand: { ...plain.demand, jobs, buckets },
  };
  const server: Partial<State["server"]> = {
    readFailure: { problem: problem(), sinceMs: nowMs, count: 1 },
    writeFailure: refused,
    keyOutcomes: new Map([["default", { kind: "refused", sinceMs: 1 }]]),
    missingEnvironments: ["qa"],
    findings: [{ code: "gocd-disk-full", message: "m", hint: "h" }],
  };
  assertEquals(told(parts, server).map((each) => each.replace(/ since.*/, "")), [
    "gocd-unreachable",
    "mesos-connecting",
    "gocd-writes-refused",
    "brake-on",
    "brake-on",
    "held-frozen",
    "profile-failing",
    "jobs-unserved",
    "held-limit",
    "held-cpu-hours",
    "held-share",
    "wrong-auto-register-key",
    "environment-missing",
    "gocd-disk-full",
  ]);
});
