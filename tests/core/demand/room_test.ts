// Jobs that a limit, or a full cluster, holds back, and the idle agents of no use that make room for them.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdAgent, ScheduledJob } from "../../../src/core/gocd_records.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import {
  building,
  drive,
  type Driver,
  type DriverOptions,
  gocdAgent,
  job,
  minute,
  offer,
  only,
  second,
  serverInfo,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const java = aProfile({ name: "java", gocdResources: ["java"] });
const linux = aProfile({ name: "linux", gocdResources: ["linux"] });
const both = [java, linux];

const javaJob = (name: string): ScheduledJob => job(name, { gocdResources: ["java"] });
const disabled = { configState: "Disabled" } as const;

interface Warm {
  readonly world: Driver;
  /** Task ids, those idle longest first. */
  readonly ids: readonly string[];
  /** Their records, changed by task id. */
  readonly agents: (changes?: Readonly<Record<string, Partial<GocdAgent>>>) => readonly GocdAgent[];
}

/** Idle agents of ours, one for each of these sets of resources, each idle a second longer than the next. */
function idle(sets: readonly (readonly string[])[], options: DriverOptions): Warm {
  const world = drive(options);
  world.subscribe();
  const resourcesOf = new Map<string, readonly string[]>();
  const agents = (changes: Readonly<Record<string, Partial<GocdAgent>>> = {}): GocdAgent[] =>
    [...resourcesOf].map(([id, gocdResources]) => gocdAgent(id, { gocdResources, ...changes[id] }));
  sets.forEach((gocdResources, index) => {
    const others = agents(Object.fromEntries([...resourcesOf.keys()].map((id) => [id, building])));
    world.poll({ jobs: [job(`first${index}`, { gocdResources })], agents: others });
    world.wait(6 * second);
    world.offers(offer("h1"));
    const [id = ""] = [...world.state.instances.keys()].slice(-1);
    world.status(id, "TASK_RUNNING");
    resourcesOf.set(id, gocdResources);
  });
  world.read(...agents(Object.fromEntries([...resourcesOf.keys()].map((id) => [id, building]))));
  const ids = [...resourcesOf.keys()];
  ids.forEach((_, index) => {
    world.wait(second);
    world.read(...agents(Object.fromEntries(ids.slice(index + 1).map((id) => [id, building]))));
  });
  world.taken();
  world.noted();
  return { world, ids, agents };
}

const phases = ({ world, ids }: Warm): (string | undefined)[] => ids.map((id) => world.state.instances.get(id)?.state);

/** The drained agent is seen Disabled, deleted, and gone. */
function goes({ world }: Warm, id: string, others: readonly GocdAgent[]): void {
  for (const pause of [second, 20 * second, 20 * second]) {
    world.wait(pause);
    world.read(...others, gocdAgent(id, disabled));
  }
  world.read(...others);
  world.status(id, "TASK_KILLED");
}

Deno.test("at the framework's limit, as many useless idle agents are removed as are held back, the longest idle first", () => {
  const warm = idle([["java"], ["java"], ["java"]], { profiles: both, scaling: { maxAgents: 3 } });
  const { world, ids: [first = "", second_ = ""], agents } = warm;
  world.poll({ jobs: [job("a"), job("b")], agents: agents() });
  assertEquals(phases(warm), ["draining", "draining", "registered"]);
  assertStringIncludes(world.noted().find(({ code }) => code === "agent-draining")?.text ?? "", "scaling.max-agents");
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a"), job("b")], agents: agents({ [first]: disabled, [second_]: disabled }) });
  assertEquals(phases(warm), ["draining", "draining", "registered"], "they are on their way: nobody else must go");
  goes(warm, first, agents().slice(1).map((each) => each.hostname === second_ ? { ...each, ...disabled } : each));
  world.poll({ jobs: [job("a"), job("b")], agents: agents({ [second_]: disabled }).slice(1) });
  assertEquals(world.state.demand.wanted.map(({ profile, count }) => `${count} ${profile}`), ["1 linux"]);
});

