// Who built a job, as lines for a terminal. It is requested in history.ts.

import type { NamedJobLife, TimeSpan } from "../core/view/history.ts";
import { buildTimeText } from "../core/words/history.ts";
import { formatDuration, timeText } from "../core/words/phrases.ts";
import { type Cell, type Layout, layRows, safeText } from "./text.ts";

/** Jobs that were built or are being built, by name. */
export interface BuiltDocument extends TimeSpan {
  /** The last one first. */
  readonly jobs: readonly NamedJobLife[];
}

/** One line for each job. */
export function builtLines({ jobs, fromMs }: BuiltDocument, where: string, layout: Layout): string[] {
  if (jobs.length === 0) return [safeText(`no build of such a job has been seen since ${timeText(fromMs)}, ${where}`)];
  return [
    safeText(where),
    "",
    ...layRows(
      [
        { title: "BEGAN", max: 20 },
        { title: "WAITED", max: 10, align: "right" },
        { title: "BUILT", max: 18, align: "right" },
        { title: "AGENT", max: 63 },
        { title: "JOB", max: 0 },
      ],
      jobs.map((job): Cell[] => {
        const { atMs, beganMs, agent, by, locator, isBuilding, isDirect } = job;
        return [
          { text: beganMs === undefined ? "not seen" : timeText(beganMs) },
          { text: beganMs === undefined || isDirect === true ? "" : formatDuration(beganMs - atMs) },
          { text: isBuilding === true ? "building" : buildTimeText(job) ?? "" },
          { text: agent === undefined ? "none seen" : by === "others" ? `${agent} (not ours)` : agent },
          { text: locator },
        ];
      }),
      layout,
    ),
  ];
}
