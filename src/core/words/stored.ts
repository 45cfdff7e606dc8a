// Texts that are stored with an instance for people. No decision depends on them, and older ones stay as they were
// stored.

import { formatDuration } from "./phrases.ts";

/**
 * Why an instance is stored that this state did not launch; `by`: who reported it, or that the id of a launch was
 * already in use.
 */
export function adoptedText(by: "mesos" | "gocd" | "duplicate"): string {
  switch (by) {
    case "mesos":
      return "adopted: Mesos knew it, the store did not";
    case "gocd":
      return "adopted: the GoCD server knew it, the store did not";
    case "duplicate":
      return "adopted: its id is already in use";
  }
}

/** Why an instance is in doubt that was not reconciled with Mesos yet. */
export const onlyGocdKnows = "only the GoCD server knows it";

/** The end of an instance that never reappeared. */
export function unreachableText(forMs: number): string {
  return `unreachable for ${formatDuration(forMs)}`;
}

/** The end of all instances at a teardown. */
export const tornDownText = "torn down";
