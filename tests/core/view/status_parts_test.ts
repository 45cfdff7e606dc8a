// What the picture takes from the state, field by field. Rows of agents and instances: words/picture_texts_test.ts.

import { assertEquals } from "@std/assert";
import type { JobVerdict } from "../../../src/core/demand/verdict.ts";
import type { InstanceMarks } from "../../../src/core/instance.ts";
import { breakerView } from "../../../src/core/view/breakers.ts";
import { gocdSilentMs } from "../../../src/core/view/health.ts";
import { jobView, statusView } from "../../../src/core/view/status_view.ts";
import type { State } from "../../../src/core/state.ts";
import {
  building,
  drive,
  gocdAgent,
  linux,
  minute,
  problem,
  second,
  serverInfo,
  someSettings,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, aRegistered, mesosSays, stateOf } from "../instance_fixtures.ts";

const nowMs = zeroMs + minute;

Deno.test("all that is known of Mesos is shown, and nothing else", () => {
  const { state } = drive();
  const shown = (session: State["session"], changes: Partial<State> = {}): unknown => {
    const { health: _, ...rest } = statusView({ ...state, session, ...changes }, nowMs).mesos;
    return rest;
  };
  const always = { frameworkName: "GoCD-Mesos", offers: "suppressed" };
  assertEquals(shown({ kind: "connecting", sinceMs: 5 }), { ...always, session: "connecting", sinceMs: 5 });
  const full = {
    kind: "subscribed",
    sinceMs: 5,
    master: "m:5050",
    masterVersion: "1.11.0",
    reason: "cut",
    heardMs: 7,
  } as const;
  assertEquals(shown(full, { framework: { ...state.framework, frameworkId: "f" } }), {
    ...always,
    frameworkId: "f",
    session: "subscribed",
    sinceMs: 5,
    master: "m:5050",
    masterVersion: "1.11.0",
    reason: "cut",
    lastHeardMs: 7,
  });
});

Deno.test("all that is known of GoCD is shown, and nothing else", () => {
  const { state } = drive();
  const shown = (server: Partial<State["server"]>): unknown => {
    const { health: _, ...rest } = statusView({ ...state, server: { ...state.server, ...server } }, nowMs).gocd;
    return rest;
  };
  assertEquals(shown({}), { maintenance: "unknown", nextPollMs: zeroMs, stale: false });
  assertEquals(shown({ info: { ...serverInfo, maintenance: "on" }, lastPollMs: zeroMs, nextPollMs: 9 }), {
    version: "26.1.0",
    maintenance: "on",
    lastPollMs: zeroMs,
    nextPollMs: 9,
    stale: false,
  });
});

Deno.test("the job of an agent is shown while it builds, and the owner of a record by its uuid", () => {
  const state = stateOf([
    aRegistered("a", "building"),
    aRegistered("b", "idle"),
    aRegistered("c", "building"),
    anInstance("d", { state: "launching" }),
  ]);
  const agents = [
    gocdAgent("a", { ...building, buildLocator: "p/1/s/1/x" }),
    gocdAgent("b", { buildLocator: "p/1/s/1/y" }),
    gocdAgent("c", building),
    gocdAgent("z"),
  ];
  const { instances, gocdAgents } = statusView({ ...state, server: { ...state.server, agents } }, nowMs);
  assertEquals(instances.map((each) => "buildLocator" in each ? each.buildLocator : "none"), [
    "p/1/s/1/x",
    "none",
    "none",
    "none",
  ]);
  assertEquals(gocdAgents.map((each) => "taskId" in each ? each.taskId : "nobody's"), ["a", "b", "c", "nobody's"]);
});

Deno.test("a canary is shown as that, by the bucket that it was launched for", () => {
  const shown = (changes: Partial<InstanceMarks & { bucketKey: string }>): boolean => {
    const { instances: [row] } = statusView(stateOf([anInstance("a", { state: "starting" }, changes)]), nowMs);
    return row !== undefined && "canary" in row && row.canary === true;
  };
  assertEquals([shown({ bucketKey: "canary default" }), shown({ bucketKey: ";canary " }), shown({})], [
    true,
    false,
    false,
  ]);
});

Deno.test("a profile shows its image and limit, and which idle agents of it are kept", () => {
  const profiles = [
    { ...linux, minIdle: 2, environments: ["qa", "prod"], headroom: { kind: "count" as const, agents: 1 } },
    { ...linux, name: "gpu", maxAgents: 7 },
  ];
  const state = stateOf([aRegistered("a", "building", {})], {}, { profiles });
  const rows = statusView(state, nowMs).profiles;
  assertEquals(rows.map(({ image, maxAgents }) => [image, maxAgents]), [
    [linux.container.image, undefined],
    [linux.container.image, 7],
  ]);
  assertEquals(rows.map((row) => row.kept), [
    ["1 idle (headroom beside 1 busy)", "2 idle in environment qa (min-idle)"],
    undefined,
  ]);
  assertEquals(rows.map((row) => "kept" in row), [true, false]);
});

const verdict: JobVerdict = {
  locator: "p/1/s/1/j",
  name: "j",
  gocdResources: [],
  verdict: "needs-agent",
  profile: "default",
  reason: { kind: "launching" },
  firstSeenMs: zeroMs,
};

