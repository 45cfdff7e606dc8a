// The registration of an agent that is launched for a bucket.

import type { Registration } from "../life/causes.ts";
import type { BucketAssessment } from "./assess.ts";
import type { ResourceCase } from "../gocd_records.ts";
import { environmentOf, foldResource } from "./matching.ts";
import { namesOf } from "./patterns.ts";
import type { AgentProfile } from "../settings.ts";

/** Buckets that one profile serves in one environment, with jobs that wait for agents. */
export type Beside = (profile: string, environment: string) => BesideBuckets;

/** Waiting buckets, all of them and by the resources that they require. */
export interface BesideBuckets {
  readonly all: readonly BucketAssessment[];
  readonly byResource: ReadonlyMap<string, readonly BucketAssessment[]>;
}

/** Prepares an index of jobs that wait at the same time; expensive parts are computed on first use. */
export function besideOf(buckets: readonly BucketAssessment[]): Beside {
  const made = new Map<string, BesideBuckets>();
  let grouped: Map<string, BucketAssessment[]> | undefined;
  return (profile, environment) => {
    grouped ??= Map.groupBy(
      buckets.filter((each) => each.willBeTaken + each.coming + each.rest > 0),
      ({ choice, bucket }) =>
        choice.kind === "serves" ? `${choice.profile.name};${bucket.requirement.environment}` : "",
    );
    const key = `${profile};${environment}`;
    const known = made.get(key) ?? byResourceOf(grouped.get(key) ?? []);
    made.set(key, known);
    return known;
  };
}

function byResourceOf(all: readonly BucketAssessment[]): BesideBuckets {
  const byResource = new Map<string, BucketAssessment[]>();
  for (const each of all) {
    for (const name of each.bucket.requirement.gocdResources) {
      const list = byResource.get(name);
      if (list === undefined) byResource.set(name, [each]);
      else list.push(each);
    }
  }
  return { all, byResource };
}

/**
 * The resources that its profile names, and with `*` or a pattern those of the job. In that case, if jobs that require
 * more wait at the same time, the server may give the agent of one of them to the job that requires less. So the agent
 * of that job gets the resources of all of them, and whichever agent is ready first, every job gets an agent.
 */
export function launchRegistration(
  profile: AgentProfile,
  { bucket }: BucketAssessment,
  { beside, rule }: { readonly beside: Beside; readonly rule: ResourceCase },
): Registration {
  const environment = environmentOf(bucket);
  const always = namesOf(profile.gocdResources);
  if (always.length === profile.gocdResources.length) return { gocdResources: always, ...environment };
  const names = new Map([...always, ...bucket.gocdResources].map((name) => [foldResource(name, rule), name]));
  const brought = new Set(always.map((name) => foldResource(name, rule)));
  const own = bucket.requirement.gocdResources.filter((name) => !brought.has(name));
  const { all, byResource } = beside(profile.name, bucket.requirement.environment);
  // A bucket that requires all of them is in each of the lists.
  const lists = own.map((name) => byResource.get(name) ?? []);
  const shortest = lists.reduce((a, b) => b.length < a.length ? b : a, all);
  for (const { bucket: { requirement, gocdResources } } of shortest) {
    if (!own.every((name) => requirement.gocdResources.includes(name))) continue;
    for (const name of gocdResources) {
      if (!names.has(foldResource(name, rule))) names.set(foldResource(name, rule), name);
    }
  }
  return { gocdResources: [...names.values()].sort(), ...environment };
}
