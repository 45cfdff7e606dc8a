// Why no offer fits, and what keeps a framework from being registered, word for word: each form once.

import { assertEquals } from "@std/assert";
import type { NearestHost, PlacementMiss, Refusal } from "../../../src/core/placement/reason.ts";
import type { Shortfall } from "../../../src/core/placement/offer_resources.ts";
import type { PlacementConstraint } from "../../../src/core/settings.ts";
import {
  avoidedText,
  constraintText,
  missText,
  offerAnswerText,
  shortfallsText,
} from "../../../src/core/words/placement.ts";
import { minute } from "../../support/core.ts";
import { mesosSays } from "../instance_fixtures.ts";

const refusals: readonly (readonly [Refusal, string])[] = [
  [{ kind: "other-role", role: "*", wanted: "ci" }, "role is *, not ci"],
  [
    { kind: "avoided-host", avoided: { forMs: 2 * minute, failure: mesosSays("no image") } },
    "host is avoided for 2 min after failures there: no image",
  ],
  [{ kind: "maintenance", startsInMin: 0 }, "host is in maintenance"],
  [{ kind: "maintenance", startsInMin: 5 }, "maintenance starts in 5 min"],
  [
    { kind: "constraint", constraint: { field: "rack", operator: "equals", value: "r1" } },
    "rack is missing, wanted r1",
  ],
  [
    { kind: "constraint", constraint: { field: "rack", operator: "equals", value: "r1" }, value: "r2" },
    "rack is r2, not r1",
  ],
  [
    { kind: "max-per-host", limit: 2, profile: "linux" },
    "host has 2 of profile linux, the most allowed " +
    "(max-per-host)",
  ],
  [{ kind: "accept-full", limit: 100 }, "100 tasks are already launched there in this round"],
];

for (const [refusal, text] of refusals) {
  Deno.test(`offers refused by ${refusal.kind} are reported as "${text}"`, () => {
    assertEquals(missText({ refused: { refusal, offers: 3, others: 0 } }), `3 offers refused: ${text}`);
  });
}

Deno.test("a miss names the nearest host, then the most frequent refusal with how many offers had others", () => {
  const nearest: NearestHost = {
    hostname: "h",
    shortfalls: [{ name: "cpus", needed: 2_000, offered: 500 }],
    tasksPlaced: 0,
    holdsLabelled: false,
  };
  const refused = { refusal: { kind: "accept-full", limit: 9 }, offers: 1, others: 0 } as const;
  const full = "9 tasks are already launched there in this round";
  const cases: readonly (readonly [PlacementMiss, string])[] = [
    [{}, "no offers available"],
    [{ nearest }, "largest offer short by 1.5 cpus on host h"],
    [
      { nearest: { ...nearest, tasksPlaced: 1 } },
      "largest offer short by 1.5 cpus on host h after 1 task placed there",
    ],
    [
      { nearest: { ...nearest, tasksPlaced: 2, holdsLabelled: true } },
      "largest offer short by 1.5 cpus on host h after 2 tasks placed there (not counted: resources reserved there " +
      "with labels by another framework)",
    ],
    [{ refused }, `1 offer refused: ${full}`],
    [
      { nearest, refused: { ...refused, others: 4 } },
      `largest offer short by 1.5 cpus on host h; 1 offer refused: ${full}, 4 more for other reasons`,
    ],
  ];
  for (const [miss, text] of cases) assertEquals(missText(miss), text);
});

Deno.test("the answer to an offer says why a wanted agent was not placed on it, also if it would have fitted", () => {
  const refused = { refusal: { kind: "accept-full", limit: 9 }, offers: 1, others: 0 } as const;
  const nearest = { hostname: "h", shortfalls: [{ name: "ports", needed: 2, offered: 1 }], tasksPlaced: 0 } as const;
  const told = (miss?: PlacementMiss): string =>
    offerAnswerText({ kind: "misfit", profile: "linux", ...(miss === undefined ? {} : { miss }) });
  assertEquals(
    [told(), told({ refused }), told({ nearest: { ...nearest, holdsLabelled: false } })],
    [
      "profile linux was placed on other hosts",
      "profile linux is not launched here: 9 tasks are already launched there in this round",
      "profile linux is short by 1 port",
    ],
  );
});

Deno.test("a host is avoided for all profiles or for one", () => {
  const avoided = { forMs: 10 * minute, failure: mesosSays("no image") };
  assertEquals([avoidedText(avoided), avoidedText({ ...avoided, profile: "linux" })], [
    "after failures there: no image",
    "after failures of profile linux there: no image",
  ]);
});

Deno.test("what an offer lacks is reported in the unit of each resource, the last one behind an and", () => {
  const short = (name: Shortfall["name"], needed: number, offered: number): Shortfall => ({ name, needed, offered });
  const cpus = short("cpus", 1_000, 250);
  const mem = short("mem", 512_000, 256_000);
  assertEquals(
    [
      [],
      [cpus],
      [short("gpus", 2_000, 1_000)],
      [mem],
      [short("disk", 2_000, 1_000)],
      [short("ports", 3, 2)],
      [cpus, mem],
      [cpus, mem, short("ports", 3, 1)],
    ].map(shortfallsText),
    [
      "nothing",
      "0.75 cpus",
      "1 gpus",
      "256 MB of mem",
      "1 MB of disk",
      "1 port",
      "0.75 cpus and 256 MB of mem",
      "0.75 cpus, 256 MB of mem and 2 ports",
    ],
  );
});

const field = "rack";
const constraints: readonly (readonly [PlacementConstraint, missing: string, other: string])[] = [
  [{ field, operator: "equals", value: "r1" }, "wanted r1", "rack is x, not r1"],
  [{ field, operator: "not-equals", value: "x" }, "wanted anything but x", "rack is x, wanted anything but x"],
  [{ field, operator: "in", values: ["a", "b"] }, "wanted one of a, b", "rack is x, not one of a, b"],
  [{ field, operator: "not-in", values: ["x", "y"] }, "wanted none of x, y", "rack is x, wanted none of x, y"],
  [{ field, operator: "matches", pattern: "r.*" }, "wanted r.*", "rack is x, which does not match r.*"],
  [{ field, operator: "not-matches", pattern: "x.*" }, "wanted no match of x.*", "rack is x, wanted no match of x.*"],
  [{ field, operator: "exists" }, "wanted any value", "rack is x, wanted any value"],
  [{ field, operator: "not-exists" }, "wanted none", "rack is x, wanted none"],
];

for (const [constraint, missing, other] of constraints) {
  Deno.test(`a host that does not meet ${constraint.operator} is reported with what it has, or that it has nothing`, () => {
    assertEquals([constraintText(constraint, undefined), constraintText(constraint, "x")], [
      `rack is missing, ${missing}`,
      other,
    ]);
  });
}

Deno.test("an invalid pattern is reported as such, whatever the host has", () => {
  const constraint = { field, operator: "matches", pattern: "(" } as const;
  for (const value of [undefined, "x"]) {
    assertEquals(constraintText(constraint, value), "( is not a regular expression");
  }
});
