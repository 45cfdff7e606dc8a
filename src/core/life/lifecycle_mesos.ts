// Updates an instance from a Mesos status update. Duplicates and any order are harmless: the phase guards every
// transition.

import { adopt, advanceLiving, isDuplicate, skipUsedTaskId, trackMesosAgent } from "../identity/adoption.ts";
import { knowCluster } from "./brake.ts";
import { doubtLoss, heardRecord, isProof } from "./doubt.ts";
import type { Draft } from "../draft.ts";
import { countFailure, countHostFailure, countLoss, giveBackLaunch, waivePollWait } from "./failures.ts";
import { withPossibleBuild } from "../demand/hung_build.ts";
import {
  type AgentInstance,
  type EndCause,
  type Gone,
  inPhase,
  type InstanceIn,
  isWaiting,
  type Killing,
  type Unreachable,
} from "../instance.ts";
import { isFence } from "../identity/lineage.ts";
import { afterKill } from "../identity/reregistered.ts";
import type { EndedTask } from "../note.ts";
import { errorCharactersMax, oneLine } from "../text.ts";
import { end, endUnproven, formerRecords, startKill, taskOf, uuidOf } from "./phase.ts";
import { askFor } from "../session/reconciliation.ts";
import { activityOnReturn, isPendingOnReturn } from "./returned.ts";
import { isOver, reasonMeaning, type TaskMeaning, taskMeaning, type TaskStatus } from "../session/task_status.ts";

/** Applies one update and acknowledges it if required, even for unknown tasks. */
export function taskStatusUpdated(draft: Draft, status: TaskStatus): void {
  if (!isFence(draft, status.taskId)) follow(draft, status);
  if (status.uuid !== undefined && status.uuid !== "" && status.mesosAgentId !== undefined) {
    draft.effect({
      kind: "acknowledge-status",
      taskId: status.taskId,
      mesosAgentId: status.mesosAgentId,
      uuid: status.uuid,
    });
  }
}

function follow(draft: Draft, status: TaskStatus): void {
  const meaning = taskMeaning(status.state);
  const known = draft.instance(status.taskId);
  skipUsedTaskId(draft, status.taskId);
  if (known?.state === "launching" && isDuplicate(status)) {
    advanceLiving(draft, known);
    waivePollWait(draft, known);
    return askFor(draft, status.taskId);
  }
  const instance = known ?? adopt(draft, status, meaning);
  if (instance === undefined) return;
  // A response about the previously recorded Mesos agent does not show where the task is running now.
  if (meaning === "lost" && isAboutAnother(instance, status)) return askFor(draft, status.taskId);
  answered(draft, status.taskId);
  // The data about a running container comes from its Mesos agent; otherwise a master may merely repeat our request.
  if (!isOver(meaning) && meaning !== "unclear") knowCluster(draft, [status.mesosAgentId]);
  applyMeaning(draft, isOver(meaning) ? instance : trackMesosAgent(draft, instance, status), status, meaning);
}

function isAboutAnother({ mesosAgentId }: AgentInstance, status: TaskStatus): boolean {
  return mesosAgentId !== "" && status.mesosAgentId !== undefined && status.mesosAgentId !== "" &&
    status.mesosAgentId !== mesosAgentId;
}

function answered(draft: Draft, taskId: string): void {
  const { reconciliation } = draft.state;
  const pending = new Set(reconciliation.pending);
  pending.delete(taskId);
  draft.patch("reconciliation", { pending });
}

function applyMeaning(draft: Draft, instance: AgentInstance, status: TaskStatus, meaning: TaskMeaning): void {
  switch (meaning) {
    case "starting":
      return onAlive(draft, instance, status);
    case "running":
      return onAlive(draft, withContainer(draft, instance, status), status);
    case "killing":
      return onKilling(draft, instance, status);
    case "lost":
      return onLost(draft, instance, status);
    case "terminal":
      return onTerminal(draft, instance, status);
    case "unreachable":
      return onUnreachable(draft, instance);
    case "unclear":
    default:
      meaning satisfies "unclear";
      draft.note({
        kind: "task-state-unknown",
        taskId: instance.taskId,
        state: status.state,
        onceKey: status.state,
      });
  }
}

/**
 * What Mesos reports about the container's addresses while it runs; before that it is the address of the Mesos agent
 * (apache/mesos Slave::_statusUpdate; docker/executor.cpp). With Docker's bridge other hosts use the same address; with
 * the host network it is that of the Mesos agent; CNI and user networks have individual addresses. Docker's name for
 * the container is only part of the executor's own update.
 */
