// The subscription: started, lost, ended by an ERROR, failed calls.

import { noteRestoredBrake, otherMaster } from "../life/brake.ts";
import type { Draft } from "../draft.ts";
import type { EventOf } from "../event.ts";
import { countFailure, giveBackLaunch, waivePollWait } from "../life/failures.ts";
import type { AgentInstance } from "../instance.ts";
import { keepIdentity, noteKeptIdentity } from "./immutable_identity.ts";
import { refuseBusySeconds } from "../placement/launching.ts";
import { withoutFramework } from "../identity/lineage.ts";
import { inverseAnswerLost } from "./maintenance.ts";
import { forgetTeardown, isImmediate, noteSwitches, removedAsAsked } from "./operator.ts";
import { end, killUnsent } from "../life/phase.ts";
import { errorCharactersMax, oneLine } from "../text.ts";
import { endTexts, refusedHint, refusedText } from "../words/ends.ts";
import { askFor, implicitFailed, startReconciliation } from "./reconciliation.ts";
import { freshRole, noteRolesIgnored, reviveGapMs, rolesOf } from "../placement/roles.ts";
import type { SessionFailing, SessionState, State } from "../state.ts";
import { countedMs } from "./watched.ts";

/** Delay of the next attempt after an ERROR that the operator must fix, to avoid flooding the log. */
const mendRetryMs = 60_000;
/**
 * Maximum number of offers remembered for another DECLINE; if a session is that broken, its stream ends, and with it
 * all offers.
 */
const undeclinedMax = 10_000;
/** A session that lasted this long was stable: the next outage is a new one. */
const goodSessionMs = 30_000;
/** After this many intervals without a heartbeat at least one is missing, even if the others are late. */
const missedHeartbeatsMin = 2;

/** SUBSCRIBED: the framework id is stored, every task is reconciled, the allocator gets our roles. */
export function subscribed(draft: Draft, event: EventOf<"subscribed">): void {
  const { framework, settings } = draft.state;
  const { failing, masterId, leaderSinceMs = draft.atMs } = draft.state.session;
  const isSameLeader = event.masterId !== undefined && event.masterId === masterId;
  const isFirst = draft.state.session.master === undefined;
  const kept = keepIdentity(framework, event.frameworkId, settings.registersAs);
  const isSame = framework.frameworkId === kept.frameworkId && framework.registeredAs === kept.registeredAs;
  if (!isSame || framework.ended !== undefined) draft.setFramework(kept);
  forgetTeardown(draft);
  // A new framework has no tasks to reconcile.
  if (framework.frameworkId !== kept.frameworkId && draft.state.inherited === "unknown") {
    draft.set({ inherited: "known" });
  }
  if (!isSameLeader) otherMaster(draft);
  draft.set({
    session: {
      kind: "subscribed",
      sinceMs: draft.atMs,
      master: event.master,
      ...(event.masterId === undefined
        ? {}
        : { masterId: event.masterId, leaderSinceMs: isSameLeader ? leaderSinceMs : draft.atMs }),
      ...(event.masterVersion === undefined ? {} : { masterVersion: event.masterVersion }),
      ...(event.heartbeatMs === undefined ? {} : { heartbeatMs: event.heartbeatMs, heardMs: draft.atMs }),
      ...(failing === undefined ? {} : { failing }),
    },
    offers: {
      ...draft.state.offers,
      // Offers of an earlier session are void.
      undeclined: [],
      inverseUnanswered: [],
      roles: new Map(rolesOf(draft.state).map((role) => [role, freshRole])),
    },
  });
  const count = [...draft.state.instances.values()].filter((instance) => instance.state !== "gone").length;
  draft.note({
    kind: "subscribed",
    master: event.master,
    ...(event.masterVersion === undefined ? {} : { masterVersion: event.masterVersion }),
    frameworkId: event.frameworkId,
    instances: count,
  });
  noteKeptIdentity(draft);
  noteRolesIgnored(draft, event.masterVersion);
  if (isFirst) {
    noteSwitches(draft);
    noteRestoredBrake(draft);
  }
  startReconciliation(draft);
}

