// Task statuses: those of the master, and those of the Mesos agents with their retries and acknowledgements.

import { compact, type Plain, textAt } from "./json.ts";
import { allocatedTo, plus } from "./amounts.ts";
import { sendTo } from "./stream.ts";
import {
  happens,
  newUuidBase64,
  runKey,
  type SimFramework,
  type SimHost,
  type SimRun,
  type SimTask,
  type SimWorld,
} from "./state.ts";

const terminalStates: ReadonlySet<string> = new Set([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
]);

/** Whether a task in this state has ended. */
export function isTerminal(state: string): boolean {
  return terminalStates.has(state);
}

/** The content of a status other than task and time. */
export interface StatusParts {
  /** A TASK_* value. */
  readonly state: string;
  /** Human-readable. */
  readonly message?: string | undefined;
  /** A REASON_* value. */
  readonly reason?: string | undefined;
  readonly mesosAgentId?: string | undefined;
  /** Since when the agent is unreachable, ns. */
  readonly unreachableNs?: number | undefined;
  /** Gives the status its container_status, once the executor has reported. */
  readonly task?: SimTask | undefined;
}

function containerStatus(task: SimTask): Plain {
  return {
    "container_id": { value: task.containerId },
    "network_infos": [{ "ip_addresses": [{ protocol: "IPv4", "ip_address": task.ipAddress }] }],
  };
}

/** The state as seen by a framework: without PARTITION_AWARE every lost task is TASK_LOST. */
export function lostWord(framework: SimFramework, state: string): string {
  return framework.capabilities.has("PARTITION_AWARE") ? state : "TASK_LOST";
}

/** Sends a status created by the master: no uuid, never acknowledged. */
export function sendMasterStatus(world: SimWorld, framework: SimFramework, taskId: string, parts: StatusParts): void {
  const status = compact({
    "task_id": { value: taskId },
    state: parts.state,
    message: parts.message,
    source: "SOURCE_MASTER",
    reason: parts.reason,
    "agent_id": parts.mesosAgentId === undefined ? undefined : { value: parts.mesosAgentId },
    timestamp: world.nowMs / 1000,
    "container_status": parts.task?.isReported === true ? containerStatus(parts.task) : undefined,
    "unreachable_time": parts.unreachableNs === undefined ? undefined : { nanoseconds: parts.unreachableNs },
  });
  if (parts.state === "TASK_ERROR") world.counters.tasksErred++;
  if (parts.state === "TASK_DROPPED") world.counters.tasksDropped++;
  sendTo(world, framework, { type: "UPDATE", update: { status } });
}

/** Returns a task's resources to the pool; does nothing the second time. */
export function releaseTask(world: SimWorld, task: SimTask): void {
  if (task.isReleased) return;
  task.isReleased = true;
  const host = world.hosts.get(task.mesosAgentId);
  if (host !== undefined) host.available = plus(host.available, allocatedTo(task.bag, ""));
}

/** A status of the executor or agent: source EXECUTOR has a container_status. */
export interface AgentStatus {
  /** A TASK_* value. */
  readonly state: string;
  readonly source: "SOURCE_EXECUTOR" | "SOURCE_AGENT";
  /** Human-readable. */
  readonly message?: string;
  /** A REASON_* value. */
  readonly reason?: string;
  /** `docker inspect` in base64. */
  readonly data?: string;
}

/**
 * The agent creates an update: it is sent immediately only if no other update of the task waits for its
 * acknowledgement.
 */
export function makeAgentUpdate(world: SimWorld, host: SimHost, run: SimRun, parts: AgentStatus): void {
  const uuid = newUuidBase64(world);
  if (parts.source === "SOURCE_EXECUTOR") run.task.isReported = true;
  const status = compact({
    "task_id": { value: run.task.taskId },
    state: parts.state,
    message: parts.message,
    source: parts.source,
    reason: parts.reason,
    data: parts.data,
    "agent_id": { value: host.id },
    "executor_id": { value: run.task.taskId },
    timestamp: world.nowMs / 1000,
    uuid,
    "container_status": parts.source === "SOURCE_EXECUTOR" ? containerStatus(run.task) : undefined,
  });
  run.state = parts.state;
  run.updates.push({ status, state: parts.state, uuid });
  if (run.updates.length === 1) sendHead(world, host, run);
}

/** Sends the first waiting update and plans its retry, as a new update. */
function sendHead(world: SimWorld, host: SimHost, run: SimRun): void {
  run.retryMs = world.timing.updateRetryMs;
  transmit(world, host, run);
}

function transmit(world: SimWorld, host: SimHost, run: SimRun): void {
  run.retry?.cancel();
  if (run.updates.length === 0) return;
  if (host.link === "connected" && !happens(world, "updateLost")) {
    const copies = happens(world, "updateDuplicated") ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delayMs = copy * Math.ceil(world.random() * 1000);
      world.timers.plan(world.nowMs + world.timing.hopMs + delayMs, () => forward(world, host, run));
    }
  }
  run.retry = world.timers.plan(world.nowMs + run.retryMs, () => {
    run.retryMs = Math.min(run.retryMs * 2, world.timing.updateRetryMaxMs);
    world.counters.updatesRepeated++;
    transmit(world, host, run);
  });
}

function forward(world: SimWorld, host: SimHost, run: SimRun): void {
  const update = run.updates[0];
  if (update === undefined || host.link !== "connected" || host.standing !== "registered") return;
  const task = run.task;
  const framework = world.frameworks.get(task.frameworkId);
  if (isTerminal(run.state)) releaseTask(world, task);
  if (framework?.subscription === undefined) return;
  if (framework.tasks.get(task.taskId) === task) {
    task.masterState = update.state;
    task.masterUuid = update.uuid;
  }
  world.counters.updatesSent++;
  sendTo(world, framework, { type: "UPDATE", update: { status: update.status } });
}

/** Immediately retries unacknowledged updates of the framework's tasks (or all tasks) on this host. */
export function resumeUpdates(world: SimWorld, host: SimHost, frameworkId?: string): void {
  for (const run of host.runs.values()) {
    if (frameworkId === undefined || run.task.frameworkId === frameworkId) sendHead(world, host, run);
  }
}

/** Stops all retries of a run. */
export function forgetRun(host: SimHost, run: SimRun): void {
  run.retry?.cancel();
  run.next?.cancel();
  run.updates.length = 0;
  host.runs.delete(runKey(run.task.frameworkId, run.task.taskId));
}

/** ACKNOWLEDGE: the next update of the task follows; after the terminal one the task is removed. */
export function acknowledge(world: SimWorld, framework: SimFramework, call: Plain): void {
  const taskId = textAt(call, "task_id", "value") ?? "";
  const uuid = textAt(call, "uuid") ?? "";
  const host = world.hosts.get(textAt(call, "agent_id", "value") ?? "");
  if (host === undefined || host.standing !== "registered" || host.link !== "connected") {
    world.counters.acknowledgementsUnexpected++;
    return;
  }
  const task = framework.tasks.get(taskId);
  if (task?.mesosAgentId === host.id && isTerminal(task.masterState) && task.masterUuid === uuid) {
    framework.tasks.delete(taskId);
  }
  const run = host.runs.get(runKey(framework.id, taskId));
  if (run?.updates[0]?.uuid !== uuid) {
    world.counters.acknowledgementsUnexpected++;
    return;
  }
  world.counters.updatesAcknowledged++;
  const head = run.updates.shift();
  run.retry?.cancel();
  if (head !== undefined && isTerminal(head.state)) forgetRun(host, run);
  else if (run.updates.length > 0) sendHead(world, host, run);
}
