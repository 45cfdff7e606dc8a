// Whose turn it is where something is shared.

import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import { serveInTurn, type Sharer } from "../../../src/core/demand/serve_in_turn.ts";

function served(sharers: readonly Sharer[], wants: readonly number[], places: number): readonly number[] {
  const left = [...wants];
  let free = places;
  return serveInTurn(sharers, (_, index) => {
    if (free === 0 || (left[index] ?? 0) === 0) return false;
    free--;
    left[index] = (left[index] ?? 0) - 1;
    return true;
  });
}

for (
  const [name, sharers, wants, places, given] of [
    ["two that want much get half each", [[0, 1], [0, 1]], [9, 9], 6, [3, 3]],
    ["what one does not want goes to the other", [[0, 1], [0, 1]], [1, 9], 6, [1, 5]],
    ["weights count", [[0, 3], [0, 1]], [9, 9], 8, [6, 2]],
    ["what somebody has counts", [[4, 1], [0, 1]], [9, 9], 4, [0, 4]],
    ["the first of equals comes first", [[0, 1], [0, 1]], [9, 9], 1, [1, 0]],
    ["without a limit all get what they want", [[5, 1], [0, 1]], [2, 3], 99, [2, 3]],
    ["nobody shares nothing", [], [], 3, []],
  ] as const
) {
  Deno.test(`fair turn: ${name}`, () => {
    assertEquals(served(sharers.map(([inUse, weight]) => ({ inUse, weight })), wants, places), given);
  });
}

Deno.test("no sharer gets more while one with less for its weight gets none, and no slot stays empty", () => {
  const sharer = fc.record({
    inUse: fc.integer({ min: 0, max: 8 }),
    weight: fc.constantFrom(0.5, 1, 2, 3),
    want: fc.integer({ min: 0, max: 8 }),
  });
  fc.assert(fc.property(fc.array(sharer, { maxLength: 6 }), fc.integer({ min: 0, max: 20 }), (all, places) => {
    const given = served(all, all.map(({ want }) => want), places);
    const total = all.reduce((sum, { want }) => sum + want, 0);
    assertEquals(given.reduce((sum, count) => sum + count, 0), Math.min(places, total));
    all.forEach((poor, at) => {
      if ((given[at] ?? 0) === poor.want) return;
      all.forEach((rich, other) => {
        if (other === at || (given[other] ?? 0) === 0) return;
        const richBefore = (rich.inUse + (given[other] ?? 0) - 1) / rich.weight;
        assert(richBefore <= (poor.inUse + (given[at] ?? 0)) / poor.weight + 1e-9);
      });
    });
  }));
});

/** The turns, as found by looking at all each time. */
function turnsOf(sharers: readonly Sharer[], wants: readonly number[]): readonly number[] {
  const given = sharers.map(() => 0);
  const left = new Set(sharers.keys());
  const turns: number[] = [];
  const level = (at: number): number => ((sharers[at]?.inUse ?? 0) + (given[at] ?? 0)) / (sharers[at]?.weight ?? 1);
  while (left.size > 0) {
    const next = [...left].reduce((least, each) => level(each) < level(least) ? each : least);
    turns.push(next);
    if ((given[next] ?? 0) < (wants[next] ?? 0)) given[next] = (given[next] ?? 0) + 1;
    else left.delete(next);
  }
  return turns;
}

Deno.test("the turns are the same as if all sharers were examined each time", () => {
  const sharer = fc.record({
    inUse: fc.integer({ min: 0, max: 9 }),
    weight: fc.constantFrom(0.5, 1, 2, 3),
    want: fc.integer({ min: 0, max: 9 }),
  });
  fc.assert(fc.property(fc.array(sharer, { maxLength: 20 }), (all) => {
    const wants = all.map(({ want }) => want);
    const left = [...wants];
    const turns: number[] = [];
    serveInTurn(all, (_, at) => {
      turns.push(at);
      return left[at] !== undefined && left[at]-- > 0;
    });
    assertEquals(turns, turnsOf(all, wants));
  }));
});
