// Mesos agents that lose contact, stop, come back, are wiped, drained, put into maintenance or leave.

import { armAllocation, rescindOffersOf } from "./allocator.ts";
import { allocatedTo, type Bag, minus } from "./amounts.ts";
import type { Plain } from "./json.ts";
import { dropUnknown } from "./reconcile.ts";
import { sendTo } from "./stream.ts";
import { dropRun, endContainer, killRun, shutDownFramework } from "./tasks.ts";
import { isTerminal, lostWord, resumeUpdates, sendMasterStatus } from "./updates.ts";
import { runKey, type SimFramework, type SimHost, type SimRun, type SimTask, type SimWorld } from "./state.ts";

function tasksOn(framework: SimFramework, host: SimHost): readonly SimTask[] {
  return [...framework.tasks.values()].filter((task) => task.mesosAgentId === host.id);
}

/**
 * The network to the agent breaks: containers keep running, nothing is received, after `mesosAgentLostMs` it is
 * unreachable.
 */
export function silenceHost(world: SimWorld, host: SimHost): void {
  host.link = "silent";
  planLoss(world, host);
}

/**
 * The agent's process dies, containers keep running: the master sees the closed connection and rescinds its offers
 * immediately.
 */
export function stopHost(world: SimWorld, host: SimHost): void {
  host.link = "down";
  if (host.standing === "registered") rescindOffersOf(world, host);
  planLoss(world, host);
}

function planLoss(world: SimWorld, host: SimHost): void {
  if (host.standing !== "registered" || host.lostTimer !== undefined) return;
  host.lostTimer = world.timers.plan(world.nowMs + world.timing.mesosAgentLostMs, () => markUnreachable(world, host));
}

/** The master marks the agent unreachable: TASK_UNREACHABLE for its tasks, RESCIND, FAILURE with only `agent_id`. */
export function markUnreachable(world: SimWorld, host: SimHost): void {
  host.lostTimer?.cancel();
  host.lostTimer = undefined;
  if (world.leader === undefined) return;
  const wasRegistered = host.standing === "registered";
  host.standing = "unreachable";
  host.unreachableNs = world.nowMs * 1e6;
  if (wasRegistered) {
    for (const framework of world.frameworks.values()) {
      for (const task of tasksOn(framework, host)) {
        framework.tasks.delete(task.taskId);
        if (!isTerminal(task.masterState)) framework.unreachableTasks.set(task.taskId, task);
        sendMasterStatus(world, framework, task.taskId, {
          state: lostWord(framework, "TASK_UNREACHABLE"),
          message: "health check timed out",
          reason: "REASON_AGENT_REMOVED",
          mesosAgentId: host.id,
          unreachableNs: host.unreachableNs,
        });
      }
    }
    rescindOffersOf(world, host);
  }
  tellFailure(world, host);
}

function tellFailure(world: SimWorld, host: SimHost): void {
  for (const framework of world.frameworks.values()) {
    sendTo(world, framework, { type: "FAILURE", failure: { "agent_id": { value: host.id } } });
  }
}

/** The resources that the master counts as used on a host are subtracted from its total. */
function recount(world: SimWorld, host: SimHost): void {
  let free: Bag = host.total;
  const tasks = new Set([...host.runs.values()].map((run) => run.task));
  for (const framework of world.frameworks.values()) {
    for (const task of tasksOn(framework, host)) tasks.add(task);
  }
  for (const task of tasks) {
    if (!task.isReleased) free = minus(free, allocatedTo(task.bag, ""));
  }
  for (const offer of world.offers.values()) {
    if (offer.mesosAgentId === host.id) free = minus(free, allocatedTo(offer.bag, ""));
  }
  host.available = free;
}

/** The agent is back. With `containers` "gone" they ended in the meantime (a reboot). */
export function returnHost(world: SimWorld, host: SimHost, containers: "alive" | "gone"): void {
  if (host.standing === "gone" || host.standing === "removed" || host.isWiped) return;
  if (containers === "gone") {
    for (const run of host.runs.values()) endContainer(world, host, run, { how: "lost", status: 0 });
  }
  host.link = "connected";
  if (world.leader !== undefined) reregister(world, host);
}

/** The agent reports its tasks to a master. */
export function reregister(world: SimWorld, host: SimHost): void {
  host.lostTimer?.cancel();
  host.lostTimer = undefined;
  const before = host.standing;
  host.standing = "registered";
  for (const run of [...host.runs.values()]) adoptRun(world, host, run, before);
  for (const framework of world.frameworks.values()) {
    for (const task of framework.unreachableTasks.values()) {
      if (task.mesosAgentId === host.id) framework.unreachableTasks.delete(task.taskId);
    }
    for (const task of tasksOn(framework, host)) {
      if (host.runs.has(runKey(framework.id, task.taskId)) || isTerminal(task.masterState)) continue;
      dropUnknown(world, host, task, {
        message: "Reconciliation: task unknown to the agent",
        reason: "REASON_RECONCILIATION",
      });
    }
  }
  recount(world, host);
  resumeUpdates(world, host);
  armAllocation(world, world.timing.hopMs);
}

