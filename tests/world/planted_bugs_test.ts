// Bugs planted in the program, to be caught by the laws of the simulation: what shows that the laws see anything.
// `BUG_SEEDS=write deno test -A tests/world/planted_bugs_test.ts` seeks the seeds that catch them anew.

import { assert, assertEquals } from "@std/assert";
import { makeScenario } from "./scenario.ts";
import { type Outcome, play } from "./world.ts";
import { type PlantedBug, plantedBugs } from "./world_bugs.ts";

/** A planted bug must be caught within so many seeds. */
const bugSeedsMax = 1_000;

/** By bug, the first seed that caught it: tried before all others, as some bugs show in one scenario of hundreds. */
const file = new URL("bug_seeds.json", import.meta.url);
const known: Readonly<Record<string, number>> = JSON.parse(Deno.readTextFileSync(file));
const isWriting = Deno.env.get("BUG_SEEDS") === "write";
const found: Record<string, number> = {};

/** What the first seed that catches the bug shows; throws where none does. */
function caught(bug: PlantedBug): { readonly seed: number; readonly violation: NonNullable<Outcome["violation"]> } {
  const seeds = Array.from({ length: bugSeedsMax }, (_, index) => index + 1);
  const first = isWriting ? undefined : known[bug];
  for (const seed of first === undefined ? seeds : [first, ...seeds]) {
    const { violation } = play(makeScenario(seed), { bug });
    if (violation !== undefined) return { seed, violation };
  }
  throw new Error(`not caught within ${bugSeedsMax} seeds`);
}

for (const bug of plantedBugs) {
  Deno.test(`the planted bug ${bug} is caught`, () => {
    const { seed, violation } = caught(bug);
    assert(violation.law !== "throws", violation.message);
    assertEquals(play(makeScenario(seed)).violation, undefined, "it fails without the bug, too");
    found[bug] = seed;
    if (isWriting) Deno.writeTextFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  });
}
