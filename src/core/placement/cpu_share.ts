// `scaling.max-cpu-share`: agents use no more than this share of the cluster's cpus, as far as Mesos shows them. Only
// offers show them, so the limit is applied when offers are accepted, and offers stay wanted while it is reached.

import type { Draft } from "../draft.ts";
import { countsToLimit } from "../demand/gates.ts";
import type { AgentInstance } from "../instance.ts";
import type { Offer } from "./offer.ts";
import { cpusMilliOf } from "../profile_of.ts";
import type { HostCapacity, ShareHeld, State, WantedAgents } from "../state.ts";
import type { WantedWithProfile } from "./placement.ts";

/** A host without offers for this long may be gone, or used by others. */
const capacityMaxMs = 10 * 60_000;

/** Age after which the last result is outdated. */
const heldMaxMs = 120_000;

/** Remembers the cpus of hosts. */
export function seeCapacity(draft: Draft, offers: readonly Offer[]): void {
  const { state, atMs } = draft;
  if (state.settings.scaling.maxCpuShare === undefined) return;
  const offered = offeredByHost(offers, atMs);
  const seen = new Set([...offered.values()].map(({ hostname }) => hostname));
  // A machine that reregistered as another Mesos agent counts once, even if the loss of its tasks could not be stored.
  const isThere = ([, each]: readonly [string, HostCapacity]): boolean =>
    atMs - each.atMs < capacityMaxMs && !seen.has(each.hostname);
  const known = [...new Map(state.offers.capacity)].filter(isThere);
  const capacity = new Map([...known, ...offered]);
  draft.patch("offers", { capacity });
}

/** Offers of one host to several roles in one step are of different resources: they add up. */
function offeredByHost(offers: readonly Offer[], atMs: number): ReadonlyMap<string, HostCapacity> {
  const offered = new Map<string, HostCapacity>();
  for (const { mesosAgentId, hostname, resources } of offers) {
    const milli = resources.reduce(
      (sum, { name, use, value }) =>
        sum + (name === "cpus" && use === "usable" && value.kind === "scalar" ? value.milli : 0),
      0,
    );
    const { offeredMilli = 0 } = offered.get(mesosAgentId) ?? {};
    offered.set(mesosAgentId, { atMs, hostname, offeredMilli: offeredMilli + milli });
  }
  return offered;
}

function usedByHost(
  { instances, settings }: State,
  counts: (instance: AgentInstance) => boolean = () => true,
): ReadonlyMap<string, number> {
  const used = new Map<string, number>();
  for (const instance of instances.values()) {
    if (!countsToLimit(instance.state) || !counts(instance)) continue;
    const milli = cpusMilliOf(settings, instance.profile);
    used.set(instance.mesosAgentId, (used.get(instance.mesosAgentId) ?? 0) + milli);
  }
  return used;
}

/** The cpus of our agents and of all known hosts, in thousandths. */
export function clusterOf(state: State): Pick<ShareHeld, "usedMilli" | "clusterMilli"> {
  const used = usedByHost(state);
  const capacity = new Map(state.offers.capacity);
  // The resources of an agent launched now were part of the offer; those of an agent that has ended since may have
  // been: its end is reported after the master has freed its resources.
  const standing = usedByHost(
    state,
    ({ mesosAgentId, createdMs }) => createdMs < (capacity.get(mesosAgentId)?.atMs ?? 0),
  );
  const usedMilli = [...used.values()].reduce((sum, milli) => sum + milli, 0);
  // A host without recent offers has at least the cpus of our agents there.
  const hosts = new Set([...used.keys(), ...capacity.keys()]);
  let clusterMilli = 0;
  for (const id of hosts) {
    const shownMilli = (capacity.get(id)?.offeredMilli ?? 0) + (standing.get(id) ?? 0);
    clusterMilli += Math.max(used.get(id) ?? 0, shownMilli);
  }
  return { usedMilli, clusterMilli };
}

/** The part of the wanted agents that may be launched, and by index how many are held back. */
export interface Shared {
  readonly wanted: readonly WantedWithProfile[];
  readonly held: readonly number[];
}

/** Limits the wanted agents to the share, and remembers which are held back. */
export function withinShare(draft: Draft, wanted: readonly WantedWithProfile[]): Shared {
  const { state, atMs } = draft;
  const { maxCpuShare } = state.settings.scaling;
  if (maxCpuShare === undefined) return { wanted, held: [] };
  const cluster = clusterOf(state);
  let leftMilli = maxCpuShare * cluster.clusterMilli - cluster.usedMilli;
  const held: number[] = [];
  const profiles = new Set<string>();
  const cut = wanted.map(({ wanted: each, profile }): WantedWithProfile => {
    const cpusMilli = profile.mesosResources.cpusMilli;
    const count = Math.min(each.count, Math.max(0, Math.floor(leftMilli / cpusMilli)));
    leftMilli -= count * cpusMilli;
    held.push(each.count - count);
    if (count < each.count) profiles.add(profile.name);
    return { wanted: { ...each, count }, profile };
  });
  const { shareHeld: _, ...offers } = state.offers;
  // Including those launched now.
  const usedMilli = maxCpuShare * cluster.clusterMilli - leftMilli;
  const shareHeld = { atMs, profiles: [...profiles], ...cluster, usedMilli };
  draft.set({ offers: profiles.size === 0 ? offers : { ...offers, shareHeld } });
  return { wanted: cut, held };
}

/** How many agents for waiting jobs the share currently holds back that the removal of others could admit. */
export function heldByShare(state: State, wanted: readonly WantedAgents[], atMs: number): number {
  const { maxCpuShare = 1 } = state.settings.scaling;
  const held = wanted.filter(({ profile, reason }) => {
    const { clusterMilli } = shareHeldOf(state, profile, atMs) ?? { clusterMilli: 0 };
    return reason.kind === "jobs" && cpusMilliOf(state.settings, profile) <= maxCpuShare * clusterMilli;
  });
  return held.reduce((sum, { count }) => sum + count, 0);
}

/** Whether the share currently holds a profile back; absent: it does not. */
export function shareHeldOf({ settings, offers }: State, profile: string, atMs: number): ShareHeld | undefined {
  const { shareHeld } = offers;
  if (settings.scaling.maxCpuShare === undefined || shareHeld === undefined) return undefined;
  return atMs - shareHeld.atMs < heldMaxMs && shareHeld.profiles.includes(profile) ? shareHeld : undefined;
}
