// Maintenance of a machine: its agents are drained, and the inverse offer is accepted once none is left. Such machines
// are avoided in placement/placement.ts.

import type { Draft } from "../draft.ts";
import { heardRecord, mayComeBack } from "../life/doubt.ts";
import { takeBack } from "../life/drain.ts";
import { hasten, isForGood, markForRemoval } from "../life/retire.ts";
import type { AgentInstance } from "../instance.ts";
import type { InverseOffer, Offer, Unavailability } from "../placement/offer.ts";
import { askForAll, reportMs } from "./reconciliation.ts";
import { retireChanged } from "./operator.ts";
import { isInTheWay } from "../placement/hosts.ts";
import type { State } from "../state.ts";
import { watchedMs } from "./watched.ts";

/** An answered inverse offer is repeated after this long, and is answered again. */
const inverseRefuseSeconds = 60;
/** Maximum refusal time for a window that is far in the future, or over but still on the schedule. */
const farRefuseSecondsMax = 3_600;
/** Maximum number of answers that are repeated. */
const unansweredMax = 10_000;

/**
 * Mesos does not report a cancelled window once its inverse offer is answered (RESCIND_INVERSE_OFFER is only for
 * outstanding ones): it just stops sending inverse offers. It sends one each minute, so this long without one is no
 * coincidence.
 */
const requestOverMs = 4 * inverseRefuseSeconds * 1_000;
/**
 * A new leader sends inverse offers when the Mesos agent has reregistered, for which it has 10 minutes
 * (`--agent_reregister_timeout`).
 */
const requestOverAfterElectionMs = 15 * 60_000;

/** Requests of Mesos from an earlier run, as far as instances show them; counted from now on. */
export function maintenanceRequestsOf(instances: Iterable<AgentInstance>, atMs: number): ReadonlyMap<string, number> {
  const asked = new Map<string, number>();
  for (const { retire, mesosAgentId } of instances) {
    if (retire === "maintenance") asked.set(mesosAgentId, atMs);
  }
  return asked;
}

/** Answers each inverse offer immediately, and retires the affected agents once the window is near. */
export function inverseOffersReceived(draft: Draft, offers: readonly InverseOffer[]): void {
  for (const offer of offers) {
    const here = [...draft.state.instances.values()].filter((instance) =>
      instance.state !== "gone" &&
      (offer.mesosAgentId === undefined || instance.mesosAgentId === offer.mesosAgentId)
    );
    if (here.length === 0) {
      const isFree = !isAnyUnplaced(draft.state) && !mayRunAfterLoss(draft, offer) && isConfirmedFree(draft, offer);
      const kind = isFree ? "accept-inverse-offers" : "decline-inverse-offers";
      draft.effect({ kind, offerIds: [offer.id], refuseSeconds: inverseRefuseSeconds });
    } else if (!isNear(draft, offer.unavailability)) {
      // The host still takes new agents, so draining it now would be a loop.
      draft.effect({
        kind: "decline-inverse-offers",
        offerIds: [offer.id],
        refuseSeconds: farRefuseSeconds(draft, offer),
      });
      if (!keepAgents(draft, new Set(here.map(({ mesosAgentId }) => mesosAgentId)))) noteRequest(draft, offer, here);
    } else {
      draft.effect({ kind: "decline-inverse-offers", offerIds: [offer.id], refuseSeconds: inverseRefuseSeconds });
      retireAll(draft, offer, here);
    }
  }
}

/** Whether agents of ours may run on any host: Mesos has not reported the tasks of earlier runs, or where one runs. */
function isAnyUnplaced({ inherited, instances }: State): boolean {
  return inherited === "unknown" ||
    [...instances.values()].some(({ state, mesosAgentId }) => state !== "gone" && mesosAgentId === "");
}

/**
 * Whether Mesos has reported all tasks since it last asked for this host in this session, which were requested then: a
 * restored state may lack some, and a master with an empty registry learns them with the host.
 */
function isConfirmedFree(draft: Draft, { mesosAgentId }: InverseOffer): boolean {
  const { maintenanceRequestedMs, reconciliation, session } = draft.state;
  if (mesosAgentId === undefined) return true;
  const askedMs = maintenanceRequestedMs.get(mesosAgentId) ?? Infinity;
  const { implicitRequestedMs = -Infinity } = reconciliation;
  draft.set({ maintenanceRequestedMs: new Map(maintenanceRequestedMs).set(mesosAgentId, draft.atMs) });
  askForAll(draft);
  return askedMs <= Math.min(implicitRequestedMs, draft.atMs - reportMs) &&
    session.kind === "subscribed" && askedMs >= session.sinceMs;
}

/**
 * Whether an agent may run on this host although Mesos has reported its loss: a master with an empty registry knows no
 * task before it sends inverse offers, and an agent in contact with the GoCD server is still being drained.
 */
function mayRunAfterLoss(draft: Draft, { mesosAgentId }: InverseOffer): boolean {
  return [...draft.state.instances.values()].some((instance) =>
    instance.state === "gone" && (mesosAgentId === undefined || instance.mesosAgentId === mesosAgentId) &&
    (mayComeBack(draft, instance) || instance.cause === "lost" && heardRecord(draft, instance) !== undefined)
  );
}

/** Offers of a host without a window (or with a later one): its agents stay. */
export function maintenanceTakenBack(draft: Draft, offers: readonly Offer[]): void {
  const { maintenanceRequestedMs } = draft.state;
  if (maintenanceRequestedMs.size === 0) return;
  const free = offers.filter(({ mesosAgentId, unavailability }) =>
    maintenanceRequestedMs.has(mesosAgentId) && (unavailability === undefined || !isNear(draft, unavailability))
  );
  keepAgents(draft, new Set(free.map(({ mesosAgentId }) => mesosAgentId)));
}