/** A heartbeat of the master. */
export function heard(draft: Draft): void {
  const { session } = draft.state;
  if (session.kind === "subscribed") draft.patch("session", { heardMs: draft.atMs });
}

/** The stream has ended; the supervisor reconnects. */
export function disconnected(draft: Draft, event: EventOf<"disconnected">): void {
  if (draft.state.session.kind === "superseded" || draft.state.session.kind === "ended") return;
  const { reason, hint = reason === draft.state.session.reason ? draft.state.session.hint : undefined } = event;
  setSession(draft, { kind: "connecting", reason, ...(hint === undefined ? {} : { hint }) });
}

/** Handles an ERROR by its kind. */
export function frameworkError(draft: Draft, event: EventOf<"framework-error">): void {
  const { message } = event;
  switch (event.error) {
    case "failed-over":
      setSession(draft, { kind: "superseded", reason: message });
      draft.note({ kind: "framework-failed-over" });
      draft.effect({ kind: "step-down", message: endTexts.failedOver });
      return;
    case "removed":
      return frameworkRemoved(draft, message);
    case "unauthorized":
    case "bad-framework-info":
    case "other":
    default: {
      event.error satisfies "unauthorized" | "bad-framework-info" | "other";
      const reason = refusedText(message);
      setSession(draft, { kind: "connecting", reason, hint: refusedHint(event.error, message) });
      draft.note({ kind: "framework-refused", error: event.error, message, onceKey: message });
      draft.effect({ kind: "end-session", message: reason, retryMs: mendRetryMs });
    }
  }
}

/**
 * The id is invalid and Mesos has killed its tasks. If there are stored agents, only a person can confirm that they are
 * really gone.
 */
function frameworkRemoved(draft: Draft, message: string): void {
  const living = [...draft.state.instances.values()].filter((instance) => instance.state !== "gone");
  // The response to TEARDOWN was lost, but not the TEARDOWN. If it arrived late, after launching was resumed, it is a
  // removal.
  const { controls, tearDownRequestedMs } = draft.state;
  const isAsked = tearDownRequestedMs !== undefined && controls.mode === "teardown";
  if (isImmediate(controls) || isAsked && living.length === 0) return removedAsAsked(draft);
  const { frameworkId } = draft.state.framework;
  const known = frameworkId === undefined ? {} : { frameworkId };
  if (living.length === 0) {
    draft.setFramework(withoutFramework(draft.state.framework));
    setSession(draft, { kind: "connecting", reason: message });
    draft.note({ kind: "framework-replaced", ...known, message });
    draft.effect({ kind: "end-session", message, retryMs: 0 });
    return;
  }
  draft.setFramework({ ...draft.state.framework, ended: message });
  setSession(draft, { kind: "ended", reason: message });
  draft.note({ kind: "framework-removed", ...known, instances: living.length });
  draft.effect({ kind: "end-session", message: endTexts.removed });
}

/** A call was refused or its result is unknown. It is reconciled or repeated; nothing is assumed. */
export function mesosCallFailed(draft: Draft, event: EventOf<"mesos-call-failed">): void {
  const { call, outcome, message } = event;
  switch (call.kind) {
    case "accept-offers":
      for (const { taskId } of call.launches) {
        const instance = draft.instance(taskId);
        if (instance?.state !== "launching") continue;
        if (outcome === "refused") launchRefused(draft, instance, message);
        else if (outcome === "void") launchUnsent(draft, instance, message);
        else askFor(draft, taskId);
      }
      // A refused or lost call has used nothing: the offers are still outstanding. If it arrives late, they are gone.
      declineAgain(draft, call.offerIds);
      break;
    case "decline-offers":
      if (outcome !== "refused") declineAgain(draft, call.offerIds);
      break;
    case "kill-task":
      if (outcome === "void") killUnsent(draft, call.taskId);
      break;
    case "reconcile-tasks":
      if (call.tasks.length === 0) implicitFailed(draft);
      break;
    case "accept-inverse-offers":
    case "decline-inverse-offers":
      if (outcome !== "refused") inverseAnswerLost(draft, call.offerIds);
      break;
    case "suppress-offers":
    case "revive-offers": {
      const roles = new Map(draft.state.offers.roles);
      for (const role of call.roles) {
        const isLost = call.kind === "suppress-offers" && outcome === "unknown";
        const suppressLostMs = isLost ? draft.atMs : roles.get(role)?.suppressLostMs;
        roles.set(role, {
          ...freshRole,
          lastReviveMs: draft.atMs,
          revivedMs: draft.atMs,
          longDeclineMs: draft.atMs,
          retryMs: draft.atMs + reviveGapMs,
          ...(suppressLostMs === undefined ? {} : { suppressLostMs }),
        });
      }
      draft.patch("offers", { roles });
      break;
    }
  }
  // The master ends the stream of a framework that it removes, often before it responds: the next session shows the
  // result.
  if (call.kind === "teardown-framework" && outcome !== "refused") return;
  draft.note({
    kind: "mesos-call-failed",
    call: call.kind,
    outcome,
    message: oneLine(message),
    onceKey: `${call.kind} ${outcome}${outcome === "refused" ? ` ${message}` : ""}`,
  });
}

