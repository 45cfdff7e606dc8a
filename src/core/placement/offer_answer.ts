// What became of each offer, and why: for people, who look at a host and ask why nothing runs there.

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
  /** The framework is about to end. */
  | { readonly kind: "shutting-down" }
  /** Nothing is launched before it is known what earlier runs have left. */
  | { readonly kind: "learning" }
  /** No agent was wanted. */
  | { readonly kind: "unwanted" }
  /** All that was wanted found a place elsewhere. */
  | { readonly kind: "enough" }
  /** What is still wanted waits for its share of the cluster. */
  | { readonly kind: "held" }
  /** `profile` is wanted, and does not fit; without a `miss` it would, beside what was launched. */
  | { readonly kind: "misfit"; readonly profile: string; readonly miss?: PlacementMiss };

/** A step that has answered offers. */
export interface AnsweredOffers {
  readonly before: State;
  readonly after: State;
  readonly offers: readonly Offer[];
  readonly effects: readonly Effect[];
  readonly atMs: number;
}

/** The answer to each of the offers that is asked for. */
export function answerTo(step: AnsweredOffers): (offer: Offer) => OfferAnswer {
  const { after, offers, effects, atMs } = step;
  const launches = new Map<string, number>();
  for (const effect of effects) {
    if (effect.kind !== "accept-offers") continue;
    for (const id of effect.offerIds) launches.set(id, effect.launches.length);
  }
  const left = after.demand.wanted.find(({ count }) => count > 0);
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
    const host = hosts.get(id);
    return host === undefined ? {} : explainUnplaced([host], demandOf(wanted), rules);
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
  return effects.some(({ kind }) => kind === "accept-offers") || before.demand.wanted.some(({ count }) => count > 0);
}
