// Pipeline groups, if the configuration uses them. GoCD assigns jobs by resources and environment only, so a group
// decides which profile is launched and how a limit is shared, but never which agent counts for a job.

import type { Bucket } from "./backlog.ts";
import { isPattern, patternTest } from "./patterns.ts";
import type { ScheduledJob } from "../gocd_records.ts";
import type { AgentInstance } from "../instance.ts";
import type { Settings } from "../settings.ts";
import type { State } from "../state.ts";

/** The group of each pipeline, as the dashboard spells it, by the pipeline's name in lower case. */
export type PipelineGroups = ReadonlyMap<string, string>;

/** The group of pipelines whose group is unknown: not a valid group name. */
export const unknownGroup = "";

/** Group names are case-insensitive (GoCD BasicPipelineConfigs.isNamed). */
function foldGroup(name: string): string {
  return name.trim().toLowerCase();
}

/** Whether the configuration uses groups at all. */
export function wantsGroups({ scaling, profiles }: Pick<Settings, "scaling" | "profiles">): boolean {
  return scaling.fairShare?.by === "pipeline-group" || profiles.some((each) => each.pipelineGroups !== undefined);
}

/** The pipeline of a locator `pipeline/pipelineCounter/stage/stageCounter/job`. */
export function pipelineOf(locator: string): string {
  return locator.split("/", 1).join();
}

/** The group of a job's pipeline, in the server's spelling; {@linkcode unknownGroup} if it is not known. */
export function groupOfJob(groups: PipelineGroups | undefined, locator: string): string {
  return groups?.get(pipelineOf(locator).toLowerCase()) ?? unknownGroup;
}

/** Separates the needs of the jobs from their group in a bucket's key: no name on a GoCD server has a semicolon. */
const keyMark = ";group ";

/** The key of the jobs of a bucket that belong to one group. */
export function keyWithGroup(key: string, group: string): string {
  return `${key}${keyMark}${foldGroup(group)}`;
}

/** The key of the bucket over all groups. */
export function keyWithoutGroup(key: string): string {
  return key.split(keyMark, 1).join();
}

/** The group in a bucket's key, in normalized spelling; {@linkcode unknownGroup} if there is none. */
export function groupOfKey(key: string | undefined): string {
  return key?.split(keyMark)[1] ?? unknownGroup;
}

/** A bucket for each group, in the order of their oldest jobs; the bucket itself if groups are not used. */
export function byGroup({ settings, server }: Pick<State, "settings" | "server">, bucket: Bucket): readonly Bucket[] {
  if (!wantsGroups(settings)) return [bucket];
  const parts = new Map<string, { readonly pipelineGroup: string; readonly jobs: ScheduledJob[] }>();
  for (const job of bucket.jobs) {
    const pipelineGroup = groupOfJob(server.pipelineGroups, job.locator);
    const key = keyWithGroup(bucket.key, pipelineGroup);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, { pipelineGroup, jobs: [job] });
    else part.jobs.push(job);
  }
  return [...parts].map(([key, part]) => ({ ...bucket, key, ...part }));
}

/** In how many consecutive polls a bucket's jobs have needed agents; its group may have become known only now. */
export function streakOf(streaks: ReadonlyMap<string, number>, { key }: Pick<Bucket, "key">): number {
  const kind = keyWithoutGroup(key);
  return streaks.get(key) ?? streaks.get(keyWithGroup(kind, unknownGroup)) ?? streaks.get(kind) ?? 0;
}

/**
 * The group that an instance counts for, in normalized spelling: that of the job it builds, if the server reports it,
 * otherwise the group that it was launched for.
 */
export function groupOfInstances({ server }: Pick<State, "server">): (instance: AgentInstance) => string {
  const builds = new Map(server.agents.map(({ uuid, buildLocator }) => [uuid, buildLocator]));
  return (instance) => {
    const isBuilding = instance.state === "registered" && instance.activity.kind === "building";
    const locator = isBuilding ? builds.get(instance.uuid) : undefined;
    const built = locator === undefined ? unknownGroup : foldGroup(groupOfJob(server.pipelineGroups, locator));
    return built === unknownGroup ? groupOfKey(instance.bucketKey) : built;
  };
}

/** A predicate for groups, by names and patterns. */
export function groupTest(names: readonly string[]): (group: string) => boolean {
  const tests = names.map(foldGroup).map((name) =>
    isPattern(name) ? patternTest(name) : (group: string) => group === name
  );
  return (group) => tests.some((test) => test(foldGroup(group)));
}