/**
 * As if its offer had been stale. Mesos is not asked: a new master is silent about the tasks of a host until that has
 * reregistered.
 */
function launchUnsent(draft: Draft, instance: AgentInstance, message: string): void {
  end(draft, instance, "dropped", message);
  giveBackLaunch(draft, instance);
  waivePollWait(draft, instance);
}

/** Not caused by the offer: retried only after a pause, otherwise every offer would lead to the same refusal. */
function launchRefused(draft: Draft, instance: AgentInstance, message: string): void {
  end(draft, instance, "launch-failed", message);
  countFailure(draft, instance, { kind: "mesos", message: oneLine(message, errorCharactersMax) });
}

/** An unanswered offer is locked forever on a master without --offer_timeout; it is retried at the next tick. */
function declineAgain(draft: Draft, offerIds: readonly string[]): void {
  const undeclined = [...new Set([...draft.state.offers.undeclined, ...offerIds])].slice(-undeclinedMax);
  draft.patch("offers", { undeclined });
}

/** Repeats declines that may not have arrived. Called at every tick. */
export function declineLeftOvers(draft: Draft): void {
  const { undeclined } = draft.state.offers;
  if (undeclined.length === 0 || draft.state.session.kind !== "subscribed") return;
  draft.patch("offers", { undeclined: [] });
  draft.effect({ kind: "decline-offers", offerIds: undeclined, refuseSeconds: refuseBusySeconds });
}

function setSession(draft: Draft, next: Pick<SessionState, "kind" | "reason" | "hint">): void {
  const { kind, sinceMs, master, masterId, leaderSinceMs } = draft.state.session;
  draft.set({
    session: {
      ...next,
      // Consecutive failed attempts are one outage.
      sinceMs: next.kind === kind ? sinceMs : draft.atMs,
      failing: failingNow(draft),
      ...(master === undefined ? {} : { master }),
      ...(masterId === undefined ? {} : { masterId }),
      ...(leaderSinceMs === undefined ? {} : { leaderSinceMs }),
    },
  });
}

/** Sessions that end quickly do not end the outage. */
function failingNow({ state, atMs }: Draft): SessionFailing {
  const { kind, sinceMs, failing } = state.session;
  if (kind !== "subscribed") return failing ?? { sinceMs, isUnsteady: false };
  if (failing !== undefined && !isGoodSession(sinceMs, atMs)) return { sinceMs: failing.sinceMs, isUnsteady: true };
  return { sinceMs: silentSinceMs(state) ?? atMs, isUnsteady: false };
}

/** Whether a session that began at `sinceMs` is stable: it has lasted long enough. */
export function isGoodSession(sinceMs: number, nowMs: number): boolean {
  return nowMs - sinceMs > goodSessionMs;
}

/** When the last message of the master arrived, if heartbeats are missing. */
export function silentSinceMs({ session, watched, lastStepMs }: State): number | undefined {
  const { kind, heartbeatMs = Infinity, heardMs = Infinity } = session;
  if (kind !== "subscribed") return undefined;
  return countedMs(watched, heardMs, lastStepMs) > heartbeatMs * missedHeartbeatsMin ? heardMs : undefined;
}
