// The hosts of one placement round: offers grouped by Mesos agent and role, and why a host cannot take a task.

import type { AvoidedHost } from "./failing_hosts.ts";
import type { Offer, Unavailability } from "./offer.ts";
import {
  compareText,
  fits,
  poolOf,
  type ResourcePool,
  type ResourceQuantities,
  type Shortfall,
  shortfalls,
} from "./offer_resources.ts";
import { type CompiledConstraint, type ConstrainedHost, unmetConstraint } from "./constraints.ts";
import type { PlacementConstraint } from "../settings.ts";

/**
 * All offers of one Mesos agent to one role (a master refuses an ACCEPT over two roles), and the tasks placed there in
 * this round.
 */
export interface HostOffers extends ConstrainedHost {
  /** Position by hostname, Mesos agent id and role: breaks ties independently of the order of the offers. */
  readonly position: number;
  readonly mesosAgentId: string;
  readonly role: string;
  /** Sorted. */
  readonly offerIds: readonly string[];
  /** Maintenance windows of all the offers. */
  readonly unavailabilities: readonly Unavailability[];
  /** Whether the offers contain resources that another framework has reserved with labels. */
  readonly holdsLabelled: boolean;
  /** Whether any of the offers had GPUs at the start of the round. */
  readonly offersGpus: boolean;
  /** Shared by the roles of one Mesos agent. */
  readonly occupancy: HostOccupancy;
  /** The remainder of the offers. Changes as tasks are placed here. */
  pool: ResourcePool;
  /** Number of tasks placed here in this round. */
  tasksCount: number;
  /** Incremented whenever the pool or the occupancy changes. */
  version: number;
}

/** Our instances on one Mesos agent, including those placed in this round. */
export interface HostOccupancy {
  /** Number by profile name. */
  readonly byProfile: Map<string, number>;
  /** Of all profiles. */
  total: number;
  /** One for each role that its resources are offered to. */
  readonly hosts: HostOffers[];
}

/** The requirements for a host. */
export interface HostDemand {
  readonly profileName: string;
  /** The only role whose offers it uses. */
  readonly role: string;
  /** The resources of one task. */
  readonly need: ResourceQuantities;
  /** All must be met. */
  readonly constraints: readonly CompiledConstraint[];
  /** Absent: no limit. */
  readonly maxPerHost?: number;
}

/** Conditions for all hosts of a round. */
export interface RoundRules {
  /** The current time, in ms since the epoch. */
  readonly nowMs: number;
  /** A host with a window that opens within this time is not used. */
  readonly maintenanceLeadMs: number;
  /** By hostname. */
  readonly avoidedHosts: ReadonlyMap<string, AvoidedHost>;
  /** Maximum number of tasks on one host per round. */
  readonly tasksPerAcceptMax: number;
}

/** Why a host cannot take one more task of a profile. */
export type HostRefusal =
  | { readonly kind: "other-role" }
  | { readonly kind: "avoided-host"; readonly avoided: AvoidedHost }
  /** `startsInMs` is zero or less once the window has begun. */
  | { readonly kind: "maintenance"; readonly startsInMs: number }
  | { readonly kind: "constraint"; readonly constraint: PlacementConstraint }
  | { readonly kind: "max-per-host"; readonly limit: number }
  | { readonly kind: "accept-full"; readonly limit: number }
  | { readonly kind: "short"; readonly shortfalls: readonly Shortfall[] };

