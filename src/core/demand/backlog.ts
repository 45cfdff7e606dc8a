// Groups the jobs of one poll into buckets, so that costs grow with buckets and not with jobs.

import type { ResourceCase, ScheduledJob } from "../gocd_records.ts";
import type { NotOurs } from "./reason.ts";
import { environmentOf, foldEnvironment, foldResource, type Requirement } from "./matching.ts";
import { isRunOnAll, type Unpinned } from "./run_on_all.ts";
import type { PollerSettings } from "../settings.ts";

/** Jobs with the same needs: one environment or none, one set of GoCD resources. */
export interface Bucket {
  /** Equal for buckets with the same needs. */
  readonly key: string;
  /** In the spelling of the bucket's oldest job. */
  readonly environment?: string;
  /** In the spelling of the bucket's oldest job, sorted. */
  readonly gocdResources: readonly string[];
  /** Their pipelines' group, `""` if it is not known. Absent: jobs of any group (pipeline_groups.ts). */
  readonly pipelineGroup?: string;
  readonly requirement: Requirement;
  /** Oldest first. */
  readonly jobs: readonly ScheduledJob[];
}

/** A job that we do not serve, with the reason. */
export interface ForeignJob {
  readonly job: ScheduledJob;
  readonly reason: NotOurs;
}

/** All jobs of one poll. */
export interface Backlog {
  /** The bucket with the oldest job first. */
  readonly buckets: readonly Bucket[];
  readonly foreign: readonly ForeignJob[];
  /** Locators in the order of the feed, each once. */
  readonly order: readonly string[];
  readonly resourceCase: ResourceCase;
}

/** No jobs at all. */
export const emptyBacklog: Backlog = { buckets: [], foreign: [], order: [], resourceCase: "insensitive" };

/**
 * Groups jobs into buckets and separates those that our agents can never take. `unpinned`: run-on-all jobs that they
 * can take.
 */
export function bucketJobs(
  jobs: readonly ScheduledJob[],
  poller: PollerSettings,
  rule: ResourceCase,
  unpinned: Unpinned = new Map(),
): Backlog {
  const ignored = poller.ignore.map((pattern) => ({ pattern, expression: globExpression(pattern) }));
  const buckets = new Map<string, { first: ScheduledJob; requirement: Requirement; jobs: ScheduledJob[] }>();
  const foreign: ForeignJob[] = [];
  const locators = new Set<string>();
  for (const job of jobs) {
    if (locators.has(job.locator)) continue;
    locators.add(job.locator);
    const reason: NotOurs | undefined = isRunOnAll(job) && !unpinned.has(job.locator)
      ? { kind: "run-on-all" }
      : foreignReason(job, ignored, poller.resourcelessJobs);
    if (reason !== undefined) {
      foreign.push({ job, reason });
      continue;
    }
    const requirement = requirementOf(job, rule);
    const key = `${requirement.environment};${requirement.gocdResources.join(",")}`;
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, { first: job, requirement, jobs: [job] });
    else bucket.jobs.push(job);
  }
  return {
    buckets: [...buckets].map(([key, { first, requirement, jobs }]) => ({
      key,
      ...environmentOf(first),
      gocdResources: [...new Set(first.gocdResources)].sort(),
      requirement,
      jobs,
    })),
    foreign,
    order: [...locators],
    resourceCase: rule,
  };
}

/** The needs of a job, in normalized spelling. */
export function requirementOf(job: ScheduledJob, rule: ResourceCase): Requirement {
  const folded = job.gocdResources.map((name) => foldResource(name, rule)).filter((name) => name !== "");
  return { environment: foldEnvironment(job.environment), gocdResources: [...new Set(folded)].sort() };
}

function foreignReason(
  job: ScheduledJob,
  ignored: readonly { pattern: string; expression: RegExp }[],
  resourcelessJobs: PollerSettings["resourcelessJobs"],
): NotOurs | undefined {
  if (job.elasticProfile !== undefined) return { kind: "elastic", elasticProfile: job.elasticProfile };
  const hit = ignored.find(({ expression }) => expression.test(jobPath(job.locator)));
  if (hit !== undefined) return { kind: "ignored", pattern: hit.pattern };
  if (job.unknownNeeds !== undefined) return { kind: "needs-unknown", ...job.unknownNeeds };
  return resourcelessJobs === "ignore" && job.gocdResources.length === 0 ? { kind: "resourceless-ignored" } : undefined;
}

/** `pipeline/stage/job` of a locator pipeline/pipelineCounter/stage/stageCounter/job. */
export function jobPath(locator: string): string {
  const parts = locator.split("/");
  return parts.length === 5 ? `${parts[0]}/${parts[2]}/${parts[4]}` : locator;
}

/**
 * `*` matches any text without `/`, `**` any text; a pattern with one part matches a pipeline, with two a pipeline and
 * stage.
 */
export function globExpression(pattern: string): RegExp {
  const parts = pattern.split("/").length;
  const whole = parts >= 3 || pattern.includes("**") ? pattern : `${pattern}/**`;
  const source = whole.split(/(\*\*|\*)/).map((piece) =>
    piece === "**" ? ".*" : piece === "*" ? "[^/]*" : piece.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&")
  ).join("");
  return new RegExp(`^${source}$`);
}
