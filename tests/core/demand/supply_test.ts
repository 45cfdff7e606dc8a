// The matching of capacity with buckets, against brute force.

import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import { matchSupply, type SupplyNode } from "../../../src/core/demand/supply.ts";

/** A bucket, with the indices of its classes. */
interface DemandNode {
  readonly count: number;
  readonly classes: readonly number[];
}

/** By bucket, by bucket, and by class. */
function match(
  demand: readonly DemandNode[],
  supply: readonly SupplyNode[],
): Readonly<Record<"idle" | "coming" | "used", readonly number[]>> {
  const nodes = demand.map(({ count, classes }) => ({ count, classes: classes.flatMap((at) => supply[at] ?? []) }));
  const { served, used } = matchSupply(nodes, supply);
  return { idle: served.map(({ idle }) => idle), coming: served.map(({ coming }) => coming), used };
}

const supplyKind = fc.constantFrom<SupplyNode["kind"]>("idle", "coming");
const supplyNode = fc.record<SupplyNode>({
  count: fc.integer({ min: 0, max: 3 }),
  kind: supplyKind,
});
const problemOf = fc.array(supplyNode, { maxLength: 4 }).chain((supply) =>
  fc.record({
    supply: fc.constant(supply),
    demand: fc.array(
      fc.record<DemandNode>({
        count: fc.integer({ min: 0, max: 4 }),
        classes: fc.subarray(supply.map((_, index) => index)),
      }),
      { maxLength: 4 },
    ),
  })
);

/** Jobs that can be served, by plain augmenting paths over single jobs and single agents. */
function bruteForce(demand: readonly DemandNode[], supply: readonly SupplyNode[]): number {
  const units = supply.flatMap((node, index) => Array.from({ length: node.count }, () => index));
  const takenBy = new Map<number, number>();
  const jobs = demand.flatMap((node, bucket) => Array.from({ length: node.count }, () => bucket));
  const find = (jobAt: number, seen: Set<number>): boolean => {
    for (const [unit, index] of units.entries()) {
      if (seen.has(unit) || demand[jobs[jobAt] ?? 0]?.classes.includes(index) !== true) continue;
      seen.add(unit);
      const other = takenBy.get(unit);
      if (other === undefined || find(other, seen)) {
        takenBy.set(unit, jobAt);
        return true;
      }
    }
    return false;
  };
  return jobs.filter((_, at) => find(at, new Set())).length;
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

Deno.test("as many jobs are served as any matching could serve", () => {
  fc.assert(fc.property(problemOf, ({ demand, supply }) => {
    const { idle, coming } = match(demand, supply);
    assertEquals(total(idle) + total(coming), bruteForce(demand, supply));
  }));
});

Deno.test("as many jobs are served by idle agents alone as any matching could serve with them", () => {
  fc.assert(fc.property(problemOf, ({ demand, supply }) => {
    const onlyIdle = supply.map((node) => node.kind === "idle" ? node : { ...node, count: 0 });
    assertEquals(total(match(demand, supply).idle), bruteForce(demand, onlyIdle));
  }));
});

Deno.test("an earlier bucket never gets less for the sake of a later one", () => {
  fc.assert(fc.property(problemOf, ({ demand, supply }) => {
    const { idle, coming } = match(demand, supply);
    for (let bucket = 0; bucket < demand.length; bucket++) {
      const served = total(idle.slice(0, bucket + 1)) + total(coming.slice(0, bucket + 1));
      assertEquals(served, bruteForce(demand.slice(0, bucket + 1), supply));
    }
  }));
});

Deno.test("no agent is used twice, no job is served twice, and what is used is what is served", () => {
  fc.assert(fc.property(problemOf, ({ demand, supply }) => {
    const { idle, coming, used } = match(demand, supply);
    used.forEach((count, index) => assert(count >= 0 && count <= (supply[index]?.count ?? 0)));
    demand.forEach((node, bucket) => assert((idle[bucket] ?? 0) + (coming[bucket] ?? 0) <= node.count));
    assertEquals(total(used), total(idle) + total(coming));
  }));
});

Deno.test("an idle agent of the older bucket is reassigned if only it can serve the younger one", () => {
  const supply: SupplyNode[] = [{ kind: "idle", count: 1 }, { kind: "coming", count: 1 }];
  const demand: DemandNode[] = [{ count: 1, classes: [0, 1] }, { count: 1, classes: [0] }];
  assertEquals(match(demand, supply), { idle: [0, 1], coming: [1, 0], used: [1, 1] });
});

/** An older bucket holds one unit of `held` and can move to `free`; a younger one can only use `held`. */
for (const [held, free] of [[0, 1], [1, 0]] as const) {
  Deno.test(`no more agents are reassigned than were held, if class ${held} is held and class ${free} is free`, () => {
    const supply: SupplyNode[] = [];
    supply[held] = { kind: "idle", count: 2 };
    supply[free] = { kind: "coming", count: 5 };
    const demand: DemandNode[] = [{ count: 2, classes: [held, free] }, { count: 4, classes: [held] }];
    const { idle, coming, used } = match(demand, supply);
    assertEquals([idle, coming], [[0, 2], [2, 0]]);
    assertEquals([used[held], used[free]], [2, 2]);
  });
}

Deno.test("agents are reassigned across several buckets, and none is reassigned twice", () => {
  const supply: SupplyNode[] = [1, 1, 1, 2].map((count) => ({ kind: "idle", count }));
  const demand: DemandNode[] = [
    { count: 1, classes: [0, 1] },
    { count: 1, classes: [1, 2] },
    { count: 1, classes: [2, 3] },
    { count: 3, classes: [0, 3] },
    { count: 1, classes: [1] },
  ];
  assertEquals(match(demand, supply).idle, [1, 1, 1, 2, 0]);
});

Deno.test("as many jobs are served as any matching could serve, in larger cases, too", () => {
  const supplies = fc.array(fc.record({ count: fc.integer({ min: 0, max: 5 }), kind: supplyKind }), {
    minLength: 3,
    maxLength: 6,
  });
  const problems = supplies.chain((supply) =>
    fc.array(
      fc.record({
        count: fc.integer({ min: 1, max: 6 }),
        classes: fc.shuffledSubarray(supply.map((_, index) => index)),
      }),
      { minLength: 3, maxLength: 6 },
    ).map((demand) => ({ supply, demand }))
  );
  fc.assert(
    fc.property(problems, ({ demand, supply }) => {
      const { idle, coming } = match(demand, supply);
      assertEquals(total(idle) + total(coming), bruteForce(demand, supply));
    }),
    { numRuns: 200 },
  );
});
