// Whether the program can do its work at the moment.

import type { LeadershipView, StatusView } from "../core/view/view.ts";

/** `reasons` is empty if all is well. */
export interface Health {
  readonly isHealthy: boolean;
  /** Sentences for people. */
  readonly reasons: readonly string[];
}

/** Without a master for longer than this, the problem is not transient. */
const connectingMsMax = 5 * 60_000;
/** The core handles at least two events a second; if the last one is older than this, the engine hangs. */
const pictureMsMax = 60_000;

/** Evaluates a picture at a time. A freeze or a drain is intended, so it is healthy. */
export function healthOf(view: StatusView, nowMs: number): Health {
  const reasons = [
    ...pictureReasons(view, nowMs),
    ...(view.leadership?.role === "standby" ? standbyReasons(view.leadership, nowMs) : workReasons(view, nowMs)),
  ];
  return { isHealthy: reasons.length === 0, reasons };
}

function pictureReasons(view: StatusView, nowMs: number): readonly string[] {
  const ageMs = nowMs - (view.movedMs ?? view.atMs);
  return ageMs > pictureMsMax ? [`the scheduler has not handled an event for ${Math.floor(ageMs / 1000)} s`] : [];
}

/** A standby does no work; it only has to be ready. */
function standbyReasons({ leader, sinceMs }: LeadershipView, nowMs: number): readonly string[] {
  if (leader !== undefined || nowMs - sinceMs <= connectingMsMax) return [];
  return ["this instance is on standby and no leader is known: is ZooKeeper (state.path) reachable?"];
}

function workReasons(view: StatusView, nowMs: number): readonly string[] {
  const staleness = view.gocd.stale ? ["no successful poll of the GoCD server for too long"] : [];
  return [...mesosReasons(view, nowMs), ...staleness];
}

function mesosReasons(view: StatusView, nowMs: number): readonly string[] {
  const { session, sinceMs, reason } = view.mesos;
  const why = reason === undefined ? "" : `: ${reason}`;
  switch (session) {
    case "subscribed":
      return [];
    case "connecting":
      // As the operator asked.
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
