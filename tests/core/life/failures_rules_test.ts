// What is remembered of a failure, a loss and a success, field by field. Stories: failures_test.ts.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import type { Draft } from "../../../src/core/draft.ts";
import {
  countFailure,
  countHostFailure,
  countLoss,
  countSuccess,
  forgetFailures,
  giveBackLaunch,
  retryFailed,
  waivePollWait,
} from "../../../src/core/life/failures.ts";
import type { StderrTail } from "../../../src/core/life/sandbox.ts";
import type { BreakersState, State } from "../../../src/core/state.ts";
import { jobs, minute, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt, mesosSays, stateOf } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;
const failure = mesosSays("no");
const instance = anInstance("t", { state: "starting", runningSinceMs: zeroMs }, {
  createdMs: nowMs - minute,
  bucketKey: ";linux",
});
const stderr: StderrTail = { taskId: "s", host: "h-s", answer: { kind: "read", text: "x" } };

function breaker(failures: number, lastFailureMs: number, changes: object = {}): BreakersState["profiles"] {
  const former = {
    failures,
    sinceMs: zeroMs,
    lastFailureMs,
    retryMs: zeroMs,
    lastFailure: mesosSays("before"),
    ...changes,
  };
  return new Map([["default", former]]);
}

function draftWith(profiles: BreakersState["profiles"] = new Map(), parts: Partial<State> = {}): Draft {
  const { settings, demand } = stateOf([]);
  const backlog = bucketJobs(jobs(1), settings.poller, "insensitive");
  return draftAt(nowMs, [instance], {}, {
    breakers: { profiles, hosts: new Map() },
    demand: { ...demand, backlog, isStale: false },
    ...parts,
  });
}

Deno.test("a first failure counts for the profile, the host and the window, and its jobs do not wait for their polls again", () => {
  const draft = draftWith();
  countFailure(draft, instance, failure);
  const { breakers, failureWindow, demand } = draft.state;
  assertEquals([...breakers.profiles], [["default", {
    failures: 1,
    sinceMs: nowMs,
    lastFailureMs: nowMs,
    retryMs: nowMs + 10_000,
    lastFailure: failure,
  }]]);
  assertEquals([...breakers.hosts], [["h-t", {
    failures: [{ atMs: nowMs, profile: "default" }],
    lastFailure: failure,
  }]]);
  assertEquals([...failureWindow], [["default", [{ atMs: nowMs, host: "h-t", kind: "early-exit", of: "profile" }]]]);
  assertEquals([demand.streaks.get(";linux"), demand.isStale], [1, true]);
  assertEquals(draft.finish().notes, []);
});

Deno.test("a failure of the same wave keeps what is known of it, one of the next forgets what the last container said", () => {
  const after = (lastFailureMs: number): unknown => {
    const draft = draftWith(breaker(2, lastFailureMs, { stderr }));
    countFailure(draft, instance, failure);
    const { retryMs: _, ...now } = draft.state.breakers.profiles.get("default") ?? { retryMs: 0 };
    return now;
  };
  const same = { sinceMs: zeroMs, lastFailureMs: nowMs, lastFailure: failure };
  assertEquals([after(nowMs - minute), after(nowMs - minute - 1)], [
    { ...same, failures: 2, stderr },
    { ...same, failures: 3 },
  ]);
});

Deno.test("a profile is reported as failing with its third failure, not with others of the same wave", () => {
  const told = (failures: number, lastFailureMs = zeroMs): unknown => {
    const draft = draftWith(breaker(failures, lastFailureMs));
    countFailure(draft, instance, failure);
    return draft.finish().notes.filter(({ kind }) => kind === "profile-failing");
  };
  assertEquals([told(1), told(3), told(3, nowMs)], [[], [], []]);
  assertEquals(told(2), [{ kind: "profile-failing", profile: "default", failures: 3, failure, retryInMs: 40_000 }]);
});

