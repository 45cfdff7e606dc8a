// The offers of the last minutes: the latest offer of each host to each role, and how it was answered.

import type { Offer } from "../core/placement/offer.ts";
import { fromMilli } from "../core/placement/mesos_resources.ts";
import { answerTo } from "../core/placement/offer_answer.ts";
import type { OfferView } from "../core/view/view.ts";
import { offerAnswerText } from "../core/words/placement.ts";
import type { Step } from "./steps.ts";

/** Maximum age of offers that are shown. */
const shownMs = 10 * 60_000;
/** Maximum number of remembered offers. */
const offersMax = 500;
/** Maximum number per event: each answer needs a check of the host. */
const perEventMax = 50;

/** Records offers; bounded in size. */
export interface OfferLog {
  /** Processes a step that may have answered offers. */
  seen(step: Step): void;
  /** Offers of the last minutes, latest first. */
  recent(atMs: number): readonly OfferView[];
}

/** Creates an empty recorder. */
export function createOfferLog(): OfferLog {
  const offers = new Map<string, OfferView>();
  return {
    seen({ before, after, event, effects, atMs }): void {
      if (event.kind !== "offers-received") return;
      const answer = answerTo({ before, after, offers: event.offers, effects, atMs });
      for (const offer of event.offers.slice(0, perEventMax)) {
        const key = `${offer.mesosAgentId} ${offer.role}`;
        const found = answer(offer);
        offers.delete(key);
        offers.set(key, {
          host: offer.hostname,
          mesosAgentId: offer.mesosAgentId,
          role: offer.role,
          atMs,
          cpus: amountOf(offer, "cpus"),
          mem: amountOf(offer, "mem"),
          disk: amountOf(offer, "disk"),
          isAccepted: found.kind === "accepted",
          answer: offerAnswerText(found),
        });
      }
      for (const key of offers.keys()) {
        if (offers.size <= offersMax) break;
        offers.delete(key);
      }
    },
    recent: (atMs) => [...offers.values()].filter((offer) => atMs - offer.atMs < shownMs).reverse(),
  };
}

/** The part of it that agents may use. */
function amountOf({ resources }: Offer, name: string): number {
  let milli = 0;
  for (const { name: own, value, use } of resources) {
    if (own === name && use === "usable" && value.kind === "scalar") milli += value.milli;
  }
  return fromMilli(milli);
}
