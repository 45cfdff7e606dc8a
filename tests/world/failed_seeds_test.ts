// Seeds of the simulation that still fail, and a third of those that once failed.

import { assertEquals } from "@std/assert";
import { testFailedSeeds } from "../support/seed_parts.ts";
import { openSeeds } from "./open_seeds.ts";
import { makeScenario } from "./scenario.ts";
import { play } from "./world.ts";

for (const [seed, law] of openSeeds) {
  Deno.test(`open seed ${seed} still breaks the law ${law}`, () => {
    const { violation } = play(makeScenario(seed));
    assertEquals(violation?.message.startsWith(`${law}: `), true, `take seed ${seed} off: ${violation?.message}`);
  });
}

testFailedSeeds(1);
