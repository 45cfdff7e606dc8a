// Places wanted instances on offers: which offers are accepted with which tasks, which are declined, and why some
// instances could not be placed.

import type { AvoidedHost } from "./failing_hosts.ts";
import type { Offer, OfferedResource } from "./offer.ts";
import { type ResourceQuantities, takeResources } from "./offer_resources.ts";
import { bestHost, type Candidates, candidatesFor, needOf, type PlacementRound } from "./candidates.ts";
import { type HostOffers, hostsOf, occupy, rankedWith, refusalOf } from "./hosts.ts";
import { explainUnplaced, type PlacementMiss } from "./reason.ts";
import type { AgentProfile } from "../settings.ts";
import type { WantedAgents } from "../state.ts";

/** The input of a placement round. */
export interface PlacementRequest {
  /** The current time, in ms since the epoch. */
  readonly nowMs: number;
  /** In any order; an id given twice counts once. */
  readonly offers: readonly Offer[];
  /** In order of priority: each entry gets as much as possible before the next one. */
  readonly wanted: readonly {
    readonly wanted: Pick<WantedAgents, "count">;
    readonly profile: AgentProfile;
  }[];
  /** Number of running instances by Mesos agent id and profile name, for `maxPerHost` and `spread`. */
  readonly occupancy: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Avoided hostnames, with the reason. */
  readonly avoidedHosts: ReadonlyMap<string, AvoidedHost>;
  /** A host whose maintenance window opens within this time is not used. */
  readonly maintenanceLeadMs: number;
  /** Maximum number of tasks in one ACCEPT; absent: {@link defaultTasksPerAcceptMax}. */
  readonly tasksPerAcceptMax?: number;
}

/** Wanted instances with their resolved profile. */
export interface WantedWithProfile {
  readonly wanted: WantedAgents;
  readonly profile: AgentProfile;
}

/** The answer to every offer, and the instances that were not placed. */
export interface PlacementResult {
  /** Sorted by host. A Mesos agent offered to two roles can appear twice, because an ACCEPT must have a single role. */
  readonly accepts: readonly AcceptedHost[];
  /** Ids of all other offers. */
  readonly declines: readonly string[];
  /** One for each wanted entry that was not fully placed, in the order of `wanted`. */
  readonly unplaced: readonly UnplacedAgents[];
}

/** All offers of one Mesos agent to one role, with at least one task. */
export interface AcceptedHost {
  readonly mesosAgentId: string;
  readonly host: string;
  /** Sorted. */
  readonly offerIds: readonly string[];
  /** At least one, by priority. */
  readonly placements: readonly Placed[];
}

/** One placed instance. */
export interface Placed {
  /** Index into `PlacementRequest.wanted`. */
  readonly wantedIndex: number;
  /** The exact resources of the offers that the task uses. */
  readonly resources: readonly OfferedResource[];
  /** The host ports among them, ascending; one for each port mapping. */
  readonly hostPorts: readonly number[];
}

/** Instances that were not placed in this round. */
export interface UnplacedAgents {
  /** Index into `PlacementRequest.wanted`. */
  readonly wantedIndex: number;
  /** How many instances of the entry were not placed. */
  readonly count: number;
  readonly miss: PlacementMiss;
}

/** Limits one ACCEPT to a few hundred kilobytes, and the number of containers that one host starts at once. */
export const defaultTasksPerAcceptMax = 100;

/**
 * Places as many wanted instances as fit, in the order given. The result does not depend on the order of the offers.
 * Cost: each profile checks each host once (and again if it cannot be placed); each placement is logarithmic. Entries
 * share this work if their profiles have the same requirements for a host, whether or not they are the same object.
 */
