// The deterministic simulation: fresh seeds, seeds that once failed, a crash at every point, and planted bugs that must
// be caught. Replay a failing seed with `deno task sim --seed S --trace`.

import { assert, assertEquals } from "@std/assert";
import { openSeeds } from "./open_seeds.ts";
import { makeScenario, withNames } from "./scenario.ts";
import { plainNames } from "./scenario_names.ts";
import { play } from "./world.ts";
import { replayHint } from "./replay_hint.ts";

/**
 * Seeds of one run of the tests: the same 300 each time, so that a run says something of the change it tests. The gate
 * plays 2,000 others beside them (scripts/ok.ts), on all cores. With SIM_SEEDS=N it plays N fresh ones instead, as
 * `deno task sim --seeds N` does on all cores.
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

Deno.test("without faults every servable job is built and everything of ours is gone in the end", () => {
  let builds = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const outcome = play(makeScenario(seed, "calm"));
    assertEquals(outcome.violation, undefined, `${replayHint(outcome)} --calm`);
    builds += outcome.builds;
  }
  assert(builds > 200, `only ${builds} builds: the scenarios have become empty`);
});

/** Names that agents may have in the network that they are in, so that each can be told. */
const calmNames = [
  ["their full domain names", { ...plainNames, naming: "full", halfMade: 0.3 }, 200],
  ["names that the JVM makes up, in a network of their own", {
    ...plainNames,
    naming: "random",
    hasOwnAddress: true,
    halfMade: 0.3,
  }, 60],
] as const;
for (const [what, names, count] of calmNames) {
  Deno.test(`agents that register under ${what} are known, and leave nothing behind`, () => {
    let builds = 0;
    for (let seed = 1; seed <= count; seed++) {
      const outcome = play(withNames(makeScenario(seed, "calm"), names));
      assertEquals(outcome.violation, undefined, `seed ${seed}, calm, ${JSON.stringify(names)}`);
      builds += outcome.builds;
    }
    assert(builds > 3 * count, `only ${builds} builds: the scenarios have become empty`);
  });
}

Deno.test(`${seedsCount} seeds break no law`, () => {
  const from = wanted === undefined ? 1 : crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const failed: string[] = [];
  for (let seed = from; seed < from + seedsCount; seed++) {
    const outcome = play(makeScenario(seed));
    if (outcome.violation !== undefined && !openSeeds.has(seed)) failed.push(replayHint(outcome));
  }
  assertEquals(failed, []);
});
