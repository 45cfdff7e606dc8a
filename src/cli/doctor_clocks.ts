// Compares the clocks of both servers with the local one. For `doctor`.

import { formatDuration } from "../core/words/phrases.ts";
import type { Report } from "./report.ts";

/** The time as reported by a server. */
export interface ClockSeen {
  /** As in "the clock of the GoCD server". */
  readonly who: string;
  /** Its time, in whole seconds. */
  readonly clockMs: number;
  /** Our time when the request was sent, and when the response arrived. */
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** The header `Date` has whole seconds. */
const roundingMs = 1_000;
/** Tolerated difference. */
const toleratedMs = 5_000;

/** By how much a clock is ahead of ours at least, ms; negative: behind; 0: within the accuracy of the measurement. */
export function skewMs({ clockMs, askedMs, answeredMs }: ClockSeen): number {
  if (clockMs > answeredMs) return clockMs - answeredMs;
  const behindMs = askedMs - (clockMs + roundingMs);
  return behindMs > 0 ? -behindMs : 0;
}

/** Reports the clocks. */
export function checkClocks(seen: readonly ClockSeen[], report: Report): void {
  if (seen.length === 0) return;
  const wrong = seen.map((each) => ({ who: each.who, ms: skewMs(each) })).filter(({ ms }) =>
    Math.abs(ms) > toleratedMs
  );
  const [first, second] = wrong;
  if (first === undefined) {
    const names = seen.map(({ who }) => who).join(" and ");
    report.ok("clock", `${names}: within ${toleratedMs / 1000} s of the local clock`);
    return;
  }
  const isOurs = second !== undefined && Math.abs(first.ms - second.ms) <= toleratedMs;
  if (isOurs) {
    report.warn(
      "clock",
      `the local clock is ${formatDuration(Math.abs(first.ms))} ${first.ms > 0 ? "behind" : "ahead of"} both servers`,
      "synchronize the clock of this machine (chrony, systemd-timesyncd)",
    );
    return;
  }
  for (const { who, ms } of wrong) {
    const how = `${formatDuration(Math.abs(ms))} ${ms > 0 ? "ahead of" : "behind"}`;
    report.warn(
      "clock",
      `the clock of ${who} is ${how} the local one`,
      "synchronize both (chrony, systemd-timesyncd): otherwise times in logs and timeouts disagree",
    );
  }
}