Deno.test("an agent whose name differs from its task id makes room, too", () => {
  const warm = idle([["java"]], { profiles: both, scaling: { maxAgents: 1 } });
  const [agent] = warm.agents();
  const named = { ...agent, hostname: `${agent?.hostname}.ci.example.com` } as GocdAgent;
  warm.world.poll({ jobs: [job("a")], agents: [named] });
  assertEquals(phases(warm), ["draining"]);
});

Deno.test("a useless agent is removed although a useful one has the same name", () => {
  const warm = idle([["java"], ["linux"]], { profiles: both, scaling: { maxAgents: 2 } });
  const agents = warm.agents().map((each) => ({ ...each, hostname: "mesos-build-agent" }));
  warm.world.poll({ jobs: [job("a"), job("b")], agents });
  assertEquals(phases(warm), ["draining", "registered"]);
});

Deno.test("agents that the waiting jobs will use stay, even if others of their kind are removed", () => {
  const warm = idle([["java"], ["java"], ["java"]], { profiles: both, scaling: { maxAgents: 3 } });
  warm.world.poll({ jobs: [javaJob("x"), javaJob("y"), job("a"), job("b")], agents: warm.agents() });
  assertEquals(phases(warm), ["draining", "registered", "registered"]);
});

Deno.test("at a profile's limit only its own agents make room", () => {
  const any = aProfile({ name: "any", gocdResources: "*", maxAgents: 1 });
  const warm = idle([["java"], ["x"]], { profiles: [java, any] });
  warm.world.poll({ jobs: [job("a")], agents: warm.agents() });
  assertEquals(phases(warm), ["registered", "draining"]);
  assertStringIncludes(warm.world.noted().find(({ code }) => code === "agent-draining")?.text ?? "", "profile any");
});

Deno.test("no room is made while nothing is held back, or by something other than a limit", () => {
  for (const how of ["nothing", "attempts", "frozen"]) {
    const warm = idle([["java"]], { profiles: both, scaling: { maxAgents: 1 } });
    const { world, agents } = warm;
    if (how === "attempts") {
      const { settings } = world.state;
      world.send({ kind: "settings-changed", settings: { ...settings, poller: { ...settings.poller, attempts: 1 } } });
    }
    if (how === "frozen") world.send({ kind: "launching-frozen" });
    world.poll({ jobs: how === "nothing" ? [] : [job("a")], agents: agents() });
    assertEquals(phases(warm), ["registered"], how);
  }
});

Deno.test("waiting jobs take precedence over min-idle at a limit, and no min-idle agent is launched while they need its slot", () => {
  const profiles = [{ ...java, minIdle: 1 }, linux];
  const warm = idle([["java"]], { profiles, scaling: { maxAgents: 1 } });
  const { world, ids: [id = ""], agents } = warm;
  world.poll({ jobs: [job("a")], agents: agents() });
  assertEquals(phases(warm), ["draining"]);
  goes(warm, id, []);
  world.poll({ jobs: [job("a")] });
  assertEquals(world.state.demand.wanted.map(({ profile }) => profile), ["linux"]);
  world.offers(offer("h1"));
  const [linuxId = ""] = [...world.state.instances.keys()].slice(-1);
  world.status(linuxId, "TASK_FAILED", { message: "no image" });
  world.send({ kind: "tick" });
  assertEquals(world.state.demand.wanted, [], "the place is kept for the next try");
});

Deno.test("the slot of a draining agent belongs to the older job: the agent is not enabled again for a younger one", () => {
  const warm = idle([["java"]], { profiles: both, scaling: { maxAgents: 1 } });
  const { world, ids: [id = ""], agents } = warm;
  world.poll({ jobs: [job("a")], agents: agents() });
  world.read(...agents({ [id]: disabled }));
  world.taken();
  world.poll({ jobs: [job("a"), javaJob("x")], agents: agents({ [id]: disabled }) });
  assertEquals(only(world.taken(), "enable-gocd-agent"), []);
  world.poll({ jobs: [javaJob("x")], agents: agents({ [id]: disabled }) });
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 1, "the older one is gone");
});

Deno.test("an older job has a draining agent enabled again although a younger one is held back", () => {
  const warm = idle([["java"]], { profiles: both, scaling: { maxAgents: 1 } });
  const { world, ids: [id = ""], agents } = warm;
  world.poll({ jobs: [job("a")], agents: agents() });
  world.read(...agents({ [id]: disabled }));
  world.taken();
  world.poll({ jobs: [javaJob("x"), job("a")], agents: agents({ [id]: disabled }) });
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
});

