// Measurements of steps of the core. Each is a difference of two states, so the core is driven by hand.

import { assertEquals } from "@std/assert";
import { type Measure, measureStep, nothingRemembered } from "../../src/runtime/steps.ts";
import {
  building,
  drive,
  type Driver,
  type DriverOptions,
  gocdAgent,
  job,
  jobs,
  minute,
  offer,
  second,
  theOne,
} from "../support/core.ts";
import { aProfile } from "../support/placement.ts";

interface Bench {
  readonly world: Driver;
  /** `registration default 12`: durations in seconds, and totals, in their order; without the time of agents. */
  measured(): readonly string[];
  /** Seconds that agents were alive, by state. */
  agentSeconds(): Readonly<Record<string, number>>;
}

function bench(options: DriverOptions = {}): Bench {
  let remembered = nothingRemembered;
  let measures: Measure[] = [];
  const seconds: Record<string, number> = {};
  const world = drive({
    poller: { attempts: 0 },
    ...options,
    onStep: (step) => {
      const result = measureStep(remembered, step);
      remembered = result.remembered;
      for (const measure of result.measures) {
        if (measure.kind !== "total" || measure.name !== "agent-seconds") measures.push(measure);
        else seconds[measure.labels["state"] ?? ""] = (seconds[measure.labels["state"] ?? ""] ?? 0) + measure.by;
      }
    },
  });
  world.subscribe();
  return {
    world,
    measured: () => {
      const lines = measures.map((each) =>
        [each.name, ...Object.values(each.labels), each.kind === "duration" ? each.ms / second : each.by].join(" ")
      );
      measures = [];
      return lines;
    },
    agentSeconds: () => ({ ...seconds }),
  };
}

/** Launches an agent for one job; gives its task id. */
function launch({ world }: Bench): string {
  world.poll({ jobs: [job("a")] });
  world.wait(3 * second);
  world.taken();
  world.offers(offer("h1"));
  return theOne(world.taken(), "accept-offers").launches[0]?.taskId ?? "";
}

/** One that is registered and idle. */
function idleAgent(some: Bench): string {
  const taskId = launch(some);
  some.world.wait(5 * second);
  some.world.status(taskId, "TASK_RUNNING");
  some.world.wait(7 * second);
  some.world.read(gocdAgent(taskId));
  return taskId;
}

Deno.test("a launch is measured from decision to ACCEPT, from there to the container, and from there to registration", () => {
  const some = bench();
  const taskId = launch(some);
  assertEquals(some.measured(), ["accept-delay default 3", "offers accepted fits 1"]);
  some.world.wait(2 * second);
  some.world.status(taskId, "TASK_STARTING");
  some.world.wait(3 * second);
  some.world.status(taskId, "TASK_RUNNING");
  some.world.status(taskId, "TASK_RUNNING", { uuid: "again" });
  assertEquals(some.measured(), ["container-start default 5"]);
  some.world.wait(7 * second);
  some.world.read(gocdAgent(taskId));
  assertEquals(some.measured(), ["registration default 7"]);
  some.world.wait(20 * second);
  some.world.read(gocdAgent(taskId));
  assertEquals(some.measured(), []);
});

Deno.test("a container that was found running is not measured", () => {
  const some = bench();
  const taskId = "gocd-abc123-default-77";
  some.world.status(taskId, "TASK_STAGING");
  some.world.wait(2 * second);
  some.world.status(taskId, "TASK_RUNNING", { uuid: "again" });
  some.world.read(gocdAgent(taskId));
  assertEquals([some.world.state.instances.get(taskId)?.state, some.measured()], ["registered", []]);
});

Deno.test("the delay of each launch is measured since its agent is wanted", () => {
  const some = bench();
  some.world.poll({ jobs: jobs(2) });
  some.world.wait(4 * second);
  some.world.offers(offer("h1", { cpus: 1, mem: 1_100 }));
  some.world.wait(6 * second);
  some.world.offers(offer("h2", { cpus: 1, mem: 1_100 }));
  assertEquals(some.measured().filter((line) => line.startsWith("accept-delay")), [
    "accept-delay default 4",
    "accept-delay default 10",
  ]);
});

Deno.test("the wait of a job is measured from its first poll to the poll that no longer lists it", () => {
  const some = bench();
  const taskId = idleAgent(some);
  some.measured();
  some.world.wait(15 * second);
  some.world.poll({ jobs: [], agents: [gocdAgent(taskId, { ...building, buildLocator: job("a").locator })] });
  assertEquals(some.measured(), ["agent-idle default 15", "job-wait default 30"]);
});

Deno.test("the wait of a job that no agent could take is not measured", () => {
  const some = bench();
  some.world.poll({ jobs: [job("a", { gocdResources: ["windows"] })] });
  some.world.wait(minute);
  some.world.poll();
  assertEquals(some.measured(), []);
});

Deno.test("the wait of a job built by a foreign agent is measured without a profile", () => {
  const some = bench({ profiles: [aProfile({ gocdResources: ["linux"] })] });
  const theirs = gocdAgent("theirs", { gocdResources: ["windows"], ...building, buildLocator: "other" });
  const windows = job("a", { gocdResources: ["windows"] });
  some.world.poll({ jobs: [windows], agents: [theirs] });
  some.world.wait(30 * second);
  some.world.poll({ agents: [{ ...theirs, buildLocator: windows.locator }] });
  assertEquals(some.measured(), ["job-wait none 30"]);
});

