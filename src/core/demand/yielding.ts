// Selects agents to remove for `scaling.fair-share`: agents that build for sharers with more than their share finish
// their job and are removed, while sharers with less are held back by a limit, by `scaling.max-cpu-share`, or by a full
// cluster. This prevents starvation even if those agents always find another job.

import type { BucketAssessment } from "./assess.ts";
import { sharerOf, sharerOfInstances, usesOf, weightOf } from "./fair_share.ts";
import type { HeldBack } from "./gates.ts";
import type { AgentInstance, Registered } from "../instance.ts";
import { canTake, capabilityFor, type Requirement } from "./matching.ts";
import { shareHeldOf } from "../placement/cpu_share.ts";
import { cpusMilliOf, profileOf } from "../profile_of.ts";
import { fitsWithout, isStuck, lacksResources } from "./room.ts";
import type { FairShare } from "../settings.ts";
import type { State, WantedAgents } from "../state.ts";

interface Claim {
  readonly sharer: string;
  readonly requirement: Requirement | undefined;
  /** Whether the removal of an agent of this profile, or of this agent, allows the launch. */
  readonly isPlace: (profile: string, donor?: Registered) => boolean;
  /** It needs the resources of a host; of each host one agent is removed at a time. */
  readonly needsHost: boolean;
  count: number;
}

interface Shares {
  readonly fairShare: FairShare;
  readonly state: State;
  readonly sharerOfInstance: (instance: AgentInstance) => string;
  readonly uses: Map<string, number>;
}

/** What a plan lacks: see {@link yieldingAgents}. */
export interface Lacking {
  /** Agents that limits hold back. */
  readonly held: readonly HeldBack[];
  /** Agents that no limit holds back; no offer may fit them. */
  readonly wanted: readonly WantedAgents[];
  readonly buckets: readonly Pick<BucketAssessment, "bucket">[];
}

/** Building agents to remove so that sharers below their share get their slots. */
export function yieldingAgents(state: State, lacking: Lacking, atMs: number): readonly Registered[] {
  const { fairShare } = state.settings.scaling;
  if (fairShare === undefined) return [];
  const uses = usesOf(fairShare, state);
  const isLacking = (each: WantedAgents): boolean =>
    each.reason.kind === "jobs" && lacksResources(state, each.profile, atMs);
  for (const each of lacking.wanted) {
    if (!isLacking(each)) add(uses, sharerOf(fairShare, each), each.count);
  }
  const shares = { fairShare, state, uses, sharerOfInstance: sharerOfInstances(fairShare, state) };
  const claims = [
    ...lacking.held.map(claimOfSlot),
    ...lacking.wanted.filter(isLacking).flatMap((each) => claimOfResources(shares, { wanted: each, lacking }, atMs)),
  ];
  // Their slots become free.
  const leaving = [...state.instances.values()].filter((each) =>
    each.state === "draining" || each.state === "killing" && !isStuck(state, each)
  );
  const coming = leaving.map(({ profile }) => profile);
  const builders = [...state.instances.values()].filter((each): each is Registered =>
    each.state === "registered" && each.activity.kind === "building" && each.retire === undefined
  ).sort((a, b) => a.activity.sinceMs - b.activity.sinceMs);
  const going: Registered[] = [];
  for (let claim = least(shares, claims); claim !== undefined; claim = least(shares, claims)) {
    const { isPlace } = claim;
    const place = coming.findIndex((profile) => isPlace(profile));
    if (place !== -1) {
      coming.splice(place, 1);
    } else {
      const donor = donorFor(shares, claim, { builders, going });
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

/** At the limit of a profile only one of its own agents makes room. */
function claimOfSlot({ profile, byProfile, byFramework, sharer = "", requirement }: HeldBack): Claim {
  const isPlace = (of: string): boolean => byProfile === 0 || of === profile;
  return { sharer, requirement, isPlace, needsHost: false, count: byProfile + byFramework };
}

/**
 * One agent must free enough for the other: of several that are removed one after the other, each would be replaced at
 * once by an agent that fits.
 */
function claimOfResources(
  { fairShare, state }: Shares,
  { wanted, lacking }: { readonly wanted: WantedAgents; readonly lacking: Lacking },
  atMs: number,
): readonly Claim[] {
  const profile = profileOf(state.settings, wanted.profile);
  const isShare = shareHeldOf(state, wanted.profile, atMs) !== undefined;
  const answers = new Map<string, boolean>();
  const isRoom = (donor: Registered): boolean => {
    // Agents of one profile on one host free the same.
    const key = JSON.stringify([donor.mesosAgentId, donor.profile]);
    const answer = answers.get(key) ??
      (profile !== undefined && fitsWithout(state, { profile, host: donor, going: [donor] }, atMs));
    answers.set(key, answer);
    return answer;
  };
  const isPlace = (of: string, donor?: Registered): boolean =>
    donor === undefined ||
    (isShare ? cpusMilliOf(state.settings, of) >= cpusMilliOf(state.settings, wanted.profile) : isRoom(donor));
  return [{
    sharer: sharerOf(fairShare, wanted),
    requirement: lacking.buckets.find(({ bucket }) => bucket.key === wanted.bucketKey)?.bucket.requirement,
    isPlace,
    needsHost: !isShare,
    count: wanted.count,
  }];
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

/**
 * An agent of the sharer that has the most, unless it would fall below the one that gets the slot; an agent that could
 * take that one's jobs stays.
 */
function donorFor(
  shares: Shares,
  claim: Claim,
  { builders, going }: { readonly builders: readonly Registered[]; readonly going: readonly Registered[] },
): Registered | undefined {
  const { state } = shares;
  const wantedLevel = levelOf(shares, claim.sharer, 1);
  const { requirement } = claim;
  let donor: Registered | undefined;
  let most = -Infinity;
  for (const each of builders) {
    const sharer = shares.sharerOfInstance(each);
    if (levelOf(shares, sharer, -1) < wantedLevel || levelOf(shares, sharer, 0) <= most) continue;
    if (claim.needsHost && going.some(({ mesosAgentId }) => mesosAgentId === each.mesosAgentId)) continue;
    if (!claim.isPlace(each.profile, each)) continue;
    const capability = capabilityFor(each, state.demand.backlog.resourceCase);
    if (requirement !== undefined && canTake(capability, requirement)) continue;
    most = levelOf(shares, sharer, 0);
    donor = each;
  }
  return donor;
}
