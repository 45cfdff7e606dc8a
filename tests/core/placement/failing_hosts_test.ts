// Hosts where launches fail, function by function: what counts, for how long, and for which profile. Stories:
// failures_test.ts.

import { mesosSays } from "../instance_fixtures.ts";
import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import {
  afterSuccess,
  avoidedHosts,
  type FailedLaunch,
  rememberFailure,
  withoutFailuresOf,
} from "../../../src/core/placement/failing_hosts.ts";
import type { BreakersState, HostBreaker } from "../../../src/core/state.ts";
import { drive, linesOf, minute, second } from "../../support/core.ts";

type Hosts = BreakersState["hosts"];

const none: Hosts = new Map();
const failure = (atMs: number, profile?: string): HostBreaker["failures"][number] => ({
  atMs,
  ...(profile === undefined ? {} : { profile }),
});
const avoid = { untilMs: 100 * minute, forMs: 2 * minute };

/** The hosts after a failure, and the notes. */
function after(hosts: Hosts, atMs: number, changes: Partial<FailedLaunch> = {}): { hosts: Hosts; texts: string[] } {
  const { state } = drive();
  const draft = new Draft({ ...state, breakers: { ...state.breakers, hosts } }, atMs, 0.5);
  const left = rememberFailure(draft, {
    host: "h",
    profile: "p",
    createdMs: atMs - 1,
    failure: mesosSays("no image"),
    ...changes,
  });
  return { hosts: left, texts: linesOf(draft).map(({ text }) => text) };
}

/** Failures of one host at these times, one after the other. */
function failAt(...timesMs: readonly number[]): Hosts {
  return timesMs.reduce((hosts, atMs) => after(hosts, atMs).hosts, none);
}

Deno.test("the third failure within half an hour makes a host avoided, for two minutes", () => {
  assertEquals(failAt(0, minute).get("h")?.avoid, undefined);
  assertEquals(failAt(0, minute, 2 * minute).get("h")?.avoid, { untilMs: 4 * minute, forMs: 2 * minute });
  assertEquals(failAt(0, minute, 30 * minute - 1).get("h")?.avoid?.forMs, 2 * minute);
  assertEquals(failAt(0, minute, 30 * minute).get("h")?.avoid, undefined);
});

Deno.test("the first failure of a host is all that is known of it", () => {
  assertEquals(failAt(5).get("h"), { failures: [failure(5, "p")], lastFailure: mesosSays("no image") });
});

Deno.test("a host that was not avoided is not called avoided once the failures of a profile are forgotten", () => {
  const breaker = { failures: [failure(0, "p"), failure(1, "q")], lastFailure: mesosSays("x") };
  const [left] = withoutFailuresOf(new Map([["h", breaker]]), new Set(["p"])).values();
  assertEquals(left, { failures: [failure(1, "q")], lastFailure: mesosSays("x") });
  const [same] = withoutFailuresOf(new Map([["h", breaker]]), new Set(["other"])).values();
  assertEquals([same?.failures.length, same !== undefined && "avoid" in same], [2, false]);
});

Deno.test("launches before the last failure, or with it, prove nothing new", () => {
  const once = failAt(minute);
  for (const createdMs of [0, minute]) assertEquals(after(once, 2 * minute, { createdMs }).hosts, once);
  assertEquals(after(once, 2 * minute, { createdMs: minute + 1 }).hosts.get("h")?.failures.length, 2);
});

Deno.test("a failure while the host is avoided prolongs nothing, one at its end doubles the time", () => {
  const bad = failAt(0, minute, 2 * minute);
  assertEquals(after(bad, 4 * minute - 1).hosts.get("h")?.avoid, { untilMs: 4 * minute, forMs: 2 * minute });
  assertEquals(after(bad, 4 * minute).hosts.get("h")?.avoid, { untilMs: 8 * minute, forMs: 4 * minute });
});

Deno.test("half an hour after it was avoided, a host starts with a clean slate", () => {
  const bad = failAt(0, minute, 2 * minute);
  assertEquals(after(bad, 34 * minute - 1).hosts.get("h")?.avoid?.forMs, 4 * minute);
  assertEquals(after(bad, 34 * minute).hosts.get("h")?.avoid, undefined);
});

Deno.test("a host is avoided for a quarter of an hour at most", () => {
  const before = new Map([["h", {
    failures: [failure(0)],
    lastFailure: mesosSays("x"),
    avoid: { untilMs: minute, forMs: 8 * minute },
  }]]);
  assertEquals(after(before, 2 * minute).hosts.get("h")?.avoid?.forMs, 15 * minute);
});