/** Groups offers by Mesos agent and role, sorted by hostname; an offer id given twice counts once. */
export function hostsOf(
  offers: readonly Offer[],
  occupancy: ReadonlyMap<string, ReadonlyMap<string, number>>,
): readonly HostOffers[] {
  const sorted = [...new Map(offers.map((offer) => [offer.id, offer])).values()].sort(compareOffers);
  const groups = new Map<string, OfferGroup>();
  for (const offer of sorted) {
    const key = `${offer.mesosAgentId}\n${offer.role}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: offer, offers: [offer] });
    else group.offers.push(offer);
  }
  const occupancies = new Map<string, HostOccupancy>();
  return [...groups.values()].map((group, position) => {
    const { mesosAgentId } = group.first;
    const onHost = occupancies.get(mesosAgentId) ?? occupancyOf(occupancy.get(mesosAgentId));
    occupancies.set(mesosAgentId, onHost);
    const host = hostOf(group, position, onHost);
    onHost.hosts.push(host);
    return host;
  });
}

/** Why the host cannot take one more task; `undefined` if it can. Conditions that waiting cannot change come first. */
export function refusalOf(host: HostOffers, demand: HostDemand, rules: RoundRules): HostRefusal | undefined {
  if (host.role !== demand.role) return { kind: "other-role" };
  const avoided = rules.avoidedHosts.get(host.hostname);
  if (avoided !== undefined && (avoided.profile ?? demand.profileName) === demand.profileName) {
    return { kind: "avoided-host", avoided };
  }
  const window = host.unavailabilities.find((one) => isInTheWay(one, rules));
  if (window !== undefined) return { kind: "maintenance", startsInMs: window.startMs - rules.nowMs };
  const constraint = unmetConstraint(host, demand.constraints);
  if (constraint !== undefined) return { kind: "constraint", constraint };
  const limit = demand.maxPerHost;
  if (limit !== undefined && (host.occupancy.byProfile.get(demand.profileName) ?? 0) >= limit) {
    return { kind: "max-per-host", limit };
  }
  if (host.tasksCount >= rules.tasksPerAcceptMax) return { kind: "accept-full", limit: rules.tasksPerAcceptMax };
  if (fits(host.pool.totals, demand.need)) return undefined;
  return { kind: "short", shortfalls: shortfalls(host.pool.totals, demand.need) };
}

/** Records that one task of the profile was placed on the host, which now has `rest` left. */
export function occupy(host: HostOffers, profileName: string, rest: ResourcePool): void {
  host.pool = rest;
  host.tasksCount++;
  host.occupancy.byProfile.set(profileName, (host.occupancy.byProfile.get(profileName) ?? 0) + 1);
  host.occupancy.total++;
  for (const each of rankedWith(host)) each.version++;
}

/** The hosts whose rank changes with a task on one: it, and its offers to other roles. */
export function rankedWith(host: HostOffers): readonly HostOffers[] {
  return host.occupancy.hosts;
}

/** A window that is open now, or opens before a job started now is expected to end. */
export function isInTheWay(
  window: Unavailability,
  rules: Pick<RoundRules, "nowMs" | "maintenanceLeadMs">,
): boolean {
  const hasEnded = window.durationMs !== undefined && window.startMs + window.durationMs <= rules.nowMs;
  return !hasEnded && window.startMs < rules.nowMs + Math.max(1, rules.maintenanceLeadMs);
}

/** Offers of one Mesos agent to one role; data about the agent itself is taken from the first one by id. */
interface OfferGroup {
  readonly first: Offer;
  readonly offers: Offer[];
}

function hostOf({ first, offers }: OfferGroup, position: number, occupancy: HostOccupancy): HostOffers {
  const pool = poolOf(offers.flatMap((offer) => offer.resources));
  return {
    position,
    mesosAgentId: first.mesosAgentId,
    hostname: first.hostname,
    role: first.role,
    ...(first.region === undefined ? {} : { region: first.region }),
    ...(first.zone === undefined ? {} : { zone: first.zone }),
    attributes: first.attributes,
    offerIds: offers.map((offer) => offer.id),
    unavailabilities: offers.map((offer) => offer.unavailability).filter((window) => window !== undefined),
    holdsLabelled: offers.some((offer) => offer.resources.some(({ use }) => use === "labelled")),
    offersGpus: pool.totals.gpus > 0,
    occupancy,
    pool,
    tasksCount: 0,
    version: 0,
  };
}

function occupancyOf(living: ReadonlyMap<string, number> | undefined): HostOccupancy {
  const byProfile = new Map(living ?? []);
  return { byProfile, total: [...byProfile.values()].reduce((sum, count) => sum + count, 0), hosts: [] };
}

function compareOffers(one: Offer, other: Offer): number {
  return compareText(one.hostname, other.hostname) || compareText(one.mesosAgentId, other.mesosAgentId) ||
    compareText(one.role, other.role) || compareText(one.id, other.id);
}
