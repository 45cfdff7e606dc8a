// Mesos wants a machine back: agents there are drained, the inverse offer is accepted once none is left.
// Not here: avoiding machines with a window (placement.ts). Called by core/step.ts (facts: mesos-wire, Updates).

import type { Draft } from "./draft.ts";
import type { AgentInstance } from "./instance.ts";
import type { InverseOffer } from "./offer.ts";
import { formatDuration } from "./reason.ts";

/** An answered inverse offer comes again after this long, and is answered anew. */
export const inverseRefuseSeconds = 60;
/** A window that is far off is asked about again at least so often. */
const farRefuseSecondsMax = 3_600;

/** Answers each inverse offer at once, and retires the agents that it is about once the window is near. */
export function inverseOffersReceived(draft: Draft, offers: readonly InverseOffer[]): void {
  for (const offer of offers) {
    const here = [...draft.state.instances.values()].filter((instance) =>
      instance.state !== "gone" &&
      (offer.mesosAgentId === undefined || instance.mesosAgentId === offer.mesosAgentId)
    );
    const farMs = untilNearMs(draft, offer);
    if (here.length === 0) {
      draft.effect({ kind: "accept-inverse-offers", offerIds: [offer.id], refuseSeconds: inverseRefuseSeconds });
    } else if (farMs > 0) {
      // Until then the host takes new agents, so that draining it now would go round in a circle.
      const refuseSeconds = Math.min(Math.max(Math.ceil(farMs / 1_000), inverseRefuseSeconds), farRefuseSecondsMax);
      draft.effect({ kind: "decline-inverse-offers", offerIds: [offer.id], refuseSeconds });
      noteRequest(draft, offer, here);
    } else {
      draft.effect({ kind: "decline-inverse-offers", offerIds: [offer.id], refuseSeconds: inverseRefuseSeconds });
      const fresh = here.filter((instance) => instance.retire !== "maintenance");
      for (const instance of fresh) draft.put({ ...instance, retire: "maintenance" });
      // Asked again every minute: told as long as there is news.
      if (fresh.length > 0) noteRequest(draft, offer, here);
    }
  }
}

/** How long placement still uses the host (placement_hosts.ts): zero or less where it does not any more. */
function untilNearMs({ state, atMs }: Draft, { unavailability }: InverseOffer): number {
  return unavailability.startMs - atMs - state.settings.scaling.maintenanceLeadMs;
}

function noteRequest(draft: Draft, offer: InverseOffer, here: readonly AgentInstance[]): void {
  const host = here[0]?.host ?? "";
  const isFar = untilNearMs(draft, offer) > 0;
  const lead = formatDuration(draft.state.settings.scaling.maintenanceLeadMs);
  draft.note({
    level: "info",
    code: isFar ? "maintenance-announced" : "maintenance-requested",
    text: `Mesos asks for host ${host} back (maintenance ${windowText(offer, draft.atMs)}); ${here.length} agent${
      here.length === 1 ? "" : "s"
    } there ${
      isFar ? `go on, and are drained from ${lead} before it (scaling.maintenance-lead)` : "finish their jobs first"
    }`,
    fields: { host, instances: here.length },
    onceKey: `${offer.mesosAgentId ?? "all"} ${offer.unavailability.startMs}`,
  });
}

function windowText(offer: InverseOffer, atMs: number): string {
  const inMs = offer.unavailability.startMs - atMs;
  return inMs <= 0 ? "has begun" : `in ${formatDuration(inMs)}`;
}
