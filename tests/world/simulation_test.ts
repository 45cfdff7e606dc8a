// The deterministic simulation: fresh seeds, seeds that ever failed, a crash at every point, and bugs planted to be caught.
// A failing seed is replayed with `deno task sim --seed S --trace`.

import { assert, assertEquals } from "@std/assert";
import { makeScenario, withNames } from "./scenario.ts";
import { plainNames } from "./scenario_names.ts";
import { type Outcome, play } from "./world.ts";
import { plantedBugs } from "./world_bugs.ts";
import { openSeeds } from "./open_seeds.ts";
import { failedSeeds } from "./seeds.ts";

/**
 * Seeds of one run of the tests: the same 1,000 each time, so that a run says something of the change it tests. With
 * SIM_SEEDS=N it plays N fresh ones instead, as `deno task sim --seeds N` does on all cores.
 */
const wanted = Deno.env.get("SIM_SEEDS");
const seedsCount = Number(wanted ?? "1000");
/** A planted bug must be caught within so many seeds. */
const bugSeedsMax = 1_000;
/**
 * The scenarios in which the program is killed at every single point and each commit fails: the first calm ones in which
 * enough happens, and not too much. They are sought, as each new draw makes other scenarios of the same seeds.
 */
const crashSeeds = Array.from({ length: 30 }, (_, index) => index + 1).filter((seed) => {
  const { points, commits, builds } = play(makeScenario(seed, "calm"));
  return points > 100 && points < 300 && commits > 20 && builds > 3;
}).slice(0, 2);

function tell({ seed, violation }: Outcome, how = ""): string {
  return `deno task sim --seed ${seed} --trace${how}: ${violation?.message ?? "all laws held"}`;
}

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
    assertEquals(outcome.violation, undefined, `${tell(outcome)} --calm`);
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
    if (outcome.violation !== undefined && !openSeeds.has(seed)) failed.push(tell(outcome));
  }
  assertEquals(failed, []);
});

for (const [seed, law] of openSeeds) {
  Deno.test(`seed ${seed} is open: it breaks the law ${law}`, () => {
    const { violation } = play(makeScenario(seed));
    assertEquals(violation?.message.startsWith(`${law}: `), true, `take seed ${seed} off: ${violation?.message}`);
  });
}

for (const { seed, weather = "stormy", found } of failedSeeds) {
  Deno.test(`seed ${seed} breaks no law any more (${found})`, () => {
    const outcome = play(makeScenario(seed, weather));
    assertEquals(outcome.violation, undefined, tell(outcome, ` --weather ${weather}`));
  });
}

Deno.test("there are calm scenarios in which enough happens", () => assertEquals(crashSeeds.length, 2));

for (const seed of crashSeeds) {
  Deno.test(`a crash at every single point of scenario ${seed} is survived`, () => {
    const scenario = makeScenario(seed, "calm");
    const { points } = play(scenario);
    for (let point = 1; point <= points; point++) {
      const outcome = play(scenario, { crashAtPoint: point });
      assertEquals(outcome.crashes, 1);
      assertEquals(outcome.violation, undefined, `${tell(outcome)} --calm, with a crash at point ${point}`);
    }
  });
}

for (const how of ["nothing-stored", "all-stored"] as const) {
  for (const seed of crashSeeds) {
    Deno.test(`each commit of scenario ${seed} may fail (${how})`, () => {
      const scenario = makeScenario(seed, "calm");
      const { commits } = play(scenario);
      for (let number = 1; number <= commits; number++) {
        const outcome = play(scenario, { failingCommit: { number, how } });
        assertEquals(outcome.violation, undefined, `${tell(outcome)} --calm, with a failing commit ${number}`);
      }
    });
  }
}

for (const bug of plantedBugs) {
  Deno.test(`the planted bug ${bug} is caught`, () => {
    for (let seed = 1; seed <= bugSeedsMax; seed++) {
      const { violation } = play(makeScenario(seed), { bug });
      if (violation === undefined) continue;
      assert(violation.law !== "throws", violation.message);
      assertEquals(play(makeScenario(seed)).violation, undefined, "it fails without the bug, too");
      return;
    }
    throw new Error(`not caught within ${bugSeedsMax} seeds`);
  });
}
