// Merges many findings about single jobs into one.

import type { Finding } from "../event.ts";

const perJob = "gocd-job-unassigned";

/** Findings for people: those that GoCD makes for each unassigned job become one; the jobs' own reasons have the rest. */
export function foldFindings(findings: readonly Finding[]): readonly Finding[] {
  const locators = new Set(findings.flatMap((each) => each.code === perJob ? each.locators ?? [] : []));
  if (locators.size === 0) return findings;
  const count = locators.size === 1 ? "one job" : `${locators.size} jobs`;
  return [...findings.filter((each) => each.code !== perJob), {
    code: perJob,
    message: `GoCD itself reports ${count} without an agent for more than 5 min, the first of them ${[...locators][0]}`,
    hint: "the verdict of each job tells why",
    locators: [...locators],
  }];
}
