// The deterministic simulation: seeds with all weathers. Replay a failing one with `deno task sim --seed S --trace`.

import { assert, assertEquals } from "@std/assert";
import { testFixedSeeds } from "../support/seed_parts.ts";
import { makeScenario } from "./scenario.ts";
import { play } from "./world.ts";

Deno.test("two runs of the same seed are identical", () => {
  const runs = [0, 1].map(() => {
    const lines: string[] = [];
    const outcome = play(makeScenario(7), { trace: (line) => lines.push(line) });
    return { outcome, lines };
  });
  assertEquals(runs[0], runs[1]);
  assert((runs[0]?.lines.length ?? 0) > 100);
});

testFixedSeeds(1);
