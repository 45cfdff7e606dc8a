// Texts that are stored with an instance for people. Nothing is decided by them, and older ones stay as they were stored.

import { formatDuration } from "./phrases.ts";

/** Why an instance is on record that this state did not launch; `by`: who knew it, or the id of a launch lived already. */
export function adoptedText(by: "mesos" | "gocd" | "duplicate"): string {
  switch (by) {
    case "mesos":
      return "adopted: Mesos knew it, the store did not";
    case "gocd":
      return "adopted: the GoCD server knew it, the store did not";
    case "duplicate":
      return "adopted: its id lives already";
    default:
      return by satisfies never;
  }
}

/** Why one is in doubt that Mesos has not been asked about yet. */
export const onlyGocdKnows = "only the GoCD server knows it";

/** The end of what was never heard of again. */
export function unreachableText(forMs: number): string {
  return `unreachable for ${formatDuration(forMs)}`;
}

/** The end of all at a teardown. */
export const tornDownText = "torn down";
