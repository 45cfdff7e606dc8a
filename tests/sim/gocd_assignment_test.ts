// The assignment of jobs to agents by the simulated GoCD server, and the jobs of agents that have ended.

import { assertEquals, assertNotEquals } from "@std/assert";
import { job, launch, minute, patch, record, remove, run, runUntil, second, server } from "./gocd_support.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";

function stateOf(model: SimGocd): string {
  return model.jobs()[0]?.state ?? "ended";
}

Deno.test("a job is Scheduled, Assigned, Preparing, Building and Completing, and is counted as completed", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  run(model, minute);
  const locator = job(model, "p", { durationMs: 20 * second });
  const seen: string[] = [];
  runUntil(model, () => {
    const state = stateOf(model);
    if (seen.at(-1) !== state) seen.push(state);
    return state === "ended";
  });
  assertEquals(seen, ["Scheduled", "Assigned", "Preparing", "Building", "Completing", "ended"]);
  assertEquals([...model.tally.completedLocators], [locator]);
  assertEquals(model.tally.buildsKilled, []);
});

Deno.test("an idle agent fetches a job after 1 to 30 s", () => {
  for (const version of ["15.2.0", "19.8.0", "22.3.0", "26.1.0"]) {
    const model = server(version);
    launch(model, "c1");
    run(model, minute);
    job(model, "p");
    const startMs = model.nowMs;
    runUntil(model, () => stateOf(model) === "Preparing");
    const tookMs = model.nowMs - startMs;
    assertEquals(tookMs > second && tookMs <= 30 * second, true, `${version}: ${tookMs}`);
  }
});

interface Case {
  readonly name: string;
  readonly version?: string;
  readonly agent: { resources?: string; environments?: string };
  readonly job: Record<string, unknown>;
  readonly taken: boolean;
}
const cases: readonly Case[] = [
  { name: "a job without resources fits a specialised agent", agent: { resources: "gpu" }, job: {}, taken: true },
  {
    name: "an agent with more resources than needed fits",
    agent: { resources: "a,b,c" },
    job: { gocdResources: ["a", "c"] },
    taken: true,
  },
  {
    name: "an agent without a needed resource does not fit",
    agent: { resources: "a" },
    job: { gocdResources: ["a", "b"] },
    taken: false,
  },
  {
    name: "an agent in an environment takes its jobs",
    agent: { environments: "prod" },
    job: { environment: "Prod" },
    taken: true,
  },
  {
    name: "an agent in an environment takes no job without one",
    agent: { environments: "prod" },
    job: {},
    taken: false,
  },
  { name: "an agent without environment takes no job of one", agent: {}, job: { environment: "prod" }, taken: false },
  {
    name: "an agent of two environments takes jobs of both",
    agent: { environments: "x,prod" },
    job: { environment: "prod" },
    taken: true,
  },
  { name: "an unknown environment counts as none", agent: { environments: "nowhere" }, job: {}, taken: true },
  { name: "an elastic job is not taken by a static agent", agent: {}, job: { elasticProfile: "k8s" }, taken: false },
  { name: "a run-on-all job of another agent is not taken", agent: {}, job: { runOnAll: "someone" }, taken: false },
  { name: "a run-on-all job of this agent is taken", agent: {}, job: { runOnAll: "uuid-of-c1" }, taken: true },
  { name: "a zombie job is never taken", agent: {}, job: { obstacle: "zombie" }, taken: false },
  {
    name: "19.8 compares resources without regard to case",
    version: "19.8.0",
    agent: { resources: "Linux" },
    job: { gocdResources: ["linux"] },
    taken: true,
  },
  {
    name: "19.9 compares resources exactly",
    version: "19.9.0",
    agent: { resources: "Linux" },
    job: { gocdResources: ["linux"] },
    taken: false,
  },
  {
    name: "20.9 compares resources exactly",
    version: "20.9.0",
    agent: { resources: "Linux" },
    job: { gocdResources: ["linux"] },
    taken: false,
  },
  {
    name: "20.10 compares resources without regard to case",
    version: "20.10.0",
    agent: { resources: "Linux" },
    job: { gocdResources: ["linux"] },
    taken: true,
  },
];
for (const one of cases) {
  Deno.test(`in the assignment of jobs ${one.name}`, () => {
    const model = server(one.version ?? "26.1.0", {
      environments: [{ name: "prod", origin: "gocd" }, { name: "x", origin: "gocd" }],
    });
    launch(model, "c1", one.agent);
    job(model, "p", { durationMs: second, ...one.job });
    run(model, 5 * minute);
    assertEquals(model.tally.buildsCompleted, one.taken ? 1 : 0);
  });
}

