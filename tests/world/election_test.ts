// Instances that share a state, with the production rules: seeds, and planted bugs that must be caught. For a real
// ZooKeeper see tests/store and tests/runtime/ha_test.ts.

import { assert, assertEquals } from "@std/assert";
import { electionBugs, playElection } from "./world_election.ts";

const seedsCount = 1_000;

Deno.test(`in ${seedsCount} seeds, two instances never act at the same time, nothing is lost or launched twice, and one instance leads at the end`, () => {
  const failed: string[] = [];
  let leads = 0;
  let launches = 0;
  for (let seed = 1; seed <= seedsCount; seed++) {
    const outcome = playElection(seed);
    if (outcome.violation !== undefined) failed.push(`seed ${seed} ${outcome.violation}`);
    leads += outcome.leads;
    launches += outcome.launches;
  }
  assertEquals(failed, []);
  assert(
    leads > 2 * seedsCount && launches > 50 * seedsCount,
    `${leads} leads, ${launches} launches: it has become dull`,
  );
});

Deno.test("two runs of the same seed are identical", () => assertEquals(playElection(7), playElection(7)));

for (const bug of electionBugs) {
  Deno.test(`the laws catch the planted bug ${bug}`, () => {
    const caught = Array.from({ length: 300 }, (_, index) => playElection(index + 1, bug)).filter((each) =>
      each.violation !== undefined
    );
    assert(caught.length > 0, "not caught within 300 seeds");
    for (const { seed } of caught) assertEquals(playElection(seed).violation, undefined);
  });
}