export function place(request: PlacementRequest): PlacementResult {
  const round = roundOf(request);
  const indexes = new Map<string, ProfileIndex>();
  const placements = new Map<HostOffers, Placed[]>();
  const unplaced: UnplacedAgents[] = [];
  for (const [wantedIndex, { wanted, profile }] of request.wanted.entries()) {
    const key = placementKey(profile);
    const index = indexes.get(key) ?? { candidates: candidatesFor(profile, round) };
    indexes.set(key, index);
    let missing = wanted.count;
    while (missing > 0 && index.exhausted === undefined) {
      const host = bestHost(index.candidates, round);
      if (host === undefined) {
        index.exhausted = explainUnplaced(round.hosts, index.candidates.demand, round.rules);
        break;
      }
      const placed = fill(host, index.candidates, round, missing);
      missing -= placed.length;
      const onHost = placements.get(host) ?? [];
      placements.set(host, onHost);
      for (const taken of placed) onHost.push({ wantedIndex, ...taken });
    }
    if (missing > 0 && index.exhausted !== undefined) {
      unplaced.push({ wantedIndex, count: missing, miss: index.exhausted });
    }
  }
  return { ...answers(round.hosts, placements), unplaced };
}

/** The candidates of a profile and, once there are none left, why: free resources only shrink within a round. */
interface ProfileIndex {
  readonly candidates: Candidates;
  exhausted?: PlacementMiss;
}

/** The parts of a profile that placement uses. */
function placementKey(profile: AgentProfile): string {
  const { name, role, placement, maxPerHost, constraints } = profile;
  return JSON.stringify([name, role, placement, maxPerHost ?? null, needOf(profile), constraints]);
}

function roundOf(request: PlacementRequest): PlacementRound {
  const hosts = hostsOf(request.offers, request.occupancy);
  const largest = { cpus: 0, mem: 0, disk: 0, gpus: 0, ports: 0 };
  for (const { pool } of hosts) raiseTo(largest, pool.totals);
  return {
    hosts,
    rules: {
      nowMs: request.nowMs,
      maintenanceLeadMs: request.maintenanceLeadMs,
      avoidedHosts: request.avoidedHosts,
      tasksPerAcceptMax: Math.max(1, request.tasksPerAcceptMax ?? defaultTasksPerAcceptMax),
    },
    largest,
    touched: [],
  };
}

function raiseTo(largest: { -readonly [name in keyof ResourceQuantities]: number }, totals: ResourceQuantities): void {
  largest.cpus = Math.max(largest.cpus, totals.cpus);
  largest.mem = Math.max(largest.mem, totals.mem);
  largest.disk = Math.max(largest.disk, totals.disk);
  largest.gpus = Math.max(largest.gpus, totals.gpus);
}

/**
 * Places instances on the best host: one if they are spread, otherwise as many as fit, because the fullest host stays
 * the fullest as tasks are added.
 */
function fill(
  host: HostOffers,
  candidates: Candidates,
  round: PlacementRound,
  missing: number,
): readonly Omit<Placed, "wantedIndex">[] {
  const countMax = candidates.profile.placement === "pack" ? missing : 1;
  const placed: Omit<Placed, "wantedIndex">[] = [];
  while (placed.length < countMax) {
    const isRefused = refusalOf(host, candidates.demand, round.rules) !== undefined;
    const taken = isRefused ? undefined : takeResources(host.pool, candidates.demand.need);
    if (taken === undefined) break;
    placed.push({ resources: taken.resources, hostPorts: taken.hostPorts });
    occupy(host, candidates.profile.name, taken.rest);
  }
  round.touched.push(...rankedWith(host));
  return placed;
}

function answers(
  hosts: readonly HostOffers[],
  placements: ReadonlyMap<HostOffers, readonly Placed[]>,
): Pick<PlacementResult, "accepts" | "declines"> {
  const accepts: AcceptedHost[] = [];
  const declines: string[] = [];
  for (const host of hosts) {
    const placed = placements.get(host) ?? [];
    if (placed.length === 0) {
      declines.push(...host.offerIds);
      continue;
    }
    const { mesosAgentId, hostname, offerIds } = host;
    accepts.push({ mesosAgentId, host: hostname, offerIds, placements: placed });
  }
  return { accepts, declines };
}
