// How to replay a seed: the hint of tests for a failed one.

import type { Outcome } from "./world.ts";

/** The command that replays the seed, and the law that it broke. */
export function replayHint({ seed, violation }: Outcome, how = ""): string {
  return `deno task sim --seed ${seed} --trace${how}: ${violation?.message ?? "all laws held"}`;
}
