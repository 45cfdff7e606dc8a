// Tracks since when each problem exists. Problems are derived in core/view/problems_now.ts.

import type { Finding } from "../core/event.ts";

/** Maximum number of remembered problems; a view shows fewer. */
const problemsMax = 1_000;

/** Remembers when problems were first seen, as long as each check finds them. */
export interface ProblemMemory {
  /** The same problems, each with its start: its own, or when it was first found. */
  dated(problems: readonly Finding[], atMs: number): readonly Finding[];
}

/** Creates an empty memory. */
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

/** The identity of a problem: a count or a duration in the message may change. */
function problemKey({ code, profile = "", message }: Finding): string {
  const what = profile === "" ? message.replace(/\d+/g, "#") : profile;
  return `${code}\n${what}`;
}