Deno.test("the oldest matching job is taken first", () => {
  const model = server("26.1.0");
  job(model, "first");
  job(model, "second");
  launch(model, "c1");
  runUntil(model, () => model.jobs().some(({ state }) => state === "Assigned"));
  assertEquals(model.jobs().find(({ state }) => state === "Assigned")?.pipeline, "first");
});

Deno.test("an agent with assigned but unfetched work is Idle again after its next ping (a race of GoCD)", () => {
  const model = server("22.3.0");
  launch(model, "c1");
  run(model, minute);
  let races = 0;
  for (let round = 0; round < 10; round++) {
    job(model, `p${round}`, { durationMs: second });
    runUntil(model, () => {
      if (stateOf(model) === "Assigned" && record(model, "c1").runtime === "Idle") races++;
      return model.jobs().length === 0;
    });
  }
  assertNotEquals(races, 0);
});

Deno.test("a disabled agent still receives work that was assigned before (a race of GoCD)", () => {
  const model = server("22.3.0");
  launch(model, "c1");
  run(model, minute);
  job(model, "p", { durationMs: 10 * minute });
  runUntil(model, () => stateOf(model) === "Assigned");
  assertEquals(patch(model, "c1", { agent_config_state: "Disabled" }).status, 200);
  runUntil(model, () => stateOf(model) === "Building");
  run(model, 6 * second);
  assertEquals(record(model, "c1").runtime, "Building");
  assertEquals(remove(model, "c1").status, 422);
  job(model, "q");
  run(model, 20 * minute);
  assertEquals(model.jobs().map(({ pipeline, state }) => [pipeline, state]), [["q", "Scheduled"]]);
});

Deno.test("the deletion of a falsely Idle agent is counted as harm, and its job is rescheduled", () => {
  const model = server("22.3.0");
  model.addAgent({ uuid: "other", hostname: "other", gocdResources: ["unfit"] });
  launch(model, "c1", { resources: "fit" });
  run(model, minute);
  job(model, "p", { gocdResources: ["fit"] });
  runUntil(model, () => stateOf(model) === "Assigned");
  runUntil(model, () => stateOf(model) === "Assigned" && record(model, "c1").runtime === "Idle", 10);
  patch(model, "c1", { agent_config_state: "Disabled" });
  assertEquals(remove(model, "c1").status, 200);
  assertEquals(model.tally.deletedWithWork.map(({ state }) => state), ["Assigned"]);
  run(model, 35 * second);
  assertEquals(stateOf(model), "Scheduled");
  assertEquals(model.tally.buildsRescheduled, 1);
});

for (const state of ["Assigned", "Preparing", "Building", "Completing"] as const) {
  Deno.test(`a container that is killed while its job is ${state} is counted with locator and state`, () => {
    const model = server("26.1.0");
    launch(model, "c1");
    const locator = job(model, "p", { durationMs: 20 * second });
    runUntil(model, () => stateOf(model) === state, 10);
    assertEquals(model.agentStopped("c1", model.nowMs), true);
    assertEquals(model.tally.buildsKilled.map((killed) => [killed.locator, killed.state]), [[locator, state]]);
  });
}

