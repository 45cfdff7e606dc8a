// Recent failures, classified and counted by profile and host; the failures of one profile hold back no other.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "../../support/properties.ts";
import { makePlan } from "../../../src/core/demand/plan.ts";
import type { Failure } from "../../../src/core/life/causes.ts";
import {
  type CountedFailure,
  countInWindow,
  failureKind,
  failureKinds,
  failuresByHost,
  failuresOfProfile,
  failuresPerProfileMax,
  failureWindowMs,
  type LaunchHosts,
  launchHosts,
} from "../../../src/core/life/failure_window.ts";
import type { State } from "../../../src/core/state.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { recentFailuresText } from "../../../src/core/words/failures.ts";
import { Draft } from "../../../src/core/draft.ts";
import { drive, type Driver, jobs, minute, offer, only, second, zeroMs } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { anInstance, aRegistered, mesosSays, stateOf } from "../instance_fixtures.ts";

const launching = anInstance("a", { state: "launching" });
const starting = anInstance("b", { state: "starting" });
const running = anInstance("c", { state: "starting", runningSinceMs: zeroMs });
const registered = aRegistered("d", "idle");
const docker =
  "Failed to launch container: Failed to run '/usr/bin/docker -H unix:///var/run/docker.sock pull a/b:c': " +
  "exited with status 1; stderr='Error response from daemon: manifest unknown'";

const told: readonly (readonly [name: string, failure: Failure, instance: typeof launching, kind: string])[] = [
  ["docker cannot pull", mesosSays(docker), launching, "pull"],
  [
    "Mesos' own containerizer cannot pull",
    mesosSays("Failed to launch container: Unexpected HTTP response '404 Not Found' when trying to get the manifest"),
    starting,
    "pull",
  ],
  [
    "a volume is missing",
    mesosSays("Failed to launch container: Failed to run 'docker create': invalid mode"),
    starting,
    "launch",
  ],
  ["Mesos cannot pull", mesosSays("Failed to pull image 'x'"), launching, "pull"],
  ["pulling has failed", mesosSays("Error pulling image x"), launching, "pull"],
  ["an image is not there", mesosSays("image a/b:c was not found"), launching, "pull"],
  ["a registry denies", mesosSays("the registry at a.b said: access denied"), launching, "pull"],
  ["a registry wants to know who asks", mesosSays("registry: unauthorized"), launching, "pull"],
  ["a layer is not there", mesosSays("unknown blob"), launching, "pull"],
  ["a volume is not there", mesosSays("volume not found"), launching, "launch"],
  ["a file of the image is not there", mesosSays("pullover and imagery: not found"), launching, "launch"],
  ["nothing runs in time", { kind: "not-running", afterMs: 1 }, starting, "launch"],
  ["the container ends before it registers", mesosSays("Container exited with status 3"), running, "early-exit"],
  ["its log says pull, but it ran", mesosSays("git pull failed"), running, "early-exit"],
  ["no record in time", { kind: "not-registered", afterMs: 1 }, running, "register"],
  ["a record that stays Pending", { kind: "pending", afterMs: 1 }, running, "register"],
  [
    "another record than wanted",
    { kind: "misregistered", got: { gocdResources: [] }, wanted: { gocdResources: ["linux"] } },
    registered,
    "register",
  ],
  ["the container ends later", mesosSays("Container exited with status 137"), registered, "exit"],
  ["GoCD hears it no more", { kind: "lost-contact" }, registered, "lost-contact"],
];
for (const [name, failure, instance, kind] of told) {
  Deno.test(`${name}: counted as ${kind}`, () => assertEquals(failureKind(failure, instance), kind));
}

const failed = { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: docker };

function launched(): { readonly world: Driver; readonly taskIds: readonly string[] } {
  const world = drive({ poller: { attempts: 0 } });
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.offers(offer("h1", { cpus: 16, mem: 16_384 }));
  return {
    world,
    taskIds: only(world.taken(), "accept-offers").flatMap((each) => each.launches.map((one) => one.taskId)),
  };
}

const profileOf = (world: Driver): ReturnType<typeof statusView>["profiles"][number] | undefined =>
  statusView(world.state, world.atMs).profiles[0];

Deno.test("a lost host is distinguished from a failed pull, by profile and by host, and does not count as a failure", () => {
  const { world, taskIds: [one = "", other = ""] } = launched();
  world.status(one, "TASK_FAILED", failed);
  world.status(other, "TASK_RUNNING");
  world.status(other, "TASK_UNREACHABLE", { uuid: "" });
  assertEquals(profileOf(world)?.recentFailures, { "pull": 1, "lost-host": 1 });
  assertEquals(profileOf(world)?.failures, 1);
  const { failingHosts } = statusView(world.state, world.atMs);
  assertEquals(failingHosts, [{
    host: "h1",
    recentFailures: { "pull": 1, "lost-host": 1 },
    byProfile: { default: { "pull": 1, "lost-host": 1 } },
  }]);
  assertEquals(
    recentFailuresText(profileOf(world)?.recentFailures),
    "in the last hour: 1 × image not pulled, 1 × lost by Mesos",
  );
});

