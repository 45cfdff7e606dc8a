// What became of an offer, asked of single steps. Stories are in offer_answer_test.ts.

import { assertEquals } from "@std/assert";
import type { Effect } from "../../../src/core/effect.ts";
import { answerTo } from "../../../src/core/placement/offer_answer.ts";
import type { State } from "../../../src/core/state.ts";
import { minute, zeroMs } from "../../support/core.ts";
import { aWanted, hostOffer } from "../../support/placement.ts";
import { stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + minute;
const accept: Effect = {
  kind: "accept-offers",
  offerIds: ["other"],
  mesosAgentId: "s",
  launches: [],
  refuseSeconds: 5,
};
const decline: Effect = { kind: "decline-offers", offerIds: ["o-h1"], refuseSeconds: 5 };

/** A state in which so many agents are wanted. */
function wanting(...counts: readonly number[]): State {
  const state = stateOf([], { inherited: "none" });
  return { ...state, demand: { ...state.demand, wanted: counts.map((count) => aWanted({ count })) } };
}

/** The answer to an offer with room for an agent. */
function answer(before: State, after: State, effects: readonly Effect[] = []): unknown {
  const offer = hostOffer("h1", {});
  return answerTo({ before, after, offers: [offer], effects, atMs })(offer);
}

Deno.test("a declined offer was one too many if another was accepted, or if something was wanted before", () => {
  const kind = (before: State, ...effects: readonly Effect[]): unknown => answer(before, wanting(), effects);
  assertEquals([kind(wanting()), kind(wanting(), decline)], [{ kind: "unwanted" }, { kind: "unwanted" }]);
  assertEquals(kind(wanting(), decline, accept), { kind: "enough" });
  assertEquals([kind(wanting(1)), kind(wanting(1), decline, accept)], [{ kind: "enough" }, { kind: "enough" }]);
});

Deno.test("an offer that would fit was too small after other launches, or the share held it back", () => {
  const after = wanting(1);
  const miss = { sinceMs: atMs, atMs, miss: {} };
  const missed = { ...after, offers: { ...after.offers, nearestMiss: new Map([["default", miss]]) } };
  assertEquals([answer(after, missed), answer(after, after)], [{ kind: "misfit", profile: "default" }, {
    kind: "held",
  }]);
});
