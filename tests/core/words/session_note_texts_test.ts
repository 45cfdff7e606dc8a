// The lines that operators read of the session with Mesos, its calls and its roles: each branch once, word for word.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { Event } from "../../../src/core/event.ts";
import { isOfferless, noteOfferless, noteRolesIgnored } from "../../../src/core/placement/roles.ts";
import { disconnected, frameworkError, mesosCallFailed, subscribed } from "../../../src/core/session/session.ts";
import type { RoleOffers, State } from "../../../src/core/state.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { finished, linesOf, linux, minute, second, subscribedEvent, zeroMs } from "../../support/core.ts";
import { anInstance, launchReason, stateOf } from "../instance_fixtures.ts";

/** What an act says: level, code and text, with the hint where there is one. */
function said(state: State, act: (draft: Draft) => void, atMs = zeroMs): string[] {
  const draft = new Draft(state, atMs, 0.5);
  act(draft);
  return linesOf(draft).map(({ level, code, text, hint }) =>
    `${level} ${code}: ${text}${hint === undefined ? "" : ` | ${hint}`}`
  );
}

function effectsOf(state: State, act: (draft: Draft) => void): readonly unknown[] {
  const draft = new Draft(state, zeroMs, 0.5);
  act(draft);
  return finished(draft).effects;
}

type Subscribed = Event & { readonly kind: "subscribed" };
const subscription = subscribedEvent as Subscribed;
const { masterVersion: _version, ...unversioned } = subscription;
const living = [anInstance("a", { state: "starting" }), anInstance("b", { state: "gone", cause: "lost", message: "" })];

Deno.test("a subscription is reported with the master, version, framework and number of reconciled agents", () => {
  const first = (state: State, event: Subscribed): string | undefined =>
    said(state, (draft) => subscribed(draft, event))[0];
  assertEquals(
    first(stateOf([]), subscription),
    "info subscribed: subscribed to the Mesos master mesos:5050 (Mesos 1.11.0) as framework f-1",
  );
  assertEquals(
    first(stateOf(living), unversioned),
    "info subscribed: subscribed to the Mesos master mesos:5050 as framework f-1; asking for our 1 agent",
  );
});

const refusals: readonly (readonly [(Event & { kind: "framework-error" })["error"], string, string, string])[] = [
  [
    "failed-over",
    "m",
    "error framework-failed-over: another instance has taken over our framework id; this one steps down and leaves all " +
    "agents to it | run one instance per framework id, or give each its own state",
    "superseded",
  ],
  [
    "unauthorized",
    "m",
    "error framework-unauthorized: the Mesos master refuses our framework: m | check mesos.principal, mesos.secret and " +
    "the master's ACLs for the role",
    "connecting",
  ],
  [
    "other",
    "m",
    "error framework-other: the Mesos master refuses our framework: m | check the keys under mesos in the configuration",
    "connecting",
  ],
  [
    "bad-framework-info",
    "Updating 'FrameworkInfo.user' is unsupported",
    "error framework-bad-framework-info: the Mesos master refuses our framework: Updating 'FrameworkInfo.user' is " +
    "unsupported | Mesos never changes the user of a framework: set mesos.user back, or run `gocd-mesos teardown` with the " +
    "old one first and start again",
    "connecting",
  ],
  [
    "removed",
    "m",
    "warning framework-removed: Mesos has removed framework f-1 (m); no agent of ours is left, so a new one is registered",
    "connecting",
  ],
];

for (const [error, message, text, session] of refusals) {
  Deno.test(`an ERROR of the kind ${error} is reported with what to do: ${message}`, () => {
    const draft = new Draft(stateOf([]), zeroMs + 5, 0.5);
    frameworkError(draft, { kind: "framework-error", error, message });
    assertEquals(said(stateOf([]), (other) => frameworkError(other, { kind: "framework-error", error, message })), [
      text,
    ]);
    assertEquals([draft.state.session.kind, draft.state.session.sinceMs], [session, zeroMs + 5]);
    assertEquals(draft.state.session.master, "mesos:5050");
  });
}

Deno.test("a removed framework with agents on record ends the program and names the commands", () => {
  const hint = "make sure that these agents are gone (`gocd-mesos state show FILE`), then run `gocd-mesos state " +
    "forget-framework FILE`";
  const removed = (draft: Draft): void =>
    frameworkError(draft, { kind: "framework-error", error: "removed", message: "m" });
  assertEquals(said(stateOf(living), removed), [
    `error framework-removed: Mesos has removed framework f-1, but 1 agent is on record; no new framework is registered beside them | ${hint}`,
  ]);
  assertEquals(effectsOf(stateOf(living), removed), [
    { kind: "end-session", message: `Mesos has removed our framework; ${hint}` },
  ]);
  assertEquals(effectsOf(stateOf([]), removed), [{ kind: "end-session", message: "m", retryMs: 0 }]);
});

Deno.test("a session that was taken over or has ended stays so when its stream ends", () => {
  for (const kind of ["superseded", "ended"] as const) {
    const state = stateOf([]);
    const draft = new Draft({ ...state, session: { ...state.session, kind, reason: "r" } }, zeroMs, 0.5);
    disconnected(draft, { kind: "disconnected", reason: "cut" });
    assertEquals([draft.state.session.kind, draft.state.session.reason], [kind, "r"]);
  }
  const draft = new Draft(stateOf([]), zeroMs, 0.5);
  disconnected(draft, { kind: "disconnected", reason: "cut" });
  assertEquals([draft.state.session.kind, draft.state.session.reason], ["connecting", "cut"]);
});

