// From offers to launches: every offer is answered in the step that receives it, and the intent is stored before ACCEPT
// is sent.

import { registrationOf } from "../demand/matching.ts";
import { paceMs } from "../demand/limit_pace.ts";
import { nameHosts } from "../identity/adoption.ts";
import { makeTaskId } from "../identity/task_id.ts";
import type { Draft } from "../draft.ts";
import type { TaskLaunch } from "../effect.ts";
import { avoidedHosts } from "./failing_hosts.ts";
import { countsToLimit } from "../demand/gates.ts";
import { seeCapacity, type Shared, withinShare } from "./cpu_share.ts";
import { beforeLaunch, isLearning } from "../identity/lineage.ts";
import type { Offer } from "./offer.ts";
import { place, type PlacementResult } from "./placement.ts";
import { launchReasonText } from "../words/reasons.ts";
import { strangersTo } from "../identity/recognition.ts";
import { replanIfDue } from "../demand/replan.ts";
import { freshRole, wantedWithProfile } from "./roles.ts";
import type { AgentProfile } from "../settings.ts";
import type { State, WantedAgents } from "../state.ts";

/**
 * Refusal time when nothing is wanted: an hour, cleared by the next REVIVE (scheduler.proto, Call.Decline).
 */
const refuseIdleSeconds = 3_600;
/** Refusal time when something is wanted that does not fit. */
export const refuseBusySeconds = 5;
/** Two misses of a profile within this time count as continuous. */
const missLastsMs = 120_000;
/** Maximum number of launch times kept for the limit per minute. */
const launchTimesMax = 1_000;

/** Answers all offers: accepts what fits, declines the rest. */
export function offersReceived(draft: Draft, offers: readonly Offer[]): void {
  if (offers.length === 0) return;
  seeOffers(draft, offers);
  seeCapacity(draft, offers);
  nameHosts(draft, offers);
  replanIfDue(draft);
  const wanted = wantedWithProfile(draft.state);
  const offerIds = offers.map((offer) => offer.id);
  if (wanted.length === 0 || draft.state.shuttingDown) return decline(draft, offerIds, offers, refuseIdleSeconds);
  if (isLearning(draft.state, draft.atMs)) return decline(draft, offerIds, offers, refuseBusySeconds);
  const shared = withinShare(draft, wanted);
  const result = place({
    nowMs: draft.atMs,
    offers,
    wanted: shared.wanted,
    occupancy: occupancyOf(draft.state),
    avoidedHosts: avoidedHosts(draft.state.breakers.hosts, draft.atMs),
    maintenanceLeadMs: draft.state.settings.scaling.maintenanceLeadMs,
  });
  const isStillWanted = result.unplaced.length > 0 || shared.held.some((count) => count > 0);
  const refuseSeconds = isStillWanted ? refuseBusySeconds : refuseIdleSeconds;
  const strangers = new Map<WantedAgents, readonly string[] | undefined>();
  for (const accept of result.accepts) {
    const launches = accept.placements.flatMap((placed) =>
      wanted.slice(placed.wantedIndex, placed.wantedIndex + 1).map((entry) => {
        if (!strangers.has(entry.wanted)) strangers.set(entry.wanted, strangersTo(draft.state, entry.wanted));
        return launch(draft, { ...entry, ...placed, accept, strangers: strangers.get(entry.wanted) });
      })
    );
    draft.effect({
      kind: "accept-offers",
      offerIds: accept.offerIds,
      mesosAgentId: accept.mesosAgentId,
      launches,
      refuseSeconds,
    });
    noteFilter(draft, accept.offerIds, offers, refuseSeconds);
  }
  decline(draft, result.declines, offers, refuseSeconds);
  rememberHosts(draft, offers, new Set(result.declines));
  settle(draft, { wanted, held: shared.held }, result);
}

/** Nothing is known to be left of an accepted offer. */
function rememberHosts(draft: Draft, offers: readonly Offer[], declined: ReadonlySet<string>): void {
  const occupied = occupancyOf(draft.state);
  const hosts = new Map([...draft.state.offers.hosts].filter(([id]) => occupied.has(id)));
  for (const offer of offers) {
    if (!occupied.has(offer.mesosAgentId)) continue;
    hosts.set(offer.mesosAgentId, declined.has(offer.id) ? offer : { ...offer, resources: [] });
  }
  draft.patch("offers", { hosts });
}

function seeOffers(draft: Draft, offers: readonly Offer[]): void {
  const roles = new Map(draft.state.offers.roles);
  for (const { role } of offers) roles.set(role, { ...(roles.get(role) ?? freshRole), lastOfferMs: draft.atMs });
  draft.patch("offers", { roles });
}

function decline(draft: Draft, offerIds: readonly string[], offers: readonly Offer[], refuseSeconds: number): void {
  if (offerIds.length === 0) return;
  draft.effect({ kind: "decline-offers", offerIds, refuseSeconds });
  noteFilter(draft, offerIds, offers, refuseSeconds);
}

