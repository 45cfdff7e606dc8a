// Which picture represents a moment: one rule for the page, the command and the API.

import { assertEquals } from "@std/assert";
import { type HistoryReader, pictureOfMoment } from "../../../src/core/view/history.ts";

/** A history of nothing but pictures of these moments, s. */
function picturesAt(seconds: readonly number[]): HistoryReader {
  const times = seconds.map((each) => each * 1_000);
  return {
    nextSnapshotMs: (atMs) => times.find((each) => each >= atMs),
    snapshotAt: (atMs) => {
      const found = times.findLast((each) => each <= atMs);
      return found === undefined ? undefined : { atMs: found, version: "1", view: {} };
    },
  } as HistoryReader;
}

const cases: readonly (readonly [string, number, number | undefined])[] = [
  ["a picture of that moment", 100, 100],
  ["the first of the 15 s after it, although one before is nearer", 90, 100],
  ["the nearest: the one before", 120, 100],
  ["the nearest: the one after, up to 30 s", 172, 200],
  ["the last one before, if the next is more than 30 s later", 169, 100],
  ["the last of all", 9_000, 200],
  ["the first of all, up to 30 s before it", 70, 100],
  ["none, long before all", 69, undefined],
];
for (const [sentence, atS, wantedS] of cases) {
  Deno.test(`a moment is shown as ${sentence}`, () => {
    const found = pictureOfMoment(picturesAt([100, 200]), atS * 1_000);
    assertEquals(found?.atMs, wantedS === undefined ? undefined : wantedS * 1_000);
  });
}