Deno.test("a failure that is the host's fault counts against the host, not the profile", () => {
  const draft = draftWith();
  countHostFailure(draft, instance, failure);
  const { breakers, failureWindow } = draft.state;
  assertEquals([breakers.profiles.size, [...breakers.hosts]], [0, [
    ["h-t", { failures: [{ atMs: nowMs }], lastFailure: failure }],
  ]]);
  assertEquals([...failureWindow], [["default", [{ atMs: nowMs, host: "h-t", kind: "early-exit", of: "host" }]]]);
  const lost = draftWith();
  countLoss(lost, instance);
  assertEquals([...lost.state.failureWindow], [
    ["default", [{ atMs: nowMs, host: "h-t", kind: "lost-host", of: "profile" }]],
  ]);
  assertEquals([lost.state.breakers.profiles.size, lost.state.breakers.hosts.size], [0, 0]);
});

Deno.test("a success ends the failures of its profile, which is reported if that was failing, and those on its host", () => {
  const hosts = new Map([
    ["h-t", { failures: [{ atMs: zeroMs, profile: "default" }], lastFailure: failure }],
    ["other", { failures: [{ atMs: zeroMs, profile: "default" }], lastFailure: failure }],
  ]);
  const after = (failures: number): Draft => {
    const profiles = failures === 0 ? new Map() : breaker(failures, zeroMs);
    const draft = draftWith(profiles, { breakers: { profiles, hosts } });
    countSuccess(draft, instance);
    assertEquals([draft.state.breakers.profiles.size, [...draft.state.breakers.hosts.keys()]], [0, ["other"]]);
    return draft;
  };
  assertEquals([after(0).finish().notes, after(2).finish().notes], [[], []]);
  assertEquals(after(3).finish().notes, [{ kind: "profile-recovered", taskId: "t", profile: "default" }]);
  const quiet = draftWith();
  const { breakers } = quiet.state;
  countSuccess(quiet, instance);
  assertEquals(quiet.state.breakers === breakers, true);
});

Deno.test("failures of fixed profiles are forgotten, those of others are not", () => {
  const profiles = new Map([
    ...breaker(1, zeroMs),
    ...[...breaker(1, zeroMs)].map(([, each]) => ["other", each] as const),
  ]);
  const hosts = new Map([["h", {
    failures: [{ atMs: zeroMs, profile: "default" }, { atMs: zeroMs, profile: "other" }],
    lastFailure: failure,
  }]]);
  const draft = draftWith(profiles, { breakers: { profiles, hosts } });
  forgetFailures(draft, new Set(["default"]));
  const { breakers } = draft.state;
  assertEquals([[...breakers.profiles.keys()], breakers.hosts.get("h")?.failures], [
    ["other"],
    [{ atMs: zeroMs, profile: "other" }],
  ]);
});

Deno.test("what fails again after a resume fails since its first failure, and counts again", () => {
  const draft = draftWith(new Map(breaker(3, zeroMs)));
  retryFailed(draft, () => true);
  const { sinceMs } = draft.state.breakers.profiles.get("default") ?? {};
  countFailure(draft, instance, failure);
  const again = draft.state.breakers.profiles.get("default");
  assertEquals([again?.failures, again?.sinceMs], [1, sinceMs]);
  countSuccess(draft, instance);
  assertEquals(draft.state.breakers.profiles.size, 0);
});

Deno.test("a failed launch frees its slot in its minute, unless that is over", () => {
  const left = (createdMs: number, launchTimesMs: readonly number[]): readonly number[] => {
    const { offers } = stateOf([]);
    const draft = draftWith(undefined, { offers: { ...offers, launchTimesMs } });
    giveBackLaunch(draft, { ...instance, createdMs });
    return draft.state.offers.launchTimesMs;
  };
  assertEquals([left(1, [1, 2]), left(2, [1, 2, 2]), left(3, [1, 2]), left(3, [])], [[2], [1, 2], [1, 2], []]);
});

Deno.test("an agent for no kind of jobs waives no wait, not even before the first poll", () => {
  const { server } = draftWith().state;
  const { lastPollMs: _, ...early } = server;
  const draft = draftWith();
  draft.set({ server: early });
  const { bucketKey: __, ...warm } = instance;
  waivePollWait(draft, warm as typeof instance);
  assertEquals([draft.state.demand.streaks.size, draft.state.demand.isStale], [0, false]);
});