Deno.test("a refusal of the framework has the same text and hint in log, page and verdicts, even once the stream ends", () => {
  const draft = new Draft(stateOf([]), zeroMs, 0.5);
  const message = "Not authorized to use role 'ci'";
  frameworkError(draft, { kind: "framework-error", error: "unauthorized", message });
  const [line] = linesOf(draft);
  const [end] = finished(draft).effects;
  assertEquals(end, { kind: "end-session", message: line?.text, retryMs: minute });
  disconnected(draft, { kind: "disconnected", reason: line?.text ?? "" });
  const [problem] = statusView(draft.state, zeroMs).problems;
  assertEquals([problem?.message, problem?.hint], [`not subscribed to Mesos: ${line?.text}`, line?.hint]);
  // What comes next has its own act, or none.
  disconnected(draft, { kind: "disconnected", reason: "refused", hint: "look there" });
  assertEquals(statusView(draft.state, zeroMs).problems[0]?.hint, "look there");
  disconnected(draft, { kind: "disconnected", reason: "cut" });
  assertEquals(statusView(draft.state, zeroMs).problems[0]?.hint, "retried automatically");
});

Deno.test("a failed call is reported by its kind; a lost response always with the same text", () => {
  const call = { kind: "suppress-offers", roles: ["ci"] } as const;
  const failed = (outcome: "refused" | "unknown") => (draft: Draft): void =>
    mesosCallFailed(draft, { kind: "mesos-call-failed", call, outcome, message: "no" });
  assertEquals(said(stateOf([]), failed("refused")), [
    "error mesos-call-failed: the Mesos call suppress offers was refused: no",
  ]);
  assertEquals(said(stateOf([]), failed("unknown")), [
    "warning mesos-call-failed: the Mesos call suppress offers got no answer; it is repeated if still needed",
  ]);
});

for (
  const [masterVersion, roles, text] of [
    [undefined, ["*"], undefined],
    ["1.2.0", ["ci"], undefined],
    ["2.0", ["ci"], undefined],
    ["2", ["ci"], undefined],
    ["1", ["ci"], "role ci gets the offers of role *, without reserved resources"],
    ["1.1.3", ["ci"], "role ci gets the offers of role *, without reserved resources"],
    ["1.1.3", ["ci", "qa"], "role ci gets the offers of role *, without reserved resources, and qa gets none"],
    [undefined, ["*", "qa"], "role * gets the offers of role *, without reserved resources, and qa gets none"],
  ] as const
) {
  Deno.test(`Mesos ${masterVersion ?? "without a version"} and the roles ${roles}: ${text ?? "nothing is reported"}`, () => {
    const profiles = roles.map((role) => ({ ...linux, name: `p-${role}`, role }));
    const told = said(stateOf([], {}, { profiles }), (draft) => noteRolesIgnored(draft, masterVersion));
    const shown = masterVersion ?? "1.0";
    assertEquals(
      told,
      text === undefined ? [] : [
        `warning roles-ignored: Mesos ${shown} does not support frameworks with several roles (1.2 and later do): ${text} | write mesos.role = "*", or upgrade Mesos`,
      ],
    );
  });
}

Deno.test("in a session, a role that is not suppressed is offerless a minute after its last REVIVE or offer", () => {
  const { offers, ...state } = stateOf([]);
  const at = (role: Partial<RoleOffers>, atMs: number): boolean =>
    isOfferless(
      { ...state, offers: { ...offers, roles: new Map([["ci", { suppressed: false, repeated: false, ...role }]]) } },
      "ci",
      atMs,
    );
  assertEquals([at({}, zeroMs + minute - 1), at({}, zeroMs + minute)], [false, true]);
  const revived = { revivedMs: zeroMs + 5 * second };
  assertEquals([at(revived, zeroMs + 65 * second - 1), at(revived, zeroMs + 65 * second)], [false, true]);
  const offered = { lastOfferMs: zeroMs + 9 * second };
  assertEquals([at(offered, zeroMs + 69 * second - 1), at(offered, zeroMs + 69 * second)], [false, true]);
  assertEquals(at({ suppressed: true }, zeroMs + 24 * 60 * minute), false);
  const apart = { ...state, offers, session: { ...state.session, kind: "connecting" as const } };
  assertEquals(isOfferless(apart, "ci", zeroMs + 24 * 60 * minute), false);
  assertEquals(isOfferless({ ...state, offers }, "new", zeroMs + minute), true);
});

Deno.test("only a role for which something is wanted is reported as offerless", () => {
  const state = stateOf([]);
  const wanted = [{ bucketKey: "k", profile: "default", gocdResources: [], count: 1, reason: launchReason }];
  const offers = { ...state.offers, roles: new Map() };
  const asking = { ...state, offers, demand: { ...state.demand, wanted } };
  assertEquals(said(asking, noteOfferless, zeroMs + minute), [
    "warning no-offer: Mesos has made no offer to role ci for over a minute, and profile default has agents to " +
    "launch | " +
    "check in Mesos that its quota is not used up, and that a host which meets the constraints of the profile has enough unreserved resources free",
  ]);
  assertEquals(said(asking, noteOfferless, zeroMs + minute - 1), []);
  assertEquals(said({ ...state, offers }, noteOfferless, zeroMs + minute), []);
});
