// The cost of decisions: a poll by jobs, agents and kinds of jobs; an update, a tick and a list by instances. Run: deno
// bench -A tests/bench/core_bench.ts. Targets: see each group.

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

// Target: 10,000 jobs in 1,000 buckets with 5,000 profiles under 200 ms of processor time. `alike`: they all share a
// resource, and a tenth of the jobs is served by none.
{
  const profiles = Array.from({ length: 5_000 }, (_, index) =>
    aProfile({
      name: `p${index}`,
      gocdResources: ["linux", `r${index}`, `x${index % 10}`],
      environments: index % 3 === 0 ? [`env-${index % 7}`] : [],
    }));
  const jobs = Array.from({ length: 10_000 }, (_, index): ScheduledJob => {
    const kind = (index % 1_000) * 5;
    const wanted = kind % 50 === 0 ? "none" : `r${kind}`;
    return {
      locator: `pipeline-${index}/12/stage/1/job`,
      name: "job",
      gocdResources: ["linux", wanted, ...kind % 2 === 0 ? [`x${kind % 10}`] : []],
      ...(kind % 3 === 0 ? { environment: `env-${kind % 7}` } : {}),
    };
  });
  const event = polled(jobs, manyAgents(2_000));
  const fleet = initialState(emptyStore, someSettings({ profiles, scaling: { maxAgents: 100_000 } }), zeroMs);
  const subscribed = step(fleet, at(subscribedEvent)).state;
  const warm = step(subscribed, at(event)).state;
  Deno.bench("poll: 10000 jobs in 1000 buckets, 5000 profiles alike, 2000 agents", { group: "fleet" }, () => {
    step(warm, at(event, 120_000));
  });
  // Target: the share costs little beside that.
  const shared = { maxAgents: 5_000, fairShare: { by: "profile" as const, weights: {} } };
  const sharing = initialState(emptyStore, someSettings({ profiles, scaling: shared }), zeroMs);
  const warmShare = step(step(sharing, at(subscribedEvent)).state, at(event)).state;
  Deno.bench("the same, sharing a limit of 5000 agents between profiles", { group: "fleet" }, () => {
    step(warmShare, at(event, 120_000));
  });
}

// Target: 1,000 instances and 500 buckets under 50 ms.
{
  const agents = Array.from(
    { length: 1_000 },
    (_, index) => gocdAgent(`gocd-abc123-p1-${index}`, { uuid: `uuid-${index}`, ...building }),
  );
  const event = polled(manyJobs(5_000, 500), agents);
  const warm = step(stateWith(registered(1_000)), at(event)).state;
  Deno.bench("poll: 5000 jobs in 500 buckets, 1000 instances", { group: "fleet" }, () => {
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
    classes: supply.flatMap((node, at) => (at * 7 + index) % 5 === 0 ? [node] : []),
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
