// RECONCILE, explicit and implicit, and KILL of tasks that the master does not know.

import { listAt, numberAt, type Plain, textAt } from "./json.ts";
import { killRun } from "./tasks.ts";
import { lostWord, makeAgentUpdate, sendMasterStatus, type StatusParts } from "./updates.ts";
import { happens, newRun, runKey, type SimFramework, type SimHost, type SimTask, type SimWorld } from "./state.ts";

const reason = "REASON_RECONCILIATION";

function latest(task: SimTask): StatusParts {
  return {
    state: task.masterState,
    message: "Reconciliation: Latest task state",
    reason,
    mesosAgentId: task.mesosAgentId,
    task,
  };
}

/**
 * RECONCILE: an empty list requests all tasks known to the master; otherwise there is one status for each task, or
 * none.
 */
export function reconcile(world: SimWorld, framework: SimFramework, call: Plain): void {
  const asked = listAt(call, "tasks");
  if (asked.length === 0) {
    for (const task of framework.tasks.values()) sendMasterStatus(world, framework, task.taskId, latest(task));
    return;
  }
  for (const each of asked) {
    answerOne(world, framework, textAt(each, "task_id", "value") ?? "", textAt(each, "agent_id", "value"));
  }
}

function answerOne(world: SimWorld, framework: SimFramework, taskId: string, mesosAgentId: string | undefined): void {
  const task = framework.tasks.get(taskId);
  const parts = task === undefined ? unknownTask(world, framework, mesosAgentId) : latest(task);
  if (parts !== undefined) sendMasterStatus(world, framework, taskId, parts);
}

function unknownTask(
  world: SimWorld,
  framework: SimFramework,
  mesosAgentId: string | undefined,
): StatusParts | undefined {
  const host = mesosAgentId === undefined ? undefined : world.hosts.get(mesosAgentId);
  const isAwaited = mesosAgentId === undefined
    ? [...world.hosts.values()].some((each) => each.standing === "recovered")
    : host?.standing === "recovered";
  if (isAwaited) return undefined;
  const about = { reason, mesosAgentId };
  switch (host?.standing) {
    case "registered":
      return {
        ...about,
        state: lostWord(framework, "TASK_GONE"),
        message: "Reconciliation: Task is unknown to the agent",
      };
    case "unreachable":
      return {
        ...about,
        state: lostWord(framework, "TASK_UNREACHABLE"),
        message: "Reconciliation: Task is unreachable",
        unreachableNs: host.unreachableNs,
      };
    case "gone":
      return { ...about, state: lostWord(framework, "TASK_GONE_BY_OPERATOR"), message: "Reconciliation: Task is gone" };
    default:
      return { ...about, state: lostWord(framework, "TASK_UNKNOWN"), message: "Reconciliation: Task is unknown" };
  }
}

/** KILL: forwarded to the agent of the task, which may lose it; an unknown task is reconciled instead. */
export function kill(world: SimWorld, framework: SimFramework, call: Plain): void {
  world.counters.kills++;
  const taskId = textAt(call, "task_id", "value") ?? "";
  const mesosAgentId = textAt(call, "agent_id", "value");
  const task = framework.tasks.get(taskId);
  if (task === undefined) {
    answerOne(world, framework, taskId, mesosAgentId);
    return;
  }
  if (mesosAgentId !== undefined && mesosAgentId !== task.mesosAgentId) return;
  const host = world.hosts.get(task.mesosAgentId);
  if (host === undefined || host.link === "down" || happens(world, "killLost")) return;
  const nanoseconds = numberAt(call, "kill_policy", "grace_period", "nanoseconds");
  world.timers.plan(world.nowMs + world.timing.hopMs, () => {
    if (host.link !== "connected") return;
    if (!host.runs.has(runKey(framework.id, taskId))) {
      dropUnknown(world, host, task, { message: "Cannot find executor", reason: "REASON_EXECUTOR_TERMINATED" });
      return;
    }
    killRun(world, host, {
      frameworkId: framework.id,
      taskId,
      graceMs: nanoseconds === undefined ? undefined : nanoseconds / 1e6,
      announces: framework.capabilities.has("TASK_KILLING_STATE"),
    });
  });
}

/** The agent reports that it never got a task that the master has assigned to it. */
export function dropUnknown(
  world: SimWorld,
  host: SimHost,
  task: SimTask,
  why: { readonly message: string; readonly reason: string },
): void {
  const run = newRun(task, "ended", "TASK_DROPPED");
  host.runs.set(runKey(task.frameworkId, task.taskId), run);
  const framework = world.frameworks.get(task.frameworkId);
  const state = framework === undefined ? "TASK_DROPPED" : lostWord(framework, "TASK_DROPPED");
  makeAgentUpdate(world, host, run, { state, source: "SOURCE_AGENT", ...why });
}
