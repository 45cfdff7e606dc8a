// How old what is known is, and which time counts: each limit exactly. Stories are in the tests of what waits for it.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import {
  failedReading,
  goodReading,
  isFresh,
  isIdleConfirmed,
  notServing,
  shownForMs,
} from "../../../src/core/session/reading.ts";
import type { ServerState } from "../../../src/core/state.ts";
import { countedMs, noticeStandstill, watchedFrom, watchedMs, withGap } from "../../../src/core/session/watched.ts";
import { finished, minute, second, zeroMs } from "../../support/core.ts";
import { stateOf } from "../instance_fixtures.ts";

function at(afterMs: number, server: Partial<ServerState> = {}): Draft {
  const state = stateOf([]);
  return new Draft({ ...state, server: { ...state.server, ...server } }, zeroMs + afterMs, 0.5);
}

const read = (requestedMs: number, ...tookMs: readonly number[]): Partial<ServerState> => ({
  reading: { requestedMs: zeroMs + requestedMs, readMs: zeroMs + requestedMs + (tookMs.at(-1) ?? 0), tookMs },
});

Deno.test("a list proves an absence for three seconds after its request, plus the usual response time of the server", () => {
  const fresh = (afterMs: number, ...tookMs: readonly number[]): boolean => isFresh(at(afterMs, read(0, ...tookMs)));
  assertEquals([fresh(3 * second), fresh(3 * second + 1)], [true, false]);
  assertEquals([
    fresh(9 * second, 9_000, 9_000),
    fresh(12 * second, 9_000, 9_000, 9_000),
    fresh(12 * second + 1, 9_000, 9_000, 9_000),
  ], [false, true, false]);
  assertEquals(fresh(5 * second, 9_000, 1_000, 9_000), false);
  assertEquals(isFresh(at(0)), false);
});

Deno.test("a list is as old as its request, and the last five responses show how long the server takes", () => {
  const draft = at(9_000, { ...read(0, 1, 2, 3, 4, 5), requestedMs: zeroMs + 8_000 });
  goodReading(draft, undefined, undefined);
  assertEquals(draft.state.server.reading, {
    requestedMs: zeroMs + 8_000,
    readMs: zeroMs + 9_000,
    tookMs: [2, 3, 4, 5, 1_000],
  });
  assertEquals(draft.state.server.requestedMs, undefined);
  const told = at(9_000, { requestedMs: zeroMs + 8_000 });
  goodReading(told, zeroMs + 8_500, undefined);
  assertEquals(told.state.server.reading?.requestedMs, zeroMs + 8_500);
  const ahead = at(9_000);
  goodReading(ahead, zeroMs + 10_000, undefined);
  assertEquals([ahead.state.server.reading?.requestedMs, ahead.state.server.reading?.tookMs], [zeroMs + 9_000, [0]]);
});

/** How long the server has shown something since zeroMs after a failure from 10 s on, when it answers again. */
function shownAfterOutage(lastedMs: number): number {
  const failing = at(10 * second, { ...read(9_000), serving: watchedFrom(zeroMs), healthySinceMs: zeroMs });
  failedReading(failing);
  assertEquals([failing.state.server.healthySinceMs, failing.state.server.failingSinceMs], [
    undefined,
    zeroMs + 10 * second,
  ]);
  const again = new Draft(failing.state, zeroMs + 12 * second, 0.5);
  failedReading(again);
  assertEquals(again.state.server.failingSinceMs, zeroMs + 10 * second);
  const back = new Draft(again.state, zeroMs + 10 * second + lastedMs, 0.5);
  goodReading(back, undefined, { maintenance: "off" });
  assertEquals([back.state.server.healthySinceMs, back.state.server.failingSinceMs], [back.atMs, undefined]);
  return shownForMs(back.state, zeroMs);
}

Deno.test("time in which reads failed does not count; after three minutes of it all starts again", () => {
  assertEquals([shownAfterOutage(minute), shownAfterOutage(3 * minute - 1), shownAfterOutage(3 * minute)], [
    10_000,
    10_000,
    0,
  ]);
});

