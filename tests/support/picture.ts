// A picture of the program with a given view, for tests of its consumers.

import type { Measured, Picture } from "../../src/core/view/picture.ts";
import type { StatusView } from "../../src/core/view/view.ts";
import { createHistogram } from "../../src/runtime/histogram.ts";
import { Meters } from "../../src/runtime/meters.ts";

/** Sample values for everything that a run measures. */
export function someMeasures(): Pick<Measured, "durations" | "totals" | "webhooks"> {
  const meters = new Meters();
  const profile = "linux";
  meters.duration("job-wait", { profile }, 40_000);
  meters.duration("job-wait", { profile }, 400_000);
  meters.duration("accept-delay", { profile }, 700);
  meters.duration("container-start", { profile }, 8_000);
  meters.duration("registration", { profile }, 20_000);
  meters.duration("agent-idle", { profile }, 600_000);
  meters.duration("api-call", { server: "gocd", call: "poll-gocd" }, 120);
  meters.duration("loop-lag", {}, 2);
  meters.total("offers", { answer: "declined", reason: "too-small" }, 3);
  meters.total("builds-lost", { profile, cause: "lost" }, 1);
  meters.total("agent-seconds", { profile, state: "building" }, 3_600.5);
  meters.total("api-errors", { server: "gocd", call: "poll-gocd", code: "gocd-unreachable" }, 2);
  const webhooks = { team: { waiting: 3, delivered: 7, failed: 2, lost: 1, isFailing: true } };
  return { durations: meters.durations(), totals: meters.totals(), webhooks };
}

/** The picture of a program with only these measurements. */
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
      durations: new Meters().durations(),
      totals: new Meters().totals(),
      residentBytes: 88_000_000,
      ...measured,
    },
  };
}