Deno.test("an unreachable agent that is lost permanently counts once", () => {
  const { world, taskIds: [one = ""] } = launched();
  world.status(one, "TASK_RUNNING");
  for (let times = 0; times < 2; times++) world.status(one, "TASK_UNREACHABLE", { uuid: "" });
  world.status(one, "TASK_GONE", { uuid: "" });
  assertEquals(profileOf(world)?.recentFailures, { "lost-host": 1 });
});

Deno.test("failures are reported for an hour of watched time, which does not pass while the program is suspended", () => {
  const { world, taskIds: [one = ""] } = launched();
  world.status(one, "TASK_FAILED", failed);
  const failedMs = world.atMs;
  world.skip(5 * 60 * minute);
  world.wait(second);
  assertEquals(profileOf(world)?.recentFailures.pull, 1);
  world.wait(failureWindowMs - 2 * second, minute);
  assertEquals(profileOf(world)?.recentFailures.pull, 1);
  world.wait(2 * second);
  assertEquals(profileOf(world)?.recentFailures, {});
  assert(world.atMs - failedMs > 6 * 60 * minute - minute);
});

Deno.test("the problem shows what has failed, and the breaker its state and which agent it tries", () => {
  const { world, taskIds } = launched();
  for (const taskId of taskIds) world.status(taskId, "TASK_FAILED", failed);
  const { problems } = statusView(world.state, world.atMs);
  assertStringIncludes(
    problems.find(({ code }) => code === "profile-failing")?.message ?? "",
    "; in the last hour: 2 × image not pulled",
  );
  const { retryMs = 0 } = world.state.breakers.profiles.get("default") ?? {};
  assertEquals(profileOf(world)?.breaker, { state: "open", sinceMs: world.atMs, retryMs });
  const sinceMs = world.atMs;
  for (let wave = 0; wave < 2; wave++) {
    world.wait(2 * minute);
    world.offers(offer(`h${wave + 2}`, { cpus: 16, mem: 16_384 }));
    for (const { launches } of only(world.taken(), "accept-offers")) {
      for (const { taskId } of launches) world.status(taskId, "TASK_FAILED", failed);
    }
  }
  world.wait(2 * minute);
  const halfOpen = { state: "half-open", sinceMs, failure: failed.message };
  assertEquals(profileOf(world)?.breaker, halfOpen);
  world.offers(offer("h9", { cpus: 16, mem: 16_384 }));
  const [canary] = only(world.taken(), "accept-offers").flatMap(({ launches }) => launches.map(({ taskId }) => taskId));
  assertEquals(profileOf(world)?.breaker, { ...halfOpen, ...(canary === undefined ? {} : { canary }) });
  assert(canary !== undefined);
});

Deno.test("however much fails, a profile keeps its latest failures, and none of another is displaced", () => {
  const counted = fc.record({
    profile: fc.constantFrom("a", "b"),
    host: fc.constantFrom("h1", "h2"),
    kind: fc.constantFrom(...failureKinds),
    of: fc.constantFrom<CountedFailure["of"]>("profile", "host"),
  });
  fc.assert(fc.property(fc.array(counted, { maxLength: 60 }), fc.nat(failuresPerProfileMax), (list, noise) => {
    const draft = new Draft(stateOf([]), zeroMs + minute, 0.5);
    for (const each of list) countInWindow(draft, each, each);
    const before = draft.state.failureWindow;
    for (let count = 0; count < noise; count++) {
      countInWindow(draft, { profile: "loud", host: "h3" }, { kind: "pull", of: "profile" });
    }
    const { state } = draft;
    for (const profile of ["a", "b"]) {
      assertEquals(state.failureWindow.get(profile), before.get(profile));
      const own = list.filter((each) => each.profile === profile && each.of === "profile");
      const counts = failuresOfProfile(state, profile, draft.atMs);
      assertEquals(Object.values(counts).reduce((sum, count) => sum + count, 0), own.length);
    }
    const ofHosts = [...failuresByHost(state, draft.atMs).values()].flatMap(({ recentFailures }) =>
      Object.values(recentFailures)
    );
    assertEquals(ofHosts.reduce((sum, count) => sum + count, 0), list.length + noise);
    assert((state.failureWindow.get("loud")?.length ?? 0) <= failuresPerProfileMax);
  }));
});

const a = aProfile({ name: "a", gocdResources: ["a"] });
const b = aProfile({ name: "b", gocdResources: ["b"] });

