// Whether a profile fits the hosts of a cluster, without launching anything.

import type { AgentProfile } from "../settings.ts";
import { demandOf } from "./candidates.ts";
import { hostsOf, refusalOf, type RoundRules } from "./hosts.ts";
import type { Offer } from "./offer.ts";
import { explainUnplaced, type PlacementMiss } from "./reason.ts";

/** How many hosts can take one agent of a profile, and if none can, why. */
export interface Fit {
  readonly hosts: number;
  /** Absent if some host can take it. */
  readonly miss?: PlacementMiss;
}

/** Checks each host individually, ignoring failures; `nowMs` is for maintenance windows. */
export function fitOn(profile: AgentProfile, offers: readonly Offer[], nowMs: number): Fit {
  const rules: RoundRules = { nowMs, maintenanceLeadMs: 0, avoidedHosts: new Map(), tasksPerAcceptMax: 1 };
  const demand = demandOf(profile);
  const hosts = hostsOf(offers, new Map());
  const able = hosts.filter((host) => refusalOf(host, demand, rules) === undefined).length;
  return able > 0 ? { hosts: able } : { hosts: 0, miss: explainUnplaced(hosts, demand, rules) };
}
