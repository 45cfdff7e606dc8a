// The sample that represents a span.

import { assertEquals } from "@std/assert";
import { peakOf, sampleOf } from "../../src/history/sample.ts";
import { aRegistered, stateOf } from "../core/instance_fixtures.ts";
import { aSample, beginMs, second, unreadSample } from "./samples.ts";

const later = beginMs + 5 * second;

Deno.test("the sample with more waiting jobs determines all verdicts, and the later one of equal samples", () => {
  const before = aSample(beginMs, { needsAgent: 3, coming: 1, notOurs: 1 });
  assertEquals(peakOf(before, aSample(later, { coming: 3, notOurs: 7 })), { ...before, atMs: later });
  const after = aSample(later, { coming: 4 });
  assertEquals(peakOf(before, after), after);
});

Deno.test("the sample with more agents applies, and of equal ones the one with more starting agents", () => {
  const started = aSample(beginMs, { starting: 2, building: 1 });
  assertEquals(peakOf(started, aSample(later, { building: 2 })), { ...started, atMs: later });
  assertEquals(peakOf(started, aSample(later, { building: 3 })), { ...started, atMs: later });
  const more = aSample(later, { building: 3, away: 1 });
  assertEquals(peakOf(started, more), more);
});

Deno.test("the wanted agents and the oldest wait are the maximum of both samples", () => {
  const both = [
    aSample(beginMs, { wanted: 4, oldestWaitMs: 1 }),
    aSample(later, { wanted: 1, oldestWaitMs: 9 }),
  ] as const;
  assertEquals(peakOf(...both), aSample(later, { wanted: 4, oldestWaitMs: 9 }));
});

Deno.test("jobs are known while the GoCD server is read, and unknown before the first poll, in an outage and with an old list", () => {
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

Deno.test("jobs stay known next to a sample with unknown jobs, and are unknown only if all samples are", () => {
  const known = aSample(beginMs, { needsAgent: 3, oldestWaitMs: 7 });
  assertEquals(peakOf(known, unreadSample(later, { idle: 1 })), { ...known, idle: 1, atMs: later });
  assertEquals(peakOf(unreadSample(beginMs, { idle: 1 }), aSample(later)), aSample(later, { idle: 1 }));
  assertEquals(peakOf(unreadSample(beginMs), unreadSample(later)), unreadSample(later));
});
