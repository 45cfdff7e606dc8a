// The deterministic simulation: seeds with all weathers. Replay a failing one with `deno task sim --seed S --trace`.

import { assert, assertEquals } from "@std/assert";
import { openSeeds } from "./open_seeds.ts";
import { makeScenario } from "./scenario.ts";
import { play } from "./world.ts";
import { replayHint } from "./replay_hint.ts";

/**
 * Seeds of one test run: the same 300 each time, so that a failure is caused by the tested change. The gate also runs
 * 2,000 others (scripts/ok.ts), on all cores. With SIM_SEEDS=N it runs N fresh ones instead, like `deno task sim
 * --seeds N` does on all cores.
 */
const wanted = Deno.env.get("SIM_SEEDS");
const seedsCount = Number(wanted ?? "300");

Deno.test("a seed replays its run exactly", () => {
  const runs = [0, 1].map(() => {
    const lines: string[] = [];
    const outcome = play(makeScenario(7), { trace: (line) => lines.push(line) });
    return { outcome, lines };
  });
  assertEquals(runs[0], runs[1]);
  assert((runs[0]?.lines.length ?? 0) > 100);
});

Deno.test(`${seedsCount} seeds break no law`, () => {
  const from = wanted === undefined ? 1 : crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const failed: string[] = [];
  for (let seed = from; seed < from + seedsCount; seed++) {
    const outcome = play(makeScenario(seed));
    if (outcome.violation !== undefined && !openSeeds.has(seed)) failed.push(replayHint(outcome));
  }
  assertEquals(failed, []);
});
