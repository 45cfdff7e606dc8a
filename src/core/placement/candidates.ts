// The hosts that can take a task of one profile, best first, in a heap.

import type { ResourceName, ResourceQuantities } from "./offer_resources.ts";
import { popFrom, pushTo } from "../heap.ts";
import { compileConstraints } from "./constraints.ts";
import { type HostDemand, type HostOffers, refusalOf, type RoundRules } from "./hosts.ts";
import { quantitiesOf } from "./offer_resources.ts";
import type { AgentProfile } from "../settings.ts";

/** The possible hosts of one profile. */
export interface Candidates {
  readonly profile: AgentProfile;
  readonly demand: HostDemand;
  /** A binary heap, the best host at 0. Entries of an older version of their host are dropped when they surface. */
  readonly heap: Candidate[];
  /** How much of {@link PlacementRound.touched} the heap has processed. */
  touchedSeen: number;
}

/** A host with its rank at a certain version. */
export interface Candidate {
  readonly host: HostOffers;
  /** The version of the host at that time. */
  readonly version: number;
  /** Compared from left to right, lowest first. */
  readonly rank: readonly [number, number, number, number, number];
}

/** Data shared by all profiles of a round. */
export interface PlacementRound {
  /** In order of position. */
  readonly hosts: readonly HostOffers[];
  readonly rules: RoundRules;
  /** The largest amount of each resource on any host, to compare amounts of different resources. */
  readonly largest: ResourceQuantities;
  /** Hosts that took a task, in order, with repetitions. */
  readonly touched: HostOffers[];
}

/** The resources whose remainder determines how full a host is; ports are never scarce enough to matter. */
const weighedNames: readonly ResourceName[] = ["cpus", "mem", "disk", "gpus"];

/** How many host ports a profile needs: one for each port mapping. */
export function needOf(profile: AgentProfile): ResourceQuantities {
  const need = quantitiesOf(profile.mesosResources);
  const mappings = profile.container.portMappings.length;
  return mappings === 0 ? need : { ...need, ports: mappings };
}

/** The requirements of a profile for a host. */
export function demandOf(profile: AgentProfile): HostDemand {
  return {
    profileName: profile.name,
    role: profile.role,
    need: needOf(profile),
    constraints: compileConstraints(profile.constraints),
    ...(profile.maxPerHost === undefined ? {} : { maxPerHost: profile.maxPerHost }),
  };
}

/** Checks every host once. */
export function candidatesFor(profile: AgentProfile, round: PlacementRound): Candidates {
  const candidates: Candidates = { profile, demand: demandOf(profile), heap: [], touchedSeen: round.touched.length };
  for (const host of round.hosts) consider(candidates, host, round);
  return candidates;
}

/** Removes the best host from the heap; `undefined` if none can take the task. It is added again after a change. */
export function bestHost(candidates: Candidates, round: PlacementRound): HostOffers | undefined {
  const touched = new Set(round.touched.slice(candidates.touchedSeen));
  candidates.touchedSeen = round.touched.length;
  for (const host of touched) consider(candidates, host, round);
  for (let best = pop(candidates); best !== undefined; best = pop(candidates)) {
    if (best.version === best.host.version) return best.host;
  }
  return undefined;
}

function consider(candidates: Candidates, host: HostOffers, round: PlacementRound): void {
  if (refusalOf(host, candidates.demand, round.rules) !== undefined) return;
  const rank = rankOf(host, candidates, round);
  pushTo(candidates.heap, { host, version: host.version, rank }, isBefore);
}

/**
 * Hosts with GPUs come last; a profile that needs GPUs has only those. Then `pack`: hosts with our instances, fullest
 * first. `spread`: fewest instances of the profile, fewest of our instances, most free resources. Then the position.
 */
function rankOf(host: HostOffers, candidates: Candidates, round: PlacementRound): Candidate["rank"] {
  const { profile, demand } = candidates;
  const gpuWaste = host.offersGpus ? 1 : 0;
  const room = roomOn(host, demand.need, round.largest);
  switch (profile.placement) {
    case "pack":
      return [gpuWaste, host.occupancy.total > 0 ? 0 : 1, room, 0, host.position];
    case "spread":
      return [gpuWaste, host.occupancy.byProfile.get(profile.name) ?? 0, host.occupancy.total, -room, host.position];
  }
}

/**
 * The remainder of the resources that the task needs, each relative to that of the largest host; only for comparison.
 */
function roomOn(host: HostOffers, need: ResourceQuantities, largest: ResourceQuantities): number {
  let room = 0;
  for (const name of weighedNames) {
    if (need[name] > 0) room += host.pool.totals[name] / largest[name];
  }
  return room;
}

function pop({ heap }: Candidates): Candidate | undefined {
  return popFrom(heap, isBefore);
}

function isBefore(one: Candidate, other: Candidate): boolean {
  const [a, b] = [one.rank, other.rank];
  return (a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3] || a[4] - b[4]) < 0;
}
