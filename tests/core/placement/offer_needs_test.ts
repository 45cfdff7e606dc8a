// The needs sent to the master: never so narrow that an offer is filtered which placement would use.

import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import type { MesosAttribute } from "../../../src/core/placement/offer.ts";
import {
  allocatableQuantities,
  isPortablePattern,
  type OfferConstraint,
  type OfferConstraintGroup,
  offerConstraints,
} from "../../../src/core/placement/offer_needs.ts";
import { compileConstraints, type ConstrainedHost, unmetConstraint } from "../../../src/core/placement/constraints.ts";
import type { PlacementConstraint } from "../../../src/core/settings.ts";
import { aProfile } from "../../support/placement.ts";

Deno.test("what each profile of the role needs is listed once", () => {
  const profiles = [aProfile({ name: "a" }), aProfile({ name: "b" }), aProfile({ mesosResources: { gpus: 2 } })];
  assertEquals(allocatableQuantities(profiles, "ci"), [{ cpus: 1, mem: 1_024 }, { cpus: 1, mem: 1_024, gpus: 2 }]);
});

Deno.test("the needs of profiles of other roles do not count for a role", () => {
  const profiles = [aProfile({ role: "web", mesosResources: { cpusMilli: 3_000 } }), aProfile({})];
  assertEquals(allocatableQuantities(profiles, "ci"), [{ cpus: 1, mem: 1_024 }]);
  assertEquals([allocatableQuantities(profiles, "web").length, allocatableQuantities(profiles, "x")], [1, []]);
});

Deno.test("a profile without constraints leaves its role unconstrained, other roles keep theirs", () => {
  const constraints: readonly PlacementConstraint[] = [{ field: "rack", operator: "exists" }];
  const profiles = [aProfile({ constraints }), aProfile({}), aProfile({ role: "other", constraints })];
  assertEquals([...offerConstraints(profiles).keys()], ["other"]);
});

Deno.test("profiles of one role are alternatives, constraints of one profile must all hold", () => {
  const profiles = [
    aProfile({
      constraints: [
        { field: "rack", operator: "equals", value: "r1" },
        { field: "hostname", operator: "not-matches", pattern: "test-.*" },
      ],
    }),
    aProfile({ constraints: [{ field: "rack", operator: "not-in", values: ["r2", "r3"] }] }),
  ];
  const rack = { kind: "attribute", name: "rack" } as const;
  assertEquals(offerConstraints(profiles).get("ci"), [
    [
      { selector: rack, predicate: { kind: "text-equals", value: "r1" } },
      { selector: { kind: "pseudo", type: "HOSTNAME" }, predicate: { kind: "text-not-matches", regex: "test-.*" } },
    ],
    [
      { selector: rack, predicate: { kind: "text-not-equals", value: "r2" } },
      { selector: rack, predicate: { kind: "text-not-equals", value: "r3" } },
    ],
  ]);
});

Deno.test("a list of values becomes a group for each value", () => {
  const constraints: readonly PlacementConstraint[] = [
    { field: "@zone", operator: "in", values: ["a", "b"] },
    { field: "os", operator: "matches", pattern: "linux(?=x)" },
  ];
  const zone = { kind: "pseudo", type: "ZONE" } as const;
  const hasOs: OfferConstraint = { selector: { kind: "attribute", name: "os" }, predicate: { kind: "exists" } };
  assertEquals(offerConstraints([aProfile({ constraints })]).get("ci"), [
    [{ selector: zone, predicate: { kind: "text-equals", value: "a" } }, hasOs],
    [{ selector: zone, predicate: { kind: "text-equals", value: "b" } }, hasOs],
  ]);
});

Deno.test("with more alternatives than a master should evaluate, the constraint is left to placement", () => {
  const values = Array.from({ length: 40 }, (_, index) => `r${index}`);
  const constraints: readonly PlacementConstraint[] = [
    { field: "rack", operator: "in", values },
    { field: "row", operator: "in", values },
  ];
  const groups = offerConstraints([aProfile({ constraints })]).get("ci");
  assertEquals(groups?.length, 40);
  const profiles = values.map((value) =>
    aProfile({ constraints: [{ field: "rack", operator: "in", values: [`${value}-x`, `${value}-y`] }] })
  );
  assertEquals(offerConstraints(profiles).size, 0);
});