for (const [version, earliestMs, latestMs] of [["26.1.0", 300_000, 345_000], ["16.6.0", 300_000, 620_000]] as const) {
  Deno.test(`on ${version} the job of a killed enabled agent is rescheduled with its locator after LostContact`, () => {
    const model = server(version);
    model.addAgent({ uuid: "other", hostname: "other", gocdResources: ["unfit"] });
    launch(model, "c1", { resources: "fit" });
    const locator = job(model, "p", { durationMs: 60 * minute, gocdResources: ["fit"] });
    runUntil(model, () => stateOf(model) === "Building");
    const oldId = model.jobs()[0]?.id;
    model.agentStopped("c1", model.nowMs);
    const startMs = model.nowMs;
    runUntil(model, () => stateOf(model) === "Scheduled");
    const tookMs = model.nowMs - startMs;
    assertEquals(tookMs >= earliestMs - 5000 && tookMs <= latestMs, true, String(tookMs));
    assertEquals(model.jobs()[0]?.locator, locator);
    assertNotEquals(model.jobs()[0]?.id, oldId);
  });
}

Deno.test("without another live agent no job is rescheduled", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  job(model, "p", { durationMs: 60 * minute });
  runUntil(model, () => stateOf(model) === "Building");
  model.agentStopped("c1", model.nowMs);
  run(model, 60 * minute);
  assertEquals(stateOf(model), "Building");
});

Deno.test("the job of a killed disabled agent is rescheduled only when its record is deleted", () => {
  const model = server("26.1.0");
  model.addAgent({ uuid: "other", hostname: "other", gocdResources: ["unfit"] });
  launch(model, "c1", { resources: "fit" });
  job(model, "p", { durationMs: 60 * minute, gocdResources: ["fit"] });
  runUntil(model, () => stateOf(model) === "Building");
  patch(model, "c1", { agent_config_state: "Disabled" });
  model.agentStopped("c1", model.nowMs);
  assertEquals(remove(model, "c1").status, 422);
  run(model, 20 * minute);
  assertEquals(stateOf(model), "Building");
  assertEquals(record(model, "c1").runtime, "LostContact");
  assertEquals(remove(model, "c1").status, 200);
  run(model, 31 * second);
  assertEquals(stateOf(model), "Scheduled");
});

Deno.test("before 17.9 a disabled agent that ended while building cannot be deleted until a restart, and its job hangs", () => {
  const model = server("17.8.0");
  model.addAgent({ uuid: "other", hostname: "other", gocdResources: ["unfit"] });
  launch(model, "c1", { resources: "fit" });
  job(model, "p", { durationMs: 60 * minute, gocdResources: ["fit"] });
  runUntil(model, () => stateOf(model) === "Building");
  run(model, 6 * second);
  patch(model, "c1", { agent_config_state: "Disabled" });
  model.agentStopped("c1", model.nowMs);
  run(model, 60 * minute);
  assertEquals(record(model, "c1").runtime, "Building");
  assertEquals(remove(model, "c1").status, 406);
  assertEquals(stateOf(model), "Building");
  model.restart(30 * second);
  run(model, minute);
  assertEquals(remove(model, "c1").status, 200);
});

Deno.test("the job of an agent is rescheduled at once when its uuid asks for work again", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  job(model, "p", { durationMs: 60 * minute });
  runUntil(model, () => stateOf(model) === "Building");
  model.agentStopped("c1", model.nowMs);
  launch(model, "c1");
  run(model, 90 * second);
  assertEquals(model.tally.buildsRescheduled, 1);
});

Deno.test("a build continues during a restart of the server, and is reported afterwards", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  job(model, "p", { durationMs: 30 * second });
  runUntil(model, () => stateOf(model) === "Building");
  model.restart(2 * minute);
  run(model, 3 * minute);
  assertEquals(model.tally.buildsCompleted, 1);
});

Deno.test("work assigned before a restart is rescheduled when its agent asks again", () => {
  const model = server("22.3.0");
  launch(model, "c1");
  run(model, minute);
  job(model, "p", { durationMs: second });
  runUntil(model, () => stateOf(model) === "Assigned");
  model.restart(30 * second);
  run(model, 2 * minute);
  assertEquals(model.tally.buildsRescheduled, 1);
  assertEquals(model.tally.buildsCompleted, 1);
});

