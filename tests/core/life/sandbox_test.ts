// The stderr of failed containers: asked for where the configuration allows it, once for each wave of failures, and
// shown with the failure until the next one. Nothing waits for it.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { conditionsOf } from "../../../src/core/view/condition.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { askForStderr, type SandboxAnswer, sandboxRead } from "../../../src/core/life/sandbox.ts";
import type { SandboxEffect } from "../../../src/core/effect.ts";
import type { Failure } from "../../../src/core/life/causes.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import type { State } from "../../../src/core/state.ts";
import { drive, type Driver, jobs, minute, offer, only, second, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, mesosSays, stateOf } from "../instance_fixtures.ts";

const readsSandboxes = true as const;
const exited = { reason: "REASON_COMMAND_EXECUTOR_FAILED", message: "Container exited with status 3" };
const unpulled = { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "Failed to run 'docker pull x'" };

function launched(reads = true, count = 1): { readonly world: Driver; readonly taskIds: readonly string[] } {
  const world = drive({ poller: { attempts: 0 } });
  if (reads) world.send({ kind: "settings-changed", settings: { ...world.state.settings, readsSandboxes } });
  world.subscribe();
  world.poll({ jobs: jobs(count) });
  const agentAddress = { hostname: "h1.example", ip: "10.0.0.7", port: 5052 };
  world.offers({ ...offer("h1", { cpus: 16, mem: 16_384 }), agentAddress });
  return {
    world,
    taskIds: only(world.taken(), "accept-offers").flatMap((each) => each.launches.map((one) => one.taskId)),
  };
}

function failed(count = 1): { readonly world: Driver; readonly requests: readonly SandboxEffect[] } {
  const { world, taskIds } = launched(true, count);
  for (const taskId of taskIds) world.status(taskId, "TASK_RUNNING");
  for (const taskId of taskIds) world.status(taskId, "TASK_FAILED", exited);
  return { world, requests: only(world.taken(), "read-sandbox") };
}

Deno.test("the stderr of a container that ends early is read from its Mesos agent, once per wave", () => {
  const { requests } = failed(3);
  const [request, ...more] = requests;
  assertEquals(more, []);
  assertEquals(request?.address, { hostname: "h1.example", ip: "10.0.0.7", port: 5052 });
  assertEquals([request?.profile, request?.host, request?.frameworkId], ["default", "h1", "f-1"]);
});

Deno.test("nothing is read if the configuration names no host, nor for a container that never ran", () => {
  const { world, taskIds: [taskId = ""] } = launched(false);
  world.status(taskId, "TASK_RUNNING");
  world.status(taskId, "TASK_FAILED", exited);
  assertEquals(only(world.taken(), "read-sandbox"), []);
  const other = launched();
  other.world.status(other.taskIds[0] ?? "", "TASK_FAILED", unpulled);
  assertEquals(only(other.world.taken(), "read-sandbox"), []);
});

Deno.test("the stderr of an agent that does not register is read before it is stopped", () => {
  const { world, taskIds: [taskId = ""] } = launched();
  world.status(taskId, "TASK_RUNNING");
  for (let waitedMs = 0; waitedMs < 11 * minute; waitedMs += 30 * second) {
    world.wait(30 * second);
    world.poll({ jobs: jobs(1) });
  }
  const kinds = world.taken().map(({ kind }) => kind).filter((kind) => kind === "read-sandbox" || kind === "kill-task");
  assertEquals(kinds.slice(0, 2), ["read-sandbox", "kill-task"]);
});

function answered(answer: SandboxAnswer): Driver {
  const { world, requests: [request] } = failed();
  if (request === undefined) throw new Error("nothing was asked");
  world.send({ kind: "sandbox-read", request, answer });
  world.wait(second);
  return world;
}

const read: SandboxAnswer = { kind: "read", text: "line one\nError: no JVM\ncannot start" };

Deno.test("the last lines stand in the verdict, and all of them in the problem and in what webhooks are reported", () => {
  const world = answered(read);
  assertStringIncludes(
    world.verdict("j0").reason,
    'the last launch failed (Container exited with status 3; its stderr ends with "Error: no JVM / cannot start")',
  );
  const view = statusView(world.state, world.atMs);
  const problem = view.problems.find(({ code }) => code === "profile-failing");
  assertStringIncludes(problem?.detail ?? "", "line one\nError: no JVM\ncannot start");
  assertStringIncludes(problem?.detail ?? "", "on h1:");
  const breaker = conditionsOf(view, minute).now.find(({ event }) => event === "breaker");
  assertEquals(breaker?.detail, problem?.detail);
});

const unread: readonly (readonly [answer: SandboxAnswer, line: string])[] = [
  [
    { kind: "not-allowed", host: "h1.example:5052" },
    "add h1.example:5052 to mesos.allowed-hosts so that it can be " +
    "read",
  ],
  [{ kind: "failed", message: "the Mesos agent says no" }, "was not read: the Mesos agent says no"],
  [{ kind: "read", text: "" }, "is empty"],
];
for (const [answer, line] of unread) {
  Deno.test(`an answer of kind ${answer.kind} without lines says "${line}", once, and the verdict stays as it is`, () => {
    const world = answered(answer);
    const problem = statusView(world.state, world.atMs).problems.find(({ code }) => code === "profile-failing");
    assertEquals(problem?.detail?.split("\n").length, 1);
    assertStringIncludes(problem?.detail ?? "", line);
    assertEquals(world.verdict("j0").reason.includes("stderr"), false);
  });
}

