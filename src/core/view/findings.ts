// Merges many findings about single jobs into one.

import type { Finding } from "../event.ts";
import { unassignedJobs } from "../words/findings.ts";

const perJob = "gocd-job-unassigned";

/** Findings for people: those that GoCD makes for each unassigned job become one; the jobs' own reasons have the rest. */
export function foldFindings(findings: readonly Finding[]): readonly Finding[] {
  const locators = new Set(findings.flatMap((each) => each.code === perJob ? each.locators ?? [] : []));
  if (locators.size === 0) return findings;
  return [...findings.filter((each) => each.code !== perJob), unassignedJobs(perJob, [...locators])];
}
