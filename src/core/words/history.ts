// Texts of the history, whose data is in view/history.ts.

import type { InstanceLife, LifeKind, NamedJobLife } from "../view/history.ts";
import type { KillCause } from "../instance.ts";
import { formatDuration } from "./phrases.ts";

const killTexts: Readonly<Record<KillCause, string>> = {
  "drained": "no longer needed",
  "drain-timeout": "still building when its drain timeout passed",
  "register-timeout": "did not register in time",
  "launch-timeout": "did not start in time",
  "pending-stuck": "stayed Pending on the GoCD server",
  "record-deleted": "its record was deleted on the GoCD server",
  "by-mesos": "Mesos stopped it",
  "teardown": "the framework was torn down",
};

/** What agent time was spent on. */
export const spentTexts: Readonly<Record<LifeKind, string>> = {
  busy: "building",
  idle: "idle",
  starting: "starting",
  draining: "draining",
  other: "out of contact",
};

/** The accepted formats of a moment (view/moment.ts). */
export const momentForms: string =
  "14:05, 2026-11-27 14:05 (UTC; or with an offset: 2026-11-27T14:05+01:00), or 2h ago";

/**
 * Why it ended; empty if unknown. What Mesos says about a container that we have killed is only the exit status of that
 * (143 is SIGTERM), which looks like a failure.
 */
export function lifeEndText({ end, kill, message = "" }: Pick<InstanceLife, "end" | "kill" | "message">): string {
  if (end === "unseen") return "it was gone when the program checked again";
  const isOurs = end === "stopped" || end === "never-registered";
  if (kill === undefined) return isOurs ? "removed by gocd-mesos" : message;
  return isOurs || message === "" ? killTexts[kill] : `${killTexts[kill]}; ${message}`;
}

/** The same after the code of how it ended: `stopped: no longer needed`. */
export function codedEndText(life: Pick<InstanceLife, "end" | "kill" | "message">): string {
  return `${life.end ?? "unseen"}: ${lifeEndText(life)}`;
}

/** Agent-hours: `12.3`; two decimals below one, because a few short builds would otherwise be zero; `0` for none. */
export function hoursText(ms: number): string {
  const hours = ms / 3_600_000;
  return hours === 0 ? "0" : hours.toFixed(hours < 1 ? 2 : 1);
}

/**
 * How long a build took, as far as the lists of agents show it: `7 to 19 s`, `at most 13 s`; absent: not known, or it
 * goes on.
 */
export function buildTimeText(
  { buildMs, buildLeastMs, buildMostMs, isBuilding }: NamedJobLife,
): string | undefined {
  if (buildMs === undefined || isBuilding === true) return undefined;
  if (buildLeastMs === undefined) return formatDuration(buildMs);
  const least = formatDuration(buildLeastMs);
  if (buildMostMs === undefined) return `at least ${least}`;
  const most = formatDuration(buildMostMs);
  if (least === most) return most;
  if (Math.round(buildLeastMs / 1_000) === 0) return `at most ${most}`;
  const [count = "", unit = ""] = least.split(" ");
  return most.split(" ").length === 2 && least.split(" ").length === 2 && most.endsWith(` ${unit}`)
    ? `${count} to ${most}`
    : `${least} to ${most}`;
}
