// Roles revived and suppressed, and declines that end or fail, each limit exactly. Stories are in call_rates_test.ts.

import { assertEquals } from "@std/assert";
import { formerFrameworks, type SeenFramework } from "../../src/core/identity/orphans.ts";
import { Draft } from "../../src/core/draft.ts";
import type { MesosEffect } from "../../src/core/effect.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import { adjustRoles, isOfferless } from "../../src/core/placement/roles.ts";
import { mesosCallFailed } from "../../src/core/session/session.ts";
import type { RoleOffers, State } from "../../src/core/state.ts";
import { finished, linux, minute, second, someSettings, zeroMs } from "../support/core.ts";
import { anInstance, formerFramework, launchReason, stateOf } from "./instance_fixtures.ts";

const wantedOne = { bucketKey: "k", profile: "default", gocdResources: [], count: 1, reason: launchReason };

/** What is sent to the allocator about the role `ci`, at a moment after SUBSCRIBED. */
function told(
  afterMs: number,
  role: Partial<RoleOffers>,
  isWanted: boolean,
  change: (state: State) => State = (state) => state,
): { said: string; role: RoleOffers | undefined } {
  const { demand, offers, ...state } = stateOf([]);
  const draft = new Draft(
    change({
      ...state,
      demand: { ...demand, wanted: isWanted ? [wantedOne] : [] },
      offers: { ...offers, roles: new Map([["ci", { suppressed: false, repeated: false, ...role }]]) },
    }),
    zeroMs + afterMs,
    0.5,
  );
  adjustRoles(draft);
  return { said: finished(draft).effects.map(({ kind }) => kind).join(), role: draft.state.offers.roles.get("ci") };
}

const says = (afterMs: number, role: Partial<RoleOffers>, isWanted = true): string =>
  told(afterMs, role, isWanted).said;

Deno.test("a role is suppressed once when nothing is wanted, and revived at once when something is", () => {
  assertEquals([says(0, {}, false), says(0, { suppressed: true }, false)], ["suppress-offers", ""]);
  assertEquals(told(7, { suppressed: true, longDeclineMs: 1, repeated: true }, true), {
    said: "revive-offers",
    role: { suppressed: false, repeated: false, lastReviveMs: zeroMs + 7, revivedMs: zeroMs + 7 },
  });
  assertEquals(told(7, { lastReviveMs: 1, repeated: true }, false).role, {
    suppressed: true,
    repeated: false,
    lastReviveMs: 1,
  });
});

Deno.test("a role that a changed configuration brings is treated like the others", () => {
  const isNew = (state: State): State => ({ ...state, offers: { ...state.offers, roles: new Map() } });
  assertEquals(told(7, {}, false, isNew), { said: "suppress-offers", role: { suppressed: true, repeated: false } });
  assertEquals(told(10 * second, {}, true, isNew).said, "revive-offers");
});

Deno.test("a role is revived no sooner than five seconds after the last time", () => {
  const suppressed = { suppressed: true, lastReviveMs: zeroMs };
  assertEquals([says(5 * second - 1, suppressed), says(5 * second, suppressed)], ["", "revive-offers"]);
});

Deno.test("a long decline ends with a REVIVE at the next demand", () => {
  assertEquals([says(0, { longDeclineMs: zeroMs }), says(0, {})], ["revive-offers", ""]);
  assertEquals(told(7, { longDeclineMs: zeroMs, repeated: true }, true).role, {
    suppressed: false,
    repeated: false,
    lastReviveMs: zeroMs + 7,
  });
});

Deno.test("a REVIVE or SUBSCRIBE without an offer is repeated after ten seconds, once; after ten quiet minutes, always", () => {
  assertEquals([says(10 * second - 1, {}), says(10 * second, {}), says(10 * second, { repeated: true })], [
    "",
    "revive-offers",
    "",
  ]);
  assertEquals(told(10 * second, {}, true).role, {
    suppressed: false,
    repeated: true,
    lastReviveMs: zeroMs + 10 * second,
  });
  assertEquals([says(minute, { lastOfferMs: zeroMs }), says(minute, { lastOfferMs: zeroMs - 1 })], [
    "",
    "revive-offers",
  ]);
  const quiet = { repeated: true, lastReviveMs: zeroMs + minute };
  assertEquals([says(11 * minute - 1, quiet), says(11 * minute, quiet)], ["", "revive-offers"]);
  const offered = { repeated: true, lastOfferMs: zeroMs + 2 * minute };
  assertEquals([says(12 * minute - 1, offered), says(12 * minute, offered)], ["", "revive-offers"]);
  assertEquals(told(12 * minute, { lastOfferMs: zeroMs + 2 * minute }, true).role?.repeated, true);
});

