// Mesos wants a machine back: agents there are drained, the inverse offer is accepted once none is left.
// Not here: avoiding machines with a window (placement.ts). Called by core/step.ts (facts: mesos-wire, Updates).

import type { Draft } from "./draft.ts";
import type { InverseOffer } from "./offer.ts";
import { formatDuration } from "./reason.ts";

/** A declined inverse offer comes again after this long, and is answered anew. */
export const inverseRefuseSeconds = 60;

/** Answers each inverse offer at once, and retires the agents that it is about. */
export function inverseOffersReceived(draft: Draft, offers: readonly InverseOffer[]): void {
  for (const offer of offers) {
    const here = [...draft.state.instances.values()].filter((instance) =>
      instance.state !== "gone" &&
      (offer.mesosAgentId === undefined || instance.mesosAgentId === offer.mesosAgentId)
    );
    if (here.length === 0) {
      draft.effect({ kind: "accept-inverse-offers", offerIds: [offer.id] });
      continue;
    }
    draft.effect({ kind: "decline-inverse-offers", offerIds: [offer.id], refuseSeconds: inverseRefuseSeconds });
    const fresh = here.filter((instance) => instance.retire !== "maintenance");
    for (const instance of fresh) draft.put({ ...instance, retire: "maintenance" });
    const host = here[0]?.host ?? "";
    draft.note({
      level: "info",
      code: "maintenance-requested",
      text: `Mesos asks for host ${host} back (maintenance ${windowText(offer, draft.atMs)}); ${here.length} agent${
        here.length === 1 ? "" : "s"
      } there finish their jobs first`,
      fields: { host, instances: here.length },
      onceKey: offer.mesosAgentId ?? "all",
    });
  }
}

function windowText(offer: InverseOffer, atMs: number): string {
  const inMs = offer.unavailability.startMs - atMs;
  return inMs <= 0 ? "has begun" : `in ${formatDuration(inMs)}`;
}
