// The laws of core/placement/offer_resources.ts: nothing is made, lost or mixed up when resources are pooled and cut.

import { assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import {
  amountOf,
  countInRanges,
  fits,
  normalizeRanges,
  poolOf,
  quantitiesOf,
  type ResourceQuantities,
  shortfalls,
  subtractRanges,
  takeResources,
} from "../../../src/core/placement/offer_resources.ts";
import { noResources } from "../../../src/core/placement/mesos_resources.ts";
import type { NumberRange, OfferedResource } from "../../../src/core/placement/offer.ts";
import { portRanges, scalar } from "../../support/placement.ts";

const reserved = { reservations: '[{"role":"ci","type":"STATIC"}]' };
const nothing: ResourceQuantities = { cpus: 0, mem: 0, disk: 0, gpus: 0, ports: 0 };

Deno.test("a task takes reserved resources first, and pieces of different reservations stay apart", () => {
  const pool = poolOf([scalar("cpus", 3), scalar("cpus", 1.5, reserved), scalar("mem", 64)]);
  const taken = takeResources(pool, { ...nothing, cpus: 2_000 });
  assertEquals(taken?.resources, [scalar("cpus", 1.5, reserved), scalar("cpus", 0.5)]);
  assertEquals(taken?.rest.pieces, [scalar("cpus", 2.5), scalar("mem", 64)]);
  assertEquals(taken?.rest.totals, { ...nothing, cpus: 2_500, mem: 64_000 });
});

Deno.test("equal resources of several offers are added up", () => {
  const pool = poolOf([
    scalar("mem", 100),
    scalar("mem", 50),
    portRanges([{ begin: 5, end: 6 }]),
    portRanges([{ begin: 7, end: 7 }]),
  ]);
  assertEquals(pool.pieces, [scalar("mem", 150), portRanges([{ begin: 5, end: 7 }])]);
});

Deno.test("tenths of a cpu are shared out exactly", () => {
  let pool = poolOf([scalar("cpus", 0.3)]);
  for (let round = 0; round < 3; round++) {
    const taken = takeResources(pool, { ...nothing, cpus: 100 });
    assertEquals(taken?.resources, [scalar("cpus", 0.1)]);
    pool = taken?.rest ?? poolOf([]);
  }
  assertEquals(pool, poolOf([]));
});

Deno.test("an amount of zero makes no piece", () => {
  const taken = takeResources(poolOf([scalar("cpus", 1), scalar("disk", 10)]), { ...nothing, cpus: 1_000 });
  assertEquals(taken?.resources.map((piece) => piece.name), ["cpus"]);
});

Deno.test("the lowest ports are chosen, reserved ones before the others", () => {
  const pool = poolOf([
    portRanges([{ begin: 1_000, end: 1_001 }]),
    portRanges([{ begin: 9_000, end: 9_000 }], reserved),
  ]);
  const taken = takeResources(pool, { ...nothing, ports: 2 });
  assertEquals(taken?.hostPorts, [1_000, 9_000]);
  assertEquals(taken?.resources, [
    portRanges([{ begin: 9_000, end: 9_000 }], reserved),
    portRanges([{ begin: 1_000, end: 1_000 }]),
  ]);
  assertEquals(taken?.rest.pieces, [portRanges([{ begin: 1_001, end: 1_001 }])]);
});

Deno.test("a port that two reservations offer is given once", () => {
  const pool = poolOf([portRanges([{ begin: 1, end: 3 }]), portRanges([{ begin: 2, end: 4 }], reserved)]);
  assertEquals(pool.totals.ports, 4);
  assertEquals(takeResources(pool, { ...nothing, ports: 4 })?.hostPorts, [1, 2, 3, 4]);
});

for (
  const [name, resource] of [
    ["shared", scalar("cpus", 1, { use: "shared" })],
    ["revocable", scalar("cpus", 1, { use: "revocable" })],
    ["disk-source", scalar("disk", 1, { use: "disk-source" })],
    ["of an unknown name", scalar("bandwidth", 1)],
    ["negative", scalar("cpus", -1)],
    ["not a number", scalar("cpus", NaN)],
    ["cpus given as ranges", { ...portRanges([{ begin: 1, end: 2 }]), name: "cpus" }],
    ["ports given as a scalar", scalar("ports", 5)],
    ["cpus given as a set", { ...scalar("cpus", 1), value: { kind: "set", items: ["1"] } }],
    ["an empty range", portRanges([{ begin: 9, end: 8 }])],
  ] satisfies readonly (readonly [string, OfferedResource])[]
) {
  Deno.test(`a resource is never taken that is ${name}`, () => {
    assertEquals(poolOf([resource]), poolOf([]));
  });
}

Deno.test("each resource must suffice to the last thousandth, and what a task takes of it is gone", () => {
  const all = [
    scalar("cpus", 2),
    scalar("mem", 3),
    scalar("disk", 5),
    scalar("gpus", 7),
    portRanges([{ begin: 1, end: 9 }]),
  ];
  const pool = poolOf(all);
  for (
    const [name, amount, milli] of [["cpus", 2, 1_000], ["mem", 3, 1_000], ["disk", 5, 1_000], ["gpus", 7, 1_000], [
      "ports",
      9,
      1,
    ]] as const
  ) {
    const have = amount * milli;
    const fitting = (need: number): boolean => fits(pool.totals, { ...nothing, [name]: need });
    assertEquals([fitting(have), fitting(have + 1)], [true, false], name);
    const rest = takeResources(pool, { ...nothing, [name]: milli })?.rest.totals;
    assertEquals(rest, { ...pool.totals, [name]: have - milli }, name);
  }
});

Deno.test("every shortage is reported with what is needed and what is there", () => {
  const need = { cpus: 2_000, mem: 1_000, disk: 0, gpus: 1_000, ports: 1 };
  const pool = poolOf([scalar("cpus", 0.5), scalar("mem", 1)]);
  assertEquals(shortfalls(pool.totals, need), [
    { name: "cpus", needed: 2_000, offered: 500 },
    { name: "gpus", needed: 1_000, offered: 0 },
    { name: "ports", needed: 1, offered: 0 },
  ]);
  assertEquals(fits(pool.totals, need), false);
  assertEquals(takeResources(pool, need), undefined);
});

Deno.test("a need below zero or with a fraction of a thousandth is rounded to a whole amount", () => {
  assertEquals(quantitiesOf({ ...noResources, cpusMilli: 0.2, memMbMilli: -5, gpus: 2, portsCount: 1 }), {
    cpus: 1,
    mem: 0,
    disk: 0,
    gpus: 2_000,
    ports: 1,
  });
});

Deno.test("a set has no amount", () => {
  assertEquals(amountOf({ ...scalar("x", 0), value: { kind: "set", items: ["a"] } }), 0);
});

const ranges = fc.array(
  fc.record({ begin: fc.integer({ min: 0, max: 60 }), length: fc.integer({ min: -1, max: 12 }) })
    .map(({ begin, length }): NumberRange => ({ begin, end: begin + length })),
  { maxLength: 6 },
);

Deno.test("law: normalizing and subtracting ranges is set arithmetic", () => {
  fc.assert(fc.property(ranges, ranges, (one, other) => {
    const normal = normalizeRanges(one);
    assertEquals(members(normal), [...new Set(members(one))].sort((a, b) => a - b));
    assertEquals(countInRanges(normal), members(normal).length);
    const removed = new Set(members(other));
    assertEquals(
      members(subtractRanges(normal, normalizeRanges(other))),
      members(normal).filter((number) => !removed.has(number)),
    );
  }));
});

const resources = fc.array(
  fc.oneof(
    fc.record({
      name: fc.constantFrom("cpus", "mem", "disk", "gpus"),
      amount: fc.integer({ min: 1, max: 5_000 }),
      stack: fc.integer({ min: 0, max: 2 }),
    })
      .map(({ name, amount, stack }) => scalar(name, amount / 1000, { reservations: stackOf(stack) })),
    fc.record({ ranges, stack: fc.integer({ min: 0, max: 2 }) })
      .map(({ ranges, stack }) => portRanges(ranges, { reservations: stackOf(stack) })),
  ),
  { maxLength: 10 },
);

const need = fc.record({
  cpus: fc.integer({ min: 0, max: 6_000 }),
  mem: fc.integer({ min: 0, max: 6_000 }),
  disk: fc.integer({ min: 0, max: 6_000 }),
  gpus: fc.integer({ min: 0, max: 6_000 }),
  ports: fc.integer({ min: 0, max: 20 }),
});

Deno.test("law: what is taken is exactly the need, and taken and rest together are the pool", () => {
  fc.assert(fc.property(resources, need, (offered, need) => {
    const pool = poolOf(offered);
    const taken = takeResources(pool, need);
    assertEquals(taken === undefined, shortfalls(pool.totals, need).length > 0);
    if (taken === undefined) return;
    assertEquals(poolOf(taken.resources).totals, need);
    assertEquals(taken.hostPorts.length, need.ports);
    assertEquals(taken.rest, poolOf(taken.rest.pieces));
    assertEquals(poolOf([...taken.resources, ...taken.rest.pieces]), pool);
  }));
});

Deno.test("law: the order in which resources are offered does not matter", () => {
  fc.assert(fc.property(resources, (offered) => {
    assertEquals(poolOf(offered.toReversed()), poolOf(offered));
  }));
});

function stackOf(stack: number): string {
  return stack === 0 ? "[]" : `[{"role":"ci","stack":${stack}}]`;
}

function members(ranges: readonly NumberRange[]): number[] {
  return ranges.flatMap((range) =>
    Array.from({ length: Math.max(0, range.end - range.begin + 1) }, (_, index) => range.begin + index)
  );
}

Deno.test("every scalar that placement uses is pooled, and an amount of zero counts as none", () => {
  const pool = poolOf([scalar("cpus", 1), scalar("mem", 2), scalar("disk", 3), scalar("gpus", 4), scalar("mem", 0)]);
  assertEquals(pool.totals, { cpus: 1_000, mem: 2_000, disk: 3_000, gpus: 4_000, ports: 0 });
  assertEquals(poolOf([scalar("cpus", 0)]).pieces, []);
});

for (
  const [name, range] of [
    ["begins below zero", { begin: -1, end: 3 }],
    ["begins at a fraction", { begin: 0.5, end: 3 }],
    ["ends at a fraction", { begin: 1, end: 2.5 }],
    ["begins nowhere", { begin: NaN, end: 3 }],
    ["never ends", { begin: 1, end: Infinity }],
    ["ends before it begins", { begin: 5, end: 4 }],
  ] as const
) {
  Deno.test(`a range that ${name} holds nothing`, () => {
    assertEquals(normalizeRanges([range, { begin: 7, end: 8 }]), [{ begin: 7, end: 8 }]);
  });
}

Deno.test("a range of one number that is zero is a range", () => {
  assertEquals(normalizeRanges([{ begin: 0, end: 0 }]), [{ begin: 0, end: 0 }]);
});

Deno.test("ports are cut out of no more ranges than it takes", () => {
  const taken = takeResources(poolOf([portRanges([{ begin: 5, end: 6 }, { begin: 9, end: 9 }])]), {
    ...nothing,
    ports: 1,
  });
  assertEquals(taken?.resources, [portRanges([{ begin: 5, end: 5 }])]);
  assertEquals(taken?.rest.pieces, [portRanges([{ begin: 6, end: 6 }, { begin: 9, end: 9 }])]);
});

Deno.test("pieces are listed by resource, then reserved ones first, then by role and reservation", () => {
  const stack = (name: string): { readonly reservations: string } => ({ reservations: name });
  const pool = poolOf([
    scalar("mem", 1),
    scalar("cpus", 1),
    scalar("cpus", 1, { ...stack("b"), role: "z" }),
    scalar("cpus", 1, { ...stack("c"), role: "y" }),
    scalar("cpus", 1, { ...stack("a"), role: "z" }),
    scalar("cpus", 1, { role: "a" }),
  ]);
  const words = pool.pieces.map(({ name, role, reservations }) => `${name} ${role} ${reservations}`);
  assertEquals(words, ["cpus y c", "cpus z a", "cpus z b", "cpus a []", "cpus ci []", "mem ci []"]);
});
