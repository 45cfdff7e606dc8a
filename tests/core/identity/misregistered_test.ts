// Agents that registered with less than they were launched for.

import { gapText } from "../../../src/core/words/causes.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { registrationGap } from "../../../src/core/identity/misregistered.ts";
import type { GocdAgent, GocdAgentEnvironment } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { drive, type Driver, gocdAgent, jobs, offer, only, second } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

function launched(gocdResources: readonly string[], environment?: string): AgentInstance {
  return {
    taskId: "gocd-abcdef-linux-1",
    profile: "linux",
    profileHash: "0",
    gocdResources,
    ...(environment === undefined ? {} : { environment }),
    createdMs: 0,
    mesosAgentId: "S1",
    host: "h1",
    launchReason: "",
    state: "starting",
    sinceMs: 0,
  };
}

function record(gocdResources: readonly string[], environments: readonly GocdAgentEnvironment[]): GocdAgent {
  return {
    uuid: "u",
    hostname: "gocd-abcdef-linux-1",
    configState: "Enabled",
    agentState: "Idle",
    buildState: "Idle",
    gocdResources,
    environments,
    elastic: false,
  };
}

const prod: GocdAgentEnvironment = { name: "Prod", origin: "gocd" };
const unknown: GocdAgentEnvironment = { name: "prod", origin: "unknown" };

for (
  const [name, instance, gocdAgent, want] of [
    ["has all it was launched for", launched(["linux"], "prod"), record(["Linux", "extra"], [prod]), undefined],
    ["is in no environment, as wanted", launched([]), record([], []), undefined],
    [
      "came without its environment",
      launched(["linux"], "prod"),
      record(["linux"], []),
      "it registered as linux, not as linux in environment prod",
    ],
    [
      "has only the name of an environment that does not exist",
      launched([], "prod"),
      record([], [unknown]),
      "it registered as no resources, not as no resources in environment prod",
    ],
    [
      "is in an environment although its jobs are in none",
      launched([]),
      record([], [prod]),
      "it registered as no resources in environment Prod, not as no resources",
    ],
    [
      "came without its resources",
      launched(["linux", "docker"]),
      record(["linux"], []),
      "it registered as linux, not as linux, docker",
    ],
  ] as const
) {
  Deno.test(`a registration that ${name} is distinguished from a correct one`, () => {
    const gap = registrationGap(instance, gocdAgent, "insensitive");
    assertEquals(gap === undefined ? undefined : gapText(gap), want);
  });
}

/** An agent for a job in `prod` whose container runs, and that is about to register. */
function starting(): { readonly world: Driver; readonly taskId: string } {
  const world = drive({ profiles: [aProfile({ gocdResources: ["linux"], environments: ["prod"] })] });
  world.subscribe();
  world.poll({ jobs: jobs(1, { environment: "prod" }) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_RUNNING");
  world.wait(10 * second);
  world.taken();
  world.noted();
  return { world, taskId };
}

const inProd = { environments: [prod] } as const;

function look(world: Driver, ...agents: readonly GocdAgent[]): void {
  world.wait(10 * second);
  world.read(...agents);
}

const codes = (world: Driver): string[] => world.noted().map(({ code }) => code);
const failures = (world: Driver): number => world.state.breakers.profiles.get("default")?.failures ?? 0;

Deno.test("an agent that is listed without its environment at first is left alone, and no second one is launched", () => {
  const { world, taskId } = starting();
  world.read(gocdAgent(taskId));
  world.wait(second);
  world.poll({ jobs: jobs(1, { environment: "prod" }), agents: [gocdAgent(taskId)] });
  assertEquals(world.verdict("j0").verdict, "coming");
  assertEquals(world.instance(taskId).retire, undefined);
  look(world, gocdAgent(taskId, inProd));
  assertEquals([codes(world).includes("agent-misregistered"), failures(world)], [false, 0]);
  assertEquals(only(world.taken(), "correct-gocd-agent"), []);
  const instance = world.instance(taskId);
  assertEquals(instance.state === "registered" ? instance.gap : "", undefined);
});

Deno.test("parts that a record lacks twice, ten seconds apart, are corrected, and its other parts are kept", () => {
  const { world, taskId } = starting();
  const lacking = gocdAgent(taskId, { gocdResources: ["Docker"] });
  world.read(lacking);
  world.wait(9 * second);
  world.read(lacking);
  assertEquals(only(world.taken(), "correct-gocd-agent"), []);
  look(world, lacking);
  assertEquals(only(world.taken(), "correct-gocd-agent"), [{
    kind: "correct-gocd-agent",
    taskId,
    uuid: `uuid-${taskId}`,
    registration: { gocdResources: ["Docker", "linux"], environment: "prod" },
  }]);
  look(world, gocdAgent(taskId, { gocdResources: ["Docker", "linux"], ...inProd }));
  assertEquals([codes(world).includes("agent-misregistered"), failures(world)], [false, 0]);
});

Deno.test("what cannot be corrected is drained as it falls idle, and counts as one failure", () => {
  const { world, taskId } = starting();
  for (let looks = 0; looks < 6; looks++) look(world, gocdAgent(taskId));
  assertEquals(only(world.taken(), "correct-gocd-agent").length, 1);
  assertEquals([world.instance(taskId).retire, failures(world)], ["surplus", 1]);
  assertEquals(codes(world).filter((code) => code === "agent-misregistered").length, 1);
  world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals(only(world.taken(), "disable-gocd-agents").length, 1);
});

for (
  const [name, environments, hint] of [
    ["does not exist", [unknown], "create the environment prod in GoCD"],
    ["comes from a config repository", [], "comes from a config repository"],
  ] as const
) {
  Deno.test(`an agent is not corrected if its environment ${name}: the hint says what to do`, () => {
    const { world, taskId } = starting();
    const other = gocdAgent("static", { environments: [{ name: "prod", origin: "config-repo" }] });
    for (let looks = 0; looks < 3; looks++) look(world, gocdAgent(taskId, { environments }), other);
    assertEquals(only(world.taken(), "correct-gocd-agent"), []);
    const note = world.noted().find(({ code }) => code === "agent-misregistered");
    assertStringIncludes(note?.hint ?? "", hint);
  });
}

Deno.test("nothing is concluded from a record while someone has disabled it, or in maintenance mode", () => {
  for (const [changes, server] of [[{ configState: "Disabled" }, {}], [{}, { maintenance: "on" }]] as const) {
    const { world, taskId } = starting();
    world.poll({ agents: [gocdAgent(taskId, changes)], server });
    for (let looks = 0; looks < 9; looks++) look(world, gocdAgent(taskId, changes));
    assertEquals([only(world.taken(), "correct-gocd-agent").length, failures(world)], [0, 0]);
  }
});