/** One task that the agent reports; tasks of a removed framework are shut down. */
function adoptRun(world: SimWorld, host: SimHost, run: SimRun, before: SimHost["standing"]): void {
  const { task } = run;
  if (world.completed.has(task.frameworkId)) {
    shutDownFramework(world, host, task.frameworkId);
    return;
  }
  const framework = world.frameworks.get(task.frameworkId);
  if (framework?.tasks.get(task.taskId) === task) return;
  task.isReleased = isTerminal(run.state);
  if (framework === undefined) return;
  task.masterState = run.updates[0]?.state ?? run.state;
  task.masterUuid = run.updates[0]?.uuid ?? "";
  framework.tasks.set(task.taskId, task);
  framework.unreachableTasks.delete(task.taskId);
  if (before !== "unreachable") return;
  sendMasterStatus(world, framework, task.taskId, {
    state: run.state,
    message: "Unreachable agent re-reregistered",
    reason: "REASON_AGENT_REREGISTERED",
    mesosAgentId: host.id,
    task,
  });
}

/** The master removes the agent permanently: `state` for its tasks, FAILURE for every framework. */
interface Removal {
  readonly state: string;
  readonly message: string;
  readonly reason: string;
  readonly standing: "removed" | "gone";
}

function removeHost(world: SimWorld, host: SimHost, removal: Removal): void {
  host.lostTimer?.cancel();
  host.lostTimer = undefined;
  for (const framework of world.frameworks.values()) {
    const lost = [
      ...tasksOn(framework, host),
      ...[...framework.unreachableTasks.values()].filter((t) => t.mesosAgentId === host.id),
    ];
    for (const task of lost) {
      framework.tasks.delete(task.taskId);
      framework.unreachableTasks.delete(task.taskId);
      sendMasterStatus(world, framework, task.taskId, { ...removal, mesosAgentId: host.id });
    }
  }
  rescindOffersOf(world, host);
  host.standing = removal.standing;
  tellFailure(world, host);
}

function stopEverything(world: SimWorld, host: SimHost, how: "stopped" | "lost"): void {
  for (const run of [...host.runs.values()]) dropRun(world, host, run, { how, status: 143, by: "host" });
}

/** The agent shuts down cleanly: its containers stop, TASK_LOST even to a PARTITION_AWARE framework. */
export function unregisterHost(world: SimWorld, host: SimHost, cause = "the agent unregistered"): void {
  stopEverything(world, host, "stopped");
  host.link = "down";
  removeHost(world, host, {
    state: "TASK_LOST",
    message: `Agent ${host.spec.hostname} removed: ${cause}`,
    reason: "REASON_AGENT_REMOVED",
    standing: "removed",
  });
}

/** The operator marks the agent gone: TASK_GONE_BY_OPERATOR, its containers end. */
export function markHostGone(world: SimWorld, host: SimHost): void {
  stopEverything(world, host, "lost");
  host.link = "down";
  removeHost(world, host, {
    state: "TASK_GONE_BY_OPERATOR",
    message: "Agent has been marked gone",
    reason: "REASON_AGENT_REMOVED_BY_OPERATOR",
    standing: "gone",
  });
}

/** The machine lost its disk: nothing is running; a registered agent is removed when another one uses its address. */
export function wipeHost(world: SimWorld, host: SimHost): void {
  stopEverything(world, host, "lost");
  host.link = "down";
  host.isWiped = true;
  if (host.standing === "registered") {
    removeHost(world, host, {
      state: "TASK_LOST",
      message: `Agent ${host.spec.hostname} removed: a new agent registered at the same address`,
      reason: "REASON_AGENT_REMOVED",
      standing: "removed",
    });
  }
}

/**
 * DRAIN_AGENT: no more offers, all tasks killed by their kill policy with REASON_AGENT_DRAINING, without asking
 * frameworks.
 */
export function drainHost(world: SimWorld, host: SimHost, maxGraceMs?: number): void {
  host.isDraining = true;
  host.isDeactivated = true;
  rescindOffersOf(world, host);
  for (const run of [...host.runs.values()]) {
    const framework = world.frameworks.get(run.task.frameworkId);
    killRun(world, host, {
      frameworkId: run.task.frameworkId,
      taskId: run.task.taskId,
      graceMs: maxGraceMs,
      reason: "REASON_AGENT_DRAINING",
      announces: framework?.capabilities.has("TASK_KILLING_STATE") === true,
    });
  }
}

/** REACTIVATE_AGENT after a drain. */
export function reactivateHost(world: SimWorld, host: SimHost): void {
  host.isDraining = false;
  host.isDeactivated = false;
  armAllocation(world, world.timing.hopMs);
}

/**
 * Schedules a maintenance window (undefined: cancels it): offers are rescinded and sent again with the window, followed
 * by inverse offers.
 */
export function setUnavailability(
  world: SimWorld,
  hosts: readonly SimHost[],
  window: { readonly startMs: number; readonly durationMs?: number } | undefined,
): void {
  for (const host of hosts) {
    rescindOffersOf(world, host);
    host.unavailability = window === undefined ? undefined : unavailabilityJson(window);
    for (const framework of world.frameworks.values()) framework.inverseFilters.delete(host.id);
  }
  armAllocation(world, world.timing.hopMs);
}

function unavailabilityJson(window: { readonly startMs: number; readonly durationMs?: number }): Plain {
  const start = { nanoseconds: window.startMs * 1e6 };
  return window.durationMs === undefined ? { start } : { start, duration: { nanoseconds: window.durationMs * 1e6 } };
}