Deno.test("in maintenance mode jobs in memory are still assigned, and new ones are not", () => {
  const model = server("26.1.0");
  job(model, "known", { durationMs: second });
  run(model, 6 * second);
  model.addAgent({ uuid: "static", hostname: "static" });
  model.setMaintenance(true);
  job(model, "late", { durationMs: second });
  run(model, 5 * minute);
  assertEquals(model.jobs().map(({ pipeline }) => pipeline), ["late"]);
  assertEquals(model.tally.buildsCompleted, 1);
  model.setMaintenance(false);
  run(model, minute);
  assertEquals(model.tally.buildsCompleted, 2);
});

Deno.test("a backup stops pings and requests for work, and agents are LostContact if it lasts", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  run(model, minute);
  job(model, "p", { durationMs: second });
  model.setBackup(true);
  run(model, 6 * minute);
  assertEquals(record(model, "c1").runtime, "LostContact");
  assertEquals(stateOf(model), "Scheduled");
  model.setBackup(false);
  run(model, minute);
  assertEquals(model.tally.buildsCompleted, 1);
});

Deno.test("a job with stale materials is assigned and rescheduled repeatedly, and never built", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  job(model, "p", { obstacle: "stale-materials" });
  const seen = new Set<string>();
  for (let step = 0; step < 3000; step++) {
    run(model, 100);
    seen.add(stateOf(model));
  }
  assertEquals([...seen].sort(), ["Assigned", "Scheduled"]);
  assertEquals(model.tally.buildsKilled, []);
});

Deno.test("from 20.9 a job that is unassigned beyond its timeout is cancelled", () => {
  for (const [version, want] of [["20.8.0", 1], ["20.9.0", 0]] as const) {
    const model = server(version);
    job(model, "p", { timeoutMs: 10 * minute });
    run(model, 60 * minute);
    assertEquals(model.jobs().length, want);
  }
});

Deno.test("the locator of an unfinished build cannot be scheduled again, and counters increase", () => {
  const model = server("26.1.0");
  assertEquals(job(model, "p"), "p/1/stage/1/job");
  assertEquals(job(model, "p"), "p/2/stage/1/job");
  let message = "";
  try {
    job(model, "p", { counter: 2 });
  } catch (error) {
    message = String(error);
  }
  assertEquals(message.includes("p/2/stage/1/job"), true);
});

Deno.test("the same options and calls give the same run", () => {
  const story = (): string => {
    const model = server("26.1.0");
    for (let index = 0; index < 5; index++) launch(model, `c${index}`);
    for (let index = 0; index < 20; index++) job(model, `p${index}`, { durationMs: 7 * second });
    const trace: string[] = [];
    for (let step = 0; step < 300; step++) {
      run(model, second);
      trace.push(model.jobs().map(({ id, state }) => `${id}${state}`).join());
    }
    return trace.join("\n");
  };
  assertEquals(story(), story());
});

Deno.test("advancing to nextDueMs each time completes a build", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  job(model, "p", { durationMs: second });
  let steps = 0;
  while (model.tally.buildsCompleted === 0 && steps < 10_000) {
    const dueMs = model.nextDueMs();
    assertEquals(dueMs >= model.nowMs, true);
    model.advance(dueMs);
    steps++;
  }
  assertEquals(model.tally.buildsCompleted, 1);
});

Deno.test("the timers of a cancelled build do not affect the next build of its agent", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  const first = job(model, "p", { durationMs: 2 * minute });
  runUntil(model, () => stateOf(model) === "Building");
  run(model, minute);
  assertEquals(model.cancelJob(first), true);
  job(model, "q", { durationMs: 10 * minute });
  run(model, 5 * minute);
  assertEquals(model.jobs().map(({ pipeline, state }) => [pipeline, state]), [["q", "Building"]]);
  run(model, 7 * minute);
  assertEquals([model.tally.buildsCompleted, model.tally.buildsCancelled, model.tally.staleCompletions], [1, 1, 0]);
});
