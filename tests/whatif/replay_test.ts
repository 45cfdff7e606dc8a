// Properties of a replay with any policy, and the replay of simple demand with the core.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import type { Settings } from "../../src/core/settings.ts";
import { builtInTrace, builtInTraces } from "../../src/whatif/built_in.ts";
import { replaySettings, startCore } from "../../src/whatif/core_fleet.ts";
import { policies } from "../../src/whatif/policies/all.ts";
import type { Policy } from "../../src/whatif/policies/policy.ts";
import { type Outcome, replay, share } from "../../src/whatif/replay.ts";
import { parseTrace } from "../../src/whatif/trace_reader.ts";
import { formatTrace, type Trace } from "../../src/whatif/trace.ts";
import { nextAsk, World } from "../../src/whatif/world.ts";
import { minute, second, someSettings } from "../support/core.ts";
import { aProfile } from "../support/placement.ts";
import { aJob, aTrace, builtIn, recommended, replayCore, replayPolicy, shortened, surroundings } from "./support.ts";

const players: readonly { readonly name: string; readonly play: (trace: Trace) => Outcome }[] = [
  { name: "the core", play: (trace) => replayCore(trace) },
  ...policies.map((policy) => ({ name: policy.name, play: (trace: Trace) => replayPolicy(trace, policy) })),
];

const anyTrace = fc.record({
  jobs: fc.array(
    fc.record({
      atMs: fc.integer({ min: 0, max: 10 * minute }),
      buildMs: fc.integer({ min: 0, max: 5 * minute }),
      resources: fc.constantFrom([], ["nobody-has-this"]),
    }),
    { maxLength: 30 },
  ),
  outages: fc.array(
    fc.record({ atMs: fc.integer({ min: 0, max: 10 * minute }), forMs: fc.integer({ min: 1, max: 2 * minute }) }),
    { maxLength: 2 },
  ),
}).map(({ jobs, outages }) => aTrace(jobs.toSorted((a, b) => a.atMs - b.atMs), { lengthMs: 10 * minute, outages }));

for (const { name, play } of players) {
  Deno.test(`${name} loses no job, and has no negative wait and no agent time beyond the replay`, () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const { wait, jobs, unserved, unbuilt, agentMs, killedBuilds, lastedMs, launches } = play(trace);
        assertEquals(jobs, trace.jobs.length);
        assertEquals(unserved, trace.jobs.filter(({ resources }) => resources.length > 0).length);
        assert(wait.p50Ms >= 0 && wait.p50Ms <= wait.p95Ms && wait.p95Ms <= wait.maxMs, JSON.stringify(wait));
        assert(Math.min(agentMs.booting, agentMs.idle, agentMs.building) >= 0);
        const built = trace.jobs.filter(({ resources }) => resources.length === 0).reduce(
          (ms, job) => ms + job.buildMs,
          0,
        );
        if (unbuilt === 0 && killedBuilds === 0) assert(agentMs.building >= built, `${agentMs.building} of ${built}`);
        assert(agentMs.booting + agentMs.idle + agentMs.building <= launches * lastedMs);
        assertEquals(killedBuilds, 0);
      }),
      { numRuns: 15 },
    );
  });

  Deno.test(`${name} has the same outcome in each replay of a trace`, () => {
    const short = shortened(builtIn("flapping"), 60 * minute);
    assertEquals(play(short), play(parseTrace(formatTrace(short), "t")));
  });
}

Deno.test("the core builds every job that a profile serves in the built-in traces except the long one", () => {
  for (const name of builtInTraces) {
    if (name === "day") continue;
    const { unbuilt, unserved, killedBuilds } = replayCore(builtIn(name));
    assertEquals({ unbuilt, killedBuilds }, { unbuilt: 0, killedBuilds: 0 }, name);
    assertEquals(unserved > 0, name === "unserved");
  }
});

Deno.test("a single job waits for two polls, a launch and a boot, and its agent is removed after the idle timeout", () => {
  const { wait, launches, agentMs } = replayCore(aTrace([aJob(5 * minute)]));
  assertEquals(launches, 1);
  assert(wait.maxMs > 45 * second && wait.maxMs < 2 * minute, `${wait.maxMs}`);
  assert(agentMs.idle >= 10 * minute && agentMs.idle < 12 * minute, `${agentMs.idle}`);
});

