// Which GocdAgent may take which job, by the rules of the server (GoCD BuildAssignmentService,
// AgentInstance.firstMatching).

import type { Registration } from "../life/causes.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";

/** What an agent offers to jobs, in normalized spelling. */
export interface Capability {
  /** Existing environments, in lower case; empty: in none. */
  readonly environments: ReadonlySet<string>;
  /** Resources, normalized by the server's rule. */
  readonly gocdResources: ReadonlySet<string>;
}

/** What a bucket of jobs requires, in normalized spelling. */
export interface Requirement {
  /** In lower case; empty: in no environment. */
  readonly environment: string;
  readonly gocdResources: readonly string[];
}

/** The environment alone, as a field; no field if there is none. */
export function environmentOf(
  { environment }: { readonly environment?: string | undefined },
): { readonly environment?: string } {
  return environment === undefined ? {} : { environment };
}

/** The registration alone, of anything that has one. */
export function registrationOf(
  { gocdResources, environment }: {
    readonly gocdResources: readonly string[];
    readonly environment?: string | undefined;
  },
): Registration {
  return { gocdResources, ...environmentOf({ environment }) };
}

/** Environment names are case-insensitive; none is the empty string. */
export function foldEnvironment(name: string | undefined): string {
  return name === undefined ? "" : name.trim().toLowerCase();
}

/** Resource names are compared by the rule of the server's version. */
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

/** What an agent with this registration offers. */
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

/** A key that is equal for equal capabilities. */
export function capabilityKey(capability: Capability): string {
  return `${[...capability.environments].sort().join(",")};${[...capability.gocdResources].sort().join(",")}`;
}

/** Whether an agent with this capability can get a job with this requirement. */
export function canTake(capability: Capability, requirement: Requirement): boolean {
  const fits = requirement.environment === ""
    ? capability.environments.size === 0
    : capability.environments.has(requirement.environment);
  return fits && requirement.gocdResources.every((name) => capability.gocdResources.has(name));
}