Deno.test("only the last six failures of a host are kept, and its last error", () => {
  const times = Array.from({ length: 9 }, (_, index) => index * minute);
  const many = failAt(...times).get("h");
  assertEquals(many?.failures.map(({ atMs }) => atMs / minute), [3, 4, 5, 6, 7, 8]);
  assertEquals(after(none, 5, { failure: mesosSays("disk full") }).hosts.get("h")?.lastFailure, mesosSays("disk full"));
});

Deno.test("a host is reported once when it starts to be avoided, by whom, for how long, and why", () => {
  const twice = failAt(0, minute);
  assertEquals(after(none, 0).texts, []);
  assertEquals(after(twice, 2 * minute).texts, [
    "host h is avoided by profile p for 2 min: 3 agents failed there (no image)",
  ]);
  assertEquals(after(twice, 2 * minute, { profile: "q" }).texts, [
    "host h is avoided for 2 min: 3 agents failed there (no image)",
  ]);
  assertEquals(after(failAt(0, minute, 2 * minute), 3 * minute).texts, []);
});

Deno.test("two thousand hosts are remembered, those with the latest failures", () => {
  const full: Hosts = new Map(
    Array.from(
      { length: 2_000 },
      (_, index) => [`h${index}`, { failures: [failure(index)], lastFailure: mesosSays("x") }],
    ),
  );
  const renewed = after(full, 3_000, { host: "h0", createdMs: 2_999 }).hosts;
  assertEquals([renewed.size, renewed.has("h1")], [2_000, true]);
  const more = after(renewed, 4_000, { host: "new" }).hosts;
  assertEquals([more.size, more.has("h0"), more.has("h1"), more.has("h2"), more.has("new")], [
    2_000,
    true,
    false,
    true,
    true,
  ]);
});

Deno.test("a host is avoided until its time, and only by one profile if all its failures are of that profile", () => {
  const breaker = (...failures: HostBreaker["failures"]): Hosts =>
    new Map([["h", {
      failures,
      lastFailure: mesosSays("no image"),
      avoid: { untilMs: 90 * second, forMs: 2 * minute },
    }]]);
  const own = breaker(failure(0, "p"), failure(1, "p"));
  assertEquals([...avoidedHosts(own, 0)], [
    ["h", { forMs: 90 * second, failure: mesosSays("no image"), profile: "p" }],
  ]);
  assertEquals([...avoidedHosts(own, 90 * second - 1).keys()], ["h"]);
  assertEquals([...avoidedHosts(own, 90 * second).keys()], []);
  const shared = { forMs: 90 * second, failure: mesosSays("no image") };
  assertEquals(avoidedHosts(breaker(failure(0, "p"), failure(1, "q")), 0).get("h"), shared);
  assertEquals(avoidedHosts(breaker(failure(0, "p"), failure(1)), 0).get("h"), shared);
  assertEquals(avoidedHosts(new Map([["h", { failures: [failure(0)], lastFailure: mesosSays("x") }]]), 0).size, 0);
});

Deno.test("forgetting a profile's failures leaves those of others, and a host with too few left is avoided no longer", () => {
  const hosts: Hosts = new Map([
    ["own", { failures: [failure(0, "p")], lastFailure: mesosSays("x"), avoid }],
    ["mixed", { failures: [failure(0, "p"), failure(1, "q"), failure(2)], lastFailure: mesosSays("x"), avoid }],
    ["bad", {
      failures: [failure(0, "p"), failure(1, "q"), failure(2, "q"), failure(3)],
      lastFailure: mesosSays("x"),
      avoid,
    }],
    ["other", { failures: [failure(0, "q")], lastFailure: mesosSays("x"), avoid }],
    ["host", { failures: [failure(0)], lastFailure: mesosSays("x"), avoid }],
  ]);
  const left = withoutFailuresOf(hosts, new Set(["p"]));
  assertEquals([...left].map(([name, { failures, avoid }]) => [name, failures.length, avoid !== undefined]), [
    ["mixed", 2, false],
    ["bad", 3, true],
    ["other", 1, true],
    ["host", 1, true],
  ]);
});

Deno.test("an agent that registers clears its profile's failures there and those of the host itself", () => {
  const hosts: Hosts = new Map([
    ["h", { failures: [failure(0, "p"), failure(1, "q"), failure(2)], lastFailure: mesosSays("x"), avoid }],
    ["i", { failures: [failure(0, "p"), failure(1)], lastFailure: mesosSays("x"), avoid }],
  ]);
  assertEquals(afterSuccess(hosts, { host: "h", profile: "p" }).get("h"), {
    failures: [failure(1, "q")],
    lastFailure: mesosSays("x"),
  });
  assertEquals([...afterSuccess(hosts, { host: "i", profile: "p" }).keys()], ["h"]);
  assertEquals(afterSuccess(hosts, { host: "z", profile: "p" }) === hosts, true);
});