const large = aProfile({ name: "large", gocdResources: ["linux"], mesosResources: { cpusMilli: 4_000 } });

/** Two idle java agents on a host of 5 cpus, which has 3 left, and a job that asks for 4. */
function full(profiles: readonly AgentProfile[], offered = 3): Warm {
  const warm = idle([["java"], ["java"]], { profiles: profiles.map((each) => ({ ...each, minIdle: 0 })) });
  const { world, agents } = warm;
  world.send({ kind: "settings-changed", settings: { ...world.state.settings, profiles } });
  world.poll({ jobs: [job("a")], agents: agents() });
  world.wait(6 * second);
  for (let passed = 0; passed < 20; passed += 10) {
    world.offers(offer("h1", { cpus: offered, mem: 64 * 1024 }));
    world.wait(10 * second);
  }
  world.offers(offer("h1", { cpus: offered, mem: 64 * 1024 }));
  world.poll({ jobs: [job("a")], agents: agents() });
  return warm;
}

Deno.test("if no offer fits, as few idle agents as possible are removed to make room on their host", () => {
  assertEquals(phases(full([java, large])), ["draining", "registered"]);
  assertEquals(phases(full([java, large], 2)), ["draining", "draining"]);
});

Deno.test("if no offer fits, no agent is removed that would not help, nor one of min-idle", () => {
  assertEquals(phases(full([java, large], 1)), ["registered", "registered"]);
  assertEquals(phases(full([{ ...java, minIdle: 2 }, large])), ["registered", "registered"]);
  assertEquals(phases(full([{ ...java, minIdle: 1 }, large], 2)), ["registered", "registered"]);
  const elsewhere = { ...large, constraints: [{ field: "hostname", operator: "equals", value: "h2" }] as const };
  assertEquals(phases(full([java, elsewhere])), ["registered", "registered"]);
});

Deno.test("a launch that no offer fits does not use up the rate of a slow server, while others could be launched", () => {
  const small = aProfile({ name: "small", gocdResources: ["small"] });
  const warm = idle([["java"]], { profiles: [java, large, small], scaling: { slowServerLaunchesPerMinute: 1 } });
  const { world, agents } = warm;
  const server = { ...serverInfo, slowRegistration: true };
  const waiting = [job("a"), job("b", { gocdResources: ["small"] })];
  const wanted = (): string[] => world.state.demand.wanted.map(({ profile }) => profile);
  world.wait(minute);
  world.poll({ server, jobs: waiting, agents: agents() });
  assertEquals(wanted(), ["large"]);
  for (let passed = 0; passed < 30; passed += 10) {
    world.wait(10 * second);
    world.offers(offer("h1", { cpus: 2, mem: 64 * 1024 }));
  }
  world.poll({ server, jobs: waiting, agents: agents() });
  assertEquals(wanted(), ["small"]);
});

Deno.test("a single miss does not count: other hosts may be about to offer", () => {
  const warm = idle([["java"]], { profiles: [java, large] });
  warm.world.poll({ jobs: [job("a")], agents: warm.agents() });
  warm.world.wait(6 * second);
  warm.world.offers(offer("h1", { cpus: 3 }));
  warm.world.poll({ jobs: [job("a")], agents: warm.agents() });
  assertEquals(phases(warm), ["registered"]);
});

Deno.test("agents of a profile for all resources get those of the jobs that could take theirs away", () => {
  const any = aProfile({ gocdResources: "*", environments: "*" });
  const world = drive({ profiles: [any] });
  world.poll({
    jobs: [
      job("less"),
      job("more", { gocdResources: ["Linux", "java"] }),
      job("other", { gocdResources: ["linux", "docker"] }),
      job("none", { gocdResources: [], environment: "prod" }),
    ],
  });
  assertEquals(world.state.demand.wanted.map(({ gocdResources }) => gocdResources), [
    ["docker", "java", "linux"],
    ["Linux", "java"],
    ["docker", "linux"],
    [],
  ]);
});