function withContainer(draft: Draft, instance: AgentInstance, status: TaskStatus): AgentInstance {
  const { ipAddresses: addresses = instance.addresses, dockerName = instance.dockerName } = status;
  if (instance.addresses?.join() === addresses?.join() && instance.dockerName === dockerName) return instance;
  const known = {
    ...instance,
    ...(addresses === undefined ? {} : { addresses }),
    ...(dockerName === undefined ? {} : { dockerName }),
  };
  draft.put(known);
  return known;
}

function onAlive(draft: Draft, instance: AgentInstance, status: TaskStatus): void {
  const isRunning = taskMeaning(status.state) === "running";
  const isStarted = status.state === "TASK_STARTING";
  switch (instance.state) {
    case "launching":
      draft.put(inPhase(isStarted ? { ...instance, mayRun: true } : instance, {
        state: "starting",
        sinceMs: draft.atMs,
        ...(isRunning ? { runningSinceMs: draft.atMs } : {}),
      }));
      if (isRunning) noteRunning(draft, instance);
      return;
    case "starting":
      if (isRunning && instance.runningSinceMs === undefined) {
        draft.put({ ...instance, runningSinceMs: draft.atMs });
        noteRunning(draft, instance);
      } else if (isStarted && instance.mayRun === undefined) {
        draft.put({ ...instance, mayRun: true });
      }
      return;
    case "unreachable":
      comeBack(draft, instance, isRunning);
      draft.note({ kind: "agent-returned", taskId: instance.taskId, host: instance.host });
      return;
    case "gone":
      return onBackFromTheDead(draft, instance, status);
    default:
      instance satisfies InstanceIn<"registered" | "draining" | "killing">;
  }
}

/**
 * Only reconciliation with the master can show that a task is running that was lost, killed or ended while its Mesos
 * agent was unreachable; an update may be a late copy, so it is reconciled. But an update of a task that was reported
 * as dropped cannot be old: its ACCEPT has arrived twice, and the other copy succeeded.
 */
function onBackFromTheDead(draft: Draft, instance: Gone, status: TaskStatus): void {
  const isNews = status.reason === "REASON_RECONCILIATION" || status.reason === "REASON_AGENT_REREGISTERED" ||
    status.reason === "REASON_SLAVE_REREGISTERED";
  if ((instance.cause === "lost" || instance.cause === "never-registered") && !isNews) {
    // Its ACCEPT may have been so slow that the master did not know the task at the time of the request.
    draft.effect({ kind: "reconcile-tasks", tasks: [taskOf(instance)] });
    return;
  }
  if (instance.cause !== "dropped" && !isNews) return;
  comeBack(draft, instance, taskMeaning(status.state) === "running");
  draft.note({ kind: "agent-lives", taskId: instance.taskId, host: instance.host, cause: instance.cause });
}

/**
 * Mesos reports it as alive again: its activity, and whether it still has its record, will be in the next list. One that
 * was not enabled yet registers like any other: its Pending record needs proof again. Mesos is asked once more, because
 * this may be a late update about a task that has ended for good: Mesos reports that only once. A KILL that was sent
 * before may still reach its container.
 */
function comeBack(draft: Draft, before: Unreachable | Gone, isRunning: boolean): void {
  const instance = afterKill(before);
  const { uuid } = instance;
  askFor(draft, instance.taskId);
  const sinceMs = draft.atMs;
  if (uuid === undefined || isPendingOnReturn(draft, instance)) {
    const running = isRunning ? { runningSinceMs: sinceMs } : {};
    // Another record may be enabled than the one that we may have deleted.
    const { isDeleteAsked: _, isDeleted: __, ...kept } = instance;
    const returned = { ...kept, ...formerRecords(instance, undefined) };
    return draft.put(inPhase(returned, { state: "starting", sinceMs, ...running }));
  }
  draft.put(inPhase(instance, { state: "registered", sinceMs, uuid, activity: activityOnReturn(draft, instance) }));
}

function noteRunning(draft: Draft, instance: AgentInstance): void {
  draft.note({
    kind: "agent-running",
    taskId: instance.taskId,
    profile: instance.profile,
    host: instance.host,
  });
}

function onKilling(draft: Draft, instance: AgentInstance, status: TaskStatus): void {
  if (instance.state === "killing" || instance.state === "gone") return;
  // A drained Mesos agent kills agents that jobs were waiting for.
  waivePollWait(draft, instance);
  startKill(draft, instance, "by-mesos", { kind: "by-mesos", message: oneLine(status.message) });
}

function onUnreachable(draft: Draft, instance: AgentInstance): void {
  if (instance.state === "gone" || instance.state === "unreachable" && instance.lost === undefined) return;
  const uuid = uuidOf(instance);
  if (instance.state !== "unreachable") countLoss(draft, instance);
  draft.put(inPhase(withPossibleBuild(draft, instance), {
    state: "unreachable",
    sinceMs: draft.atMs,
    ...(uuid === undefined ? {} : { uuid }),
  }));
  waivePollWait(draft, instance);
  draft.note({ kind: "agent-unreachable", taskId: instance.taskId, host: instance.host });
}