Deno.test("the idle time of an agent ends with its drain", () => {
  const some = bench({ profiles: [aProfile({ gocdResources: ["linux"], idleTimeoutMs: minute })] });
  const taskId = idleAgent(some);
  some.world.poll({ agents: [gocdAgent(taskId)] });
  some.measured();
  some.world.wait(40 * second);
  some.world.poll({ agents: [gocdAgent(taskId)] });
  some.world.wait(40 * second);
  some.world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals(some.measured(), ["agent-idle default 80"]);
});

Deno.test("offers are counted by their answer and reason", () => {
  const some = bench();
  some.world.offers(offer("h1"), offer("h2"));
  assertEquals(some.measured(), ["offers declined unwanted 2"]);
  some.world.poll({ jobs: [job("a")] });
  some.world.offers(offer("h1", { cpus: 0.1 }));
  assertEquals(some.measured(), ["offers declined too-small 1"]);
  some.world.offers(offer("h1"), offer("h2"));
  assertEquals(some.measured(), ["accept-delay default 0", "offers accepted fits 1", "offers declined enough 1"]);
});

Deno.test("an offer refused by a constraint is counted with that reason", () => {
  const constraint = { field: "rack", operator: "exists" } as const;
  const some = bench({ profiles: [aProfile({ gocdResources: ["linux"], constraints: [constraint] })] });
  some.world.poll({ jobs: [job("a")] });
  some.world.offers(offer("h1"));
  assertEquals(some.measured(), ["offers declined constraint 1"]);
});

Deno.test("a build is counted as lost if its agent ends, and the end of an idle agent is not", () => {
  for (const [word, cause] of [["TASK_FAILED", "exited"], ["TASK_LOST", "lost"], ["TASK_GONE", "lost"]] as const) {
    const some = bench();
    const taskId = idleAgent(some);
    some.world.read(gocdAgent(taskId, building));
    some.measured();
    some.world.status(taskId, word);
    assertEquals(some.measured(), [`builds-lost default ${cause} 1`], word);
    const other = bench();
    const idle = idleAgent(other);
    other.measured();
    other.world.status(idle, word);
    assertEquals(other.measured().filter((line) => line.startsWith("builds-lost")), [], word);
  }
});

Deno.test("a build killed after drain-timeout is counted as lost, and its agent as building until then", () => {
  const some = bench({ profiles: [aProfile({ gocdResources: ["linux"], drainTimeoutMs: 5 * minute })] });
  const { world } = some;
  const taskId = idleAgent(some);
  const show = (configState: "Enabled" | "Disabled"): void => {
    world.poll({ agents: [gocdAgent(taskId, { ...building, configState })] });
  };
  show("Enabled");
  world.send({ kind: "drain-requested" });
  for (let looks = 0; looks < 5; looks++) {
    world.wait(5 * second);
    show("Disabled");
  }
  const { state } = world.instance(taskId);
  assertEquals(state, "draining");
  const before = some.agentSeconds()["building"] ?? 0;
  world.wait(minute);
  show("Disabled");
  assertEquals((some.agentSeconds()["building"] ?? 0) - before, 60);
  for (let passed = 0; world.instance(taskId).state !== "killing" && passed < 20; passed++) {
    world.wait(minute);
    show("Disabled");
  }
  some.measured();
  world.status(taskId, "TASK_KILLED");
  assertEquals(some.measured(), ["builds-lost default drain-timeout 1"]);
});

Deno.test("an agent on an unreachable host is counted as unreachable, and its build as lost once it is gone", () => {
  const some = bench();
  const taskId = idleAgent(some);
  some.world.read(gocdAgent(taskId, building));
  some.world.status(taskId, "TASK_UNREACHABLE");
  some.measured();
  some.world.wait(minute);
  assertEquals(some.agentSeconds()["unreachable"], 60);
  some.world.status(taskId, "TASK_GONE");
  assertEquals(some.measured(), ["builds-lost default lost 1"]);
});

Deno.test("offers during the shutdown are counted as held", () => {
  const some = bench();
  some.world.poll({ jobs: [job("a")] });
  some.world.send({ kind: "shutdown-started" });
  some.world.offers(offer("h1"));
  assertEquals(some.measured(), ["offers declined held 1"]);
});

Deno.test("agent-seconds are counted by activity, and a gap counts for at most a minute", () => {
  const some = bench();
  const taskId = launch(some);
  some.world.wait(5 * second);
  some.world.status(taskId, "TASK_RUNNING");
  some.world.wait(5 * second);
  some.world.read(gocdAgent(taskId));
  some.world.wait(20 * second);
  some.world.read(gocdAgent(taskId, building));
  some.world.wait(30 * second);
  assertEquals(some.agentSeconds(), { starting: 10, idle: 20, building: 30 });
  some.world.wait(10 * minute, 10 * minute);
  assertEquals(some.agentSeconds()["building"], 90, "a gap counts for a minute at most");
  some.world.status(taskId, "TASK_FAILED");
  some.world.wait(minute);
  assertEquals(some.agentSeconds()["building"], 90);
});
