// The timeouts that end a phase: launch, register, kill, unreachable. Not here: drains (drain.ts).

import { holdsTakingDown } from "./brake.ts";
import type { Draft } from "../draft.ts";
import { countFailure, waivePollWait } from "./failures.ts";
import { isAsked } from "./gocd_index.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { isNamed } from "../identity/hostnames.ts";
import { afterKill } from "../identity/reregistered.ts";
import { type AgentInstance, inPhase, type InstanceIn, type Killing, type Waiting } from "../instance.ts";
import { end, sendKill, startKill, uuidOf } from "./phase.ts";
import { clocksOf } from "../profile_of.ts";
import { isFresh, shownForMs } from "../session/reading.ts";
import { unreachableText } from "../words/stored.ts";
import { isAdopted, possibleAgents } from "../identity/recognition.ts";
import { sharedRecord } from "../identity/shared_guid.ts";
import { watchedMs } from "../session/watched.ts";

/** KILL is sent again after this long, at first; a container may take its whole grace to stop. */
const killAgainMs = 10_000;
/** After a minute of killing, so often. */
const killSlowAgainMs = 60_000;
/** What Mesos kills by itself gets a KILL of ours only when it takes suspiciously long. */
const byMesosMs = 600_000;
/** An agent of an unreachable host that is never heard of again is abandoned after a day. */
const unreachableMaxMs = 24 * 3_600_000;
/** But not before this program has waited so long itself: while it was down, the clock may have been set. */
const unreachableMinMs = 3_600_000;

/** Ends what has lasted too long. */
export function watchClocks(draft: Draft): void {
  const isHeld = holdsTakingDown(draft.state);
  for (const instance of [...draft.state.instances.values()]) {
    if (isHeld && instance.state !== "killing") continue;
    switch (instance.state) {
      case "launching":
        watchLaunch(draft, instance);
        break;
      case "starting":
        watchStart(draft, instance);
        break;
      case "killing":
        watchKill(draft, instance);
        break;
      case "unreachable":
        if (
          draft.atMs - instance.sinceMs >= unreachableMaxMs && watchedMs(draft, instance.sinceMs) >= unreachableMinMs
        ) {
          end(draft, instance, "lost", unreachableText(unreachableMaxMs));
        }
        break;
      default:
        instance satisfies InstanceIn<"registered" | "draining" | "gone">;
    }
  }
}

function watchLaunch(draft: Draft, instance: InstanceIn<"launching">): void {
  const { launchTimeoutMs } = draft.state.settings.scaling;
  // Without a session Mesos could not have told us: the clock waits for it.
  const { session } = draft.state;
  if (session.kind !== "subscribed" || watchedMs(draft, session.sinceMs) < launchTimeoutMs / 2) return;
  if (watchedMs(draft, instance.sinceMs) < launchTimeoutMs || !mayEnd(draft, instance)) return;
  waivePollWait(draft, instance);
  startKill(draft, instance, "launch-timeout", { kind: "launch-silent", forMs: launchTimeoutMs });
}

function watchStart(draft: Draft, instance: InstanceIn<"starting">): void {
  const { settings, session } = draft.state;
  if (session.kind !== "subscribed") return;
  if (instance.runningSinceMs === undefined) {
    const { launchTimeoutMs } = settings.scaling;
    if (watchedMs(draft, instance.sinceMs) < launchTimeoutMs || !mayEnd(draft, instance)) return;
    const why = { kind: "not-running", afterMs: launchTimeoutMs } as const;
    countFailure(draft, instance, why);
    startKill(draft, instance, "launch-timeout", why);
    return;
  }
  const timeoutMs = registerTimeoutMs(draft, instance);
  if (!isRegisterTimeOver(draft, instance)) return;
  const isPending = instance.pendingUuid !== undefined;
  // An enabling that is still on its way would give it work after the KILL was decided.
  if (instance.pendingUuid !== undefined && isAsked(draft, instance.pendingUuid)) return;
  if (!mayEnd(draft, instance)) return;
  const why = { kind: isPending ? "pending" : "not-registered", afterMs: timeoutMs } as const;
  countFailure(draft, instance, why);
  startKill(draft, instance, isPending ? "pending-stuck" : "register-timeout", why);
}

function registerTimeoutMs({ state: { settings } }: Draft, { profile }: AgentInstance): number {
  return clocksOf(settings, profile).registerTimeoutMs;
}

/**
 * Whether the time in which it was to register and to be enabled is over: it counts only while the server could have
 * registered it, as the lists show. In maintenance mode a server answers registrations with 503.
 */
