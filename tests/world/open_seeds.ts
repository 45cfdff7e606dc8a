// Seeds that break a law today: open faults of the program or of a law, each to be mended. The gate plays them, too, and
// fails when one of them has come to hold (take it off) or another one breaks a law. Not here: what was mended (seeds.ts).

/** Open seeds in the weather of the seed, each with the law that it breaks. */
export const openSeeds: ReadonlyMap<number, string> = new Map<number, string>([]);
