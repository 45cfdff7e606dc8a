// Short forms for profiles, wanted entries and offers, for tests and benchmarks of placement.

import type { AvoidedHost } from "../../src/core/placement/failing_hosts.ts";
import type { PlacementResult } from "../../src/core/placement/placement.ts";
import { missText } from "../../src/core/words/placement.ts";
import type { MesosResources } from "../../src/core/placement/mesos_resources.ts";
import type { MesosAttribute, NumberRange, Offer, OfferedResource } from "../../src/core/placement/offer.ts";
import type { PlacementRequest, WantedWithProfile } from "../../src/core/placement/placement.ts";
import type { AgentProfile } from "../../src/core/settings.ts";
import type { WantedAgents } from "../../src/core/state.ts";

/** Profile fields given by a test; the rest has default values. */
export type ProfileChanges = Partial<Omit<AgentProfile, "mesosResources">> & {
  readonly mesosResources?: Partial<MesosResources>;
};

/** A profile of 1 cpu and 1,024 MB in role `ci`. */
export function aProfile(changes: ProfileChanges): AgentProfile {
  const { mesosResources, ...others } = changes;
  return {
    name: "default",
    hash: "00000000",
    gocdResources: [],
    environments: [],
    role: "ci",
    constraints: [],
    placement: "pack",
    minIdle: 0,
    idleTimeoutMs: 600_000,
    registerTimeoutMs: 600_000,
    container: plainContainer,
    ...others,
    mesosResources: {
      cpusMilli: 1_000,
      memMbMilli: 1_024_000,
      diskMbMilli: 0,
      gpus: 0,
      portsCount: 0,
      ...mesosResources,
    },
  };
}

/** A container without any extras. */
export const plainContainer: AgentProfile["container"] = {
  type: "DOCKER",
  image: "gocd/gocd-agent",
  forcePull: false,
  network: { mode: "BRIDGE" },
  portMappings: [],
  volumes: [],
  privileged: false,
  parameters: [],
  env: {},
  envFiles: {},
  user: "",
  uris: [],
  shell: false,
  arguments: [],
  labels: {},
  killGraceMs: 30_000,
  healthCheck: "none",
};

/** One instance of the profile `default`. */
export function aWanted(changes: Partial<WantedAgents>): WantedAgents {
  return {
    bucketKey: "-",
    profile: "default",
    gocdResources: [],
    count: 1,
    reason: { kind: "min-idle", minIdle: 1, ready: 0 },
    ...changes,
  };
}

/** Offer fields given by a test. Plain numbers, unreserved, in role `ci`. */
export interface HostOfferChanges extends Partial<Omit<Offer, "resources">> {
  readonly cpus?: number;
  readonly mem?: number;
  readonly disk?: number;
  readonly gpus?: number;
  readonly ports?: readonly NumberRange[];
  /** Added to the plain ones. */
  readonly more?: readonly OfferedResource[];
  readonly attributes?: readonly MesosAttribute[];
}

/** The one offer `o-HOST` of the Mesos agent `a-HOST`. */
export function hostOffer(hostname: string, changes: HostOfferChanges): Offer {
  const { cpus = 4, mem = 4_096, disk = 0, gpus = 0, ports = [], more = [], ...others } = changes;
  return {
    id: `o-${hostname}`,
    mesosAgentId: `a-${hostname}`,
    hostname,
    role: "ci",
    attributes: [],
    ...others,
    resources: [
      ...[["cpus", cpus] as const, ["mem", mem] as const, ["disk", disk] as const, ["gpus", gpus] as const]
        .filter(([, amount]) => amount > 0)
        .map(([name, amount]) => scalar(name, amount)),
      ...(ports.length === 0 ? [] : [portRanges(ports)]),
      ...more,
    ],
  };
}

/** A scalar resource of role `ci`; unreserved and usable unless said otherwise. */
export function scalar(name: string, amount: number, changes: Partial<OfferedResource> = {}): OfferedResource {
  return {
    name,
    value: { kind: "scalar", milli: Math.round(amount * 1000) },
    role: "ci",
    reservations: "[]",
    use: "usable",
    ...changes,
  };
}

/** Ports of role `ci`; unreserved and usable unless said otherwise. */
export function portRanges(ranges: readonly NumberRange[], changes: Partial<OfferedResource> = {}): OfferedResource {
  return {
    name: "ports",
    value: { kind: "ranges", ranges },
    role: "ci",
    reservations: "[]",
    use: "usable",
    ...changes,
  };
}

/** A request at time 0 without avoided hosts and without existing instances. */
export function aRequest(changes: Partial<PlacementRequest>): PlacementRequest {
  return {
    nowMs: 0,
    offers: [],
    wanted: [],
    occupancy: new Map(),
    avoidedHosts: new Map(),
    maintenanceLeadMs: 0,
    ...changes,
  };
}

/** Wanted instances of one profile. */
export function wantedOf(count: number, profile: AgentProfile): WantedWithProfile {
  return { wanted: aWanted({ count, profile: profile.name }), profile };
}

/** Why the first entry could not be placed, in words; nothing if it was. */
export function missOf({ unplaced: [first] }: PlacementResult): string | undefined {
  return first === undefined ? undefined : missText(first.miss);
}

/** A host is avoided for two minutes, with this message from Mesos. */
export function avoidedFor(message: string, profile?: string): AvoidedHost {
  return { forMs: 120_000, failure: { kind: "mesos", message }, ...(profile === undefined ? {} : { profile }) };
}
