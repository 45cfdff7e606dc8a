// Bugs planted in the program, which the laws of the simulation must catch, to prove that the laws are effective.
// `BUG_SEEDS=write deno test -A tests/world/planted_bugs_test.ts` searches for a new seed for each bug that its seed no
// longer catches.

import { assert } from "@std/assert";
import { makeScenario } from "./scenario.ts";
import { type Outcome, play } from "./world.ts";
import { type PlantedBug, plantedBugs } from "./world_bugs.ts";

/** A planted bug must be caught within this many seeds. */
const bugSeedsMax = 1_000;

/** By bug, a seed that catches it: some bugs only show in one of hundreds of scenarios. */
const file = new URL("bug_seeds.json", import.meta.url);
const known: Readonly<Record<string, number>> = JSON.parse(Deno.readTextFileSync(file));
const isWriting = Deno.env.get("BUG_SEEDS") === "write";
const found: Record<string, number> = { ...known };

/** The violation of a seed with the bug that does not occur without it. */
function shown(bug: PlantedBug, seed: number): Outcome["violation"] {
  const { violation } = play(makeScenario(seed), { bug });
  if (violation === undefined || violation.law === "throws") return undefined;
  return play(makeScenario(seed)).violation === undefined ? violation : undefined;
}

/** The first seed that catches the bug. */
function sought(bug: PlantedBug): number | undefined {
  for (let seed = 1; seed <= bugSeedsMax; seed++) {
    if (shown(bug, seed) !== undefined) return seed;
  }
  return undefined;
}

for (const bug of plantedBugs) {
  Deno.test(`the laws catch the planted bug ${bug}`, () => {
    const seed = known[bug];
    if (seed !== undefined && shown(bug, seed) !== undefined) return;
    assert(
      isWriting,
      `seed ${seed} does not show it any more: seek another one with BUG_SEEDS=write (head of this file)`,
    );
    const other = sought(bug);
    if (other === undefined) throw new Error(`not caught within ${bugSeedsMax} seeds`);
    found[bug] = other;
    Deno.writeTextFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  });
}