/** A task that the master does not know has not ended as long as the GoCD server is in contact with its agent. */
function onLost(draft: Draft, instance: AgentInstance, status: TaskStatus): void {
  const isStopping = instance.state === "killing" || instance.state === "gone";
  const record = isStopping || isProof(status) ? undefined : heardRecord(draft, instance);
  if (record === undefined) return onTerminal(draft, instance, status);
  doubtLoss(draft, instance, record.uuid, oneLine(status.message) || status.state);
}

function onTerminal(draft: Draft, instance: AgentInstance, status: TaskStatus): void {
  if (instance.state === "gone") return;
  const reason = reasonMeaning(status.reason);
  if (reason === "offer" && instance.state !== "launching") {
    // One copy of its ACCEPT failed. Another one succeeded, because the task is known to have started; otherwise Mesos
    // reports its end.
    return askFor(draft, instance.taskId);
  }
  const cause = endCause(instance, status);
  const message = oneLine(status.message, errorCharactersMax) || status.reason || status.state;
  // Nor does a KILL prove anything: it may have been lost, or have had no effect.
  const isUnproven = (cause === "lost" || instance.state === "killing") && taskMeaning(status.state) === "lost" &&
    !isProof(status);
  (isUnproven ? endUnproven : end)(draft, withPossibleBuild(draft, instance), cause, message);
  const ended = {
    taskId: instance.taskId,
    profile: instance.profile,
    host: instance.host,
    state: status.state,
    ...(status.reason === undefined ? {} : { reason: status.reason }),
  };
  if (reason === "host" && (cause === "dropped" || cause === "lost")) {
    countHostFailure(draft, instance, { kind: "mesos", message });
  }
  switch (cause) {
    case "stopped":
      draft.note({ kind: "agent-stopped", ...ended });
      return;
    case "dropped":
      giveBackLaunch(draft, instance);
      waivePollWait(draft, instance);
      draft.note({ kind: "launch-dropped", ...ended, message, isOffer: reason === "offer" });
      return;
    case "lost":
      return noteLost(draft, instance, { ...ended, message });
    case "never-registered":
      // The reason for stopping it was already reported and counted.
      draft.note({ kind: "agent-stopped-unregistered", ...ended });
      return;
    case "launch-failed":
    case "exited":
    default:
      cause satisfies "launch-failed" | "exited";
      countFailure(draft, instance, { kind: "mesos", message });
      draft.note(
        cause === "exited"
          ? { kind: "agent-exited", ...ended, message }
          : { kind: "launch-failed", ...ended, message, meaning: reason },
      );
  }
}

function noteLost(draft: Draft, instance: AgentInstance, ended: EndedTask & { readonly message: string }): void {
  const hasBegun = !hasNeverBegun(instance, ended);
  const isOfHost = reasonMeaning(ended.reason) === "host" || instance.state === "unreachable";
  if (hasBegun && !isOfHost) countLoss(draft, instance);
  waivePollWait(draft, instance);
  const neverBegan = instance.createdMs < draft.state.startedMs ? "before-this-run" : "on-its-way";
  draft.note({ kind: "agent-lost", ...ended, ...(hasBegun ? {} : { neverBegan }) });
}

/**
 * Whether a stored launch never started: its Mesos agent is registered but does not know the task (apache/mesos
 * Master::_reconcileTasks responds with TASK_GONE), and would repeat each update of it until it was acknowledged, and
 * thus stored.
 */
function hasNeverBegun({ state }: AgentInstance, ended: Pick<EndedTask, "state" | "reason">): boolean {
  return state === "launching" && ended.state === "TASK_GONE" && ended.reason === "REASON_RECONCILIATION";
}

/** Whether it was killed because it had not registered: its agent may have, since. */
function hadNotRegistered({ cause }: Killing): boolean {
  return cause === "launch-timeout" || cause === "register-timeout" || cause === "pending-stuck";
}

function endCause(instance: AgentInstance, status: TaskStatus): EndCause {
  const reason = reasonMeaning(status.reason);
  if (status.state === "TASK_DROPPED" || reason === "offer") return "dropped";
  if (instance.state === "killing") return hadNotRegistered(instance) ? "never-registered" : "stopped";
  if (taskMeaning(status.state) === "lost") return "lost";
  if (reason === "cluster") return "lost";
  if (instance.state === "unreachable") return "lost";
  if (instance.state === "draining") return "stopped";
  if (status.state === "TASK_KILLED") return "lost";
  return isWaiting(instance) ? "launch-failed" : "exited";
}
