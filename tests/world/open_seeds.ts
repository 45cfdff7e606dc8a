// Seeds that break a law today: open faults of the program or of a law. The gate runs them too, and fails when one
// passes (take it off the list) or another one breaks a law.

/** Open seeds in the weather of the seed, each with the law that it breaks. */
export const openSeeds: ReadonlyMap<number, string> = new Map<number, string>([]);
