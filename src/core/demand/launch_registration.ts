// What an agent that is launched for a bucket registers with.

import type { BucketAssessment } from "./assess.ts";
import type { ResourceCase } from "../gocd_records.ts";
import { foldResource } from "./matching.ts";
import { namesOf } from "./patterns.ts";
import type { AgentProfile } from "../settings.ts";
import type { WantedAgents } from "../state.ts";

/**
 * The resources that its profile names, and with `*` or a pattern those of the job. There, jobs that ask for more wait beside it, the server may give
 * one of them's agent the job that asks for less: so the agent of that one gets the resources of them all, and whichever of
 * the agents comes first, nobody is left without.
 */
export function launchRegistration(
  profile: AgentProfile,
  { bucket }: BucketAssessment,
  { all, rule }: { readonly all: readonly BucketAssessment[]; readonly rule: ResourceCase },
): Pick<WantedAgents, "gocdResources" | "environment"> {
  const environment = bucket.environment === undefined ? {} : { environment: bucket.environment };
  const always = namesOf(profile.gocdResources);
  if (always.length === profile.gocdResources.length) return { gocdResources: always, ...environment };
  const { gocdResources: own, environment: where } = bucket.requirement;
  const names = new Map([...always, ...bucket.gocdResources].map((name) => [foldResource(name, rule), name]));
  const brought = new Set(always.map((name) => foldResource(name, rule)));
  for (const other of all) {
    const { requirement, gocdResources } = other.bucket;
    const isOfProfile = other.choice.kind === "serves" && other.choice.profile.name === profile.name;
    const isWaiting = other.willBeTaken + other.coming + other.rest > 0;
    if (!isOfProfile || !isWaiting || requirement.environment !== where) continue;
    if (!own.every((name) => brought.has(name) || requirement.gocdResources.includes(name))) continue;
    for (const name of gocdResources) {
      if (!names.has(foldResource(name, rule))) names.set(foldResource(name, rule), name);
    }
  }
  return { gocdResources: [...names.values()].sort(), ...environment };
}
