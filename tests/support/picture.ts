// A picture of the program around a view, for tests of what shows it.

import type { Measured, Picture } from "../../src/core/view/picture.ts";
import type { StatusView } from "../../src/core/view/view.ts";
import { createHistogram } from "../../src/runtime/histogram.ts";

/** The picture of a program that has measured nothing but this. */
export function pictureOf(
  view: StatusView,
  { notes = [], notesBefore = 0, ...measured }: Partial<Measured & Pick<Picture, "notes" | "notesBefore">> = {},
): Picture {
  return {
    view,
    notes,
    notesBefore,
    measured: {
      notesByCode: {},
      mesosCalls: {},
      pollDuration: createHistogram().snapshot(),
      queues: { events: { now: 0, max: 0 }, calls: { now: 0, max: 0 } },
      residentBytes: 88_000_000,
      ...measured,
    },
  };
}
