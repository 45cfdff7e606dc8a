// Selects agents to remove for `scaling.fair-share`: agents that build for sharers with more than their share finish
// their job and are removed, while sharers with less are held back by a limit. This prevents starvation even if those
// agents always find another job.

import { sharerOf, sharerOfInstances, usesOf, weightOf } from "./fair_share.ts";
import type { HeldBack } from "./gates.ts";
import type { AgentInstance, Registered } from "../instance.ts";
import { canTake, capabilityFor } from "./matching.ts";
import type { FairShare } from "../settings.ts";
import type { State, WantedAgents } from "../state.ts";

interface Claim {
  readonly held: HeldBack;
  readonly sharer: string;
  count: number;
}

interface Shares {
  readonly fairShare: FairShare;
  readonly state: State;
  readonly sharerOfInstance: (instance: AgentInstance) => string;
  readonly uses: Map<string, number>;
}

/** Building agents to remove so that sharers below their share get their slots. */
export function yieldingAgents(
  state: State,
  { held, wanted }: { readonly held: readonly HeldBack[]; readonly wanted: readonly WantedAgents[] },
): readonly Registered[] {
  const { fairShare } = state.settings.scaling;
  if (fairShare === undefined) return [];
  const uses = usesOf(fairShare, state);
  for (const each of wanted) add(uses, sharerOf(fairShare, each), each.count);
  const shares = { fairShare, state, uses, sharerOfInstance: sharerOfInstances(fairShare, state) };
  const claims = held.map((each): Claim => ({
    held: each,
    sharer: each.sharer ?? "",
    count: each.byProfile + each.byFramework,
  }));
  const coming = [...state.instances.values()].filter((each) => countsAsLeaving(each.state)).map(({ profile }) =>
    profile
  );
  const builders = [...state.instances.values()].filter((each): each is Registered =>
    each.state === "registered" && each.activity.kind === "building" && each.retire === undefined
  ).sort((a, b) => a.activity.sinceMs - b.activity.sinceMs);
  const going: Registered[] = [];
  for (let claim = least(shares, claims); claim !== undefined; claim = least(shares, claims)) {
    const place = coming.findIndex((profile) => isPlaceFor(claim, profile));
    if (place !== -1) {
      coming.splice(place, 1);
    } else {
      const donor = donorFor(shares, claim, builders);
      if (donor === undefined) {
        claim.count = 0;
        continue;
      }
      builders.splice(builders.indexOf(donor), 1);
      going.push(donor);
      add(uses, shares.sharerOfInstance(donor), -1);
    }
    claim.count--;
    add(uses, claim.sharer, 1);
  }
  return going;
}

/** Its slot becomes free. */
function countsAsLeaving(state: string): boolean {
  return state === "draining" || state === "killing";
}

function add(uses: Map<string, number>, sharer: string, count: number): void {
  uses.set(sharer, (uses.get(sharer) ?? 0) + count);
}

/** The ratio of agents to weight of a sharer, with so many more agents. */
function levelOf({ fairShare, state, uses }: Shares, sharer: string, more: number): number {
  return ((uses.get(sharer) ?? 0) + more) / weightOf(fairShare, state.settings, sharer);
}

function least(shares: Shares, claims: readonly Claim[]): Claim | undefined {
  let found: Claim | undefined;
  for (const claim of claims) {
    if (claim.count <= 0) continue;
    if (found === undefined || levelOf(shares, claim.sharer, 1) < levelOf(shares, found.sharer, 1)) found = claim;
  }
  return found;
}

/** At the limit of a profile only one of its own agents makes room. */
function isPlaceFor({ held }: Claim, profile: string): boolean {
  return held.byProfile === 0 || held.profile === profile;
}

/**
 * An agent of the sharer that has the most, unless it would fall below the one that gets the slot; an agent that could
 * take that one's jobs stays.
 */
function donorFor(shares: Shares, claim: Claim, builders: readonly Registered[]): Registered | undefined {
  const { state } = shares;
  const wantedLevel = levelOf(shares, claim.sharer, 1);
  const { requirement } = claim.held;
  let donor: Registered | undefined;
  let most = -Infinity;
  for (const each of builders) {
    const sharer = shares.sharerOfInstance(each);
    if (!isPlaceFor(claim, each.profile)) continue;
    if (levelOf(shares, sharer, -1) < wantedLevel || levelOf(shares, sharer, 0) <= most) continue;
    const capability = capabilityFor(each, state.demand.backlog.resourceCase);
    if (requirement !== undefined && canTake(capability, requirement)) continue;
    most = levelOf(shares, sharer, 0);
    donor = each;
  }
  return donor;
}
