// Verdicts and plans: streaks, limits, and everything that holds a launch back.

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  job,
  jobs,
  kinds,
  lostContact,
  minute,
  missing,
  offer,
  only,
  pending,
  problem,
  second,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const wanted = (world: Driver): number => world.state.demand.wanted.reduce((total, each) => total + each.count, 0);

/** Polls the same list again and again, every two minutes. */
function pollTimes(world: Driver, times: number, count = 3): void {
  for (let poll = 0; poll < times; poll++) {
    world.wait(2 * minute, minute);
    world.poll({ jobs: jobs(count) });
  }
}

Deno.test("agents are launched once demand was seen in MORE polls in a row than attempts, then all at once", () => {
  const world = drive({ poller: { attempts: 5 } });
  pollTimes(world, 5);
  assertEquals([wanted(world), world.verdict("j0").reasonCode], [0, "held-attempts"]);
  assertStringIncludes(world.verdict("j0").reason, "seen in 5 polls in a row, launched after more than 5");
  pollTimes(world, 1);
  assertEquals([wanted(world), world.verdict("j0").reasonCode], [3, "held-no-session"]);
});

Deno.test("an interrupted streak starts again", () => {
  const world = drive({ poller: { attempts: 5 } });
  pollTimes(world, 5);
  world.poll({ jobs: [] });
  pollTimes(world, 5);
  assertEquals(wanted(world), 0);
  pollTimes(world, 1);
  assertEquals(wanted(world), 3);
});

Deno.test("a streak that an idle agent interrupts starts again", () => {
  const world = drive({ poller: { attempts: 1 } });
  world.poll({ jobs: [job("a")] });
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  world.poll({ jobs: [job("a")] });
  assertEquals(wanted(world), 0);
});

Deno.test("a failed poll neither counts nor interrupts", () => {
  const world = drive({ poller: { attempts: 5 } });
  pollTimes(world, 5);
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  world.wait(minute);
  assertEquals(wanted(world), 0);
  pollTimes(world, 1);
  assertEquals(wanted(world), 3);
});

Deno.test("reads between polls and changes of instances do not count as polls", () => {
  const world = drive({ poller: { attempts: 1 } });
  world.poll({ jobs: jobs(2) });
  for (let read = 0; read < 5; read++) {
    world.read();
    world.wait(second);
  }
  assertEquals(wanted(world), 0);
});

Deno.test("each bucket has its own streak", () => {
  const world = drive({
    poller: { attempts: 1 },
    profiles: [aProfile({ gocdResources: ["linux"] }), aProfile({ name: "docker", gocdResources: ["docker"] })],
  });
  world.poll({ jobs: [job("a")] });
  world.poll({ jobs: [job("a"), job("b", { gocdResources: ["docker"] })] });
  assertEquals(world.state.demand.wanted.map((each) => each.profile), ["default"]);
});

Deno.test("nothing is launched before the first successful poll, not even min-idle agents", () => {
  const world = drive({ profiles: [aProfile({ minIdle: 2 })] });
  world.subscribe();
  world.status("gocd-zzzzzz-default-7", "TASK_RUNNING");
  world.wait(5 * second);
  assertEquals(wanted(world), 0);
});

const supply = [
  { name: "an idle agent", agents: [gocdAgent("h")], verdicts: ["will-be-taken", "needs-agent"] },
  { name: "a building agent", agents: [gocdAgent("h", building)], verdicts: ["needs-agent", "needs-agent"] },
  {
    name: "an agent whose job was cancelled",
    agents: [gocdAgent("h", { agentState: "Building", buildState: "Cancelled" })],
    verdicts: ["needs-agent", "needs-agent"],
  },
  { name: "a disabled agent", agents: [gocdAgent("h", { configState: "Disabled" })], verdicts: ["needs-agent"] },
  { name: "a stranger's Pending agent", agents: [gocdAgent("h", pending)], verdicts: ["needs-agent"] },
  { name: "a lost agent", agents: [gocdAgent("h", lostContact)], verdicts: ["needs-agent"] },
  {
    name: "an agent in a state of a later server",
    agents: [gocdAgent("h", { agentState: "Sleeping" })],
    verdicts: ["needs-agent"],
  },
  { name: "an elastic agent", agents: [gocdAgent("h", { elastic: true })], verdicts: ["needs-agent"] },
  {
    name: "two idle agents",
    agents: [gocdAgent("h"), gocdAgent("i")],
    verdicts: ["will-be-taken", "will-be-taken", "needs-agent"],
  },
];

