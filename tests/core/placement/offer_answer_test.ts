// What becomes of each offer, and why.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import { offersReceived } from "../../../src/core/placement/launching.ts";
import type { Offer } from "../../../src/core/placement/offer.ts";
import { answerTo } from "../../../src/core/placement/offer_answer.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import type { State, WantedAgents } from "../../../src/core/state.ts";
import { offerAnswerText } from "../../../src/core/words/placement.ts";
import { linux, second, zeroMs } from "../../support/core.ts";
import { aWanted, hostOffer } from "../../support/placement.ts";
import { stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + second;

interface Situation {
  readonly wanted?: readonly WantedAgents[];
  readonly profile?: Partial<AgentProfile>;
  readonly parts?: Partial<State>;
  readonly maxCpuShare?: number;
}

/** What is reported about each offer, by host. */
function told(offers: readonly Offer[], { wanted = [], profile = {}, parts = {}, maxCpuShare }: Situation): string[] {
  const scaling = maxCpuShare === undefined ? {} : { maxCpuShare };
  const state = stateOf([], {}, { profiles: [{ ...linux, ...profile }], scaling });
  const before: State = {
    ...state,
    inherited: "none",
    demand: { ...state.demand, wanted, isStale: false },
    ...parts,
  };
  const draft = new Draft(before, atMs, 0.5);
  offersReceived(draft, offers);
  const { effects } = draft.finish();
  const answer = answerTo({ before, after: draft.state, offers, effects, atMs });
  return offers.map((each) => `${each.hostname}: ${offerAnswerText(answer(each))}`);
}

const big = hostOffer("h1", { cpus: 8, mem: 100_000 });
const small = hostOffer("h2", { cpus: 0.5, mem: 512 });
const two = [aWanted({ count: 2 })];

const cases: Readonly<Record<string, { readonly offers: readonly Offer[] } & Situation & { readonly says: string[] }>> =
  {
    "nothing is wanted": { offers: [big], says: ["h1: no agent was wanted"] },
    "an offer is used, and the other one is not needed any more": {
      offers: [big, small],
      wanted: two,
      says: ["h1: 2 agents launched", "h2: all wanted agents were placed on other hosts"],
    },
    "it is too small": {
      offers: [small],
      wanted: two,
      says: ["h2: profile default is short by 0.5 cpus and 512 MB of mem"],
    },
    "the limit of the profile on one host": {
      offers: [big],
      wanted: two,
      profile: { maxPerHost: 1 },
      says: ["h1: 1 agent launched"],
    },
    "a constraint": {
      offers: [big],
      wanted: two,
      profile: { constraints: [{ field: "rack", operator: "equals", value: "r1" }] },
      says: ["h1: profile default is not launched here: rack is missing, wanted r1"],
    },
    "the share of the cluster": {
      offers: [{ ...big, id: "o-3" }],
      wanted: two,
      maxCpuShare: 0.0001,
      says: ["h1: the remaining agents wait for their share of the cluster (scaling.max-cpu-share)"],
    },
    "the framework ends": {
      offers: [big],
      wanted: two,
      parts: { shuttingDown: true },
      says: ["h1: the framework is being removed"],
    },
    "it is not known yet what earlier runs have left": {
      offers: [big],
      wanted: two,
      parts: { inherited: "unknown" },
      says: ["h1: nothing is launched until it is known what earlier runs have left behind"],
    },
  };

for (const [name, { offers, says, ...situation }] of Object.entries(cases)) {
  Deno.test(`what became of an offer is reported: ${name}`, () => assertEquals(told(offers, situation), says));
}