/**
 * An answer that may not have arrived: Mesos sends no further inverse offer for a host while it waits for an answer,
 * which would look like a cancelled window.
 */
export function inverseAnswerLost(draft: Draft, offerIds: readonly string[]): void {
  const { offers } = draft.state;
  const inverseUnanswered = [...new Set([...offers.inverseUnanswered, ...offerIds])].slice(-unansweredMax);
  draft.patch("offers", { inverseUnanswered });
}

/** Time-based part of maintenance. Called at every tick. */
export function watchMaintenance(draft: Draft): void {
  const { offers, session } = draft.state;
  const { inverseUnanswered } = offers;
  if (inverseUnanswered.length > 0 && session.kind === "subscribed") {
    draft.patch("offers", { inverseUnanswered: [] });
    draft.effect({
      kind: "decline-inverse-offers",
      offerIds: inverseUnanswered,
      refuseSeconds: inverseRefuseSeconds,
    });
  }
  forgetStaleRequests(draft);
}

/** Hosts without a new inverse offer for several times its interval: their agents stay. */
function forgetStaleRequests(draft: Draft): void {
  const { maintenanceRequestedMs, session } = draft.state;
  if (maintenanceRequestedMs.size === 0 || session.kind !== "subscribed") return;
  // A broken stream is no election: the same leader sends its inverse offers again within a minute.
  const { sinceMs, leaderSinceMs = sinceMs } = session;
  const stale = [...maintenanceRequestedMs].filter(([, requestedMs]) =>
    watchedMs(draft, Math.max(requestedMs, sinceMs)) >= requestOverMs &&
    (requestedMs > leaderSinceMs || watchedMs(draft, leaderSinceMs) >= requestOverAfterElectionMs)
  );
  keepAgents(draft, new Set(stale.map(([mesosAgentId]) => mesosAgentId)));
}

/** Whether placement avoids the host because of this window. */
function isNear({ state, atMs }: Draft, window: Unavailability): boolean {
  return isInTheWay(window, { nowMs: atMs, maintenanceLeadMs: state.settings.scaling.maintenanceLeadMs });
}

function farRefuseSeconds({ state, atMs }: Draft, { unavailability }: InverseOffer): number {
  if (unavailability.startMs <= atMs) return farRefuseSecondsMax;
  const farMs = unavailability.startMs - atMs - state.settings.scaling.maintenanceLeadMs;
  return Math.min(Math.max(Math.ceil(farMs / 1_000), inverseRefuseSeconds), farRefuseSecondsMax);
}

function retireAll(draft: Draft, offer: InverseOffer, here: readonly AgentInstance[]): void {
  const asked = new Map(draft.state.maintenanceRequestedMs);
  for (const { mesosAgentId } of here) asked.set(mesosAgentId, draft.atMs);
  draft.set({ maintenanceRequestedMs: asked });
  // Others are removed anyway, and must not stay if the window is cancelled.
  for (const instance of here) hasten(draft, instance, "maintenance");
  const fresh = here.filter(({ retire }) => retire !== "maintenance" && retire !== "operator" && !isForGood(retire));
  for (const instance of fresh) markForRemoval(draft, instance, "maintenance");
  // Repeated every minute: reported only if something has changed.
  if (fresh.length > 0) noteRequest(draft, offer, here);
}

/**
 * Agents that were being removed for maintenance stay. One that is already disabled is enabled again if it is still
 * building, or if jobs wait for it (as in any drain, demand/plan.ts); otherwise it is removed as an idle agent. False:
 * there were none.
 */
function keepAgents(draft: Draft, mesosAgentIds: ReadonlySet<string>): boolean {
  const asked = new Map([...draft.state.maintenanceRequestedMs].filter(([id]) => !mesosAgentIds.has(id)));
  if (asked.size < draft.state.maintenanceRequestedMs.size) draft.set({ maintenanceRequestedMs: asked });
  const kept: AgentInstance[] = [];
  for (const instance of [...draft.state.instances.values()]) {
    if (instance.retire !== "maintenance" || !mesosAgentIds.has(instance.mesosAgentId)) continue;
    const { retire: _, ...rest } = instance;
    const [changed = rest] = retireChanged([rest], draft.state.settings);
    draft.put(changed);
    if (changed.state === "draining") takeBack(draft, changed);
    if (instance.state !== "gone") kept.push(changed);
  }
  for (const host of new Set(kept.map((instance) => instance.host))) {
    const count = kept.filter((instance) => instance.host === host).length;
    draft.note({ kind: "maintenance-taken-back", host, instances: count });
  }
  return kept.length > 0;
}

function noteRequest(draft: Draft, offer: InverseOffer, here: readonly AgentInstance[]): void {
  const [host = ""] = here.map((instance) => instance.host);
  const { startMs, durationMs } = offer.unavailability;
  const facts = {
    host,
    instances: here.length,
    startsInMs: startMs - draft.atMs,
    ...(durationMs === undefined ? {} : { endsInMs: startMs + durationMs - draft.atMs }),
    onceKey: `${offer.mesosAgentId ?? "all"} ${startMs}`,
  };
  const leadMs = draft.state.settings.scaling.maintenanceLeadMs;
  draft.note(
    isNear(draft, offer.unavailability)
      ? { kind: "maintenance-requested", ...facts }
      : { kind: "maintenance-announced", ...facts, leadMs },
  );
}