for (const { name, agents, verdicts } of supply) {
  const count = verdicts.filter((each) => each === "will-be-taken").length;
  Deno.test(`${name} will take ${count} of the waiting jobs`, () => {
    const world = drive();
    world.poll({ jobs: jobs(verdicts.length), agents });
    assertEquals(world.state.demand.jobs.map((each) => each.verdict), verdicts);
  });
}

Deno.test("an instance that is launching, and one that is starting, will take one job each", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  world.status("gocd-abc123-default-1", "TASK_STARTING");
  world.poll({ jobs: jobs(3) });
  assertEquals(world.state.demand.jobs.map((each) => each.verdict), ["coming", "coming", "needs-agent"]);
});

Deno.test("the verdict of a job that no profile serves names what is missing, and the key that would add it", () => {
  const world = drive();
  world.poll({ jobs: [job("a", { gocdResources: ["linux", "GPU"], environment: "prod" })] });
  const { verdict, reason, reasonCode } = world.verdict("a");
  assertEquals([verdict, reasonCode], ["unserved", "no-profile-resources"]);
  assertStringIncludes(
    reason,
    "or add it to go-agent.resources and prod to go-agent.environments if its image can build such jobs",
  );
});

Deno.test("the limit of the framework caps launches, and the verdict says so", () => {
  const world = drive({ scaling: { maxAgents: 2 } });
  world.poll({ jobs: jobs(5) });
  const [row] = world.state.demand.buckets;
  assertEquals([wanted(world), row?.needsAgent, row?.limitedTo], [2, 5, 2]);
  assertStringIncludes(world.verdict("j4").reason, "limit reached: scaling.max-agents = 2, so only 2 now");
});

Deno.test("the limit of a profile caps launches, and the verdict names its key", () => {
  const world = drive({ profiles: [aProfile({ name: "fast", gocdResources: ["linux"], maxAgents: 1 })] });
  world.poll({ jobs: jobs(2) });
  assertEquals(wanted(world), 1);
  assertStringIncludes(world.verdict("j1").reason, "profiles.fast.max-agents = 1");
});

Deno.test("at a limit in a full cluster, jobs within the limit report what offers lack, and the others the limit", () => {
  const world = drive({ scaling: { maxAgents: 2 } });
  world.subscribe();
  world.poll({ jobs: jobs(3) });
  assertEquals(["j0", "j1", "j2"].map((name) => world.verdict(name).reasonCode), [
    "launching",
    "launching",
    "held-limit",
  ]);
  world.offers(offer("h1", { cpus: 0.1 }));
  world.wait(second);
  assertEquals(["j0", "j1", "j2"].map((name) => world.verdict(name).reasonCode), [
    "no-fitting-offer",
    "no-fitting-offer",
    "held-limit",
  ]);
});

Deno.test("buckets use up the limit of the framework in the order of their oldest jobs", () => {
  const world = drive({
    scaling: { maxAgents: 3 },
    profiles: [aProfile({ gocdResources: ["linux"] }), aProfile({ name: "docker", gocdResources: ["docker"] })],
  });
  world.poll({ jobs: [...jobs(2), ...[1, 2].map((n) => job(`d${n}`, { gocdResources: ["docker"] }))] });
  assertEquals(world.state.demand.wanted.map((each) => [each.profile, each.count]), [["default", 2], ["docker", 1]]);
});

Deno.test("instances that are alive count towards the limit, those on an unreachable host do not", () => {
  const world = drive({ scaling: { maxAgents: 1 } });
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.offers(offer("h1"));
  world.poll({ jobs: jobs(2) });
  assertEquals([wanted(world), world.verdict("j1").reasonCode], [0, "held-limit"]);
  world.status("gocd-abc123-default-1", "TASK_UNREACHABLE", { uuid: "" });
  world.wait(second);
  assertEquals(wanted(world), 1);
});

