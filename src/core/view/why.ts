// Explains one waiting job beyond its own verdict, from the picture alone.

import type { Finding } from "../event.ts";
import type { BucketView, JobView, ProfileView, StatusView } from "./view.ts";

/** One waiting job with everything that explains its verdict. */
export interface WhyView {
  readonly job: JobView;
  /** The jobs with the same needs; absent for a job that is not ours. */
  readonly bucket?: BucketView;
  /** The profile that serves it; absent if none does. */
  readonly profile?: ProfileView;
  /** The agents of the server; absent for a job that is not ours. */
  readonly agents?: AgentCounts;
  /** Current problems that are not only about other jobs and not already part of its reason. */
  readonly problems: readonly Finding[];
}

/** How many agents of the server can take a job. */
export interface AgentCounts {
  /** All of them. */
  readonly known: number;
  /** Those with the resources. */
  readonly able: number;
  /** Those of them that are in its environment, or in none if it has none. */
  readonly matching: number;
  /** These by category. */
  readonly byState: Readonly<Record<string, number>>;
}

/** Explains one job of the picture. */
export function whyView(job: JobView, view: StatusView): WhyView {
  if (job.verdict === "not-ours") return { job, problems: [] };
  const bucket = view.demand.find((each) =>
    (each.environment ?? "").toLowerCase() === (job.environment ?? "").toLowerCase() &&
    folded(each.gocdResources) === folded(job.gocdResources)
  );
  const profile = view.profiles.find((each) => each.name === job.profile);
  return {
    job,
    ...(bucket === undefined ? {} : { bucket }),
    ...(profile === undefined ? {} : { profile }),
    agents: agentCounts(job, view),
    problems: view.problems.filter((each) => !isSaid(each, job)),
  };
}

/** Whether the reason of a job already says why its profile launches nothing. */
export function saysBlocked({ brief }: JobView): boolean {
  return brief !== undefined;
}

/** Whether a problem is already mentioned in the job's own lines, or only concerns other jobs or another profile. */
function isSaid({ code, profile, profiles }: Finding, job: JobView): boolean {
  const isOfOthers = code === "jobs-unserved" || code === "held-limit" || code === "held-share" ||
    code === "profile-failing" && profile !== job.profile ||
    profiles !== undefined && !profiles.some((each) => each === job.profile);
  if (isOfOthers || code === job.reasonCode || code === `held-${job.reasonCode}`) return true;
  if (code === "gocd-job-unassigned") return job.remarks?.some((remark) => remark.code === code) === true;
  return code === "profile-failing" && saysBlocked(job) ||
    code.startsWith("mesos-") && job.reasonCode === "held-no-session";
}

function agentCounts(job: JobView, { gocdAgents }: StatusView): AgentCounts {
  const wanted = new Set(job.gocdResources.map((name) => name.toLowerCase()));
  const able = gocdAgents.filter((each) => {
    const has = new Set(each.gocdResources.map((name) => name.toLowerCase()));
    return [...wanted].every((name) => has.has(name));
  });
  const environment = (job.environment ?? "").toLowerCase();
  const matching = able.filter((each) =>
    environment === ""
      ? each.environments.length === 0
      : each.environments.some((name) => name.toLowerCase() === environment)
  );
  return {
    known: gocdAgents.length,
    able: able.length,
    matching: matching.length,
    byState: countBy(matching.map(({ state }) => state)),
  };
}

/** Number of occurrences of each value, in the order of their first occurrence. */
export function countBy(words: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const each of words) counts.set(each, (counts.get(each) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function folded(names: readonly string[]): string {
  return [...new Set(names.map((name) => name.toLowerCase()))].sort().join(",");
}
