// Which profile serves a job, why that one, and which is the nearest miss.

import { assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import { requirementOf } from "../../../src/core/demand/backlog.ts";
import { matchProfile, type ProfileChoice, profileChooser } from "../../../src/core/demand/profile_choice.ts";
import { foldResource, type Requirement } from "../../../src/core/demand/matching.ts";
import type { ResourceCase } from "../../../src/core/gocd_records.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { job } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

function choose(profiles: readonly AgentProfile[], asks: Requirement, rule: ResourceCase): ProfileChoice {
  return profileChooser(profiles, rule).choose(asks);
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
    const choice = choose(some, requirementOf(job("j", asks), "insensitive"), "insensitive");
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

Deno.test("a profile serves what it has everything for, and lacks the rest", () => {
  const asks = requirementOf(job("j", { gocdResources: ["linux"] }), "insensitive");
  const named = (...gocdResources: readonly string[]): unknown =>
    matchProfile(aProfile({ gocdResources }), asks, "insensitive");
  assertEquals([named("linux"), named("linux", "docker")], [{ kind: "serves" }, { kind: "serves" }]);
  assertEquals(named("docker"), { kind: "lacks", missingResources: ["linux"], lacksEnvironment: false });
});

Deno.test("a pattern counts as one spare resource, even if the job asks for a name that it matches", () => {
  const patterned = aProfile({ name: "patterned", gocdResources: ["linux", "jdk-*"] });
  const plain = aProfile({ name: "plain", gocdResources: ["linux", "jdk-17", "docker", "java"] });
  const surplus = (...gocdResources: readonly string[]): unknown => {
    const choice = choose([patterned, plain], requirementOf(job("j", { gocdResources }), "insensitive"), "insensitive");
    return choice.kind === "serves" ? choice.by : undefined;
  };
  assertEquals(surplus("linux"), { kind: "surplus", surplus: 1, over: "plain", others: 3 });
  assertEquals(surplus("linux", "jdk-17"), { kind: "surplus", surplus: 1, over: "plain", others: 2 });
});

Deno.test("a job in no environment is for profiles in none", () => {
  const asks = requirementOf(job("j", { gocdResources: [] }), "insensitive");
  const kind = (environments: readonly string[] | "*"): string =>
    matchProfile(aProfile({ environments }), asks, "insensitive").kind;
  assertEquals([kind([]), kind(["prod"]), kind("*")], ["serves", "lacks", "serves"]);
});

Deno.test("of profiles for all resources, the one with the highest priority serves", () => {
  const any = (name: string, priority: number): AgentProfile => aProfile({ name, gocdResources: "*", priority });
  const choice = choose([any("one", 0), any("two", 5), any("three", 5)], linuxJob, "insensitive");
  assertEquals(choice.kind === "serves" ? [choice.profile.name, choice.by] : [], [
    "two",
    { kind: "order", over: "three" },
  ]);
});

Deno.test("no profile is chosen before itself, whether it has patterns or takes all resources", () => {
  const asks = requirementOf(job("j", { gocdResources: [] }), "insensitive");
  const chosen = (...some: readonly AgentProfile[]): unknown => {
    const choice = choose(some, asks, "insensitive");
    return choice.kind === "serves" ? [choice.profile.name, choice.by?.over] : choice.kind;
  };
  const [pattern, named, any] = [
    aProfile({ name: "pattern", gocdResources: ["x*"] }),
    aProfile({ name: "named", gocdResources: ["a", "b"] }),
    aProfile({ name: "any", gocdResources: "*" }),
  ];
  assertEquals([chosen(pattern), chosen(any), chosen(named)], [["pattern", undefined], ["any", undefined], [
    "named",
    undefined,
  ]]);
  assertEquals([chosen(pattern, named), chosen(any, named)], [["pattern", "named"], ["named", "any"]]);
});

Deno.test("the missing resources of the nearest profile count as available elsewhere if another profile has all of them, in any environment", () => {
  const isElsewhere = (asks: readonly string[], ...others: readonly (readonly string[] | "*")[]): unknown => {
    const near = aProfile({ name: "near", gocdResources: ["a", "b", "c"] });
    const far = others.map((gocdResources, index) =>
      aProfile({ name: `p${index}`, gocdResources, environments: ["x"] })
    );
    const choice = choose(
      [near, ...far],
      requirementOf(job("j", { gocdResources: asks }), "insensitive"),
      "insensitive",
    );
    return choice.kind === "lacks" ? [choice.profile.name, choice.isElsewhere] : choice.kind;
  };
  const asks = ["a", "b", "c", "gpu", "x86"];
  assertEquals(isElsewhere(asks), ["near", false]);
  assertEquals([isElsewhere(asks, ["gpu", "x86"]), isElsewhere(asks, ["gpu"], ["x86"])], [["near", true], [
    "near",
    false,
  ]]);
  assertEquals([isElsewhere(asks, ["gpu", "x*"]), isElsewhere(asks, ["gpu", "y*"])], [["near", true], ["near", false]]);
  assertEquals(isElsewhere(["a", "gpu"], "*"), ["near", true]);
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
    const choice = choose(some, asks, "insensitive");
    assertEquals(choice.kind === "lacks" ? choice.profile.name : choice.kind, chosen);
  });
}

Deno.test("of profiles that lack the same amount, the first is the nearest miss", () => {
  const some = ["one", "two"].map((name) => aProfile({ name, gocdResources: ["linux"] }));
  const choice = choose(some, requirementOf(job("j", { gocdResources: ["gpu"] }), "sensitive"), "sensitive");
  assertEquals(choice.kind === "lacks" ? choice.profile.name : choice.kind, "one");
});

const linuxJob = requirementOf(job("j", { gocdResources: ["linux"] }), "insensitive");

Deno.test("of profiles with equally many spare resources, the one with the highest priority serves, then the first", () => {
  const some = [
    aProfile({ name: "first", gocdResources: ["linux", "java"] }),
    aProfile({ name: "second", gocdResources: ["linux", "docker"], priority: 5 }),
    aProfile({ name: "third", gocdResources: ["linux", "gpu"], priority: 5 }),
    aProfile({ name: "urgent", gocdResources: ["linux", "gpu", "java"], priority: 100 }),
  ];
  const choice = choose(some, linuxJob, "insensitive");
  assertEquals(choice.kind === "serves" ? [choice.profile.name, choice.by] : [], [
    "second",
    { kind: "order", over: "third" },
  ]);
  assertEquals(by(some.slice(0, 2)), { kind: "priority", priority: 5, over: "first", others: 0 });
  assertEquals(by([some[0], some[3]]), { kind: "surplus", surplus: 1, over: "urgent", others: 2 });
  assertEquals(by([some[0], aProfile({ name: "any", gocdResources: "*" })]), {
    kind: "surplus",
    surplus: 1,
    over: "any",
  });
  assertEquals(by([some[0]]), undefined);
});

function by(some: readonly (AgentProfile | undefined)[]): unknown {
  const choice = choose(some.filter((each) => each !== undefined), linuxJob, "insensitive");
  return choice.kind === "serves" ? choice.by : choice.kind;
}

Deno.test("a pattern serves what it matches, and counts as one spare resource", () => {
  const some = [
    aProfile({ name: "any-jdk", gocdResources: ["linux", "JDK-*"], environments: ["test-*", "prod"] }),
    aProfile({ name: "jdk-17", gocdResources: ["linux", "jdk-17"], environments: ["test-*"] }),
  ];
  const chosen = (gocdResources: readonly string[], environment: string): string => {
    const choice = choose(some, requirementOf(job("j", { gocdResources, environment }), "insensitive"), "insensitive");
    return choice.kind === "no-profiles" ? choice.kind : `${choice.kind} ${choice.profile.name}`;
  };
  assertEquals(chosen(["linux", "jdk-17"], "test-1"), "serves jdk-17");
  assertEquals(chosen(["linux", "jdk-21"], "test-1"), "serves any-jdk");
  assertEquals(chosen(["linux", "jdk-17"], "Prod"), "serves any-jdk");
  assertEquals(chosen(["linux", "jdk"], "prod"), "lacks any-jdk");
  assertEquals(chosen(["linux", "jdk-17"], "staging"), "lacks any-jdk");
});

/** Names and patterns in addition to what is asked for. */
function spare({ gocdResources }: AgentProfile, asks: Requirement, rule: ResourceCase): number {
  if (gocdResources === "*") return Infinity;
  return gocdResources.filter((name) => !asks.gocdResources.includes(foldResource(name, rule))).length;
}

/** The rule once more, without an index. */
function plainly(profiles: readonly AgentProfile[], asks: Requirement, rule: ResourceCase): string {
  const all = profiles.map((profile, position) => ({
    profile,
    position,
    match: matchProfile(profile, asks, rule),
    surplus: spare(profile, asks, rule),
  }));
  const serving = all.flatMap(({ match, ...each }) => match.kind === "serves" ? [each] : []).sort((
    a,
    b,
  ) =>
    (a.surplus === b.surplus ? 0 : a.surplus - b.surplus) ||
    (b.profile.priority ?? 0) - (a.profile.priority ?? 0) || a.position - b.position
  );
  const [first, second] = serving;
  if (first !== undefined) return `serves ${first.profile.name} over ${second?.profile.name}`;
  const missing = all.flatMap(({ match, profile, position }) =>
    match.kind === "lacks"
      ? [{ profile, position, far: match.missingResources.length + (match.lacksEnvironment ? 1.5 : 0) }]
      : []
  ).sort((a, b) => a.far - b.far || a.position - b.position);
  return missing[0] === undefined ? "no-profiles" : `lacks ${missing[0].profile.name}`;
}

const resource = fc.constantFrom("a", "B", "ab", "abc", "b-1", "b-2", "c");
const anyProfile = fc.record({
  gocdResources: fc.oneof(
    fc.constant("*" as const),
    fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: resource }, fc.constantFrom("a*", "b-*", "*c", "*b*")), {
      maxLength: 4,
      selector: (name) => name.toLowerCase(),
    }),
  ),
  environments: fc.oneof(
    fc.constant("*" as const),
    fc.uniqueArray(fc.constantFrom("prod", "test", "te*"), { maxLength: 2 }),
  ),
  priority: fc.integer({ min: -1, max: 1 }),
});

Deno.test("the index makes the same choice as the rule, whatever the profiles and the job", () => {
  fc.assert(
    fc.property(
      fc.array(anyProfile, { maxLength: 8 }),
      fc.array(
        fc.record({
          gocdResources: fc.uniqueArray(resource, { maxLength: 3 }),
          environment: fc.option(fc.constantFrom("prod", "test"), { nil: undefined }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      fc.constantFrom("insensitive" as const, "sensitive" as const),
      (drawn, jobs, rule) => {
        const some = drawn.map((each, index) => aProfile({ name: `p${index}`, ...each }));
        const chooser = profileChooser(some, rule);
        for (const { gocdResources, environment } of jobs) {
          const changes = { gocdResources, ...(environment === undefined ? {} : { environment }) };
          const asks = requirementOf(job("j", changes), rule);
          const choice = chooser.choose(asks);
          const said = choice.kind === "no-profiles"
            ? choice.kind
            : choice.kind === "lacks"
            ? `lacks ${choice.profile.name}`
            : `serves ${choice.profile.name} over ${choice.by?.over}`;
          assertEquals(said, plainly(some, asks, rule));
        }
      },
    ),
    { numRuns: 500 },
  );
});
