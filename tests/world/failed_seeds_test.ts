// Seeds of the simulation that once failed, and those that still fail.

import { assertEquals } from "@std/assert";
import { openSeeds } from "./open_seeds.ts";
import { replayHint } from "./replay_hint.ts";
import { makeScenario } from "./scenario.ts";
import { failedSeeds } from "./seeds.ts";
import { play } from "./world.ts";

for (const [seed, law] of openSeeds) {
  Deno.test(`seed ${seed} is open: it breaks the law ${law}`, () => {
    const { violation } = play(makeScenario(seed));
    assertEquals(violation?.message.startsWith(`${law}: `), true, `take seed ${seed} off: ${violation?.message}`);
  });
}

for (const { seed, weather = "stormy", found } of failedSeeds) {
  Deno.test(`seed ${seed} breaks no law any more (${found})`, () => {
    const outcome = play(makeScenario(seed, weather));
    assertEquals(outcome.violation, undefined, replayHint(outcome, ` --weather ${weather}`));
  });
}
