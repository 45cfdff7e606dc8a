// What decisions cost: a poll by jobs, agents and kinds of jobs; an update, a tick and a list by instances.
// Run with `deno bench -A tests/bench/core_bench.ts`. The targets are those of issue 2: see each group.

import { bucketJobs } from "../../src/core/demand/backlog.ts";
import type { Event } from "../../src/core/event.ts";
import type { GocdAgent, ScheduledJob } from "../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import { initialState, step } from "../../src/core/step.ts";
import { matchSupply } from "../../src/core/demand/supply.ts";
import { aProfile } from "../support/placement.ts";
import { building, emptyStore, gocdAgent, serverInfo, someSettings, subscribedEvent, zeroMs } from "../support/core.ts";

const settings = someSettings({
  profiles: [
    aProfile({ gocdResources: "*", environments: "*" }),
    ...Array.from({ length: 9 }, (_, index) => aProfile({ name: `p${index}`, gocdResources: ["linux", `r${index}`] })),
  ],
  scaling: { maxAgents: 100_000 },
});

/** Jobs in so many kinds, each with its own resources, a third of them in environments. */
function manyJobs(count: number, kinds: number): ScheduledJob[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = index % kinds;
    return {
      locator: `pipeline-${index}/12/stage/1/job`,
      name: "job",
      gocdResources: ["linux", `r${kind % 20}`, `extra-${Math.floor(kind / 20)}`],
      ...(kind % 3 === 0 ? { environment: `env-${kind % 7}` } : {}),
    };
  });
}

/** Agents in a hundred kinds, a third of them idle. */
function manyAgents(count: number): GocdAgent[] {
  return Array.from({ length: count }, (_, index) =>
    gocdAgent(`host-${index}`, {
      gocdResources: ["linux", `r${index % 20}`, `extra-${index % 5}`],
      environments: index % 3 === 0 ? [{ name: `env-${index % 7}`, origin: "gocd" }] : [],
      ...(index % 3 === 1 ? {} : building),
    }));
}

function stateWith(instances: readonly AgentInstance[]): State {
  const state = initialState({ ...emptyStore, instances }, settings, zeroMs);
  return step(state, { atMs: zeroMs, random: 0.5, event: subscribedEvent }).state;
}

const empty = stateWith([]);
const at = (event: Event, ms = 0): Parameters<typeof step>[1] => ({ atMs: zeroMs + ms, random: 0.5, event });

function polled(jobs: readonly ScheduledJob[], agents: readonly GocdAgent[]): Event {
  return { kind: "gocd-polled", server: serverInfo, jobs, agents, findings: [] };
}

// Target: 10,000 jobs and 2,000 agents judged and planned well under 100 ms; linear in jobs.
for (const [jobs, kinds] of [[1_000, 50], [5_000, 50], [10_000, 50], [10_000, 500], [10_000, 2_000]] as const) {
  const event = polled(manyJobs(jobs, kinds), manyAgents(2_000));
  const warm = step(empty, at(event)).state;
  Deno.bench(`poll: ${jobs} jobs of ${kinds} kinds, 2000 agents`, { group: "poll" }, () => {
    step(warm, at(event, 120_000));
  });
}

for (const jobs of [1_000, 5_000, 10_000]) {
  const list = manyJobs(jobs, 50);
  Deno.bench(`buckets only: ${jobs} jobs`, { group: "buckets" }, () => {
    bucketJobs(list, { ...settings.poller, ignore: ["tools-*", "**/deploy"] }, "insensitive");
  });
}

for (const size of [10, 100, 1_000]) {
  const supply = Array.from({ length: size }, () => ({ kind: "idle" as const, count: 3 }));
  const demand = Array.from({ length: size }, (_, index) => ({
    count: 4,
    classes: supply.flatMap((_, at) => (at * 7 + index) % 5 === 0 ? [at] : []),
  }));
  Deno.bench(`supply: ${size} buckets and ${size} classes, all short`, { group: "supply" }, () => {
    matchSupply(demand, supply);
  });
}

function registered(count: number): AgentInstance[] {
  return Array.from({ length: count }, (_, index) => ({
    taskId: `gocd-abc123-p1-${index}`,
    profile: "p1",
    profileHash: "00000000",
    gocdResources: ["linux", "r1"],
    createdMs: zeroMs,
    mesosAgentId: `a-${index % 50}`,
    host: `h-${index % 50}`,
    launchReason: "jobs wait",
    state: "registered",
    sinceMs: zeroMs,
    uuid: `uuid-${index}`,
    activity: { kind: "building", sinceMs: zeroMs },
  }));
}

// Target: an update with 1,000 instances well under 1 ms.
for (const count of [100, 1_000]) {
  const agents = Array.from(
    { length: count },
    (_, index) => gocdAgent(`gocd-abc123-p1-${index}`, { uuid: `uuid-${index}`, ...building }),
  );
  const state = step(stateWith(registered(count)), at(polled(manyJobs(100, 10), agents))).state;
  const failed: Event = {
    kind: "task-status-updated",
    status: {
      taskId: "gocd-abc123-p1-50",
      state: "TASK_FAILED",
      message: "out of memory",
      mesosAgentId: "a-0",
      uuid: "u",
    },
  };
  const running: Event = { ...failed, status: { ...failed.status, state: "TASK_RUNNING" } };
  Deno.bench(`update that changes nothing: ${count} instances`, { group: "step" }, () => {
    step(state, at(running, 1_000));
  });
  Deno.bench(`update that ends an instance: ${count} instances`, { group: "step" }, () => {
    step(state, at(failed, 1_000));
  });
  Deno.bench(`tick: ${count} instances`, { group: "step" }, () => {
    step(state, at({ kind: "tick" }, 1_000));
  });
  const idle: Event = { kind: "gocd-agents-read", agents: agents.map((each) => gocdAgent(each.hostname, each)) };
  Deno.bench(`agents read: ${count} instances`, { group: "step" }, () => {
    step(state, at(idle, 10_000));
  });
  Deno.bench(`picture for people: ${count} instances`, { group: "step" }, () => {
    statusView(state, zeroMs + 1_000);
  });
}