Deno.test("a list that is too long for groups only requires that the attribute exists", () => {
  const values = Array.from({ length: 100 }, (_, index) => `r${index}`);
  const constraints: readonly PlacementConstraint[] = [{ field: "rack", operator: "in", values }];
  assertEquals(offerConstraints([aProfile({ constraints })]).get("ci"), [
    [{ selector: { kind: "attribute", name: "rack" }, predicate: { kind: "exists" } }],
  ]);
});

for (
  const [pattern, isPortable] of [
    ["r[0-9]+", true],
    ["node-\\d+\\.example\\.org", true],
    ["(a|b).*", true],
    ["[^a]x?", true],
    ["a{1,1000}", false],
    ["(?=a)b", false],
    ["(?:a)b", false],
    ["\\w+", false],
    ["^a$", false],
    ["(", false],
    ["é", false],
    ["[]", false],
    ["x".repeat(60), false],
    [".....", false],
  ] as const
) {
  Deno.test(`the pattern ${pattern} is ${isPortable ? "sent to the master" : "not sent to the master"}`, () => {
    assertEquals(isPortablePattern(pattern), isPortable);
  });
}

const text = fc.constantFrom("r1", "r2", "r10", "4", "");
const field = fc.constantFrom("rack", "zone", "@zone", "region", "@region", "hostname");
const constraint: fc.Arbitrary<PlacementConstraint> = fc.oneof(
  fc.record({ field, operator: fc.constantFrom("equals" as const, "not-equals" as const), value: text }),
  fc.record({
    field,
    operator: fc.constantFrom("in" as const, "not-in" as const),
    values: fc.array(text, { maxLength: 3 }),
  }),
  fc.record({
    field,
    operator: fc.constantFrom("matches" as const, "not-matches" as const),
    pattern: fc.constantFrom("r.", "r[0-9]+", "r1|r2", "(?:r)1", "("),
  }),
  fc.record({ field, operator: fc.constantFrom("exists" as const, "not-exists" as const) }),
);
const attribute: fc.Arbitrary<MesosAttribute> = fc.oneof(
  fc.record({ name: fc.constantFrom("rack", "zone", "region"), kind: fc.constant("text" as const), text }),
  fc.record({
    name: fc.constantFrom("rack", "zone"),
    kind: fc.constant("scalar" as const),
    scalar: fc.constantFrom(4, 5),
  }),
  fc.record({ name: fc.constant("rack"), kind: fc.constant("set" as const), items: fc.array(text, { maxLength: 2 }) }),
);
const host: fc.Arbitrary<ConstrainedHost> = fc.record({
  hostname: text,
  domain: fc.option(fc.record({ region: text, zone: text }), { nil: undefined }),
  attributes: fc.array(attribute, { maxLength: 3 }),
}).map(({ domain, ...rest }) => ({ ...rest, ...domain }));

