// The law of profiles for pipeline groups: an agent of such a profile is only launched for a job of these groups,
// according to the observed dashboard. GoCD, which ignores groups, decides which jobs it builds.

import type { Effect } from "../../src/core/effect.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import { fits } from "./invariants_launch.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

/** The groups observed by the program. */
export interface GroupWatch {
  /** Group by pipeline in lower case, as last observed. */
  shown: ReadonlyMap<string, string>;
  /** The builds of agents, by uuid, in the last list. */
  builds: ReadonlyMap<string, string | undefined>;
}

/** The program gets a list of agents. */
export function noteBuilds({ watch: { groups } }: World, agents: readonly GocdAgent[]): void {
  groups.builds = new Map(agents.map(({ uuid, buildLocator }) => [uuid, buildLocator]));
}

/** Before ACCEPT is sent: a name contains `*` at most once. */
export function checkGroups(
  world: World,
  { state }: Frame,
  { launches }: Effect & { readonly kind: "accept-offers" },
): void {
  for (const { taskId, profile: { name } } of launches) {
    const names = world.scenario.settings.profiles.find((each) => each.name === name)?.pipelineGroups;
    const instance = state.instances.get(taskId);
    const isForJobs = instance?.bucketKey !== undefined && !/^(warm|hung|canary) /.test(instance.bucketKey);
    if (names === undefined || instance === undefined || !isForJobs) continue;
    demand(
      isAnyOf(world, state, instance, names),
      "groups",
      () => `${taskId} of ${name} is launched, and no job waits that it can take and that is of ${names.join(", ")}`,
    );
  }
}

function isAnyOf(world: World, state: Frame["state"], instance: AgentInstance, names: readonly string[]): boolean {
  const { buckets, resourceCase } = state.demand.backlog;
  return buckets.some((bucket) =>
    fits(resourceCase, instance, bucket) && bucket.jobs.some(({ locator }) => isOf(world, locator, names))
  );
}

function isOf(world: World, locator: string, names: readonly string[]): boolean {
  const group = shownGroup(world, locator);
  return names.map((name) => name.toLowerCase().split("*")).some(([first = "", last]) =>
    last === undefined ? group === first : group.startsWith(first) && group.slice(first.length).endsWith(last)
  );
}

/** The group of a job's pipeline as observed by the program, in lower case; empty: not observed. */
export function shownGroup({ watch: { groups } }: World, locator: string): string {
  return groups.shown.get(locator.split("/")[0]?.toLowerCase() ?? "")?.toLowerCase() ?? "";
}