Deno.test("a job is shown with what is known of it: why its profile, what to do, what else", () => {
  const { reason: _, ...rest } = verdict;
  assertEquals(jobView({ ...verdict, reason: { kind: "held-stale", forMs: 1 } }), {
    ...rest,
    reason: "profile default: no successful poll of the GoCD server for 0 s: launching and draining are paused",
    reasonCode: "held-stale",
  });
  const remarks = [{ kind: "agent-in-no-environment", host: "h" }] as const;
  assertEquals(jobView({ ...verdict, chosenBy: { kind: "order", over: "gpu" }, remarks }), {
    ...rest,
    reason:
      "profile default: waiting for a Mesos offer; agent h is idle and has the resources, but is in no environment",
    reasonCode: "launching",
    profileReason: "it comes first in the configuration; gpu could serve it as well",
    nextAct:
      "put that agent into the environment in GoCD, if it should build there; or nothing, unless it lasts: then the " +
      "cluster has no room for the role of the profile",
    remarks: [{
      code: "agent-in-no-environment",
      text: "agent h is idle and has the resources, but is in no environment",
    }],
  });
});

Deno.test("while GoCD cannot be read, verdicts say how old they are, unless they already do", () => {
  const { demand, server, ...state } = stateOf([]);
  const jobs = [verdict, { ...verdict, reason: { kind: "held-stale", forMs: 1 } } as const];
  const reasons = (changes: Partial<State["server"]>, lastStepMs = zeroMs): readonly string[] =>
    statusView({ ...state, lastStepMs, demand: { ...demand, jobs }, server: { ...server, ...changes } }, nowMs).jobs
      .map(({ reason }) => reason.replace(/.*(offer|paused)/, "$1"));
  const read = { lastPollMs: zeroMs };
  const late = zeroMs + 11 * second;
  assertEquals(reasons(read), ["offer", "paused"]);
  assertEquals(
    reasons({ ...read, readFailure: { problem: problem({ kind: "starting" }), sinceMs: zeroMs, count: 1 } }),
    [
      "offer (as of 60 s ago: the GoCD server is starting)",
      "paused",
    ],
  );
  assertEquals(reasons({ ...read, requestedMs: zeroMs }, late), [
    "offer (as of 60 s ago: the GoCD server does not answer)",
    "paused",
  ]);
  const readFailure = { problem: problem(), sinceMs: zeroMs, count: 1 };
  assertEquals(reasons({ readFailure }), ["offer", "paused"]);
  const silent = { ...state, demand: { ...demand, jobs }, server: { ...server, ...read, readFailure } };
  assertEquals(statusView(silent, nowMs).jobs, [
    {
      ...jobView(verdict),
      reason: "profile default: waiting for a Mesos offer (as of 60 s ago: the GoCD server does not answer)",
    },
    jobView({ ...verdict, reason: { kind: "held-stale", forMs: 1 } }),
  ]);
});

Deno.test("an answer is overdue after ten seconds, or twice what the last one took", () => {
  const { server, ...state } = stateOf([]);
  const silent = (afterMs: number, changes: Partial<State["server"]> = { requestedMs: zeroMs }): number | undefined =>
    gocdSilentMs({ ...state, lastStepMs: zeroMs + afterMs, server: { ...server, ...changes } });
  assertEquals([silent(10_000), silent(10_001), silent(minute, {})], [undefined, 10_001, undefined]);
  const slow = { requestedMs: zeroMs, pollTookMs: 6_000 };
  assertEquals([silent(12_000, slow), silent(12_001, slow)], [undefined, 12_001]);
});

Deno.test("a breaker is open during its pause, and half open after it from the third failure on", () => {
  const view = (
    failures: number,
    afterMs: number,
    instances: Parameters<typeof stateOf>[0] = [],
    written?: string,
  ): unknown => {
    const state = stateOf(instances);
    const answer = { kind: "read", text: written ?? "" } as const;
    const breaker = {
      failures,
      sinceMs: 5,
      lastFailureMs: 0,
      retryMs: zeroMs,
      lastFailure: mesosSays("x"),
      ...(written === undefined ? {} : { stderr: { taskId: "t", host: "h", answer } }),
    };
    const breakers = { ...state.breakers, profiles: new Map([["default", breaker]]) };
    return breakerView({ ...state, breakers }, "default", zeroMs + afterMs);
  };
  const open = { state: "open", sinceMs: 5, retryMs: zeroMs };
  const halfOpen = { state: "half-open", sinceMs: 5, failure: "x" };
  assertEquals([view(0, -1), view(1, -1), view(3, -1)], [undefined, open, open]);
  assertEquals([view(1, 0), view(2, 0), view(3, 0)], [undefined, undefined, halfOpen]);
  assertEquals(view(3, 0, [anInstance("t", { state: "starting" })]), { ...halfOpen, canary: "t" });
  assertEquals(view(3, 0, [], "disk full"), { ...halfOpen, failure: 'x; its stderr ends with "disk full"' });
  assertEquals(breakerView(stateOf([]), "default", 0), undefined);
});

Deno.test("each part of the picture comes from the state", () => {
  const state = stateOf([]);
  const counts = new Map([["default", 3]]);
  const view = statusView({
    ...state,
    controls: { mode: "drain", frozen: true, frozenProfiles: [] },
    demand: { ...state.demand, untaken: { byBucket: new Map(), counts } },
    settings: someSettings({ scaling: { maxAgents: 9 } }),
  }, nowMs);
  assertEquals([view.mode, view.frozen, view.maxAgents, view.leftUntaken], ["drain", true, 9, { default: 3 }]);
  assertEquals([view.atMs, view.startedMs, view.failingHosts, view.avoidedHosts], [nowMs, zeroMs, [], []]);
});