Deno.test("min-idle agents build a job at once, and use agent-hours all the time", () => {
  const warm = { ...recommended, profiles: recommended.profiles.map((each) => ({ ...each, minIdle: 2 })) };
  const trace = aTrace([aJob(5 * minute)]);
  const { wait, agentMs } = replayCore(trace, warm);
  assert(wait.maxMs < 25 * second, `${wait.maxMs}`);
  assert(agentMs.idle > 2 * 55 * minute);
});

Deno.test("with max-jobs 1 nearly every job has its own agent, and no agent is killed while it builds", () => {
  const single = { ...recommended, profiles: recommended.profiles.map((each) => ({ ...each, maxJobs: 1 })) };
  const jobs = Array.from({ length: 12 }, (_, index) => aJob(index * 4 * minute));
  const { launches, killedBuilds, unbuilt } = replayCore(aTrace(jobs), single);
  assertEquals({ killedBuilds, unbuilt }, { killedBuilds: 0, unbuilt: 0 });
  // One may take a second job before it is disabled.
  assert(launches >= 10, `${launches}`);
});

Deno.test("schedules keep agents ready while their windows are open at the times of the trace", () => {
  const morning = { from: "0 8 * * *", to: "0 9 * * *", timeZone: "UTC", minIdle: 2 };
  const scheduled = {
    ...recommended,
    profiles: recommended.profiles.map((each) => ({ ...each, schedules: [morning] })),
  };
  const waitOf = (hour: number): number => {
    const startMs = Date.UTC(2026, 0, 5, hour);
    return replayCore(aTrace([aJob(30 * minute)], { startMs }), scheduled).wait.maxMs;
  };
  assert(waitOf(8) < 25 * second && waitOf(14) > 45 * second);
});

Deno.test("headroom keeps idle agents in addition to busy ones", () => {
  const roomy = {
    ...recommended,
    profiles: recommended.profiles.map((each) => ({ ...each, headroom: { kind: "share" as const, percent: 50 } })),
  };
  const steady = shortened(builtIn("steady"), 60 * minute);
  const [plain, spare] = [replayCore(steady), replayCore(steady, roomy)];
  assert(spare.agentMs.idle > plain.agentMs.idle && spare.wait.p95Ms < plain.wait.p95Ms);
});

Deno.test("max-agents limits the launches, and the limit is counted once", () => {
  const settings = { ...recommended, scaling: { ...recommended.scaling, maxAgents: 2 } };
  const jobs = Array.from({ length: 10 }, () => aJob(0));
  const { limitHits, launches, unbuilt } = replayCore(aTrace(jobs), settings);
  assertEquals({ limitHits, launches, unbuilt }, { limitHits: 1, launches: 2, unbuilt: 0 });
});

Deno.test("a full cluster limits the launches, and no host is overbooked", () => {
  const jobs = Array.from({ length: 10 }, () => aJob(0));
  const { launches, unbuilt } = replayCore(aTrace(jobs), recommended, { ...surroundings, hosts: 1, cpus: 3 });
  assertEquals({ launches, unbuilt }, { launches: 3, unbuilt: 0 });
});

function asPlayer(policy: Policy): { readonly kind: "policy"; readonly policy: Policy } {
  return { kind: "policy", policy };
}

Deno.test("each job gets an agent of the profile that serves it", () => {
  const settings = someSettings({
    profiles: [
      aProfile({ name: "linux", gocdResources: ["linux"] }),
      aProfile({ name: "any", gocdResources: "*", environments: "*" }),
    ],
    poller: recommended.poller,
  });
  const trace = aTrace([
    aJob(0, { resources: ["Linux"] }),
    aJob(0, { resources: ["windows"], environment: "prod" }),
    aJob(0, { resources: ["mac"] }),
  ]);
  for (const player of [{ kind: "core" as const, name: "core" }, ...policies.map(asPlayer)]) {
    const { launches, unbuilt, unserved } = replay(trace, { ...player, settings }, surroundings);
    assertEquals({ launches, unbuilt, unserved }, { launches: 3, unbuilt: 0, unserved: 0 });
  }
});