Deno.test("whatever one profile does, another is launched at least as freely as if the first did not fail", () => {
  const breaker = fc.record({ failures: fc.nat(6), retryInMs: fc.integer({ min: -minute, max: 10 * minute }) });
  const draw = fc.record({
    ofA: fc.integer({ min: 0, max: 6 }),
    ofB: fc.integer({ min: 1, max: 6 }),
    max: fc.integer({ min: 1, max: 8 }),
    breaker,
  });
  fc.assert(fc.property(draw, ({ ofA, ofB, max, breaker: { failures, retryInMs } }) => {
    const world = drive({ profiles: [a, b], poller: { attempts: 0 }, scaling: { maxAgents: max } });
    world.subscribe();
    const waiting = [...jobs(ofA, { gocdResources: ["a"] }), ...jobs(ofB, { gocdResources: ["b"] })]
      .map((each, index) => ({ ...each, locator: `p/1/s/1/j${index}`, name: `j${index}` }));
    world.poll({ jobs: waiting });
    const failing = {
      failures,
      sinceMs: zeroMs,
      lastFailureMs: zeroMs,
      retryMs: world.atMs + retryInMs,
      lastFailure: mesosSays("x"),
    };
    const sick: State = { ...world.state, breakers: { profiles: new Map([["a", failing]]), hosts: new Map() } };
    const launchedOf = (state: State, name: string): number =>
      makePlan(state, world.atMs, "replan").demand.wanted.filter(({ profile }) => profile === name)
        .reduce((sum, { count }) => sum + count, 0);
    assert(launchedOf(sick, "b") >= launchedOf(world.state, "b"));
    if (failures > 0) assert(launchedOf(sick, "a") <= launchedOf(world.state, "a"));
  }));
});

Deno.test("each failure is kept with what it was, an hour of them, and two hundred of each profile", () => {
  const hour = 60 * minute;
  const nowMs = zeroMs + 2 * hour;
  const failure = (atMs: number): CountedFailure => ({ atMs, kind: "exit", host: "h", of: "host" });
  const after = (before: Readonly<Record<string, readonly CountedFailure[]>>): unknown => {
    const state = stateOf([], { failureWindow: new Map(Object.entries(before)) });
    const draft = new Draft(state, nowMs, 0.5);
    countInWindow(draft, { profile: "default", host: "h-1" }, { kind: "pull", of: "profile" });
    return Object.fromEntries(draft.state.failureWindow);
  };
  const own: CountedFailure = { atMs: nowMs, kind: "pull", host: "h-1", of: "profile" };
  assertEquals(after({}), { default: [own] });
  const [old, young] = [failure(nowMs - hour), failure(nowMs - hour + 1)];
  assertEquals(after({ default: [old, young], other: [old, young], gone: [old] }), {
    default: [young, own],
    other: [young],
  });
  const full = Array.from({ length: 200 }, (_, index) => failure(nowMs - index));
  assertEquals(after({ default: full, other: full }), { default: [...full.slice(1), own], other: full });
  const { watched } = stateOf([]);
  const failureWindow = new Map([["default", [old, young]], ["other", [{ ...young, host: "h-2" }, young]]]);
  assertEquals([...failuresByHost({ failureWindow, watched }, nowMs)], [
    ["h", { recentFailures: { exit: 2 }, byProfile: { default: { exit: 1 }, other: { exit: 1 } } }],
    ["h-2", { recentFailures: { exit: 1 }, byProfile: { other: { exit: 1 } } }],
  ]);
  const mixed = new Map([["default", [young, own, { ...own, atMs: nowMs - hour }]]]);
  const ofProfile = (name: string): unknown => failuresOfProfile({ failureWindow: mixed, watched }, name, nowMs);
  assertEquals([ofProfile("default"), ofProfile("other")], [{ pull: 1 }, {}]);
});

Deno.test("a profile knows on how many of the hosts that it was tried on its launches have failed", () => {
  const nowMs = zeroMs + 2 * 60 * minute;
  const at = (host: string, kind: CountedFailure["kind"] = "pull", atMs = nowMs): CountedFailure => (
    { atMs, kind, host, of: "profile" }
  );
  const hostsOf = (failures: readonly CountedFailure[], worksOn: readonly string[] = []): LaunchHosts | undefined => {
    const { watched } = stateOf([]);
    const instances = new Map(worksOn.map((host, index) => [
      `t${index}`,
      { ...aRegistered(`t${index}`, "idle"), profile: "a", host },
    ]));
    return launchHosts({ watched, failureWindow: new Map([["a", failures]]), instances }, "a", nowMs);
  };
  assertEquals(hostsOf([]), undefined);
  assertEquals(
    hostsOf([at("h1", "lost-host"), at("h1", "pull", zeroMs)], ["h2"]),
    undefined,
    "not of launches, or old",
  );
  assertEquals(hostsOf([at("h1"), at("h1")]), { failed: 1, tried: 1, only: "h1" });
  assertEquals(hostsOf([at("h1")], ["h1", "h2", "h3"]), { failed: 1, tried: 3, only: "h1" });
  assertEquals(hostsOf([at("h1"), at("h2", "register"), at("h3")]), { failed: 3, tried: 3 });
});
