// The simulation with a crash of the program at every single point, and with each commit failing.

import { assertEquals } from "@std/assert";
import { replayHint } from "./replay_hint.ts";
import { makeScenario } from "./scenario.ts";
import { play } from "./world.ts";

/**
 * The scenarios in which the program is killed at every single point and each commit fails: the first calm ones with
 * enough but not too many events. They are searched, because each new random draw changes the scenarios of the seeds.
 */
const crashSeeds: number[] = [];
for (let seed = 1; seed <= 30 && crashSeeds.length < 2; seed++) {
  const { points, commits, builds } = play(makeScenario(seed, "calm"));
  if (points > 100 && points < 220 && commits > 20 && builds > 3) crashSeeds.push(seed);
}

Deno.test("two calm scenarios have enough events to test crashes", () => assertEquals(crashSeeds.length, 2));

for (const seed of crashSeeds) {
  Deno.test(`the program survives a crash at each point of scenario ${seed}`, () => {
    const scenario = makeScenario(seed, "calm");
    const { points } = play(scenario);
    for (let point = 1; point <= points; point++) {
      const outcome = play(scenario, { crashAtPoint: point });
      assertEquals(outcome.crashes, 1);
      assertEquals(outcome.violation, undefined, `${replayHint(outcome)} --calm, with a crash at point ${point}`);
    }
  });
}

for (const how of ["nothing-stored", "all-stored"] as const) {
  for (const seed of crashSeeds) {
    Deno.test(`the program survives the failure of each commit of scenario ${seed} (${how})`, () => {
      const scenario = makeScenario(seed, "calm");
      const { commits } = play(scenario);
      for (let number = 1; number <= commits; number++) {
        const outcome = play(scenario, { failingCommit: { number, how } });
        assertEquals(outcome.violation, undefined, `${replayHint(outcome)} --calm, with a failing commit ${number}`);
      }
    });
  }
}
