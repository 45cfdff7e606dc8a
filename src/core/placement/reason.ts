// Why instances could not be placed: the nearest miss, and the refusals counted by reason.

import { shownValue } from "./constraints.ts";
import type { AvoidedHost } from "./failing_hosts.ts";
import { type HostDemand, type HostOffers, type HostRefusal, refusalOf, type RoundRules } from "./hosts.ts";
import { compareText, type Shortfall } from "./offer_resources.ts";
import type { PlacementConstraint } from "../settings.ts";

/** Why a profile found no (further) place. */
export interface PlacementMiss {
  /** The host that lacks least; absent: none was refused for what it lacks. */
  readonly nearest?: NearestHost;
  /** The most frequent other refusal; absent: there was none. */
  readonly refused?: RefusedOffers;
}

/** A host on which only room is missing. */
export interface NearestHost {
  readonly hostname: string;
  readonly shortfalls: readonly Shortfall[];
  /** Tasks that this round has put there. */
  readonly tasksPlaced: number;
  /** What another framework has reserved there with labels is not counted. */
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

/** Looks at every host as it is now. */
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

/** How far off: the missing shares of what is needed, added up. */
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

/** Of equally frequent ones the first by its facts, so that the order of the offers decides nothing. */
function mostFrequent(
  refused: ReadonlyMap<string, { readonly refusal: Refusal; readonly offers: number }>,
): RefusedOffers | undefined {
  const [first, ...more] = [...refused].sort(([key, { offers }], [otherKey, other]) =>
    other.offers - offers || compareText(key, otherKey)
  ).map(([, each]) => each);
  if (first === undefined) return undefined;
  return { ...first, others: more.reduce((sum, { offers }) => sum + offers, 0) };
}
