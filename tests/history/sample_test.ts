// What a span is remembered by.

import { assertEquals } from "@std/assert";
import { peakOf, sampleOf } from "../../src/history/sample.ts";
import { aRegistered, stateOf } from "../core/instance_fixtures.ts";
import { aSample, beginMs, second, unreadSample } from "./samples.ts";

const later = beginMs + 5 * second;

Deno.test("of two looks the one with more waiting jobs counts with all its verdicts, the later one of equal ones", () => {
  const before = aSample(beginMs, { needsAgent: 3, coming: 1, notOurs: 1 });
  assertEquals(peakOf(before, aSample(later, { coming: 3, notOurs: 7 })), { ...before, atMs: later });
  const after = aSample(later, { coming: 4 });
  assertEquals(peakOf(before, after), after);
});

Deno.test("of two looks the one with more agents counts, of as many the one at which more of them started", () => {
  const started = aSample(beginMs, { starting: 2, building: 1 });
  assertEquals(peakOf(started, aSample(later, { building: 2 })), { ...started, atMs: later });
  assertEquals(peakOf(started, aSample(later, { building: 3 })), { ...started, atMs: later });
  const more = aSample(later, { building: 3, away: 1 });
  assertEquals(peakOf(started, more), more);
});

Deno.test("agents that were wanted, and the oldest wait, are the most of both looks", () => {
  const both = [
    aSample(beginMs, { wanted: 4, oldestWaitMs: 1 }),
    aSample(later, { wanted: 1, oldestWaitMs: 9 }),
  ] as const;
  assertEquals(peakOf(...both), aSample(later, { wanted: 4, oldestWaitMs: 9 }));
});

Deno.test("jobs are known while the GoCD server is read, not before its first poll, in an outage or of an old list", () => {
  const state = { ...stateOf([aRegistered("t-1", "idle")]), startedMs: beginMs };
  const { lastPollMs: _, ...unpolled } = state.server;
  const polled = { ...unpolled, lastPollMs: beginMs };
  const problem = { kind: "unreachable", code: "gocd-unreachable", message: "refused", hint: "start it" } as const;
  const [known, unread] = [aSample(later, { idle: 1 }), unreadSample(later, { idle: 1 })];
  assertEquals(sampleOf({ ...state, server: polled }, later), known);
  assertEquals(sampleOf({ ...state, server: unpolled }, later), unread);
  assertEquals(
    sampleOf({ ...state, server: { ...polled, readFailure: { problem, sinceMs: 0, count: 1 } } }, later),
    unread,
  );
  const staleMs = beginMs + state.settings.poller.staleAfterMs + 1;
  assertEquals(sampleOf({ ...state, server: polled }, staleMs), unreadSample(staleMs, { idle: 1 }));
});

Deno.test("a look that does not know the jobs says nothing about them, and only such looks leave them unknown", () => {
  const known = aSample(beginMs, { needsAgent: 3, oldestWaitMs: 7 });
  assertEquals(peakOf(known, unreadSample(later, { idle: 1 })), { ...known, idle: 1, atMs: later });
  assertEquals(peakOf(unreadSample(beginMs, { idle: 1 }), aSample(later)), aSample(later, { idle: 1 }));
  assertEquals(peakOf(unreadSample(beginMs), unreadSample(later)), unreadSample(later));
});
