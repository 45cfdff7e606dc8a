// Drains of one profile and of one agent: which agents leave, which are kept, what is launched in the meantime, and
// what a resume brings back.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  reconciled,
  second,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const profiles = [aProfile({ name: "a", gocdResources: ["a"] }), aProfile({ name: "b", gocdResources: ["b"] })];

interface Fleet {
  readonly world: Driver;
  readonly a: string;
  readonly b: string;
  /** The records of both, that of `a` with these changes. */
  agents(changes?: Partial<GocdAgent>): readonly GocdAgent[];
}

/** One building agent of each of two profiles. */
function fleet(): Fleet {
  const world = drive({ profiles, poller: { attempts: 0 } });
  world.subscribe();
  const waiting = ["a", "b"].map((name) => ({
    ...jobs(1, { gocdResources: [name] })[0],
    locator: `p/1/s/1/${name}`,
    name,
  }));
  world.poll({ jobs: waiting as never });
  world.offers(offer("h1", { cpus: 16, mem: 16_384 }));
  const [a = "", b = ""] = ["a", "b"].map((name) =>
    [...world.state.instances.values()].find(({ profile }) => profile === name)?.taskId ?? ""
  );
  for (const taskId of [a, b]) world.status(taskId, "TASK_RUNNING");
  const agents = (changes: Partial<GocdAgent> = {}): readonly GocdAgent[] => [
    gocdAgent(a, { gocdResources: ["a"], ...building, ...changes }),
    gocdAgent(b, { gocdResources: ["b"], ...building }),
  ];
  world.read(...agents());
  world.taken();
  return { world, a, b, agents };
}

const disabled = (world: Driver): readonly string[] =>
  only(world.taken(), "disable-gocd-agents").flatMap(({ agents }) => agents.map(({ taskId }) => taskId));

const wanted = (world: Driver): readonly string[] => world.state.demand.wanted.map(({ profile }) => profile);

Deno.test("a drain of a profile disables its agents, even while they build, and no others", () => {
  const { world, a, b, agents } = fleet();
  world.send({ kind: "profile-drain-requested", profile: "a" });
  world.read(...agents());
  assertEquals(disabled(world), [a]);
  assertEquals([world.instance(a).state, world.instance(b).state], ["draining", "registered"]);
  world.wait(30 * minute, 10 * second);
  world.read(...agents({ configState: "Disabled" }));
  assertEquals(only(world.taken(), "kill-task"), []);
});

Deno.test("a drained profile launches no agents, another one does; after a resume, its building agents are enabled again", () => {
  const { world, a, agents } = fleet();
  world.send({ kind: "profile-drain-requested", profile: "a" });
  world.read(...agents());
  world.read(...agents({ configState: "Disabled" }));
  const more = [...jobs(1, { gocdResources: ["a"] }), { ...jobs(2, { gocdResources: ["b"] })[1] }];
  world.poll({ jobs: more as never, agents: agents({ configState: "Disabled" }) });
  assertEquals(wanted(world), ["b"]);
  assertEquals(world.verdict("j0").reasonCode, "held-frozen");
  world.taken();
  world.send({ kind: "launching-resumed", profile: "a" });
  assertEquals(only(world.taken(), "enable-gocd-agent").map(({ taskId }) => taskId), [a]);
  assertEquals(world.instance(a).retire, undefined);
});

Deno.test("a resume of another profile, or of one that was not drained, changes nothing; one of all restores everything", () => {
  const { world, a, agents } = fleet();
  world.send({ kind: "profile-drain-requested", profile: "a" });
  world.send({ kind: "launching-resumed", profile: "b" });
  assertEquals(world.instance(a).retire, "operator");
  world.send({ kind: "launching-resumed" });
  assertEquals(world.instance(a).retire, undefined);
  world.read(...agents());
  assertEquals(disabled(world), []);
});

Deno.test("a drain of one agent lets another of its profile be launched, and is reported by its name", () => {
  const { world, a, agents } = fleet();
  const noted = world.send({ kind: "agent-drain-requested", taskId: a }).notes;
  assertStringIncludes(noted[0]?.text ?? "", `draining ${a}`);
  world.read(...agents());
  assertEquals(disabled(world), [a]);
  world.poll({ jobs: jobs(1, { gocdResources: ["a"] }), agents: agents({ configState: "Disabled" }) });
  assertEquals(wanted(world), ["a"]);
});

