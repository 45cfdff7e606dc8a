// Whether the program can do its work at the moment.

import type { LeadershipView, StatusView } from "../core/view/view.ts";

/** `reasons` is empty where all is well. */
export interface Health {
  readonly isHealthy: boolean;
  /** Sentences for people. */
  readonly reasons: readonly string[];
}

/** Looking for a master this long is no passing trouble any more. */
const connectingMsMax = 5 * 60_000;
/** The core handles an event twice a second at least; when the last one is this old, the engine hangs. */
const pictureMsMax = 60_000;

/** Judges a picture at a time. A freeze or a drain is the operator's will and healthy. */
export function healthOf(view: StatusView, nowMs: number): Health {
  const reasons = [
    ...pictureReasons(view, nowMs),
    ...(view.leadership?.role === "standby" ? standbyReasons(view.leadership, nowMs) : workReasons(view, nowMs)),
  ];
  return { isHealthy: reasons.length === 0, reasons };
}

function pictureReasons(view: StatusView, nowMs: number): readonly string[] {
  const ageMs = nowMs - (view.movedMs ?? view.atMs);
  return ageMs > pictureMsMax ? [`the scheduler has not moved for ${Math.floor(ageMs / 1000)} s`] : [];
}

/** A standby does no work; it only has to be there when it is its turn. */
function standbyReasons({ leader, sinceMs }: LeadershipView, nowMs: number): readonly string[] {
  if (leader !== undefined || nowMs - sinceMs <= connectingMsMax) return [];
  return ["this instance stands by, and no instance is known to lead: is ZooKeeper (state.path) reachable?"];
}

function workReasons(view: StatusView, nowMs: number): readonly string[] {
  const staleness = view.gocd.stale ? ["there was no good poll of the GoCD server for too long"] : [];
  return [...mesosReasons(view, nowMs), ...staleness];
}

function mesosReasons(view: StatusView, nowMs: number): readonly string[] {
  const { session, sinceMs, reason } = view.mesos;
  const why = reason === undefined ? "" : `: ${reason}`;
  switch (session) {
    case "subscribed":
      return [];
    case "connecting":
      // As the operator has asked.
      if (view.tornDown === true) return [];
      return nowMs - sinceMs > connectingMsMax ? [`not subscribed to a Mesos master${why}`] : [];
    case "superseded":
      return [`another scheduler has taken over the framework${why}`];
    case "ended":
      return [`the Mesos session has ended${why}`];
    default:
      return session satisfies never;
  }
}
