// Which agent may take which job, and which profile serves it.

import { assertEquals } from "@std/assert";
import type { GocdAgent, ResourceCase } from "../../../src/core/gocd_records.ts";
import {
  canTake,
  capabilityKey,
  capabilityOf,
  chooseProfile,
  foldEnvironment,
  foldResource,
  matchProfile,
} from "../../../src/core/demand/matching.ts";
import { requirementOf } from "../../../src/core/demand/backlog.ts";
import { gocdAgent, job } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

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

const profiles = [
  aProfile({ name: "any", gocdResources: "*", environments: "*" }),
  aProfile({ name: "big", gocdResources: ["linux", "docker", "java"] }),
  aProfile({ name: "small", gocdResources: ["linux", "docker"] }),
  aProfile({ name: "twin", gocdResources: ["linux", "docker"] }),
  aProfile({ name: "prod", gocdResources: ["linux"], environments: ["Prod"] }),
];

const choices: readonly {
  readonly name: string;
  readonly from?: readonly string[];
  readonly asks: { readonly gocdResources: readonly string[]; readonly environment?: string };
  readonly chosen: string;
}[] = [
  {
    name: "the profile with the fewest resources to spare serves, the earlier of equals",
    asks: { gocdResources: ["docker"] },
    chosen: "serves small",
  },
  { name: "a profile for all resources comes last", asks: { gocdResources: ["gpu"] }, chosen: "serves any" },
  {
    name: "a profile for all environments serves one that no other has",
    asks: { gocdResources: [], environment: "test" },
    chosen: "serves any",
  },
  {
    name: "the profile of the environment serves it, whatever its case",
    asks: { gocdResources: ["linux"], environment: "pROD" },
    chosen: "serves prod",
  },
  {
    name: "the nearest miss is the profile that lacks the fewest resources",
    from: ["big", "small"],
    asks: { gocdResources: ["java", "docker", "gpu"] },
    chosen: "lacks big: gpu",
  },
  {
    name: "a missing environment is farther than one missing resource",
    from: ["prod", "small"],
    asks: { gocdResources: ["docker"], environment: "prod" },
    chosen: "lacks prod: docker",
  },
  { name: "without profiles nothing serves", from: [], asks: { gocdResources: [] }, chosen: "no-profiles" },
];

for (const { name, from, asks, chosen } of choices) {
  Deno.test(name, () => {
    const some = profiles.filter((profile) => from === undefined || from.includes(profile.name));
    const choice = chooseProfile(some, requirementOf(job("j", asks), "insensitive"), "insensitive");
    const words = choice.kind === "no-profiles"
      ? choice.kind
      : choice.kind === "serves"
      ? `serves ${choice.profile.name}`
      : `lacks ${choice.profile.name}: ${
        [...choice.match.missingResources, ...(choice.match.lacksEnvironment ? ["environment"] : [])].join(", ")
      }`;
    assertEquals(words, chosen);
  });
}

Deno.test("blanks around a name of a resource or an environment do not count", () => {
  for (const rule of ["sensitive", "insensitive"] as const) assertEquals(foldResource(" linux ", rule), "linux");
  assertEquals([foldResource(" Linux", "sensitive"), foldResource("Linux ", "insensitive")], ["Linux", "linux"]);
  assertEquals([foldEnvironment(" Prod "), foldEnvironment(undefined)], ["prod", ""]);
});

Deno.test("capabilities have one key exactly where they are equal, in whatever order they are named", () => {
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

Deno.test("a profile serves with as many resources to spare as it names beside those asked for", () => {
  const asks = requirementOf(job("j", { gocdResources: ["linux"] }), "insensitive");
  const named = (...gocdResources: readonly string[]): unknown =>
    matchProfile(aProfile({ gocdResources }), asks, "insensitive");
  assertEquals(named("linux"), { kind: "serves", surplus: 0 });
  assertEquals(named("linux", "docker", "java"), { kind: "serves", surplus: 2 });
  assertEquals(named("docker"), { kind: "lacks", missingResources: ["linux"], lacksEnvironment: false });
});

for (
  const [name, resources, chosen] of [
    ["nearer than two missing resources", ["linux", "docker", "gpu"], "env"],
    ["farther than one missing resource", ["linux", "docker"], "plain"],
  ] as const
) {
  Deno.test(`a missing environment is ${name}`, () => {
    const some = [
      aProfile({ name: "env", gocdResources: ["linux", "docker", "gpu"] }),
      aProfile({ name: "plain", gocdResources: ["linux"], environments: ["prod"] }),
    ];
    const asks = requirementOf(job("j", { gocdResources: resources, environment: "prod" }), "insensitive");
    const choice = chooseProfile(some, asks, "insensitive");
    assertEquals(choice.kind === "lacks" ? choice.profile.name : choice.kind, chosen);
  });
}

Deno.test("of profiles that lack as much the first is the nearest miss", () => {
  const some = ["one", "two"].map((name) => aProfile({ name, gocdResources: ["linux"] }));
  const choice = chooseProfile(some, requirementOf(job("j", { gocdResources: ["gpu"] }), "sensitive"), "sensitive");
  assertEquals(choice.kind === "lacks" ? choice.profile.name : choice.kind, "one");
});