export function isRegisterTimeOver(
  draft: Draft,
  instance: Waiting,
): boolean {
  const runningSinceMs = instance.state === "starting" ? instance.runningSinceMs : undefined;
  return shownForMs(draft.state, runningSinceMs ?? Infinity) >= registerTimeoutMs(draft, instance);
}

/**
 * Mesos' word may be lost, or late, while the agent builds: only a fresh list without any agent that it may be proves that
 * it has not registered. (What such a list said may not have been stored.)
 */
function mayEnd(draft: Draft, instance: Waiting): boolean {
  if (!isFresh(draft)) return false;
  const { taskId } = instance;
  const { agents, unlisted } = draft.state.server;
  const pendingUuid = uuidOf(instance);
  const isOwn = (each: GocdAgent): boolean => each.uuid === pendingUuid || isNamed(each, taskId);
  if (agents.some((each) => each.configState !== "Pending" && isOwn(each))) return false;
  // A list may lack some records for a while: this one may be enabled by now, and its agent build.
  if ([...unlisted.values()].some(({ gocdAgent }) => isOwn(gocdAgent))) return false;
  if (sharedRecord(draft, instance) !== undefined) {
    if (instance.held !== true) draft.put({ ...instance, held: true });
    return false;
  }
  const possible = possibleAgents(draft, instance);
  if (possible.length > 0) hold(draft, instance, possible);
  return possible.length === 0;
}

/** Left running, and told once: only the operator can know whether it is that agent. */
function hold(draft: Draft, instance: Waiting, possible: readonly GocdAgent[]): void {
  if (instance.held === true) return;
  draft.put({ ...instance, held: true });
  const { taskId, profile, host } = instance;
  draft.note({
    kind: "agent-not-told-apart",
    taskId,
    profile,
    host,
    agents: possible.map(({ hostname, ipAddress }) => ({
      hostname,
      ...(ipAddress === undefined ? {} : { ipAddress }),
    })),
    isAdopted: isAdopted(instance),
  });
}

/**
 * Whether a KILL is due that waits for a look at the list, as each one does: the one before may have been lost, and the
 * agent may have registered meanwhile and build (identity/reregistered.ts takes it back then).
 */
export function waitsForLook(draft: Draft, instance: Killing): boolean {
  return isKillDue(draft, instance) && isLookWanted(instance);
}

/** Not where the operator wants the end of builds, nor where Mesos kills by itself. */
function isLookWanted({ cause }: Killing): boolean {
  return cause !== "drain-timeout" && cause !== "teardown" && cause !== "by-mesos";
}

function isKillDue(draft: Draft, { cause, sinceMs, lastKillMs }: Killing): boolean {
  if (draft.state.session.kind !== "subscribed") return false;
  // By the time that this program has watched: the clock may have been set, or be another machine's.
  const forMs = watchedMs(draft, sinceMs);
  if (cause === "by-mesos" && forMs < byMesosMs) return false;
  const gapMs = forMs < 60_000 ? killAgainMs : killSlowAgainMs;
  return lastKillMs === undefined || draft.atMs - lastKillMs >= gapMs;
}

function watchKill(draft: Draft, instance: Killing): void {
  if (!isKillDue(draft, instance)) return;
  if (isLookWanted(instance)) {
    if (!isFresh(draft) || holdsTakingDown(draft.state)) return;
    const hadRegistered = instance.uuid !== undefined && instance.cause !== "pending-stuck";
    if (!hadRegistered && isTakenBack(draft, instance)) return;
  }
  sendKill(draft, instance);
  draft.touch({ ...instance, lastKillMs: draft.atMs });
}

/**
 * A KILL that has not worked so far, of one that had not registered: what was asked before the first is asked before each.
 * Whoever may have an agent by now is followed as one whose time is over, as before its KILL.
 */
function isTakenBack(draft: Draft, instance: Killing): boolean {
  const { lastKillMs: _, ...kept } = afterKill(instance);
  const waiting: Waiting = inPhase(kept, {
    state: "starting",
    sinceMs: instance.createdMs,
    ...(instance.cause === "launch-timeout" ? {} : { runningSinceMs: instance.createdMs }),
    ...(instance.uuid === undefined ? {} : { pendingUuid: instance.uuid }),
  });
  if (mayEnd(draft, waiting)) return false;
  if (draft.instance(instance.taskId)?.state === "killing") draft.put(waiting);
  return true;
}
