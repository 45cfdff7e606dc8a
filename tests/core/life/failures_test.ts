// What fails, and what follows: backoff, one probe at a time, hosts to be avoided, and what is not a failure.

import { mesosSays } from "../instance_fixtures.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { missText } from "../../../src/core/words/placement.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  drive,
  type Driver,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  reconciled,
  second,
  theOne,
  withIdleAgent,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const wanted = (world: Driver): number => world.state.demand.wanted.reduce((total, each) => total + each.count, 0);

function launch(world: Driver, host = "h1"): string[] {
  world.taken();
  world.offers(offer(host, { cpus: 16, mem: 16_384 }));
  return only(world.taken(), "accept-offers").flatMap((each) => each.launches.map(({ taskId }) => taskId));
}

function waiting(count = 3): Driver {
  const world = drive({ poller: { attempts: 3 } });
  world.subscribe();
  for (let poll = 0; poll < 4; poll++) world.poll({ jobs: jobs(count) });
  return world;
}

const failed = { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "Failed to pull image 'x'" };

Deno.test("a wave whose image cannot be pulled is one failure: after a pause all are launched again, without new polls", () => {
  const world = waiting();
  for (const taskId of launch(world)) world.status(taskId, "TASK_FAILED", failed);
  world.wait(second);
  assertEquals([wanted(world), world.verdict("j0").reasonCode], [0, "held-breaker"]);
  assertStringIncludes(world.verdict("j0").reason, "Failed to pull image 'x'");
  assertEquals(world.state.breakers.profiles.get("default")?.failures, 1);
  world.wait(9 * second);
  assertEquals(wanted(world), 3);
});

Deno.test("the error that a launch ended with is kept whole: Mesos quotes the command line before what Docker said", () => {
  const message = `Failed to run 'docker run ${"-e A=B ".repeat(120)}': exited; stderr='pull access denied for x'`;
  const world = waiting();
  const [taskId = ""] = launch(world);
  world.status(taskId, "TASK_RUNNING");
  world.poll({ jobs: jobs(3), agents: [gocdAgent(taskId)] });
  world.status(taskId, "TASK_FAILED", { reason: "REASON_CONTAINER_LAUNCH_FAILED", message });
  const instance = world.instance(taskId);
  assertEquals(instance.state === "gone" && instance.message, message);
});

