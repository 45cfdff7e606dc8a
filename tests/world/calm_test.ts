// The deterministic simulation without faults: in the end everything is built, and no agent of ours is left.

import { assert, assertEquals } from "@std/assert";
import { replayHint } from "./replay_hint.ts";
import { makeScenario, withNames } from "./scenario.ts";
import { plainNames } from "./scenario_names.ts";
import { play } from "./world.ts";

Deno.test("without faults every servable job is built and everything of ours is gone in the end", () => {
  let builds = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const outcome = play(makeScenario(seed, "calm"));
    assertEquals(outcome.violation, undefined, `${replayHint(outcome)} --calm`);
    builds += outcome.builds;
  }
  assert(builds > 200, `only ${builds} builds: the scenarios have become empty`);
});

/** Agent names for which each agent can be identified in its network. */
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