Deno.test("a name that the server would refuse is refused before a launch", () => {
  const world = drive({ profiles: [aProfile({ gocdResources: "*", environments: "*" })] });
  world.poll({ jobs: [job("a", { gocdResources: ["c++"] }), job("b", { gocdResources: [], environment: "a b" })] });
  assertEquals(wanted(world), 0);
  assertEquals([world.verdict("a").reasonCode, world.verdict("b").reasonCode], ["held-invalid", "held-invalid"]);
  assertStringIncludes(world.verdict("a").reason, 'the resource "c++"');
});

Deno.test("names that the server would refuse: no offer is taken for them, for jobs or for min-idle agents, others continue", () => {
  for (const name of ["c++", "a,b", "größe", "tab\there", "line\nbreak", "no-break\u00a0space", "x".repeat(256), ""]) {
    const world = drive({
      profiles: [
        aProfile({ gocdResources: "*", environments: "*" }),
        aProfile({ name: "warm", gocdResources: [name], minIdle: 1 }),
      ],
    });
    world.subscribe();
    world.poll({ jobs: [job("bad", { gocdResources: [name] }), job("good", { gocdResources: ["a b|c.d-e_f"] })] });
    world.offers(offer("h1"));
    const launched = [...world.state.instances.values()].map(({ gocdResources }) => gocdResources);
    assertEquals(launched, [["a b|c.d-e_f"]], JSON.stringify(name));
    assertEquals(world.verdict("bad").reasonCode, "held-invalid");
  }
});

Deno.test("on a server if registrations are slow, launches per minute are limited, and continue in the next minute", () => {
  const world = drive({ scaling: { slowServerLaunchesPerMinute: 3 } });
  const server = { slowRegistration: true };
  world.subscribe();
  world.poll({ jobs: jobs(5), server });
  assertEquals([wanted(world), world.verdict("j4").reasonCode], [3, "held-rate"]);
  world.wait(5 * second);
  world.offers(offer("h1", { cpus: 8, mem: 8_192 }));
  assertEquals(world.state.instances.size, 3);
  world.wait(40 * second);
  assertEquals(wanted(world), 0);
  world.wait(30 * second);
  assertEquals(wanted(world), 2);
  // One that Mesos drops registers nowhere: another takes its place in the minute.
  world.offers(offer("h1", { cpus: 8, mem: 8_192 }));
  assertEquals([world.state.instances.size, wanted(world)], [5, 0]);
  world.status([...world.state.instances.keys()].at(-1) ?? "", "TASK_DROPPED");
  world.wait(second);
  assertEquals(wanted(world), 1);
});

Deno.test("a poll that is too old holds everything, and says so", () => {
  const world = drive();
  world.poll({ jobs: jobs(2) });
  assertEquals(wanted(world), 2);
  world.wait(11 * minute, 10 * second);
  assertEquals([wanted(world), world.verdict("j0").reasonCode], [0, "held-stale"]);
  world.poll({ jobs: jobs(2) });
  assertEquals(wanted(world), 2);
});

Deno.test("an offer that is the first event after a suspension of the machine finds the poll too old", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.wait(9 * minute + 50 * second);
  world.skip(20 * second);
  assertEquals(kinds(world.offers(offer("h1")).effects), ["decline-offers", "suppress-offers"]);
  assertEquals(world.state.instances.size, 0);
});

Deno.test("in maintenance mode every job waits for that, and nothing is launched", () => {
  const world = drive();
  world.poll({ jobs: jobs(2), server: { maintenance: "on" } });
  assertEquals([wanted(world), world.verdict("j0").verdict, world.verdict("j0").reasonCode], [
    0,
    "other-cause",
    "maintenance",
  ]);
});

