// Constraints on Mesos agents: every operator on every kind of value, and the words of a refusal.

import { constraintText } from "../../../src/core/words/placement.ts";
import { assertEquals } from "@std/assert";
import {
  compileConstraints,
  type ConstrainedHost,
  shownValue,
  unmetConstraint,
} from "../../../src/core/placement/constraints.ts";
import type { PlacementConstraint } from "../../../src/core/settings.ts";

const host: ConstrainedHost = {
  hostname: "node-7.example.org",
  region: "eu",
  zone: "eu-1",
  attributes: [
    { name: "rack", kind: "text", text: "r2" },
    { name: "rack", kind: "text", text: "second of its name" },
    { name: "generation", kind: "scalar", scalar: 4 },
    { name: "vlans", kind: "ranges", ranges: [{ begin: 10, end: 20 }, { begin: 40, end: 50 }] },
    { name: "disks", kind: "set", items: ["ssd", "nvme"] },
    { name: "zone", kind: "text", text: "an attribute" },
  ],
};

const cases: readonly (readonly [PlacementConstraint, boolean])[] = [
  [{ field: "rack", operator: "equals", value: "r2" }, true],
  [{ field: "rack", operator: "equals", value: "r1" }, false],
  [{ field: "rack", operator: "equals", value: "second of its name" }, false],
  [{ field: "missing", operator: "equals", value: "r1" }, false],
  [{ field: "rack", operator: "not-equals", value: "r1" }, true],
  [{ field: "rack", operator: "not-equals", value: "r2" }, false],
  [{ field: "missing", operator: "not-equals", value: "r1" }, true],
  [{ field: "rack", operator: "in", values: ["r1", "r2"] }, true],
  [{ field: "rack", operator: "in", values: [] }, false],
  [{ field: "missing", operator: "in", values: ["r1"] }, false],
  [{ field: "rack", operator: "not-in", values: ["r1", "r2"] }, false],
  [{ field: "missing", operator: "not-in", values: ["r1"] }, true],
  [{ field: "rack", operator: "matches", pattern: "r[0-9]" }, true],
  [{ field: "rack", operator: "matches", pattern: "r" }, false],
  [{ field: "rack", operator: "matches", pattern: "x|r2" }, true],
  [{ field: "missing", operator: "matches", pattern: ".*" }, false],
  [{ field: "rack", operator: "not-matches", pattern: "r" }, true],
  [{ field: "rack", operator: "not-matches", pattern: "r." }, false],
  [{ field: "missing", operator: "not-matches", pattern: ".*" }, true],
  [{ field: "rack", operator: "matches", pattern: "(" }, false],
  [{ field: "rack", operator: "not-matches", pattern: "(" }, false],
  [{ field: "rack", operator: "exists" }, true],
  [{ field: "missing", operator: "exists" }, false],
  [{ field: "rack", operator: "not-exists" }, false],
  [{ field: "missing", operator: "not-exists" }, true],
  [{ field: "generation", operator: "equals", value: "4" }, true],
  [{ field: "generation", operator: "equals", value: "4.0" }, true],
  [{ field: "generation", operator: "equals", value: "four" }, false],
  [{ field: "generation", operator: "equals", value: "" }, false],
  [{ field: "generation", operator: "not-equals", value: "4.000" }, false],
  [{ field: "generation", operator: "matches", pattern: "[3-5]" }, true],
  [{ field: "vlans", operator: "equals", value: "15" }, true],
  [{ field: "vlans", operator: "equals", value: "[41-50]" }, true],
  [{ field: "vlans", operator: "equals", value: "20-40" }, false],
  [{ field: "vlans", operator: "equals", value: "30" }, false],
  [{ field: "vlans", operator: "equals", value: "any" }, false],
  [{ field: "vlans", operator: "matches", pattern: "\\[10-20, 40-50\\]" }, true],
  [{ field: "disks", operator: "equals", value: "ssd" }, true],
  [{ field: "disks", operator: "equals", value: "tape" }, false],
  [{ field: "disks", operator: "matches", pattern: "nv.*" }, true],
  [{ field: "disks", operator: "not-matches", pattern: "nv.*" }, false],
  [{ field: "hostname", operator: "matches", pattern: "node-\\d+\\.example\\.org" }, true],
  [{ field: "@hostname", operator: "equals", value: "node-7.example.org" }, true],
  [{ field: "region", operator: "equals", value: "eu" }, true],
  [{ field: "@zone", operator: "equals", value: "eu-1" }, true],
  [{ field: "zone", operator: "equals", value: "eu-1" }, true],
];

for (const [constraint, isMet] of cases) {
  Deno.test(`a host ${isMet ? "meets" : "does not meet"} ${JSON.stringify(constraint)}`, () => {
    assertEquals(unmetConstraint(host, compileConstraints([constraint])), isMet ? undefined : constraint);
  });
}