Deno.test("the output of a container is forgotten with the next failure, and nothing waits for the response", () => {
  const world = answered(read);
  world.wait(minute);
  world.offers(offer("h2", { cpus: 16, mem: 16_384 }));
  const [next = ""] = only(world.taken(), "accept-offers").flatMap(({ launches }) =>
    launches.map(({ taskId }) => taskId)
  );
  world.status(next, "TASK_FAILED", unpulled);
  world.wait(second);
  assertEquals(world.verdict("j0").reason.includes("stderr"), false);
  const { world: silent } = failed();
  silent.wait(minute);
  silent.taken();
  silent.offers(offer("h2", { cpus: 16, mem: 16_384 }));
  assertEquals(only(silent.taken(), "accept-offers").length, 1);
});

Deno.test("a response that arrives once the profile works again changes nothing but the log", () => {
  const { world, requests: [request] } = failed();
  world.send({ kind: "launching-resumed" });
  const before = world.state;
  world.noted();
  if (request !== undefined) world.send({ kind: "sandbox-read", request, answer: read });
  assertEquals(world.state.breakers, before.breakers);
  assertEquals(world.noted().map(({ code }) => code), ["stderr-read"]);
});

const ran = anInstance("t", { state: "starting", runningSinceMs: zeroMs });

/** The requests for stderr after a failure. */
function asked(instance: AgentInstance, failure: Failure = mesosSays("m"), parts: Partial<State> = {}): unknown[] {
  const { settings, framework } = stateOf([]);
  const known = { settings: { ...settings, readsSandboxes }, framework: { ...framework, frameworkId: "f-1" } };
  const draft = draftAt(zeroMs, [instance], {}, { ...known, ...parts });
  askForStderr(draft, instance, failure);
  return [...draft.finish().effects];
}

Deno.test("stderr is read if the host of the container is known, at the default port if no offer has named another", () => {
  const address = { hostname: "h-t", port: 5_051 };
  const request = { kind: "read-sandbox", taskId: "t", profile: "default", host: "h-t", frameworkId: "f-1", address };
  assertEquals(asked(ran), [request]);
  const { offers } = stateOf([]);
  const told = { hostname: "h-t.example", ip: "10.0.0.7", port: 5_052 };
  const hosts = (agentAddress?: typeof told): Partial<State> => ({
    offers: {
      ...offers,
      hosts: new Map([["s-t", { ...(agentAddress === undefined ? {} : { agentAddress }) } as never]]),
    },
  });
  assertEquals(asked(ran, mesosSays("m"), hosts(told)), [{ ...request, address: told }]);
  assertEquals(asked(ran, mesosSays("m"), hosts()), [request]);
  assertEquals(asked({ ...ran, mesosAgentId: "" }), []);
  const { framework } = stateOf([]);
  const { frameworkId: _, ...unregistered } = { frameworkId: undefined, ...framework };
  assertEquals(asked(ran, mesosSays("m"), { framework: unregistered }), []);
});

Deno.test("stderr is read if the container has run and ended, or may show why it does not register", () => {
  const wanted = { gocdResources: ["linux"] };
  const registered = aRegistered("t", "idle");
  const count = (instance: AgentInstance, failure: Failure): number => asked(instance, failure).length;
  assertEquals([count(ran, mesosSays("m")), count(registered, mesosSays("m"))], [1, 1]);
  assertEquals([count(ran, { kind: "not-registered", afterMs: 1 }), count(ran, { kind: "pending", afterMs: 1 })], [
    1,
    1,
  ]);
  assertEquals(count(registered, { kind: "misregistered", got: { gocdResources: [] }, wanted }), 0);
  assertEquals([count(registered, { kind: "lost-contact" }), count(ran, { kind: "not-running", afterMs: 1 })], [0, 0]);
  assertEquals(count(anInstance("t", { state: "starting" }), mesosSays("cannot pull")), 0);
});

Deno.test("the output is kept with the failure and reported, and the plan is made again; a failed read is reported once per host", () => {
  const address = { hostname: "h-t", port: 5_051 };
  const request = {
    kind: "read-sandbox",
    taskId: "t",
    profile: "default",
    host: "h-t",
    frameworkId: "f-1",
    address,
  } as const;
  const lastFailure = mesosSays("m");
  const breaker = { failures: 1, sinceMs: zeroMs, lastFailureMs: zeroMs, retryMs: zeroMs, lastFailure };
  const told = (answer: SandboxAnswer, name = "default"): unknown => {
    const { demand } = stateOf([]);
    const draft = draftAt(zeroMs, [], {}, {
      demand: { ...demand, isStale: false },
      breakers: { profiles: new Map([[name, breaker]]), hosts: new Map() },
    });
    sandboxRead(draft, { kind: "sandbox-read", request, answer });
    const stderr = { taskId: "t", host: "h-t", answer };
    const isKept = name === "default";
    assertEquals([...draft.state.breakers.profiles], [[name, isKept ? { ...breaker, stderr } : breaker]]);
    assertEquals(draft.state.demand.isStale, isKept);
    return draft.finish().notes;
  };
  const note = { kind: "stderr-read", taskId: "t", profile: "default", host: "h-t" };
  assertEquals(told(read), [{ ...note, answer: read }]);
  const failed: SandboxAnswer = { kind: "failed", message: "no" };
  assertEquals(told(failed), [{ ...note, answer: failed, onceKey: "h-t failed" }]);
  assertEquals(told(read, "other"), [{ ...note, answer: read }]);
});