Deno.test("after each restart of the server its agents get time to return before any is launched", () => {
  const world = drive();
  const lost = { jobs: jobs(2), agents: [gocdAgent("h", missing), gocdAgent("i", missing)] };
  for (let restart = 0; restart < 2; restart++) {
    world.poll(lost);
    assertEquals([wanted(world), world.verdict("j0").reasonCode], [0, "held-restarted"]);
    world.poll({ jobs: jobs(2), agents: [gocdAgent("h", building), gocdAgent("i", building)] });
    assertEquals(wanted(world), 2);
    world.wait(5 * minute, minute);
  }
});

Deno.test("agents that stay Missing after a restart hold launches for two minutes only", () => {
  const world = drive();
  world.poll({ jobs: jobs(2), agents: [gocdAgent("h", missing)] });
  world.wait(119 * second);
  assertEquals(wanted(world), 0);
  world.wait(15 * second);
  assertEquals(wanted(world), 2);
});

Deno.test("idle agents are kept ready in the first environment of the profile, without waiting for polls", () => {
  const world = drive({
    poller: { attempts: 5 },
    profiles: [aProfile({ minIdle: 2, environments: ["prod"], gocdResources: ["linux"] })],
  });
  world.poll();
  assertEquals(
    world.state.demand.wanted.map(({ environment, gocdResources, count }) => [
      environment,
      gocdResources,
      count,
    ]),
    [["prod", ["linux"], 2]],
  );
});

Deno.test("an agent that is ready counts towards min-idle, one that builds does not", () => {
  const world = drive({ profiles: [aProfile({ minIdle: 1, gocdResources: ["linux"] })] });
  world.subscribe();
  world.poll();
  world.offers(offer("h1"));
  world.poll();
  assertEquals(wanted(world), 0);
  world.status("gocd-abc123-default-1", "TASK_RUNNING");
  world.poll({ agents: [gocdAgent("gocd-abc123-default-1", building)] });
  assertEquals(wanted(world), 1);
});

Deno.test("launching is frozen as a whole or by profile, with immediate effect", () => {
  for (const profile of [undefined, "default"]) {
    const world = drive();
    world.subscribe();
    world.poll({ jobs: jobs(2) });
    world.send({ kind: "launching-frozen", ...(profile === undefined ? {} : { profile }) });
    world.offers(offer("h1"));
    assertEquals([world.state.instances.size, world.verdict("j0").reasonCode], [0, "held-frozen"]);
    world.send({ kind: "launching-resumed", ...(profile === undefined ? {} : { profile }) });
    world.offers(offer("h1"));
    assertEquals(world.state.instances.size, 2);
  }
});

Deno.test("without a session the verdict says what it waits for; with one, that no offer fits", () => {
  const world = drive();
  world.poll({ jobs: jobs(1) });
  assertStringIncludes(world.verdict("j0").reason, "not subscribed to Mesos");
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  assertStringIncludes(world.verdict("j0").reason, "waiting for a Mesos offer");
  world.offers(offer("h1", { mem: 768 }));
  world.wait(11 * second);
  assertStringIncludes(world.verdict("j0").reason, "no Mesos offer fits: ");
  assertStringIncludes(world.verdict("j0").reason, "256 MB");
  assertEquals(only(world.taken(), "decline-offers").map((each) => each.refuseSeconds), [5]);
});

Deno.test("a role that gets no offers for a minute is reported until it gets one", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(70 * second);
  world.poll({ jobs: jobs(1) });
  assertEquals(world.verdict("j0").reasonCode, "no-offer");
  assertEquals(world.noted().filter(({ code }) => code === "no-offer").length, 1);
  world.offers(offer("h1", { mem: 768 }));
  world.poll({ jobs: jobs(1) });
  assertEquals(world.verdict("j0").reasonCode, "no-fitting-offer");
  assertEquals(world.noted().filter(({ code }) => code === "no-offer"), []);
});

Deno.test("a job that is not ours keeps the time at which it was first seen", () => {
  const world = drive({ poller: { ignore: ["p"] } });
  world.poll({ jobs: [job("a")] });
  const firstMs = world.atMs;
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a")] });
  assertEquals(world.verdict("a").firstSeenMs, firstMs);
});