Deno.test("law: a master with our constraints holds back no agent that placement would use", () => {
  fc.assert(
    fc.property(
      host,
      fc.array(fc.array(constraint, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
      (host, lists) => {
        const isUseful = lists.some((list) => unmetConstraint(host, compileConstraints(list)) === undefined);
        const groups = offerConstraints(lists.map((constraints) => aProfile({ constraints }))).get("ci");
        if (groups !== undefined) assert(groups.length > 0 && groups.every((group) => group.length > 0));
        if (isUseful) assert(groups === undefined || groups.some((group) => masterAllows(host, group)));
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("law: on text and with portable patterns the master decides exactly as placement does", () => {
  fc.assert(
    fc.property(host, constraint, (plain, constraint) => {
      fc.pre(!("pattern" in constraint) || isPortablePattern(constraint.pattern));
      fc.pre(!("values" in constraint) || constraint.values.length > 0);
      const host = { ...plain, attributes: plain.attributes.filter(({ kind }) => kind === "text") };
      const groups = offerConstraints([aProfile({ constraints: [constraint] })]).get("ci") ?? [[]];
      const isMet = unmetConstraint(host, compileConstraints([constraint])) === undefined;
      assertEquals(groups.some((group) => masterAllows(host, group)), isMet);
    }),
    { numRuns: 1_000 },
  );
});

/** What Mesos does (offer_constraints_filter.cpp), written again. */
function masterAllows(host: ConstrainedHost, group: OfferConstraintGroup): boolean {
  return group.every(({ selector, predicate }) => {
    const value = masterValue(host, selector);
    switch (predicate.kind) {
      case "exists":
        return value !== undefined;
      case "not-exists":
        return value === undefined;
      case "text-equals":
        return value !== undefined && (value.kind !== "text" || value.text === predicate.value);
      case "text-not-equals":
        return value === undefined || value.kind !== "text" || value.text !== predicate.value;
      case "text-matches":
        return value !== undefined && (value.kind !== "text" || fullMatch(value.text, predicate.regex));
      case "text-not-matches":
        return value === undefined || value.kind !== "text" || !fullMatch(value.text, predicate.regex);
      default:
        return predicate satisfies never;
    }
  });
}

function masterValue(host: ConstrainedHost, selector: OfferConstraint["selector"]): MesosAttribute | undefined {
  if (selector.kind === "attribute") return host.attributes.find(({ name }) => name === selector.name);
  const text = { HOSTNAME: host.hostname, REGION: host.region, ZONE: host.zone }[selector.type];
  return text === undefined ? undefined : { name: selector.type, kind: "text", text };
}

function fullMatch(text: string, regex: string): boolean {
  return new RegExp(`^(?:${regex})$`).test(text);
}

const values = (count: number): string[] => Array.from({ length: count }, (_, index) => `v${index}`);
const inList = (field: string, count: number): PlacementConstraint => ({
  field,
  operator: "in",
  values: values(count),
});
const groupsOf = (...profiles: readonly (readonly PlacementConstraint[])[]): number | undefined =>
  offerConstraints(profiles.map((constraints) => aProfile({ constraints }))).get("ci")?.length;

Deno.test("a role has sixty-four groups at most: of one list, of two lists together, of all its profiles", () => {
  assertEquals([groupsOf([inList("rack", 64)]), groupsOf([inList("rack", 65)])], [64, 1]);
  assertEquals(groupsOf([inList("rack", 32), inList("row", 2)]), 64);
  assertEquals(groupsOf([inList("rack", 33), inList("row", 2)]), 33);
  const single = values(65).map((value): PlacementConstraint[] => [{ field: "rack", operator: "equals", value }]);
  assertEquals([groupsOf(...single.slice(1)), groupsOf(...single)], [64, undefined]);
});

for (
  const [name, cheap, dear] of [
    ["a letter counts one", "x".repeat(50), "x".repeat(51)],
    ["any character counts twelve", "....xx", "....xxx"],
    ["a negated class counts twelve", "[^a][^b][^c][^d]xx", "[^a][^b][^c][^d]xxx"],
    ["a class counts three", `${"[ab0-9]".repeat(16)}xx`, `${"[ab0-9]".repeat(16)}xxx`],
  ] as const
) {
  Deno.test(`of a pattern for the master ${name}, and fifty are allowed`, () => {
    assertEquals([isPortablePattern(cheap), isPortablePattern(dear)], [true, false]);
  });
}

Deno.test("what a profile needs names disk and GPUs, and no ports", () => {
  const profile = aProfile({ mesosResources: { diskMbMilli: 5_000, gpus: 1, portsCount: 1 } });
  assertEquals(allocatableQuantities([profile], "ci"), [{ cpus: 1, mem: 1_024, disk: 5, gpus: 1 }]);
});