Deno.test("without a fault domain, zone is the attribute of that name and @zone is missing", () => {
  const old: ConstrainedHost = { hostname: "h", attributes: host.attributes };
  const meets = (field: string): boolean =>
    unmetConstraint(old, compileConstraints([{ field, operator: "equals", value: "an attribute" }])) === undefined;
  assertEquals(meets("zone"), true);
  assertEquals(meets("@zone"), false);
});

Deno.test("of several constraints, the first one that is not met is named", () => {
  const [one, other]: [PlacementConstraint, PlacementConstraint] = [
    { field: "region", operator: "equals", value: "us" },
    { field: "rack", operator: "equals", value: "r1" },
  ];
  assertEquals(unmetConstraint(host, compileConstraints([{ field: "rack", operator: "exists" }, one, other])), one);
});

const words: readonly (readonly [PlacementConstraint, string])[] = [
  [{ field: "rack", operator: "equals", value: "r1" }, "rack is r2, not r1"],
  [{ field: "missing", operator: "equals", value: "r1" }, "missing is missing, wanted r1"],
  [{ field: "rack", operator: "in", values: ["r1", "r3"] }, "rack is r2, not one of r1, r3"],
  [{ field: "rack", operator: "not-equals", value: "r2" }, "rack is r2, wanted anything but r2"],
  [{ field: "rack", operator: "not-in", values: ["r2"] }, "rack is r2, wanted none of r2"],
  [{ field: "rack", operator: "matches", pattern: "x" }, "rack is r2, which does not match x"],
  [{ field: "rack", operator: "not-matches", pattern: "r2" }, "rack is r2, wanted no match of r2"],
  [{ field: "rack", operator: "matches", pattern: "(" }, "( is not a regular expression"],
  [{ field: "missing", operator: "exists" }, "missing is missing, wanted any value"],
  [{ field: "disks", operator: "not-exists" }, "disks is ssd,nvme, wanted none"],
];

/** Why the host does not meet the constraint. */
function unmetText(of: ConstrainedHost, constraint: PlacementConstraint): string {
  return constraintText(constraint, shownValue(of, constraint));
}

for (const [constraint, text] of words) {
  Deno.test(`a refusal reads "${text}"`, () => assertEquals(unmetText(host, constraint), text));
}

Deno.test("a very long value is cut in a refusal", () => {
  const text = unmetText(host, { field: "rack", operator: "equals", value: "x".repeat(1_000) });
  assertEquals(text.length < 120, true);
});

const numbered: ConstrainedHost = {
  hostname: "h",
  region: "eu",
  attributes: [
    { name: "four", kind: "scalar", scalar: 4 },
    { name: "forty", kind: "scalar", scalar: 40 },
    { name: "quarter", kind: "scalar", scalar: 0.25 },
    { name: "less", kind: "scalar", scalar: -4 },
    { name: "vlans", kind: "ranges", ranges: [{ begin: 10, end: 20 }] },
  ],
};

const spellings: readonly (readonly [string, string, boolean])[] = [
  ["four", "4", true],
  ["four", "+4", true],
  ["four", " 4 ", true],
  ["four", "4.", true],
  ["four", "4e0", true],
  ["four", "4E+00", true],
  ["four", "0.04e2", true],
  ["four", "400e-2", true],
  ["four", "4.0004", true],
  ["four", "4.001", false],
  ["four", "5", false],
  ["four", "0x4", false],
  ["four", "4x", false],
  ["four", "four", false],
  ["forty", "40", true],
  ["forty", "40.00", true],
  ["quarter", ".25", true],
  ["quarter", "0.25", true],
  ["less", "-4", true],
  ["less", "4", false],
  ["vlans", "10", true],
  ["vlans", "20", true],
  ["vlans", " 15 ", true],
  ["vlans", "[10-20]", true],
  ["vlans", "9", false],
  ["vlans", "21", false],
  ["vlans", "9-12", false],
  ["vlans", "15-21", false],
  ["vlans", "20-10", false],
  ["vlans", "x15", false],
  ["vlans", "15x", false],
  ["@region", "eu", true],
  ["@region", "us", false],
];

for (const [field, value, isMet] of spellings) {
  Deno.test(`the attribute ${field} ${isMet ? "is" : "is not"} "${value}"`, () => {
    const unmet = unmetConstraint(numbered, compileConstraints([{ field, operator: "equals", value }]));
    assertEquals(unmet === undefined, isMet);
  });
}

Deno.test("a value of eighty characters is shown whole, of a longer one eighty and an ellipsis", () => {
  const shown = (length: number): string =>
    unmetText(host, { field: "missing", operator: "equals", value: "x".repeat(length) })
      .replace("missing is missing, wanted ", "");
  assertEquals(shown(80), "x".repeat(80));
  assertEquals(shown(81), `${"x".repeat(80)}…`);
});
