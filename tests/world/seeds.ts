// Seeds that once failed, with what they found. They are always run; if the random draws change, their scenarios
// change, which is acceptable.

import seeds from "./failed_seeds.json" with { type: "json" };
import type { Weather } from "./scenario.ts";

/** A seed and what it once found. */
export interface FailedSeed {
  readonly seed: number;
  /** Absent: stormy, the only weather before mild weather was introduced. */
  readonly weather?: Weather;
  readonly found: string;
}

/** All seeds. */
export const failedSeeds = seeds as readonly FailedSeed[];