Deno.test("in maintenance mode nothing counts, and after it all starts again", () => {
  const draft = at(minute, { serving: watchedFrom(zeroMs) });
  goodReading(draft, undefined, { maintenance: "off" });
  assertEquals(shownForMs(draft.state, zeroMs), minute);
  notServing(draft);
  assertEquals(shownForMs(draft.state, zeroMs), 0);
  const on = new Draft(draft.state, zeroMs + 2 * minute, 0.5);
  goodReading(on, undefined, { maintenance: "on" });
  assertEquals(on.state.server.serving, undefined);
  const over = new Draft(on.state, zeroMs + 3 * minute, 0.5);
  goodReading(over, undefined, { maintenance: "unknown" });
  const later = new Draft(over.state, zeroMs + 4 * minute, 0.5);
  goodReading(later, undefined, undefined);
  assertEquals(shownForMs(later.state, zeroMs), minute);
  assertEquals(shownForMs(at(minute, { serving: watchedFrom(zeroMs) }).state, zeroMs), 0);
});

Deno.test("idleness is confirmed by two lists twenty seconds apart without failures, or by five minutes of lists", () => {
  const confirmed = (lookMs: number, server: Partial<ServerState>): boolean =>
    isIdleConfirmed(at(lookMs, { ...read(lookMs), serving: watchedFrom(zeroMs), ...server }), zeroMs);
  const healthy = { healthySinceMs: zeroMs };
  assertEquals([confirmed(20 * second - 1, healthy), confirmed(20 * second, healthy)], [false, true]);
  const later = { healthySinceMs: zeroMs + 5 * second };
  assertEquals([confirmed(25 * second - 1, later), confirmed(25 * second, later)], [false, true]);
  assertEquals([confirmed(5 * minute - 1, {}), confirmed(5 * minute, {})], [false, true]);
});

Deno.test("watched time is the time since the start without the gaps", () => {
  const watched = withGap(withGap(watchedFrom(100), { fromMs: 200, toMs: 300 }), { fromMs: 400, toMs: 450 });
  const counted = (fromMs: number, toMs: number): number => countedMs(watched, fromMs, toMs);
  assertEquals([counted(0, 150), counted(150, 200), counted(150, 250), counted(200, 300)], [50, 50, 50, 0]);
  assertEquals([counted(150, 350), counted(250, 500), counted(0, 500), counted(600, 500)], [100, 150, 250, 0]);
  assertEquals(countedMs(undefined, 0, 500), 0);
});

Deno.test("gaps that touch or overlap become one, and of more than five hundred the two oldest", () => {
  const one = withGap(watchedFrom(0), { fromMs: 10, toMs: 20 });
  assertEquals(withGap(one, { fromMs: 20, toMs: 30 }).gaps, [{ fromMs: 10, toMs: 30 }]);
  assertEquals(withGap(one, { fromMs: 15, toMs: 30 }).gaps, [{ fromMs: 10, toMs: 30 }]);
  assertEquals(withGap(one, { fromMs: 5, toMs: 30 }).gaps, [{ fromMs: 5, toMs: 30 }]);
  assertEquals(withGap(one, { fromMs: 21, toMs: 30 }).gaps.length, 2);
  const many = (count: number): ReturnType<typeof watchedFrom> =>
    Array.from({ length: count }, (_, index) => ({ fromMs: 10 * index, toMs: 10 * index + 1 })).reduce(
      withGap,
      watchedFrom(0),
    );
  assertEquals([many(500).gaps.length, many(501).gaps.length, many(501).gaps[0]], [500, 500, { fromMs: 0, toMs: 11 }]);
  assertEquals([many(500).gaps[0], many(501).gaps[1]], [{ fromMs: 0, toMs: 1 }, { fromMs: 20, toMs: 21 }]);
});

Deno.test("a program without a step for longer than ninety seconds was suspended, which is reported, and that time does not count", () => {
  const after = (ms: number): Draft => {
    const draft = new Draft({ ...at(0).state, lastStepMs: zeroMs, watched: watchedFrom(zeroMs) }, zeroMs + ms, 0.5);
    noticeStandstill(draft);
    assertEquals(draft.state.lastStepMs, zeroMs + ms);
    return draft;
  };
  assertEquals([watchedMs(after(90 * second), zeroMs), watchedMs(after(90 * second + 1), zeroMs)], [90_000, 0]);
  assertEquals(finished(after(90 * second)).notes, []);
  assertEquals(finished(after(2 * minute)).notes.map(({ text }) => text), [
    "this program did not run for 2 min: its machine was suspended or its clock was changed; no timeout counts that " +
    "time",
  ]);
});
