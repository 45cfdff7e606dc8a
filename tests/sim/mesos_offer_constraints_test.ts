// Offer constraints in the simulated master: matching hosts, and refused constraints.

import { assertEquals } from "@std/assert";
import { at, type Plain, textAt } from "../../src/sim/mesos/json.ts";
import { offersIn, subscribe, subscribeCall, take, testClient } from "./mesos_client.ts";

const text = (name: string, value: string): Plain => ({ name, type: "TEXT", text: { value } });
const resources = { cpus: 4, mem: 4096, disk: 1000 };
const mesosAgents = [
  { hostname: "a1", resources, attributes: [text("rack", "r1")] },
  { hostname: "b2", resources, domain: { region: "eu", zone: "z2" } },
  { hostname: "c3", resources, attributes: [{ name: "rack", type: "SCALAR", scalar: { value: 3 } }] },
];
const rack = { "attribute_name": "rack" };
const hostname = { "pseudoattribute_type": "HOSTNAME" };
const zone = { "pseudoattribute_type": "ZONE" };

/** The hosts offered, or the words of the ERROR. */
function offered(groups: readonly (readonly Plain[])[], { role = "gocd", version = "1.11.0" } = {}): string {
  const client = testClient({ mesosAgents, version });
  const call = subscribeCall();
  const constraints = {
    "role_constraints": { [role]: { groups: groups.map((group) => ({ "attribute_constraints": group })) } },
  };
  subscribe(client, { ...call, subscribe: { ...Object(call["subscribe"]), "offer_constraints": constraints } });
  const events = take(client);
  const error = events.map((event) => textAt(event, "error", "message")).find((each) => each !== undefined);
  return error ?? offersIn(events).map((offer) => String(at(offer, "hostname"))).sort().join(" ");
}

for (
  const [name, selector, predicate, expected] of [
    [
      "text_equals admits equal texts and attributes that are not text",
      rack,
      { "text_equals": { value: "r1" } },
      "a1 c3",
    ],
    [
      "text_not_equals admits other texts and hosts without the attribute",
      rack,
      { "text_not_equals": { value: "r1" } },
      "b2 c3",
    ],
    ["text_matches admits texts that match as a whole", hostname, { "text_matches": { regex: "[ab]." } }, "a1 b2"],
    ["text_matches does not admit texts that match in part", hostname, { "text_matches": { regex: "[ab]" } }, ""],
    ["text_not_matches admits texts that do not match", hostname, { "text_not_matches": { regex: "[ab]." } }, "c3"],
    ["exists admits hosts with the attribute", zone, { exists: {} }, "b2"],
    ["not_exists admits hosts without the attribute", zone, { "not_exists": {} }, "a1 c3"],
  ] as const
) {
  Deno.test(`the constraint ${name}`, () => {
    assertEquals(offered([[{ selector, predicate }]]), expected);
  });
}

Deno.test("groups of constraints are alternatives, and all constraints of a group must hold", () => {
  const isA: Plain = { selector: hostname, predicate: { "text_equals": { value: "a1" } } };
  const hasZone: Plain = { selector: zone, predicate: { exists: {} } };
  assertEquals([offered([[isA], [hasZone]]), offered([[isA, hasZone]])], ["a1 b2", ""]);
});

Deno.test("a master before 1.11 ignores constraints", () => {
  const none = [[{ selector: hostname, predicate: { "text_equals": { value: "nobody" } } }]];
  assertEquals([offered(none, { version: "1.10.0" }), offered(none)], ["a1 b2 c3", ""]);
});

for (
  const [name, groups, expected] of [
    ["no group", [], "'OfferConstraints::role_constraints' has an empty 'RoleConstraints::groups' for role gocd"],
    [
      "an empty group",
      [[]],
      "'OfferConstraints::RoleConstraints::groups' for role gocd contains an empty RoleConstraints::Group",
    ],
    [
      "a pattern that RE2 does not support",
      [[{ selector: rack, predicate: { "text_matches": { regex: "a(?=b)" } } }]],
      "A role gocd has an invalid 'AttributeConstraint': Failed to construct regex from pattern 'a(?=b)': invalid",
    ],
    [
      "no predicate",
      [[{ selector: rack }]],
      "A role gocd has an invalid 'AttributeConstraint': Unknown predicate type",
    ],
  ] as const
) {
  Deno.test(`a role constraint with ${name} is refused with an ERROR`, () => {
    assertEquals(offered(groups), expected);
  });
}

Deno.test("constraints of a role that the framework does not have are refused", () => {
  const any = [[{ selector: rack, predicate: { exists: {} } }]];
  const expected = "Offer constraints specify role 'other', not contained in the set of roles";
  assertEquals(offered(any, { role: "other" }), expected);
});
