// The seeds of each test run, in parts: `deno test --parallel` runs each file in one thread.

import { assertEquals } from "@std/assert";
import { openSeeds } from "../world/open_seeds.ts";
import { replayHint } from "../world/replay_hint.ts";
import { makeScenario } from "../world/scenario.ts";
import { failedSeeds } from "../world/seeds.ts";
import { play } from "../world/world.ts";

/** Test files that share the seeds. */
const parts = 3;

/**
 * Seeds of one test run: the same 300 each time, so that a failure is caused by the tested change. The gate also runs
 * 2,000 others (scripts/ok.ts), on all cores. With SIM_SEEDS=N it runs N fresh ones instead, like `deno task sim
 * --seeds N` does on all cores.
 */
const wanted = Deno.env.get("SIM_SEEDS");
const ofPart = Math.ceil(Number(wanted ?? "300") / parts);

/** Registers the test of the seeds of a part, 1 to 3. */
export function testFixedSeeds(part: 1 | 2 | 3): void {
  Deno.test(`${ofPart} seeds break no law (part ${part} of ${parts})`, () => {
    const from = wanted === undefined ? 1 + (part - 1) * ofPart : crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    const failed: string[] = [];
    for (let seed = from; seed < from + ofPart; seed++) {
      const outcome = play(makeScenario(seed));
      if (outcome.violation !== undefined && !openSeeds.has(seed)) failed.push(replayHint(outcome));
    }
    assertEquals(failed, []);
  });
}

/** Registers a test for each seed of a part, 1 to 3. */
export function testFailedSeeds(part: 1 | 2 | 3): void {
  const own = failedSeeds.filter((_, index) => index % parts === part - 1);
  for (const { seed, weather = "stormy", found } of own) {
    Deno.test(`seed ${seed} breaks no law any more (${found})`, () => {
      const outcome = play(makeScenario(seed, weather));
      assertEquals(outcome.violation, undefined, replayHint(outcome, ` --weather ${weather}`));
    });
  }
}
