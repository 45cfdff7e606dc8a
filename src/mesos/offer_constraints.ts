// Offer constraints on the wire (scheduler.proto, OfferConstraints; Mesos 1.11, older masters ignore them).

import type { OfferConstraint, OfferPredicate, OfferSelector } from "../core/placement/offer_needs.ts";
import type { FrameworkIdentity } from "./api.ts";
import type { WireRecord } from "./proto/wire.ts";

/** The field `offer_constraints` of SUBSCRIBE; nothing if no role is constrained, which clears older ones. */
export function offerConstraintsRecord(identity: FrameworkIdentity): WireRecord {
  return {
    role_constraints: Object.fromEntries(
      (identity.offerConstraints ?? []).map(({ role, groups }) => [
        role,
        { groups: groups.map((group) => ({ attribute_constraints: group.map(constraintRecord) })) },
      ]),
    ),
  };
}

function constraintRecord({ selector, predicate }: OfferConstraint): WireRecord {
  return { selector: selectorRecord(selector), predicate: predicateRecord(predicate) };
}

function selectorRecord(selector: OfferSelector): WireRecord {
  return selector.kind === "pseudo" ? { pseudoattribute_type: selector.type } : { attribute_name: selector.name };
}

function predicateRecord(predicate: OfferPredicate): WireRecord {
  switch (predicate.kind) {
    case "exists":
      return { exists: {} };
    case "not-exists":
      return { not_exists: {} };
    case "text-equals":
      return { text_equals: { value: predicate.value } };
    case "text-not-equals":
      return { text_not_equals: { value: predicate.value } };
    case "text-matches":
      return { text_matches: { regex: predicate.regex } };
    case "text-not-matches":
      return { text_not_matches: { regex: predicate.regex } };
    default:
      return predicate satisfies never;
  }
}