Deno.test("a leaving agent does not count as idle, is removed once idle, and is not enabled for jobs", () => {
  const { world, a, agents } = fleet();
  world.send({ kind: "agent-drain-requested", taskId: a });
  world.read(...agents());
  const off = agents({ configState: "Disabled", agentState: "Idle", buildState: "Idle" });
  world.read(...off);
  world.poll({ jobs: jobs(1, { gocdResources: ["a"] }), agents: off });
  assertEquals(only(world.taken(), "enable-gocd-agent"), []);
  for (let reads = 0; reads < 3; reads++) {
    world.wait(21 * second);
    world.read(...off);
  }
  assertEquals(only(world.taken(), "delete-gocd-agents").flatMap((each) => each.agents.map(({ taskId }) => taskId)), [
    a,
  ]);
});

Deno.test("an agent that is still starting is disabled on the list that first shows it, also after a restart", () => {
  const world = drive({ profiles, poller: { attempts: 0 } });
  world.subscribe();
  world.poll({ jobs: jobs(1, { gocdResources: ["a"] }) });
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  world.send({ kind: "agent-drain-requested", taskId });
  const { framework, controls, instances } = world.state;
  const later = drive({ profiles, stored: { framework, controls, instances: [...instances.values()] } });
  later.subscribe();
  later.status(taskId, "TASK_RUNNING");
  later.read(gocdAgent(taskId, { gocdResources: ["a"] }));
  assertEquals(later.instance(taskId).state, "draining");
});

Deno.test("a drain of a profile includes its agents that Mesos has lost, should it find them again", () => {
  const { world, a, agents } = fleet();
  world.read(...agents({ agentState: "LostContact", buildState: "Unknown" }));
  world.status(a, "TASK_UNKNOWN", reconciled);
  assertEquals(world.instance(a).state, "gone");
  world.send({ kind: "profile-drain-requested", profile: "a" });
  world.status(a, "TASK_RUNNING", reconciled);
  world.read(...agents());
  assertEquals(disabled(world), [a]);
  world.send({ kind: "launching-resumed", profile: "a" });
  assertEquals(world.instance(a).retire, undefined);
});

for (const isFirst of [true, false]) {
  const when = isFirst ? "before" : "during";
  Deno.test(`a drain ${when} a maintenance window continues if the window is withdrawn, and a resume leaves the window`, () => {
    const { world, a, agents } = fleet();
    const drain = { kind: "profile-drain-requested", profile: "a" } as const;
    const window = { startMs: world.atMs + 10 * minute };
    const ask = (): void =>
      void world.send({
        kind: "inverse-offers-received",
        offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability: window }],
      });
    if (isFirst) world.send(drain);
    ask();
    if (!isFirst) world.send(drain);
    world.read(...agents());
    for (let passed = 0; passed < 20; passed++) {
      world.wait(minute);
      world.read(...agents({ configState: "Disabled" }));
    }
    const enabled = (): readonly string[] => only(world.taken(), "enable-gocd-agent").map(({ taskId }) => taskId);
    assertEquals([enabled().includes(a), world.instance(a).retire], [false, "operator"]);
    ask();
    world.send({ kind: "launching-resumed", profile: "a" });
    assertEquals([enabled(), world.instance(a).retire], [[], "maintenance"]);
  });
}

Deno.test("no agent is drained twice, nor one that has ended or does not exist", () => {
  const { world, a } = fleet();
  world.send({ kind: "agent-drain-requested", taskId: a });
  const { records } = world.send({ kind: "agent-drain-requested", taskId: a });
  assertEquals(records.filter(({ kind }) => kind === "instance"), []);
  assertEquals(world.send({ kind: "agent-drain-requested", taskId: "nobody" }).notes, []);
  world.status(a, "TASK_GONE", { uuid: "u" });
  world.send({ kind: "agent-drain-requested", taskId: a });
  assertEquals(world.state.instances.get(a)?.retire, "operator");
});