Deno.test("a REVIVE within two minutes of a lost SUPPRESS is repeated after two quiet minutes: it may have been overtaken", () => {
  const role = (sinceLostMs: number): Partial<RoleOffers> => ({
    repeated: true,
    lastReviveMs: zeroMs,
    suppressLostMs: zeroMs - sinceLostMs,
  });
  const soon = role(2 * minute - 1);
  assertEquals([says(2 * minute - 1, soon), says(2 * minute, soon)], ["", "revive-offers"]);
  assertEquals(says(2 * minute, role(2 * minute)), "", "it has arrived before the REVIVE");
  assertEquals(told(2 * minute, soon, true).role?.suppressLostMs, zeroMs - (2 * minute - 1));
});

Deno.test("a role whose call failed is left alone until its time, and nothing is sent without a session or at the end", () => {
  const retry = { suppressed: true, retryMs: zeroMs + 5 * second };
  assertEquals([says(5 * second - 1, retry), says(5 * second, retry)], ["", "revive-offers"]);
  assertEquals(told(0, {}, false, (state) => ({ ...state, shuttingDown: true })).said, "");
  assertEquals(
    told(0, {}, false, (state) => ({ ...state, session: { ...state.session, kind: "connecting" } })).said,
    "",
  );
});

const nameless = (changes: Partial<AgentInstance> = {}): AgentInstance =>
  anInstance("t", { state: "starting" }, { mesosAgentId: "s", host: "s", ...changes });

Deno.test("a role is revived for a minute to learn the name of an adopted agent's host", () => {
  const of = (instance: AgentInstance, afterMs = 0, change: (state: State) => State = (state) => state): string =>
    told(afterMs, { suppressed: true }, false, (state) => change({ ...state, instances: new Map([["t", instance]]) }))
      .said;
  assertEquals([of(nameless(), minute - 1), of(nameless(), minute)], ["revive-offers", ""]);
  assertEquals(of(nameless({ host: "h1" })), "");
  assertEquals(of(nameless({ profile: "former" })), "revive-offers", "the role of the first profile");
  const web = { ...linux, name: "web", role: "web" };
  const both = (state: State): State => ({ ...state, settings: { ...state.settings, profiles: [linux, web] } });
  const roles = (profile: string): unknown => {
    const state = both({ ...stateOf([nameless({ profile })]) });
    const suppressed = { suppressed: true, repeated: false };
    const offers = { ...state.offers, roles: new Map([["ci", suppressed], ["web", suppressed]]) };
    const draft = new Draft({ ...state, offers }, zeroMs, 0.5);
    adjustRoles(draft);
    return finished(draft).effects.map((effect) => effect.kind === "revive-offers" ? effect.roles : effect.kind);
  };
  assertEquals([roles("web"), roles("former")], [[["web"]], [["ci"]]]);
  const nobody = (state: State): State => ({ ...state, settings: { ...state.settings, profiles: [] } });
  assertEquals(of(nameless(), 0, nobody), "", "no profile, no role");
});

Deno.test("a role is offered nothing only in a session, and a removed profile needs no role", () => {
  const state = stateOf([]);
  const atMs = zeroMs + minute;
  const offerless = (kind: State["session"]["kind"]): boolean =>
    isOfferless(
      { ...state, offers: { ...state.offers, roles: new Map() }, session: { ...state.session, kind } },
      "ci",
      atMs,
    );
  assertEquals([offerless("subscribed"), offerless("connecting")], [true, false]);
  const former = (state: State): State => ({
    ...state,
    demand: { ...state.demand, wanted: [{ ...wantedOne, profile: "former" }] },
  });
  assertEquals(told(0, {}, false, former).said, "suppress-offers");
});

/** The draft after a call failed. */
function failed(call: MesosEffect, outcome: "refused" | "unknown", instances: readonly AgentInstance[] = []): Draft {
  const draft = new Draft(stateOf(instances), zeroMs + 7, 0.5);
  mesosCallFailed(draft, { kind: "mesos-call-failed", call, outcome, message: "no" });
  return draft;
}

Deno.test("declines that failed leave at the next tick, ten thousand at most", () => {
  const many = Array.from({ length: 10_001 }, (_, index) => `o${index}`);
  const { undeclined } = failed({ kind: "decline-offers", offerIds: many, refuseSeconds: 5 }, "unknown").state.offers;
  assertEquals([undeclined.length, undeclined[0]], [10_000, "o1"]);
});

Deno.test("a framework of ours is one of the same name, principal and a role, with tasks like ours", () => {
  const found = (changes: Partial<SeenFramework>): readonly string[] | undefined =>
    formerFrameworks(someSettings(), [{ ...formerFramework, ...changes }])[0]?.taskIds;
  assertEquals(found({}), ["gocd-zzz999-default-1"]);
  for (
    const changes of [{ name: "x" }, { registeredAs: { user: "", principal: "p" } }, { roles: ["x"] }, {
      taskIds: ["foreign"],
    }]
  ) {
    assertEquals(found(changes), undefined);
  }
  assertEquals(found({ roles: ["x", "ci"] })?.length, 1);
});
