// Offer constraints (Mesos 1.11 on): which hosts' offers a framework wants, by role. Source: Mesos
// src/master/allocator/mesos/offer_constraints_filter.cpp; a value that is not text passes every text predicate.

import { at, has, listAt, type Plain, plainOf, textAt } from "./json.ts";
import type { SimHost, SimWorld } from "./state.ts";

const pseudoattributes: ReadonlySet<string> = new Set(["HOSTNAME", "REGION", "ZONE"]);

/** The constraints of a SUBSCRIBE, by role; a master before 1.11 ignores the field. */
export function offerConstraintsOf(world: SimWorld, asked: unknown): Plain {
  const [major = 1, minor = 12] = (world.options.version ?? "1.12.0").split(".").map(Number);
  return major > 1 || minor >= 11 ? plainOf(at(asked, "role_constraints")) : {};
}

/** The master's error message if they are invalid; undefined: they are valid. */
export function offerConstraintsProblem(constraints: Plain, roles: ReadonlySet<string>): string | undefined {
  for (const [role, expression] of Object.entries(constraints)) {
    if (!roles.has(role)) return `Offer constraints specify role '${role}', not contained in the set of roles`;
    const groups = listAt(expression, "groups");
    if (groups.length === 0) {
      return `'OfferConstraints::role_constraints' has an empty 'RoleConstraints::groups' for role ${role}`;
    }
    for (const group of groups) {
      const all = listAt(group, "attribute_constraints");
      if (all.length === 0) {
        return `'OfferConstraints::RoleConstraints::groups' for role ${role} contains an empty RoleConstraints::Group`;
      }
      const problem = all.map(constraintProblem).find((each) => each !== undefined);
      if (problem !== undefined) return `A role ${role} has an invalid 'AttributeConstraint': ${problem}`;
    }
  }
  return undefined;
}

function constraintProblem({ selector, predicate }: Plain): string | undefined {
  const pseudo = textAt(selector, "pseudoattribute_type");
  if (pseudo !== undefined && !pseudoattributes.has(pseudo)) return "Unknown pseudoattribute type";
  if (pseudo === undefined && textAt(selector, "attribute_name") === undefined) {
    return "Exactly one of 'AttributeConstraint::Selector::name' or" +
      " 'AttributeConstraint::Selector::pseudoattribute_type' must be set";
  }
  const kinds = ["exists", "not_exists", "text_equals", "text_not_equals", "text_matches", "text_not_matches"];
  if (!kinds.some((kind) => has(predicate, kind))) return "Unknown predicate type";
  const regex = textAt(predicate, "text_matches", "regex") ?? textAt(predicate, "text_not_matches", "regex");
  // RE2 supports neither lookaround nor backreferences.
  return regex !== undefined && (/\(\?[=!<]/.test(regex) || /\\[1-9]/.test(regex) || !compiles(regex))
    ? `Failed to construct regex from pattern '${regex}': invalid`
    : undefined;
}

function compiles(regex: string): boolean {
  try {
    new RegExp(regex);
    return true;
  } catch {
    return false;
  }
}

/** Whether a role's constraints exclude a host's offers: none of its groups matches. */
export function isHostExcluded(constraints: Plain, role: string, host: SimHost): boolean {
  if (constraints[role] === undefined) return false;
  return !listAt(constraints[role], "groups").some((group) =>
    listAt(group, "attribute_constraints").every((constraint) => isMet(constraint, host))
  );
}

function isMet({ selector, predicate }: Plain, { spec }: SimHost): boolean {
  const pseudo = textAt(selector, "pseudoattribute_type");
  const name = textAt(selector, "attribute_name");
  const attribute = spec.attributes?.find((each) => textAt(each, "name") === name);
  const isThere = pseudo === undefined ? attribute !== undefined : pseudo === "HOSTNAME" || spec.domain !== undefined;
  const text = pseudo === undefined
    ? textAt(attribute, "text", "value")
    : { HOSTNAME: spec.hostname, REGION: spec.domain?.region, ZONE: spec.domain?.zone }[pseudo];
  if (has(predicate, "exists")) return isThere;
  if (has(predicate, "not_exists")) return !isThere;
  const isPositive = has(predicate, "text_equals") || has(predicate, "text_matches");
  if (!isThere) return !isPositive;
  if (text === undefined) return true;
  const equal = textAt(predicate, "text_equals", "value") ?? textAt(predicate, "text_not_equals", "value");
  const regex = textAt(predicate, "text_matches", "regex") ?? textAt(predicate, "text_not_matches", "regex");
  const isMatch = equal !== undefined ? text === equal : new RegExp(`^(?:${regex ?? ""})$`).test(text);
  return isMatch === isPositive;
}
