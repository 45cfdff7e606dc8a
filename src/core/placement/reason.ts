// Why instances could not be placed: the nearest miss, and the number of refusals by reason.

import { shownValue } from "./constraints.ts";
import type { AvoidedHost } from "./failing_hosts.ts";
import { type HostDemand, type HostOffers, type HostRefusal, refusalOf, type RoundRules } from "./hosts.ts";
import { compareText, type Shortfall } from "./offer_resources.ts";
import type { PlacementConstraint } from "../settings.ts";

/** Why a profile could not be placed (any further). */
export interface PlacementMiss {
  /** The host that lacks the least; absent: none was refused for insufficient resources. */
  readonly nearest?: NearestHost;
  /** The most frequent other refusal; absent: none. */
  readonly refused?: RefusedOffers;
}

/** A host that only lacks resources. */
export interface NearestHost {
  readonly hostname: string;
  readonly shortfalls: readonly Shortfall[];
  /** Number of tasks placed there in this round. */
  readonly tasksPlaced: number;
  /** Resources that another framework has reserved there with labels are not counted. */
  readonly holdsLabelled: boolean;
}

/** Offers refused for one reason. */
export interface RefusedOffers {
  readonly refusal: Refusal;
  readonly offers: number;
  /** Offers refused for other reasons. */
  readonly others: number;
}

/** Why an offer was refused, without the host, so that equal refusals can be counted. */
export type Refusal =
  | { readonly kind: "other-role"; readonly role: string; readonly wanted: string }
  | { readonly kind: "avoided-host"; readonly avoided: AvoidedHost }
  /** `startsInMin` is zero once the window has begun. */
  | { readonly kind: "maintenance"; readonly startsInMin: number }
  /** `value` absent: the host does not have the field. */
  | { readonly kind: "constraint"; readonly constraint: PlacementConstraint; readonly value?: string }
  | { readonly kind: "max-per-host"; readonly limit: number; readonly profile: string }
  | { readonly kind: "accept-full"; readonly limit: number };

/** Checks every host in its current state. */
export function explainUnplaced(hosts: readonly HostOffers[], demand: HostDemand, rules: RoundRules): PlacementMiss {
  const refused = new Map<string, { readonly refusal: Refusal; offers: number }>();
  let nearest: { readonly host: HostOffers; readonly missing: readonly Shortfall[]; readonly size: number } | undefined;
  for (const host of hosts) {
    const refusal = refusalOf(host, demand, rules);
    if (refusal === undefined) continue;
    if (refusal.kind === "short") {
      const size = shortfallSize(refusal.shortfalls);
      if (nearest === undefined || size < nearest.size) nearest = { host, missing: refusal.shortfalls, size };
      continue;
    }
    const plain = withoutHost(host, demand, refusal);
    const key = JSON.stringify(plain);
    const entry = refused.get(key) ?? { refusal: plain, offers: 0 };
    entry.offers += host.offerIds.length;
    refused.set(key, entry);
  }
  const most = mostFrequent(refused);
  return {
    ...(nearest === undefined ? {} : {
      nearest: {
        hostname: nearest.host.hostname,
        shortfalls: nearest.missing,
        tasksPlaced: nearest.host.tasksCount,
        holdsLabelled: nearest.host.holdsLabelled,
      },
    }),
    ...(most === undefined ? {} : { refused: most }),
  };
}

/** The distance: the sum of the missing shares of the needs. */
function shortfallSize(missing: readonly Shortfall[]): number {
  return missing.reduce((sum, { needed, offered }) => sum + (needed - offered) / needed, 0);
}

function withoutHost(
  host: HostOffers,
  demand: HostDemand,
  refusal: Exclude<HostRefusal, { readonly kind: "short" }>,
): Refusal {
  switch (refusal.kind) {
    case "other-role":
      return { kind: refusal.kind, role: host.role, wanted: demand.role };
    case "maintenance":
      return { kind: refusal.kind, startsInMin: Math.max(0, Math.ceil(refusal.startsInMs / 60_000)) };
    case "constraint": {
      const value = shownValue(host, refusal.constraint);
      return { ...refusal, ...(value === undefined ? {} : { value }) };
    }
    case "max-per-host":
      return { ...refusal, profile: demand.profileName };
    default:
      return refusal;
  }
}

/** Of equally frequent ones the first by its data, independent of the order of the offers. */
function mostFrequent(
  refused: ReadonlyMap<string, { readonly refusal: Refusal; readonly offers: number }>,
): RefusedOffers | undefined {
  const [first, ...more] = [...refused].sort(([key, { offers }], [otherKey, other]) =>
    other.offers - offers || compareText(key, otherKey)
  ).map(([, each]) => each);
  if (first === undefined) return undefined;
  return { ...first, others: more.reduce((sum, { offers }) => sum + offers, 0) };
}
