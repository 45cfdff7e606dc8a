// What unserved jobs lack, each with the number of jobs that it keeps waiting. Why a single job waits is decided in
// plan.ts.

import { foldResource } from "./matching.ts";
import { isPattern, namesOf, patternTest } from "./patterns.ts";
import type { AgentProfile } from "../settings.ts";
import type { JobVerdict } from "./verdict.ts";

/** Something that unserved jobs lack; a job that lacks several things counts for each. */
export type Lack =
  | {
    readonly kind: "resource";
    readonly name: string;
    /** The profile that lacks the least of what the first of the jobs requires. */
    readonly nearest: string;
    /** Some profile has it, but not everything else that the jobs require. */
    readonly isElsewhere: boolean;
    readonly count: number;
    readonly first: JobVerdict;
  }
  /** An environment, or any profile at all. */
  | { readonly kind: "other"; readonly count: number; readonly first: JobVerdict };

/** What the unserved ones among these jobs lack, in descending order of the number of jobs. */
export function lacksOf(jobs: readonly JobVerdict[], profiles: readonly AgentProfile[]): readonly Lack[] {
  const lacks = new Map<string, Lack>();
  const count = (key: string, lack: Lack): void => {
    const former = lacks.get(key);
    lacks.set(key, former === undefined ? lack : { ...former, count: former.count + 1 });
  };
  const had = new Set(profiles.flatMap((each) => namesOf(each.gocdResources).map(folded)));
  const patterns = profiles.flatMap(({ gocdResources }) => gocdResources).filter(isPattern);
  const tests = [...new Set(patterns.map(folded))].map(patternTest);
  for (const job of jobs) {
    const { reason } = job;
    if (job.verdict !== "unserved") continue;
    if (reason.kind !== "no-profile-resources") {
      const needs = [
        reason.kind,
        job.environment,
        job.pipelineGroup?.toLowerCase(),
        ...job.gocdResources.map(folded).sort(),
      ];
      count(`other ${JSON.stringify(needs)}`, { kind: "other", count: 1, first: job });
      continue;
    }
    for (const name of reason.missing) {
      const isElsewhere = had.has(folded(name)) || tests.some((test) => test(folded(name)));
      const { nearest } = reason;
      count(`resource ${folded(name)}`, { kind: "resource", name, nearest, isElsewhere, count: 1, first: job });
    }
  }
  return [...lacks.values()].sort((a, b) => b.count - a.count);
}

function folded(name: string): string {
  return foldResource(name, "insensitive");
}
