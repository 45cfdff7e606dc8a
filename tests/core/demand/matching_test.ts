// Which agent may take which job.

import { assertEquals } from "@std/assert";
import type { GocdAgent, ResourceCase } from "../../../src/core/gocd_records.ts";
import {
  canTake,
  capabilityKey,
  capabilityOf,
  foldEnvironment,
  foldResource,
} from "../../../src/core/demand/matching.ts";
import { requirementOf } from "../../../src/core/demand/backlog.ts";
import { gocdAgent, job } from "../../support/core.ts";

const env = (name: string, origin: "gocd" | "unknown" = "gocd"): GocdAgent["environments"][number] => ({
  name,
  origin,
});

const cases: readonly {
  readonly name: string;
  readonly agent: Partial<GocdAgent>;
  readonly asks: { readonly gocdResources: readonly string[]; readonly environment?: string };
  readonly rule?: ResourceCase;
  readonly takes: boolean;
}[] = [
  {
    name: "an agent in no environment takes a job in none",
    agent: {},
    asks: { gocdResources: ["linux"] },
    takes: true,
  },
  {
    name: "an agent in an environment never takes a job in none",
    agent: { environments: [env("prod")] },
    asks: { gocdResources: [] },
    takes: false,
  },
  {
    name: "an agent in no environment never takes a job in one",
    agent: {},
    asks: { gocdResources: [], environment: "prod" },
    takes: false,
  },
  {
    name: "environments compare without regard to case",
    agent: { environments: [env("Prod"), env("test")] },
    asks: { gocdResources: [], environment: "PROD" },
    takes: true,
  },
  {
    name: "an environment of unknown origin does not count, so the agent is in none",
    agent: { environments: [env("prod", "unknown")] },
    asks: { gocdResources: [] },
    takes: true,
  },
  {
    name: "an agent with more resources than asked for takes the job",
    agent: { gocdResources: ["linux", "docker"] },
    asks: { gocdResources: ["docker"] },
    takes: true,
  },
  {
    name: "an agent that lacks one resource does not take the job",
    agent: {},
    asks: { gocdResources: ["linux", "docker"] },
    takes: false,
  },
  {
    name: "a job without resources fits every agent of its environment",
    agent: { gocdResources: ["windows"] },
    asks: { gocdResources: [] },
    takes: true,
  },
  {
    name: "resources compare without regard to case on most servers",
    agent: { gocdResources: ["Linux"] },
    asks: { gocdResources: ["lINUX"] },
    takes: true,
  },
  {
    name: "resources compare with regard to case from 19.9 to 20.9",
    agent: { gocdResources: ["Linux"] },
    asks: { gocdResources: ["linux"] },
    rule: "sensitive",
    takes: false,
  },
];

for (const { name, agent, asks, rule = "insensitive", takes } of cases) {
  Deno.test(name, () => {
    const requirement = requirementOf(job("j", asks), rule);
    assertEquals(canTake(capabilityOf(gocdAgent("h", agent), rule), requirement), takes);
  });
}

Deno.test("spaces around the name of a resource or an environment do not count", () => {
  for (const rule of ["sensitive", "insensitive"] as const) assertEquals(foldResource(" linux ", rule), "linux");
  assertEquals([foldResource(" Linux", "sensitive"), foldResource("Linux ", "insensitive")], ["Linux", "linux"]);
  assertEquals([foldEnvironment(" Prod "), foldEnvironment(undefined)], ["prod", ""]);
});

Deno.test("capabilities have the same key exactly if they are equal, in any order", () => {
  const key = (environments: readonly string[], gocdResources: readonly string[]): string =>
    capabilityKey({ environments: new Set(environments), gocdResources: new Set(gocdResources) });
  assertEquals(key(["a", "b"], ["x", "y"]), key(["b", "a"], ["y", "x"]));
  const keys = [
    key([], []),
    key(["a"], []),
    key([], ["a"]),
    key(["a", "b"], []),
    key(["ab"], []),
    key([], ["x", "y"]),
    key([], ["xy"]),
  ];
  assertEquals(new Set(keys).size, keys.length);
});
