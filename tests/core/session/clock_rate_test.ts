// The program's clock on a machine whose clock is set, and which is suspended.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import { type ClockReading, jumpMs, readClock } from "../../../src/core/session/clock_rate.ts";
import { standstillMs } from "../../../src/core/session/watched.ts";

const second = 1_000;
const hour = 3_600_000;
const startMs = 1_700_000_000_000;
const start: ClockReading = { monotonicMs: 0, shownMs: startMs };

/** What the clock shows after so many seconds beside a machine's clock that is ahead by `aheadMs`. */
function after(seconds: number, aheadMs: number): number {
  let reading = start;
  for (let at = 1; at <= seconds; at++) {
    reading = readClock(reading, { monotonicMs: at * second, wallMs: startMs + at * second + aheadMs });
  }
  return reading.shownMs - startMs;
}

Deno.test("a clock that was not set shows the machine's time", () => {
  assertEquals(after(60, 0), 60 * second);
});

Deno.test("after two hours of suspension the clock immediately shows the machine's time", () => {
  assertEquals(after(1, 2 * hour), 2 * hour + second);
});

Deno.test("a difference of ninety seconds is caught up gradually, a larger one in a jump", () => {
  const read = (aheadMs: number): number =>
    readClock(start, { monotonicMs: second, wallMs: startMs + second + aheadMs }).shownMs - startMs;
  assertEquals([read(90_000), read(90_001)], [1_050, 91_001]);
  assertEquals([read(50), read(49), read(-500), read(-501)], [1_050, 1_049, 500, 500]);
});

Deno.test("a clock set forward by a minute is followed within half an hour, never fast enough to shorten a pause by much", () => {
  assertAlmostEquals(after(20, 60 * second), 21 * second, 1);
  assertAlmostEquals(after(1_200, 60 * second), 1_260 * second, 1);
});

Deno.test("a clock set back by an hour is followed within two, and never goes back", () => {
  assertAlmostEquals(after(60, -hour), 30 * second, 1);
  assertAlmostEquals(after(2 * 3_600, -hour), hour, 1);
  assertAlmostEquals(after(3 * 3_600, -hour), 2 * hour, 1);
});

Deno.test("a jump is so long that the core notices it", () => {
  assert(jumpMs >= standstillMs);
});

Deno.test("whatever happens to the machine's clock, the program's never goes back, and is never ahead of the latest time shown", () => {
  const step = fc.tuple(fc.nat(10 * second), fc.integer({ min: -2 * hour, max: 2 * hour }), fc.nat(hour));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let reading = start;
      let monotonicMs = 0;
      let wallMs = startMs;
      for (const [passedMs, setMs, suspendedMs] of steps) {
        monotonicMs += passedMs;
        wallMs += passedMs + setMs + suspendedMs;
        const before = reading.shownMs;
        reading = readClock(reading, { monotonicMs, wallMs });
        assert(reading.shownMs >= before);
        const gainedMs = reading.shownMs - before - passedMs;
        assert(gainedMs <= passedMs * 0.05 + 1 || gainedMs > jumpMs, `${gainedMs} ms in ${passedMs} ms`);
        assert(gainedMs <= 0 || reading.shownMs <= wallMs + 1);
      }
    }),
  );
});
