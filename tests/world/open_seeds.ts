// Seeds that currently break a law: known bugs of the program or of a law. The gate runs them too, and fails when one
// passes (remove it from the list) or another one breaks a law.

/** Open seeds with the weather of the seed, each with the law that it breaks. */
export const openSeeds: ReadonlyMap<number, string> = new Map<number, string>([
  // A process started again while it was Pending, and its former record, with the same proof, was enabled: an agent that
  // is dead looks idle, is drained, and the job that it left counts as waiting for another cause for half an hour.
  [12086134, "progress"],
]);
