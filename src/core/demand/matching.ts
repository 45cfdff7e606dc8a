// Which GocdAgent may take which job, as the server decides it (GoCD BuildAssignmentService,
// AgentInstance.firstMatching).

import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import type { AgentProfile } from "../settings.ts";

/** What an agent offers to jobs, in comparable spelling. */
export interface Capability {
  /** Real environments, in lower case; empty: in none. */
  readonly environments: ReadonlySet<string>;
  /** Resources, folded by the server's rule. */
  readonly gocdResources: ReadonlySet<string>;
}

/** What a bucket of jobs asks for, in comparable spelling. */
export interface Requirement {
  /** In lower case; empty text: in no environment. */
  readonly environment: string;
  readonly gocdResources: readonly string[];
}

/** Environment names compare without regard to case; none is the empty text. */
export function foldEnvironment(name: string | undefined): string {
  return name === undefined ? "" : name.trim().toLowerCase();
}

/** Resource names compare by the rule of the server's version. */
export function foldResource(name: string, rule: ResourceCase): string {
  return rule === "sensitive" ? name.trim() : name.trim().toLowerCase();
}

/** Environments of a GocdAgent that take part in matching; `unknown` ones do not (GoCD EnvironmentPipelineMatchers). */
export function matchingEnvironments(gocdAgent: GocdAgent): string[] {
  return gocdAgent.environments.filter((environment) => environment.origin !== "unknown").map((each) => each.name);
}

/** What a GocdAgent offers. */
export function capabilityOf(gocdAgent: GocdAgent, rule: ResourceCase): Capability {
  return {
    environments: new Set(matchingEnvironments(gocdAgent).map(foldEnvironment)),
    gocdResources: new Set(gocdAgent.gocdResources.map((name) => foldResource(name, rule))),
  };
}

/** What an agent offers that registers with these resources and this environment. */
export function capabilityFor(
  registration: { readonly gocdResources: readonly string[]; readonly environment?: string },
  rule: ResourceCase,
): Capability {
  const environment = foldEnvironment(registration.environment);
  return {
    environments: new Set(environment === "" ? [] : [environment]),
    gocdResources: new Set(registration.gocdResources.map((name) => foldResource(name, rule))),
  };
}

/** A text that is equal for equal capabilities. */
export function capabilityKey(capability: Capability): string {
  return `${[...capability.environments].sort().join(",")};${[...capability.gocdResources].sort().join(",")}`;
}

/** Whether an agent of this capability would be given a job of this requirement. */
export function canTake(capability: Capability, requirement: Requirement): boolean {
  const fits = requirement.environment === ""
    ? capability.environments.size === 0
    : capability.environments.has(requirement.environment);
  return fits && requirement.gocdResources.every((name) => capability.gocdResources.has(name));
}

/** How well a profile serves a requirement. */
export type ProfileMatch =
  /** `surplus`: resources it brings beside those asked for; fewer is nearer. */
  | { readonly kind: "serves"; readonly surplus: number }
  | {
    readonly kind: "lacks";
    readonly missingResources: readonly string[];
    readonly lacksEnvironment: boolean;
  };

/** Whether instances of a profile could take jobs of a requirement, and if not what is missing. */
export function matchProfile(profile: AgentProfile, requirement: Requirement, rule: ResourceCase): ProfileMatch {
  const lacksEnvironment = profile.environments !== "*" &&
    !(requirement.environment === ""
      ? profile.environments.length === 0
      : profile.environments.some((name) => foldEnvironment(name) === requirement.environment));
  const own = profile.gocdResources === "*"
    ? new Set(requirement.gocdResources)
    : new Set(profile.gocdResources.map((name) => foldResource(name, rule)));
  const missingResources = requirement.gocdResources.filter((name) => !own.has(name));
  if (lacksEnvironment || missingResources.length > 0) return { kind: "lacks", missingResources, lacksEnvironment };
  // A catch-all profile comes after every profile that names its resources.
  const surplus = profile.gocdResources === "*" ? Infinity : own.size - requirement.gocdResources.length;
  return { kind: "serves", surplus };
}

/** The profile that serves a requirement with the fewest resources to spare; the earlier one of equals; or the nearest miss. */
export function chooseProfile(
  profiles: readonly AgentProfile[],
  requirement: Requirement,
  rule: ResourceCase,
):
  | { readonly kind: "serves"; readonly profile: AgentProfile }
  | { readonly kind: "lacks"; readonly profile: AgentProfile; readonly match: ProfileMatch & { kind: "lacks" } }
  | { readonly kind: "no-profiles" } {
  let best: { profile: AgentProfile; surplus: number } | undefined;
  let nearest: { profile: AgentProfile; match: ProfileMatch & { kind: "lacks" }; distance: number } | undefined;
  for (const profile of profiles) {
    const match = matchProfile(profile, requirement, rule);
    if (match.kind === "serves") {
      if (best === undefined || match.surplus < best.surplus) best = { profile, surplus: match.surplus };
      continue;
    }
    const distance = match.missingResources.length + (match.lacksEnvironment ? 1.5 : 0);
    if (nearest === undefined || distance < nearest.distance) nearest = { profile, match, distance };
  }
  if (best !== undefined) return { kind: "serves", profile: best.profile };
  if (nearest !== undefined) return { kind: "lacks", profile: nearest.profile, match: nearest.match };
  return { kind: "no-profiles" };
}
