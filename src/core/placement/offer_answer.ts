// How each offer was answered, and why, for people who want to know why nothing is running on a host.

import type { Effect } from "../effect.ts";
import { isLearning } from "../identity/lineage.ts";
import { profileOf } from "../profile_of.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";
import { demandOf } from "./candidates.ts";
import { avoidedHosts } from "./failing_hosts.ts";
import { type HostOffers, hostsOf, type RoundRules } from "./hosts.ts";
import { occupancyOf } from "./launching.ts";
import type { Offer } from "./offer.ts";
import { explainUnplaced, type PlacementMiss } from "./reason.ts";

/** How an offer was answered. */
export type OfferAnswer =
  | { readonly kind: "accepted"; readonly launches: number }
  /** The framework is being torn down. */
  | { readonly kind: "shutting-down" }
  /** Nothing is launched before the tasks of earlier runs are known. */
  | { readonly kind: "learning" }
  /** No agent was wanted. */
  | { readonly kind: "unwanted" }
  /** All wanted agents were placed elsewhere. */
  | { readonly kind: "enough" }
  /** The remaining wanted agents wait because of the cpu share. */
  | { readonly kind: "held" }
  /** `profile` is wanted but does not fit; without a `miss` it would fit in addition to what was launched. */
  | { readonly kind: "misfit"; readonly profile: string; readonly miss?: PlacementMiss };

/** A step that has answered offers. */
export interface AnsweredOffers {
  readonly before: State;
  readonly after: State;
  readonly offers: readonly Offer[];
  readonly effects: readonly Effect[];
  readonly atMs: number;
}

/** The answer to each requested offer. */
export function answerTo(step: AnsweredOffers): (offer: Offer) => OfferAnswer {
  const { after, offers, effects, atMs } = step;
  const launches = new Map<string, number>();
  for (const effect of effects) {
    if (effect.kind !== "accept-offers") continue;
    for (const id of effect.offerIds) launches.set(id, effect.launches.length);
  }
  const left = after.demand.wanted[0];
  const profile = left === undefined ? undefined : profileOf(after.settings, left.profile);
  const occupancy = occupancyOf(after);
  const rules: RoundRules = {
    nowMs: atMs,
    maintenanceLeadMs: after.settings.scaling.maintenanceLeadMs,
    avoidedHosts: avoidedHosts(after.breakers.hosts, atMs),
    tasksPerAcceptMax: Infinity,
  };
  let hosts: ReadonlyMap<string, HostOffers> | undefined;
  const missOf = ({ id }: Offer, wanted: AgentProfile): PlacementMiss => {
    hosts ??= new Map(hostsOf(offers, occupancy).flatMap((host) => host.offerIds.map((each) => [each, host])));
    const host = [hosts.get(id)].filter((each) => each !== undefined);
    return explainUnplaced(host, demandOf(wanted), rules);
  };
  return (offer) => {
    const launched = launches.get(offer.id);
    if (launched !== undefined) return { kind: "accepted", launches: launched };
    if (after.shuttingDown) return { kind: "shutting-down" };
    if (isLearning(after, atMs)) return { kind: "learning" };
    if (profile === undefined) return { kind: wantedBefore(step) ? "enough" : "unwanted" };
    const miss = missOf(offer, profile);
    if (miss.nearest !== undefined || miss.refused !== undefined) {
      return { kind: "misfit", profile: profile.name, miss };
    }
    return after.offers.nearestMiss.has(profile.name) ? { kind: "misfit", profile: profile.name } : { kind: "held" };
  };
}

function wantedBefore({ before, effects }: AnsweredOffers): boolean {
  return effects.some(({ kind }) => kind === "accept-offers") || before.demand.wanted.length > 0;
}
