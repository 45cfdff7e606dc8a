// Since when each problem is there. Not here: finding problems (core/view/problems_now.ts).

import type { Finding } from "../core/event.ts";

/** Problems remembered at once; a view shows fewer. */
const problemsMax = 1_000;

/** Remembers when problems were first seen, for as long as each look finds them. */
export interface ProblemMemory {
  /** The same problems, each with since when: as it says itself, or when a look first found it. */
  dated(problems: readonly Finding[], atMs: number): readonly Finding[];
}

/** Creates a memory that knows nothing yet. */
export function createProblemMemory(): ProblemMemory {
  let firstSeen: ReadonlyMap<string, number> = new Map();
  return {
    dated(problems: readonly Finding[], atMs: number): readonly Finding[] {
      const seen = new Map<string, number>();
      const dated = problems.map((problem) => {
        const key = problemKey(problem);
        const sinceMs = problem.sinceMs ?? firstSeen.get(key) ?? atMs;
        if (seen.size < problemsMax) seen.set(key, sinceMs);
        return { ...problem, sinceMs };
      });
      firstSeen = seen;
      return dated;
    },
  };
}

/** What makes two problems the same one: a count or a duration in the message may change. */
function problemKey({ code, profile = "", message }: Finding): string {
  const what = profile === "" ? message.replace(/\d+/g, "#") : profile;
  return `${code}\n${what}`;
}