/** What is refused for an hour, of declined offers or besides launches, is offered again only after a REVIVE. */
function noteFilter(draft: Draft, offerIds: readonly string[], offers: readonly Offer[], refuseSeconds: number): void {
  if (refuseSeconds < refuseIdleSeconds) return;
  const ids = new Set(offerIds);
  const filtered = new Set(offers.filter(({ id }) => ids.has(id)).map(({ role }) => role));
  const roles = [...draft.state.offers.roles].map(([name, role]) =>
    [name, filtered.has(name) ? { ...role, longDeclineMs: draft.atMs } : role] as const
  );
  draft.patch("offers", { roles: new Map(roles) });
}

interface Launch {
  readonly wanted: WantedAgents;
  readonly profile: AgentProfile;
  readonly resources: TaskLaunch["resources"];
  readonly hostPorts: readonly number[];
  readonly accept: PlacementResult["accepts"][number];
  readonly strangers: readonly string[] | undefined;
}

function launch(draft: Draft, { wanted, profile, resources, hostPorts, accept, strangers }: Launch): TaskLaunch {
  const framework = beforeLaunch(draft);
  const taskId = makeTaskId(framework, profile.name);
  draft.setFramework({ ...framework, nextTaskNumber: framework.nextTaskNumber + 1 });
  const registration = registrationOf(wanted);
  draft.put({
    taskId,
    profile: profile.name,
    profileHash: profile.hash,
    ...registration,
    createdMs: draft.atMs,
    mesosAgentId: accept.mesosAgentId,
    host: accept.host,
    launchReason: launchReasonText(wanted.reason),
    bucketKey: wanted.bucketKey,
    network: profile.container.network.mode,
    needsProof: true,
    ...(wanted.reason.kind === "canary" ? { retire: "operator" as const } : {}),
    ...(strangers === undefined || strangers.length === 0 ? {} : { strangers }),
    state: "launching",
    sinceMs: draft.atMs,
  });
  if (wanted.reason.kind === "canary") {
    draft.set({ canaries: new Map([...draft.state.canaries].filter(([name]) => name !== profile.name)) });
  }
  draft.note({
    kind: "agent-launched",
    taskId,
    profile: profile.name,
    host: accept.host,
    ...registration,
    why: wanted.reason,
  });
  return { taskId, profile, ...registration, resources, hostPorts };
}

/** Removes placed agents from the wanted list, and keeps the nearest miss of the rest for the verdicts. */
function settle(
  draft: Draft,
  { wanted, held }: Shared,
  result: PlacementResult,
): void {
  const left = new Map(result.unplaced.map((each) => [each.wantedIndex, each]));
  const nearestMiss = new Map(draft.state.offers.nearestMiss);
  wanted.forEach(({ profile }, index) => {
    const miss = left.get(index);
    if (miss === undefined) {
      nearestMiss.delete(profile.name);
    } else {
      // Reported when a profile starts to find no offer, not at every offer.
      if (!nearestMiss.has(profile.name)) {
        draft.note({ kind: "no-fitting-offer", profile: profile.name, miss: miss.miss });
      }
      const before = draft.state.offers.nearestMiss.get(profile.name);
      const isLasting = before !== undefined && draft.atMs - before.atMs < missLastsMs;
      const sinceMs = isLasting ? before.sinceMs : draft.atMs;
      nearestMiss.set(profile.name, { sinceMs, atMs: draft.atMs, miss: miss.miss });
    }
  });
  const placed = result.accepts.reduce((total, accept) => total + accept.placements.length, 0);
  const launchTimesMs = [
    ...draft.state.offers.launchTimesMs.filter((launchedMs) => draft.atMs - launchedMs < paceMs),
    ...Array.from({ length: placed }, () => draft.atMs),
  ].slice(-launchTimesMax);
  const stillWanted = wanted.flatMap(({ wanted: each }, index) => {
    const count = (left.get(index)?.count ?? 0) + (held[index] ?? 0);
    return count > 0 ? [{ ...each, count }] : [];
  });
  draft.patch("offers", { nearestMiss, launchTimesMs });
  draft.patch("demand", { isStale: true, wanted: stillWanted });
}

/** Number of instances by profile on a Mesos agent. */
export function occupancyOf({ instances }: State): Map<string, Map<string, number>> {
  const occupancy = new Map<string, Map<string, number>>();
  for (const instance of instances.values()) {
    if (!countsToLimit(instance.state)) continue;
    const here = occupancy.get(instance.mesosAgentId) ?? new Map<string, number>();
    here.set(instance.profile, (here.get(instance.profile) ?? 0) + 1);
    occupancy.set(instance.mesosAgentId, here);
  }
  return occupancy;
}