Deno.test("each further failure doubles the pause, up to ten minutes", () => {
  const world = waiting();
  const pauses: number[] = [];
  for (let failures = 0; failures < 9; failures++) {
    const [taskId = ""] = launch(world, `h${failures}`);
    world.status(taskId, "TASK_FAILED", failed);
    for (const [other, instance] of world.state.instances) {
      if (instance.state === "launching") world.status(other, "TASK_FAILED", failed);
    }
    const retryMs = world.state.breakers.profiles.get("default")?.retryMs ?? 0;
    pauses.push(Math.round((retryMs - world.atMs) / second));
    while (wanted(world) === 0) {
      world.wait(10 * second, 10 * second);
      if (world.atMs % (2 * minute) === 0) world.poll({ jobs: jobs(3) });
    }
  }
  assertEquals(pauses, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
});

Deno.test("a profile fails since its first failure in a row, however often it was tried in the meantime", () => {
  const world = waiting();
  const firstMs = world.atMs;
  for (let wave = 0; wave < 3; wave++) {
    for (const taskId of launch(world, `h${wave}`)) world.status(taskId, "TASK_FAILED", failed);
    const { problems } = statusView(world.state, world.atMs);
    assertEquals(problems.find(({ code }) => code === "profile-failing")?.sinceMs, firstMs, `failure ${wave + 1}`);
    world.wait(minute);
  }
});

Deno.test("a failing profile is reported at each retry while jobs need it, until none has needed it for ten minutes", () => {
  const world = waiting();
  const isTold = (): boolean =>
    statusView(world.state, world.atMs).problems.some(({ code }) => code === "profile-failing");
  for (let wave = 0; wave < 4; wave++) {
    const taskIds = launch(world, `h${wave}`);
    if (wave > 0) assertEquals(isTold(), true, "while it is tried again");
    for (const taskId of taskIds) world.status(taskId, "TASK_FAILED", failed);
    assertEquals(isTold(), true);
    world.wait(2 * minute, 10 * second);
    world.poll({ jobs: jobs(3) });
    assertEquals(isTold(), true, "before it is tried again");
  }
  world.poll({ jobs: [] });
  assertEquals(isTold(), true);
  world.wait(9 * minute, 10 * second);
  world.poll({ jobs: [] });
  assertEquals(isTold(), false);
  world.poll({ jobs: jobs(1) });
  assertEquals(isTold(), true, "a job needs it again");
});

Deno.test("after three failures one agent is tried alone, and its success releases the others", () => {
  const world = waiting();
  for (let wave = 0; wave < 3; wave++) {
    for (const taskId of launch(world, `h${wave}`)) world.status(taskId, "TASK_FAILED", failed);
    world.wait(minute);
  }
  assertEquals(wanted(world), 1);
  assertStringIncludes(world.verdict("j0").reason, "one is tried first");
  const [probe = ""] = launch(world, "h9");
  world.wait(minute);
  assertEquals(wanted(world), 0);
  world.status(probe, "TASK_RUNNING");
  world.poll({ jobs: jobs(3), agents: [gocdAgent(probe)] });
  assertEquals(wanted(world), 2);
});

/** Fails launches on one host until it is avoided, one after the other. */
function spoil(world: Driver, host: string, profile?: string): void {
  for (let wave = 0; wave < 3; wave++) {
    const taskIds = launch(world, host);
    assertEquals(taskIds.length >= 1, true, `wave ${wave}`);
    if (profile !== undefined) assertEquals(world.instance(taskIds[0] ?? "").profile, profile);
    for (const taskId of taskIds) world.status(taskId, "TASK_FAILED", failed);
    world.wait(minute);
    world.poll({ jobs: jobs(1) });
  }
}

Deno.test("a host if three waves have failed is avoided, others are used", () => {
  const world = waiting(1);
  spoil(world, "bad");
  assertEquals(launch(world, "bad"), []);
  assertStringIncludes(
    missText(world.state.offers.nearestMiss.get("default")?.miss ?? {}),
    "after failures of profile default there",
  );
  assertEquals(launch(world, "good").length, 1);
});

Deno.test("a host is avoided for two minutes at first, twice as long after each failure, up to a quarter of an hour", () => {
  const world = waiting(1);
  spoil(world, "only");
  const minutes: number[] = [];
  for (let failures = 3; failures < 8; failures++) {
    const { untilMs, forMs } = world.state.breakers.hosts.get("only")?.avoid ?? { untilMs: 0, forMs: 0 };
    minutes.push(forMs / minute);
    while (world.atMs < untilMs || wanted(world) === 0) {
      world.wait(minute, 10 * second);
      world.poll({ jobs: jobs(1) });
    }
    const [taskId = ""] = launch(world, "only");
    world.status(taskId, "TASK_FAILED", failed);
  }
  assertEquals(minutes, [2, 4, 8, 15, 15]);
  // Once it works, nothing is remembered.
  world.wait(20 * minute, 10 * second);
  world.poll({ jobs: jobs(1) });
  const [taskId = ""] = launch(world, "only");
  world.status(taskId, "TASK_RUNNING");
  world.read(gocdAgent(taskId));
  assertEquals(world.state.breakers.hosts.size, 0);
});

const twoProfiles = [
  aProfile({ name: "broken", gocdResources: ["linux"] }),
  aProfile({ name: "fine", gocdResources: ["windows"] }),
];

Deno.test("an image that cannot be pulled keeps its own profile off the host, and no other one", () => {
  const world = drive({ poller: { attempts: 0 }, profiles: twoProfiles });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  spoil(world, "only", "broken");
  assertEquals(launch(world, "only"), []);
  world.poll({ jobs: [...jobs(1), ...jobs(1, { locator: "p/1/s/1/w", gocdResources: ["windows"] })] });
  const taskIds = launch(world, "only");
  assertEquals(taskIds.map((taskId) => world.instance(taskId).profile), ["fine"]);
  // That one works there, which says nothing of the other.
  const [taskId = ""] = taskIds;
  world.status(taskId, "TASK_RUNNING");
  world.read(gocdAgent(taskId, { gocdResources: ["windows"] }));
  assertEquals(world.state.breakers.hosts.get("only")?.failures.length, 3);
});

Deno.test("a host if two profiles have failed is avoided by all", () => {
  const world = drive({ poller: { attempts: 0 }, profiles: [...twoProfiles, aProfile({ name: "third" })] });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  spoil(world, "bad", "broken");
  const windows = jobs(1, { locator: "p/1/s/1/w", gocdResources: ["windows"] });
  world.poll({ jobs: windows });
  for (const taskId of launch(world, "bad")) world.status(taskId, "TASK_FAILED", failed);
  world.poll({ jobs: jobs(1, { gocdResources: [] }) });
  assertEquals(launch(world, "bad"), []);
  assertStringIncludes(missText(world.state.offers.nearestMiss.get("third")?.miss ?? {}), "after failures there");
});

for (const how of ["a changed profile", "a resume", "a resume of the profile"] as const) {
  Deno.test(`after ${how} what has failed is retried at once, on the same host`, () => {
    const world = waiting(1);
    spoil(world, "only");
    for (const taskId of launch(world, "other")) world.status(taskId, "TASK_FAILED", failed);
    assertEquals([wanted(world), launch(world, "only")], [0, []]);
    world.noted();
    if (how === "a changed profile") {
      const profiles = world.state.settings.profiles.map((each) => ({ ...each, hash: "mended" }));
      world.send({ kind: "settings-changed", settings: { ...world.state.settings, profiles } });
    } else {
      world.send({ kind: "launching-resumed", ...(how === "a resume" ? {} : { profile: "default" }) });
      assertStringIncludes(world.noted()[0]?.text ?? "", "; what has failed is retried at once");
    }
    world.send({ kind: "tick" });
    assertEquals(launch(world, "only").length, 1);
  });
}

Deno.test("changed settings that do not touch a failing profile do not end its pause", () => {
  const world = waiting(1);
  spoil(world, "only");
  world.send({ kind: "settings-changed", settings: world.state.settings });
  world.send({ kind: "tick" });
  assertEquals(launch(world, "only"), []);
  assertEquals(world.state.breakers.profiles.get("default")?.failures, 3);
});

Deno.test("many failures of one wave on one host do not make it a bad host", () => {
  const world = waiting(5);
  const taskIds = launch(world, "h1");
  assertEquals(taskIds.length, 5);
  for (const taskId of taskIds) world.status(taskId, "TASK_FAILED", failed);
  assertEquals(world.state.breakers.hosts.get("h1")?.avoid, undefined);
});

const harmless: readonly (readonly [string, string, Parameters<Driver["status"]>[2]])[] = [
  ["a dropped launch", "TASK_DROPPED", { uuid: "", reason: "REASON_INVALID_OFFERS" }],
  ["a launch with a rescinded offer", "TASK_ERROR", { uuid: "", reason: "REASON_INVALID_OFFERS" }],
  ["a launch that Mesos does not know", "TASK_UNKNOWN", { uuid: "", reason: "REASON_RECONCILIATION" }],
  ["a lost Mesos agent", "TASK_LOST", { uuid: "", reason: "REASON_AGENT_REMOVED" }],
  ["an agent marked gone", "TASK_GONE", { uuid: "" }],
  ["a task killed by somebody else", "TASK_KILLED", {}],
];
for (const [name, state, changes] of harmless) {
  Deno.test(`${name} costs no pause, and its jobs need not wait their polls again`, () => {
    const world = waiting(1);
    const [taskId = ""] = launch(world);
    world.status(taskId, state, changes);
    world.wait(second);
    assertEquals([wanted(world), world.state.breakers.profiles.size], [1, 0]);
  });
}

Deno.test("a launch that a drained Mesos agent kills costs no pause, and its jobs need not wait their polls again", () => {
  const world = waiting(1);
  const [taskId = ""] = launch(world);
  world.status(taskId, "TASK_RUNNING");
  for (let poll = 0; poll < 3; poll++) {
    world.wait(2 * minute);
    world.poll({ jobs: jobs(1) });
  }
  assertEquals(wanted(world), 0);
  world.status(taskId, "TASK_KILLING", { reason: "REASON_AGENT_DRAINING" });
  world.wait(second);
  assertEquals([wanted(world), world.state.breakers.profiles.size], [1, 0]);
  world.status(taskId, "TASK_KILLED", { reason: "REASON_AGENT_DRAINING" });
  world.wait(second);
  assertEquals([wanted(world), world.state.breakers.profiles.size], [1, 0]);
});

Deno.test("a host that drops launches for its own reasons is avoided, and the profile is not paused", () => {
  const world = waiting(1);
  const fault = { reason: "REASON_GC_ERROR", message: "Could not unschedule the sandbox" };
  for (let wave = 1; wave <= 3; wave++) {
    assertEquals(world.state.breakers.hosts.get("h1")?.avoid, undefined, `wave ${wave}`);
    const [taskId = ""] = launch(world);
    assertMatch(taskId, /./, `wave ${wave}`);
    world.noted();
    world.status(taskId, "TASK_DROPPED", fault);
    assertEquals(
      world.noted().find(({ code }) => code === "launch-dropped")?.text,
      `${taskId} was not launched on h1: Could not unschedule the sandbox; retried automatically`,
    );
    world.wait(second);
  }
  assertEquals([wanted(world), world.state.breakers.profiles.size], [1, 0]);
  assertEquals(world.state.breakers.hosts.get("h1")?.avoid?.forMs, 2 * minute);
});

Deno.test("a refused ACCEPT is a failure with a pause, and its offers are declined", () => {
  const world = waiting(2);
  world.offers(offer("h1"));
  const call = theOne(world.taken(), "accept-offers");
  world.send({ kind: "mesos-call-failed", call, outcome: "refused", message: "403" });
  world.wait(second);
  assertEquals(only(world.taken(), "decline-offers").map((each) => each.offerIds), [call.offerIds]);
  assertEquals([wanted(world), world.verdict("j0").reasonCode], [0, "held-breaker"]);
});

Deno.test("an ACCEPT with an unknown outcome is reconciled, neither repeated nor given up, and its offers are released", () => {
  const world = waiting(1);
  world.offers(offer("h1"));
  const call = theOne(world.taken(), "accept-offers");
  world.send({ kind: "mesos-call-failed", call, outcome: "unknown", message: "timeout" });
  world.wait(second);
  const taskId = call.launches[0]?.taskId ?? "";
  assertEquals(world.instance(taskId).state, "launching");
  const effects = world.taken();
  assertEquals(only(effects, "reconcile-tasks").map((each) => each.tasks), [[{ taskId, mesosAgentId: "a-h1" }]]);
  assertEquals(only(effects, "decline-offers").map((each) => each.offerIds), [call.offerIds]);
});

Deno.test("an agent that exits after it registered counts as a failure", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_FAILED", { message: "OOM" });
  assertEquals(world.state.breakers.profiles.get("default")?.lastFailure, mesosSays("OOM"));
  const gone = world.instance(taskId);
  assertEquals(gone.state === "gone" ? gone.cause : gone.state, "exited");
});

