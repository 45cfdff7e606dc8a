// What fails, and what follows: backoff, one probe at a time, hosts to be avoided, and what is no failure.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  drive,
  type Driver,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  second,
  theOne,
  withIdleAgent,
} from "../support/core.ts";

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

Deno.test("a wave whose image cannot be pulled is one failure: pause, then all again, without new polls", () => {
  const world = waiting();
  for (const taskId of launch(world)) world.status(taskId, "TASK_FAILED", failed);
  world.wait(second);
  assertEquals([wanted(world), world.verdict("j0").reasonCode], [0, "held-breaker"]);
  assertStringIncludes(world.verdict("j0").reason, "Failed to pull image 'x'");
  assertEquals(world.state.breakers.profiles.get("default")?.failures, 1);
  world.wait(9 * second);
  assertEquals(wanted(world), 3);
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

Deno.test("after three failures one is tried alone, and its success lets the others go", () => {
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

Deno.test("a host where three waves have failed is avoided for a quarter of an hour, others are used", () => {
  const world = waiting(1);
  for (let wave = 0; wave < 3; wave++) {
    for (const taskId of launch(world, "bad")) world.status(taskId, "TASK_FAILED", failed);
    world.wait(minute);
    world.poll({ jobs: jobs(1) });
  }
  assertEquals(launch(world, "bad"), []);
  assertStringIncludes(world.state.offers.nearestMiss.get("default")?.text ?? "", "after failures there");
  assertEquals(launch(world, "good").length, 1);
});

Deno.test("many failures of one wave on one host do not make it a bad host", () => {
  const world = waiting(5);
  const taskIds = launch(world, "h1");
  assertEquals(taskIds.length, 5);
  for (const taskId of taskIds) world.status(taskId, "TASK_FAILED", failed);
  assertEquals(world.state.breakers.hosts.get("h1")?.avoidUntilMs, undefined);
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

Deno.test("a host that drops launches for a reason of its own is avoided, and its profile is not paused", () => {
  const world = waiting(1);
  const fault = { reason: "REASON_GC_ERROR", message: "Could not unschedule the sandbox" };
  for (let wave = 1; wave <= 3; wave++) {
    assertEquals(world.state.breakers.hosts.get("h1")?.avoidUntilMs, undefined, `wave ${wave}`);
    const [taskId = ""] = launch(world);
    assertMatch(taskId, /./, `wave ${wave}`);
    world.noted();
    world.status(taskId, "TASK_DROPPED", fault);
    assertEquals(
      world.noted().find(({ code }) => code === "launch-dropped")?.text,
      `${taskId} was not launched on h1: Could not unschedule the sandbox; it is tried again`,
    );
    world.wait(second);
  }
  assertEquals([wanted(world), world.state.breakers.profiles.size], [1, 0]);
  assertEquals(typeof world.state.breakers.hosts.get("h1")?.avoidUntilMs, "number");
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

Deno.test("an ACCEPT of unknown fate is asked after, neither repeated nor given up, and its offers are not left out", () => {
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

Deno.test("an agent that ends by itself after it registered counts as a failure", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_FAILED", { message: "OOM" });
  assertEquals(world.state.breakers.profiles.get("default")?.lastError, "OOM");
  const gone = world.instance(taskId);
  assertEquals(gone.state === "gone" ? gone.cause : gone.state, "exited");
});

Deno.test("a job that first appears after an agent has failed waits its polls like any other", () => {
  const { world, taskId } = withIdleAgent({ poller: { attempts: 0 } });
  const settings = world.state.settings;
  world.send({
    kind: "settings-changed",
    settings: { ...settings, poller: { ...settings.poller, attempts: 3 } },
  });
  world.poll();
  world.status(taskId, "TASK_FAILED", { message: "OOM" });
  world.wait(minute);
  world.poll({ jobs: jobs(1) });
  assertEquals([wanted(world), world.verdict("j0").reasonCode], [0, "held-attempts"]);
});
