// Health, only derived here: the state of each server, and the health of the program. Page, /health, JSON, metrics and
// commands show the same.

import { unpolledMs } from "../demand/gates.ts";
import type { Finding, GocdProblem } from "../event.ts";
import { isGoodSession, silentSinceMs } from "../session/session.ts";
import { countedMs } from "../session/watched.ts";
import { writesFailing } from "../session/write_failure.ts";
import type { State } from "../state.ts";
import {
  gocdOverdue,
  heartbeatsMissing,
  leaderlessText,
  loopStuckText,
  mesosOverdue,
  notReadyTexts,
  serverFailingText,
  standbyText,
  subscriptionUnsteady,
} from "../words/health.ts";
import { launchesHeld, unsubscribed, writesRefused } from "../words/problems.ts";
import type { Check, Health, LeadershipView, ServerHealth, StatusView } from "./view.ts";

/** A server that fails for longer than this is down: such an outage does not resolve itself within a few attempts. */
const downAfterMs = 5 * 60_000;
/** A request without a response for longer than this is overdue, unless the server is always slow. */
const overdueMs = 10_000;
/** The core handles at least two events a second; if the last one is older than this, the loop hangs. */
const stuckAfterMs = 60_000;

// Overdue is evaluated at the time of the last step: if the loop hangs, the response may be waiting unread.

/** For how long an overdue response of the GoCD server has been awaited, ms; `undefined`: none is overdue. */
export function gocdSilentMs(
  { server: { requestedMs = Infinity, pollTookMs = 0 }, watched, lastStepMs }: State,
): number | undefined {
  const silentMs = countedMs(watched, requestedMs, lastStepMs);
  return silentMs > Math.max(overdueMs, 2 * pollTookMs) ? silentMs : undefined;
}

/** Whether the list of waiting jobs is that of now; otherwise it is not known what waits. */
export function isBacklogCurrent(state: State, atMs: number): boolean {
  const { server: { lastPollMs, readFailure }, settings } = state;
  const isRead = readFailure === undefined && gocdSilentMs(state) === undefined;
  return lastPollMs !== undefined && isRead && unpolledMs(state, atMs) <= settings.poller.staleAfterMs;
}

/** The state of the GoCD server. */
export function gocdHealth(state: State, atMs: number): ServerHealth {
  const { readFailure, requestedMs = atMs, lastPollMs, healthySinceMs } = state.server;
  const isDown = unpolledMs(state, atMs) > state.settings.poller.staleAfterMs;
  if (readFailure !== undefined) {
    return troubled(readFailure.sinceMs, { problem: findingOf(readFailure.problem), atMs, isDown });
  }
  const silentMs = gocdSilentMs(state);
  if (silentMs !== undefined) return troubled(requestedMs, { problem: gocdOverdue(silentMs), atMs, isDown });
  if (lastPollMs === undefined) return { state: "unknown", sinceMs: state.startedMs };
  if (isDown) {
    const problem = launchesHeld({ kind: "held-stale", forMs: atMs - lastPollMs });
    return troubled(lastPollMs, { problem, atMs, isDown });
  }
  const refused = writesFailing(state, atMs);
  if (refused !== undefined) return troubled(refused.sinceMs, { problem: writesRefused(refused, atMs), atMs });
  return { state: "fine", sinceMs: healthySinceMs ?? lastPollMs };
}

/** The state of the Mesos master. */
export function mesosHealth(state: State, atMs: number): ServerHealth {
  const { session, watched, controls, lastStepMs } = state;
  const { kind, sinceMs, failing, heartbeatMs = 0 } = session;
  switch (kind) {
    case "superseded":
    case "ended":
      return { state: "down", sinceMs, problem: unsubscribed(session) };
    case "connecting": {
      if (failing !== undefined) return troubled(failing.sinceMs, { problem: unsubscribed(session), atMs });
      const silentMs = countedMs(watched, sinceMs, lastStepMs);
      // After a teardown the operator may decide when the first SUBSCRIBE is sent.
      if (controls.tornDown === true || silentMs <= overdueMs) return { state: "unknown", sinceMs };
      return troubled(sinceMs, { problem: mesosOverdue(silentMs), atMs });
    }
    case "subscribed": {
      const silent = silentSinceMs(state);
      if (silent !== undefined) {
        return troubled(silent, { problem: heartbeatsMissing(lastStepMs - silent, heartbeatMs), atMs });
      }
      return failing?.isUnsteady === true && !isGoodSession(sinceMs, atMs)
        ? troubled(failing.sinceMs, { problem: subscriptionUnsteady, atMs })
        : { state: "fine", sinceMs };
    }
  }
}

function troubled(
  sinceMs: number,
  { problem, atMs, isDown = false }: { readonly problem: Finding; readonly atMs: number; readonly isDown?: boolean },
): ServerHealth {
  return { state: isDown || atMs - sinceMs > downAfterMs ? "down" : "failing", sinceMs, problem };
}

function findingOf({ code, message, hint }: GocdProblem): Finding {
  return { code, message, hint };
}

/** The health of the program according to the picture. A freeze or a drain is intended and therefore healthy. */
export function healthOf(view: StatusView): Health {
  const { atMs, gocd, mesos, leadership, movedMs = atMs } = view;
  const stuck = atMs - movedMs > stuckAfterMs ? [loopStuckText(atMs - movedMs)] : [];
  const standby = leadership?.role === "standby" ? [standbyText(leadership.leader)] : [];
  const servers = [...troubleOf("GoCD", gocd.health, atMs), ...troubleOf("Mesos", mesos.health, atMs)];
  const lost = isLeaderless(leadership, atMs) ? [leaderlessText] : [];
  const reasons = [...stuck, ...lost, ...servers];
  const isFailed = stuck.length + lost.length > 0 || gocd.health.state === "down" || mesos.health.state === "down";
  return {
    isHealthy: !isFailed,
    reasons,
    live: checkOf(stuck),
    ready: checkOf([...stuck, ...(standby.length > 0 ? standby : unreadyReasons(view))]),
    leader: checkOf(standby),
  };
}

function checkOf(reasons: readonly string[]): Check {
  return { isSo: reasons.length === 0, reasons };
}

function troubleOf(server: string, health: ServerHealth, atMs: number): readonly string[] {
  return "problem" in health ? [serverFailingText(server, atMs - health.sinceMs, health.problem)] : [];
}

/** Whether a standby has seen no leader for too long. */
export function isLeaderless(leadership: LeadershipView | undefined, atMs: number): boolean {
  return leadership?.role === "standby" && leadership.leader === undefined && atMs - leadership.sinceMs > downAfterMs;
}

/**
 * A doubtful subscription does not count; polls may fail for a while, because decisions are based on the last
 * successful one.
 */
function unreadyReasons({ atMs, gocd, mesos, tornDown }: StatusView): readonly string[] {
  const isGocdReady = gocd.lastPollMs !== undefined && gocd.health.state !== "down";
  return [
    ...(isGocdReady ? [] : orElse(troubleOf("GoCD", gocd.health, atMs), notReadyTexts.gocd)),
    ...(mesos.health.state === "fine"
      ? []
      : orElse(troubleOf("Mesos", mesos.health, atMs), notReadyTexts[tornDown === true ? "tornDown" : "mesos"])),
  ];
}

function orElse(reasons: readonly string[], otherwise: string): readonly string[] {
  return reasons.length > 0 ? reasons : [otherwise];
}
