// The offer filters for the master, derived from the profiles: smallest useful amounts and attribute constraints. A
// filter may let too much through; placement.ts decides.

import { fromMilli } from "./mesos_resources.ts";
import type { ResourceName } from "./offer_resources.ts";
import { needOf } from "./candidates.ts";
import { compilePattern, fieldSource } from "./constraints.ts";
import type { AgentProfile, PlacementConstraint } from "../settings.ts";

/** Amounts of scalar resources by name, as wire doubles. */
export type ScalarAmounts = Readonly<Record<string, number>>;

/** For each role, groups of which an agent must meet at least one (Mesos 1.11, scheduler.proto `OfferConstraints`). */
export type OfferConstraints = ReadonlyMap<string, readonly OfferConstraintGroup[]>;

/** Conditions that must all be met; never empty, because a master rejects empty groups. */
export type OfferConstraintGroup = readonly OfferConstraint[];

/** One condition on a Mesos agent (scheduler.proto `AttributeConstraint`). */
export interface OfferConstraint {
  readonly selector: OfferSelector;
  readonly predicate: OfferPredicate;
}

/** A field of the agent itself, or an attribute by name. */
export type OfferSelector =
  | { readonly kind: "pseudo"; readonly type: "HOSTNAME" | "REGION" | "ZONE" }
  | { readonly kind: "attribute"; readonly name: string };

/**
 * The predicates of Mesos. Those on text are met by every attribute that is not text; the negative ones also by a
 * missing one.
 */
export type OfferPredicate =
  | { readonly kind: "exists" | "not-exists" }
  | { readonly kind: "text-equals" | "text-not-equals"; readonly value: string }
  /** The whole text must match; RE2. */
  | { readonly kind: "text-matches" | "text-not-matches"; readonly regex: string };

/** Maximum number of groups of a role; a role that would need more is not constrained. */
const groupsPerRoleMax = 64;

/**
 * A master rejects patterns above 100 instructions and 4,096 bytes of RE2 (its default flags); the estimate has a
 * margin.
 */
const patternCostMax = 50;

/**
 * The needs of each profile of the role, without duplicates: Mesos offers resources that contain ANY of the listed
 * quantities (hierarchical allocator, `allocatable`). Empty: no profile has the role.
 */
export function allocatableQuantities(profiles: readonly AgentProfile[], role: string): readonly ScalarAmounts[] {
  const scalarNames: readonly ResourceName[] = ["cpus", "mem", "disk", "gpus"];
  return distinct(
    profiles.filter((profile) => profile.role === role).map((profile) => {
      const need = needOf(profile);
      return Object.fromEntries(
        scalarNames.filter((name) => need[name] > 0).map((name) => [name, fromMilli(need[name])]),
      );
    }),
  );
}

/**
 * The constraints of the profiles that a master can check, by role; one group for each profile, or several if a
 * constraint has alternatives. They never filter an offer that placement would use. A role is absent if one of its
 * profiles accepts any agent.
 */
export function offerConstraints(profiles: readonly AgentProfile[]): OfferConstraints {
  const constraints = new Map<string, readonly OfferConstraintGroup[]>();
  for (const role of new Set(profiles.map((profile) => profile.role))) {
    const groups = distinct(profiles.filter((profile) => profile.role === role).flatMap(groupsOf));
    if (groups.length <= groupsPerRoleMax && groups.every((group) => group.length > 0)) constraints.set(role, groups);
  }
  return constraints;
}

/** Whether a pattern has the same meaning in RE2 and certainly stays below the limits of a master. */
export function isPortablePattern(pattern: string): boolean {
  const token = /[A-Za-z0-9_ :@/,-]|\\[.\-d]|[|()*+?.]|\[\^?(?:[A-Za-z0-9_](?:-[A-Za-z0-9_])?)+\]/y;
  let cost = 0;
  while (token.lastIndex < pattern.length) {
    const match = token.exec(pattern);
    if (match === null) return false;
    cost += match[0] === "." || match[0].startsWith("[^") ? 12 : match[0].startsWith("[") ? 3 : 1;
  }
  return cost <= patternCostMax && !pattern.includes("(?") && compilePattern(pattern) !== undefined;
}

/**
 * All combinations of the alternatives of a profile's constraints; a constraint that would create too many is left to
 * placement.
 */
function groupsOf(profile: AgentProfile): readonly OfferConstraintGroup[] {
  let groups: readonly OfferConstraintGroup[] = [[]];
  for (const constraint of profile.constraints) {
    const alternatives = alternativesOf(constraint);
    if (groups.length * alternatives.length > groupsPerRoleMax) continue;
    groups = groups.flatMap((group) => alternatives.map((alternative) => [...group, ...alternative]));
  }
  return groups;
}

function alternativesOf(constraint: PlacementConstraint): readonly OfferConstraintGroup[] {
  const source = fieldSource(constraint.field);
  switch (source.kind) {
    case "hostname":
      return alternativesFor(constraint, { kind: "pseudo", type: "HOSTNAME" });
    case "attribute":
      return alternativesFor(constraint, { kind: "attribute", name: source.name });
    case "region":
    case "zone": {
      const domain: OfferSelector = { kind: "pseudo", type: source.kind === "region" ? "REGION" : "ZONE" };
      if (source.orAttribute === undefined) return alternativesFor(constraint, domain);
      return domainOrAttribute(constraint, domain, { kind: "attribute", name: source.orAttribute });
    }
  }
}

/** The attribute only applies to an agent without a fault domain. */
function domainOrAttribute(
  constraint: PlacementConstraint,
  domain: OfferSelector,
  attribute: OfferSelector,
): readonly OfferConstraintGroup[] {
  const hasDomain: OfferConstraint = { selector: domain, predicate: { kind: "exists" } };
  const hasNone: OfferConstraint = { selector: domain, predicate: { kind: "not-exists" } };
  return [
    ...alternativesFor(constraint, domain).map((group) => [hasDomain, ...group]),
    ...alternativesFor(constraint, attribute).map((group) => [hasNone, ...group]),
  ];
}

function alternativesFor(constraint: PlacementConstraint, selector: OfferSelector): readonly OfferConstraintGroup[] {
  const exists: OfferPredicate = { kind: "exists" };
  switch (constraint.operator) {
    case "equals":
      return [[{ selector, predicate: { kind: "text-equals", value: constraint.value } }]];
    case "not-equals":
      return [[{ selector, predicate: { kind: "text-not-equals", value: constraint.value } }]];
    case "in":
      if (constraint.values.length === 0 || constraint.values.length > groupsPerRoleMax) {
        return [[{ selector, predicate: exists }]];
      }
      return constraint.values.map((value) => [{ selector, predicate: { kind: "text-equals", value } }]);
    case "not-in":
      return [constraint.values.map((value) => ({ selector, predicate: { kind: "text-not-equals", value } }))];
    case "matches":
      return isPortablePattern(constraint.pattern)
        ? [[{ selector, predicate: { kind: "text-matches", regex: constraint.pattern } }]]
        : [[{ selector, predicate: exists }]];
    case "not-matches":
      return isPortablePattern(constraint.pattern)
        ? [[{ selector, predicate: { kind: "text-not-matches", regex: constraint.pattern } }]]
        : [[]];
    case "exists":
      return [[{ selector, predicate: exists }]];
    case "not-exists":
      return [[{ selector, predicate: { kind: "not-exists" } }]];
  }
}

/** Unique values, in the order of their first occurrence. */
function distinct<Value>(values: readonly Value[]): readonly Value[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
