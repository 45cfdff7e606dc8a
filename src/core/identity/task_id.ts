// Creates and parses the ids of our tasks.

import type { FrameworkRecord } from "../record.ts";

/** Prefix of all task ids. */
const prefix = "gocd";
const profileCharsMax = 32;
/** Task numbers stay below this, far below the limit of exact integers. */
export const taskNumberMax = 2 ** 50;

/** `gocd-<lineage>-<profile>-<number>`: never reused, `[a-z0-9-]`, at most 63 characters (a host name label). */
export function makeTaskId(
  { lineage, nextTaskNumber }: Pick<FrameworkRecord, "lineage" | "nextTaskNumber">,
  profile: string,
): string {
  return `${prefix}-${lineage}-${slug(profile)}-${nextTaskNumber}`;
}

/** A profile's name as used in task ids. */
export function slug(profile: string): string {
  return profile.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "").slice(0, profileCharsMax) ||
    "p";
}

/** A match of the pattern of task ids: all groups are present. */
type TaskIdMatch = readonly [whole: string, lineage: string, profileSlug: string, number: string];

/** The parts of a task id, if it is one of ours. */
export function parseTaskId(
  taskId: string,
): { readonly lineage: string; readonly profileSlug: string; readonly number: number } | undefined {
  const match = /^gocd-([a-z0-9]{6})-([a-z0-9-]{1,32})-(\d{1,16})$/.exec(taskId) as TaskIdMatch | null;
  if (match === null) return undefined;
  const [, lineage, profileSlug, number] = match;
  return { lineage, profileSlug, number: Number(number) };
}