Deno.test("a launch that is found lost before the first poll after a restart leaves its jobs no second wait", () => {
  for (const [key, wanted] of [[";linux", 1], [";java", 0]] as const) {
    const poller = { attempts: 5 };
    const before = drive({ poller });
    before.subscribe();
    for (let polls = 0; polls < 6; polls++) before.poll({ jobs: jobs(1) });
    before.offers(offer("h1"));
    const instances = [...before.state.instances.values()].map((each) => ({ ...each, bucketKey: key }));
    const { framework, controls } = before.state;
    const world = drive({ poller, stored: { framework, controls, instances } });
    world.subscribe();
    world.status(instances[0]?.taskId ?? "", "TASK_UNKNOWN", reconciled);
    world.poll({ jobs: jobs(1) });
    assertEquals(world.state.demand.wanted.length, wanted);
  }
});

Deno.test("a job that first appears after an agent has failed waits its polls like any other", () => {
  const { world, taskId } = withIdleAgent({ poller: { attempts: 0 } });
  const settings = world.state.settings;
  world.send({
    kind: "settings-changed",
    settings: { ...settings, poller: { ...settings.poller, attempts: 3 } },
  });
  world.poll({ agents: [gocdAgent(taskId)] });
  world.wait(30 * second);
  world.read(gocdAgent(taskId));
  world.status(taskId, "TASK_FAILED", { message: "OOM" });
  world.wait(minute);
  world.poll({ jobs: jobs(1) });
  assertEquals([wanted(world), world.verdict("j0").reasonCode], [0, "held-attempts"]);
});
