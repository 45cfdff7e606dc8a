// Agents that registered with less than they were launched for.

import { assertEquals } from "@std/assert";
import { registrationGap } from "../../src/core/misregistered.ts";
import type { GocdAgent, GocdAgentEnvironment } from "../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../src/core/instance.ts";

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
  Deno.test(`a registration that ${name} is told from a good one`, () => {
    assertEquals(registrationGap(instance, gocdAgent, "insensitive"), want);
  });
}
