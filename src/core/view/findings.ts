// Merges many findings about single jobs into one.

import type { Finding } from "../event.ts";
import { unassignedJobs } from "../words/findings.ts";

const perJob = "gocd-job-unassigned";

/**
 * Findings for people: those that GoCD creates for each unassigned job become one; the jobs' own reasons have the
 * details. `foreign` jobs, which are for other agents than ours, are not reported.
 */
export function foldFindings(
  findings: readonly Finding[],
  foreign: readonly { readonly job: { readonly locator: string } }[],
): readonly Finding[] {
  const locators = new Set(findings.flatMap((each) => each.code === perJob ? each.locators ?? [] : []));
  for (const { job } of foreign) locators.delete(job.locator);
  const others = findings.filter((each) => each.code !== perJob);
  return locators.size === 0 ? others : [...others, unassignedJobs(perJob, [...locators])];
}