/** How long the jobs of each group waited at most, minutes. */
function waitsByGroup(trace: Trace, settings: Settings): Readonly<Record<string, number>> {
  const replayed = replaySettings(settings, trace);
  const world = new World(trace, replayed.profiles, surroundings);
  startCore(world, replayed);
  world.run(2 * trace.lengthMs);
  const waits = Object.entries(Object.groupBy(world.jobs, ({ class: { group = "-" } }) => group)).map((
    [group, jobs],
  ) => [
    group,
    Math.ceil(Math.max(...(jobs ?? []).map(({ atMs, beganMs }) => ((beganMs ?? Infinity) - atMs) / minute))),
  ]);
  return Object.fromEntries(waits);
}

Deno.test("pipeline groups of a trace share a limit, and a trace without groups is replayed as without fair-share", () => {
  const grouped = [
    ...Array.from({ length: 40 }, () => aJob(0, { group: "Big", resources: ["linux"] })),
    ...Array.from({ length: 4 }, () => aJob(minute, { group: "small", resources: ["arm"] })),
  ];
  const settings = someSettings({
    ...recommended,
    profiles: ["linux", "arm"].map((name) => aProfile({ name, gocdResources: [name] })),
    scaling: { maxAgents: 4 },
  });
  const shared = {
    ...settings,
    scaling: { ...settings.scaling, fairShare: { by: "pipeline-group", weights: {} } },
  } as const;
  const alone = waitsByGroup(aTrace(grouped), settings);
  const fair = waitsByGroup(aTrace(grouped), shared);
  assertEquals(Object.keys(fair), ["Big", "small"]);
  assert((fair["small"] ?? 0) < (alone["small"] ?? 0), JSON.stringify({ alone, fair }));
  const plain = grouped.map(({ group: _, ...job }) => job);
  assertEquals(waitsByGroup(aTrace(plain), shared), waitsByGroup(aTrace(plain), settings));
});

Deno.test("a profile for a pipeline group serves no job of another one", () => {
  const profiles = [aProfile({ gocdResources: [], pipelineGroups: ["team-*"] })];
  const trace = aTrace([aJob(0, { group: "Team-A" }), aJob(0, { group: "others" }), aJob(0)]);
  assertEquals(replayCore(trace, { ...recommended, profiles }).unserved, 1);
});

Deno.test("an idle agent asks for work after 1, 1.5, 2.25 seconds and so on, up to every 10 seconds", () => {
  const asks: number[] = [];
  for (let nowMs = 0; asks.length < 9; nowMs = asks.at(-1) ?? 0) asks.push(nextAsk(0, nowMs).atMs);
  const gaps = asks.map((atMs, index) => atMs - (asks[index - 1] ?? 0));
  assertEquals(gaps, [1_000, 1_500, 2_250, 3_375, 5_063, 7_595, 10_000, 10_000, 10_000]);
  fc.assert(fc.property(fc.integer({ min: 0, max: 1_000_000 }), (nowMs) => {
    const { atMs, thenMs } = nextAsk(0, nowMs);
    assert(atMs > nowMs && atMs <= nowMs + 10_000);
    assertEquals(nextAsk(0, atMs).atMs, thenMs);
  }));
});

Deno.test("a quantile of the waits is the smallest wait that this share does not exceed", () => {
  assertEquals(share([], 0.95), 0);
  assertEquals(share([5], 0.5), 5);
  assertEquals(share([1, 2, 3, 4], 0.5), 2);
  assertEquals(share(Array.from({ length: 100 }, (_, index) => index + 1), 0.95), 95);
});

Deno.test("the built-in traces have their documented numbers of jobs", () => {
  const counts = builtInTraces.map((name) => {
    const trace = builtIn(name);
    assertEquals(trace.jobs, trace.jobs.toSorted((a, b) => a.atMs - b.atMs));
    const unserved = trace.jobs.filter(({ resources }) => resources.length > 0).length;
    return [name, trace.jobs.length, Math.round(100 * unserved / trace.jobs.length), trace.neverRegister];
  });
  assertEquals(counts, [
    ["steady", 960, 0, 0],
    ["burst", 218, 0, 0],
    ["day", 20_000, 0, 0],
    ["flapping", 500, 0, 0],
    ["never-register", 960, 0, 0.05],
    ["unserved", 960, 21, 0],
  ]);
  const mean = builtIn("day").jobs.reduce((sum, { buildMs }) => sum + buildMs, 0) / 20_000;
  assertAlmostEquals(mean, 72_000, 3_000);
  assertEquals(builtInTrace("toString", [{ resources: [] }]), undefined);
});
