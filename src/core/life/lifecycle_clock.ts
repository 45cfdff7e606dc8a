// The timeouts that end a phase: launch, register, kill, unreachable. For drains see drain.ts.

import { holdsTakingDown } from "./brake.ts";
import type { Draft } from "../draft.ts";
import { countFailure, waivePollWait } from "./failures.ts";
import { isJustUnlisted, isRequested, isWatchedSince, unlistedRecords } from "./gocd_index.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { isCalled, isNamed } from "../identity/hostnames.ts";
import { afterKill } from "../identity/reregistered.ts";
import { type AgentInstance, inPhase, type InstanceIn, type Killing, type Waiting } from "../instance.ts";
import { end, sendKill, startKill, uuidOf } from "./phase.ts";
import { clocksOf } from "../profile_of.ts";
import { isFresh, shownForMs } from "../session/reading.ts";
import { unreachableText } from "../words/stored.ts";
import { isAdopted, isJustThere, possibleAgents } from "../identity/recognition.ts";
import { mayShare } from "../identity/shared_guid.ts";
import { givenUpMs, isGivenUp, watchedMs } from "../session/watched.ts";

/** KILL is first repeated after this long; a container may take its whole grace period to stop. */
const killAgainMs = 10_000;
/** Repeat interval after a minute. */
const killSlowAgainMs = 60_000;
/** We send a KILL for a task that Mesos kills itself only if that takes suspiciously long. */
const byMesosMs = 600_000;

/** Ends phases that have lasted too long. */
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
        if (isGivenUp(draft, instance.sinceMs)) end(draft, instance, "lost", unreachableText(givenUpMs));
        break;
      default:
        instance satisfies InstanceIn<"registered" | "draining" | "gone">;
    }
  }
}

function watchLaunch(draft: Draft, instance: InstanceIn<"launching">): void {
  const { launchTimeoutMs } = draft.state.settings.scaling;
  // Without a session Mesos could not have reported anything: the timeout waits for a session.
  const { session } = draft.state;
  if (session.kind !== "subscribed" || watchedMs(draft, session.sinceMs) < launchTimeoutMs / 2) return;
  if (watchedMs(draft, instance.sinceMs) < launchTimeoutMs || !mayEnd(draft, instance)) return;
  waivePollWait(draft, instance);
  startKill(draft, instance, "launch-timeout", { kind: "launch-silent", forMs: launchTimeoutMs });
}

function watchStart(draft: Draft, instance: InstanceIn<"starting">): void {
  const { settings, session } = draft.state;
  if (session.kind !== "subscribed") return;
  // A pending enable request would give it work after the KILL was decided.
  if (instance.pendingUuid !== undefined && isRequested(draft, instance.pendingUuid)) return;
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
  if (!mayEnd(draft, instance)) return;
  const why = { kind: isPending ? "pending" : "not-registered", afterMs: timeoutMs } as const;
  countFailure(draft, instance, why);
  startKill(draft, instance, isPending ? "pending-stuck" : "register-timeout", why);
}

function registerTimeoutMs({ state: { settings } }: Draft, { profile }: AgentInstance): number {
  return clocksOf(settings, profile).registerTimeoutMs;
}

/**
 * Whether the time to register and to be enabled is over: it counts only while the lists show that the server could
 * have registered it. In maintenance mode a server responds to registrations with 503.
 */
export function isRegisterTimeOver(
  draft: Draft,
  instance: Waiting,
): boolean {
  const runningSinceMs = instance.state === "starting" ? instance.runningSinceMs : undefined;
  return shownForMs(draft.state, runningSinceMs ?? Infinity) >= registerTimeoutMs(draft, instance);
}

/**
 * The status update of Mesos may be lost or late while the agent is building: only a fresh list without any agent that
 * may belong to it proves that it has not registered. (The result of such a list may not have been stored.)
 */
function mayEnd(draft: Draft, instance: Waiting): boolean {
  if (!isFresh(draft)) return false;
  const { taskId } = instance;
  const { server } = draft.state;
  const pendingUuid = uuidOf(instance);
  const isOwn = (each: GocdAgent): boolean => each.uuid === pendingUuid || isNamed(each, taskId);
  if (server.agents.some((each) => each.configState !== "Pending" && isOwn(each))) return false;
  // A list may temporarily lack some records: this one may be enabled by now, and its agent may be building.
  if (unlistedRecords(server).some(isOwn)) return false;
  if (mayShare(draft, instance)) {
    if (instance.held !== true) draft.put({ ...instance, held: true });
    return false;
  }
  if (isAgainPending(instance, server.agents)) return true;
  const possible = possibleAgents(draft, instance);
  if (possible.length > 0) hold(draft, instance, possible);
  return possible.length === 0;
}

/**
 * Its agent was registered, and waits to be enabled again under the name of the container: any other agent in it would
 * have that name, too.
 */
function isAgainPending(instance: Waiting, agents: readonly GocdAgent[]): boolean {
  const { formerUuids } = instance;
  return agents.some(({ uuid, hostname }) => formerUuids?.includes(uuid) === true && isCalled(instance, hostname));
}

/** Left running, and reported once: only the operator can know whether that agent belongs to it. */
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
 * Whether a KILL is due that waits for a fresh list, as each one does: the previous one may have been lost, and the
 * agent may have registered in the meantime and be building (identity/reregistered.ts takes it back then).
 */
export function waitsForLook(draft: Draft, instance: Killing): boolean {
  return isKillDue(draft, instance) && isLookWanted(instance);
}

/** Not if the operator requested that builds are ended, nor if Mesos kills the task itself. */
function isLookWanted({ cause }: Killing): boolean {
  return cause !== "drain-timeout" && cause !== "teardown" && cause !== "by-mesos";
}

function isKillDue(draft: Draft, { cause, sinceMs, lastKillMs }: Killing): boolean {
  if (draft.state.session.kind !== "subscribed") return false;
  // Based on watched time: the clock may have been set, or be that of another machine.
  const forMs = watchedMs(draft, sinceMs);
  if (cause === "by-mesos" && forMs < byMesosMs) return false;
  const gapMs = forMs < 60_000 ? killAgainMs : killSlowAgainMs;
  return lastKillMs === undefined || draft.atMs - lastKillMs >= gapMs;
}

function watchKill(draft: Draft, instance: Killing): void {
  if (!isKillDue(draft, instance)) return;
  if (isLookWanted(instance)) {
    if (!isFresh(draft) || holdsTakingDown(draft.state) || !isWatchedSince(draft.state, instance.sinceMs)) return;
    const hadRegistered = instance.uuid !== undefined && instance.cause !== "pending-stuck";
    if (hadRegistered ? isHidden(draft, instance) || isJustThere(draft, instance) : isTakenBack(draft, instance)) {
      return;
    }
  }
  sendKill(draft, instance);
  const sent = { ...instance, lastKillMs: draft.atMs };
  // That a KILL was sent at all is stored: if the agent appears after all, it must not get work (afterKill).
  if (instance.lastKillMs === undefined) draft.put(sent);
  else draft.touch(sent);
}

/**
 * Whether its record, which was not deleted, is missing from recent lists: somebody may have enabled it since the first
 * KILL, which had no effect, and its agent may be building.
 */
function isHidden({ state }: Draft, { uuid, isDeleted }: Killing): boolean {
  const isListed = state.server.agents.some((each) => each.uuid === uuid);
  return isDeleted !== true && !isListed && isJustUnlisted(state, uuid);
}

/**
 * A KILL without effect so far, of an instance that had not registered: each repetition checks what the first one
 * checked. If it may have an agent by now, it is treated like before its KILL, as one whose time to register is over.
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
