// Task states and reasons of Mesos and their meaning for us (mesos.proto, TaskState and TaskStatus.Reason).

/** A TASK_* value of mesos.proto `TaskState`; unknown values are kept as received. */
export type TaskState = string;

/** A status update as the core sees it (mesos.proto `TaskStatus`). */
export interface TaskStatus {
  readonly taskId: string;
  readonly state: TaskState;
  readonly reason?: string;
  readonly source?: string;
  readonly message: string;
  readonly mesosAgentId?: string;
  /** Base64; present only on updates that must be acknowledged. */
  readonly uuid?: string;
  /** IP addresses in `container_status.network_infos`; absent: none given. */
  readonly ipAddresses?: readonly string[];
  /** The hostname that Docker has assigned to the container: the first digits of its id; absent: none given. */
  readonly dockerName?: string;
}

/** The meaning of a task state for an instance. */
export type TaskMeaning =
  /** Not yet running. */
  | "starting"
  | "running"
  | "killing"
  /** Terminal: the task has ended. */
  | "terminal"
  /** Terminal as far as the cluster knows: the master no longer knows it, or its Mesos agent is gone. */
  | "lost"
  /** Possibly running on a partitioned agent. */
  | "unreachable"
  /** An unknown value: no decision is based on it. */
  | "unclear";

const meanings: Readonly<Record<string, TaskMeaning>> = {
  TASK_STAGING: "starting",
  TASK_STARTING: "starting",
  TASK_RUNNING: "running",
  TASK_KILLING: "killing",
  TASK_FINISHED: "terminal",
  TASK_FAILED: "terminal",
  TASK_KILLED: "terminal",
  TASK_ERROR: "terminal",
  TASK_LOST: "lost",
  TASK_DROPPED: "terminal",
  TASK_UNREACHABLE: "unreachable",
  TASK_GONE: "lost",
  TASK_GONE_BY_OPERATOR: "lost",
  TASK_UNKNOWN: "lost",
};

/** The meaning of a task state; unknown values are `unclear`. */
export function taskMeaning(state: TaskState): TaskMeaning {
  return Object.hasOwn(meanings, state) ? meanings[state] as TaskMeaning : "unclear";
}

/** Whether a task with this meaning has ended and gets no further updates. */
export function isOver(meaning: TaskMeaning): meaning is "terminal" | "lost" {
  return meaning === "terminal" || meaning === "lost";
}

/**
 * The meaning of a reason for an end that we have not requested. States take precedence: a reason only refines them.
 */
export type ReasonMeaning =
  /** The offer was no longer ours: normal, retried. */
  | "offer"
  /** Mesos agents or masters failed or changed: not a failure of the profile. */
  | "cluster"
  /** A failure of this Mesos agent: it does not count against the profile, but against the host. */
  | "host"
  /** Not authorized by the ACLs of Mesos. */
  | "unauthorized"
  /** The task, its container or its executor. */
  | "task"
  /** Why it was reported, not why it ended. */
  | "report"
  /** None, or an unknown value: only the state counts. */
  | "unclear";

// mesos.proto TaskStatus.Reason; when each is sent: src/master/master.cpp and src/slave/slave.cpp of apache/mesos.
const reasonMeanings: Readonly<Record<string, ReasonMeaning>> = {
  REASON_INVALID_OFFERS: "offer",
  REASON_AGENT_DISCONNECTED: "cluster",
  REASON_AGENT_DRAINING: "cluster",
  REASON_AGENT_REMOVED: "cluster",
  REASON_AGENT_REMOVED_BY_OPERATOR: "cluster",
  REASON_AGENT_REREGISTERED: "cluster",
  REASON_AGENT_RESTARTED: "cluster",
  REASON_AGENT_UNKNOWN: "cluster",
  REASON_MASTER_DISCONNECTED: "cluster",
  REASON_EXECUTOR_REREGISTRATION_TIMEOUT: "cluster",
  REASON_CONTAINER_PREEMPTED: "cluster",
  REASON_FRAMEWORK_REMOVED: "cluster",
  REASON_CONTAINER_UPDATE_FAILED: "host",
  REASON_GC_ERROR: "host",
  REASON_RESOURCES_UNKNOWN: "host",
  REASON_TASK_UNAUTHORIZED: "unauthorized",
  REASON_TASK_GROUP_UNAUTHORIZED: "unauthorized",
  REASON_COMMAND_EXECUTOR_FAILED: "task",
  REASON_CONTAINER_LAUNCH_FAILED: "task",
  REASON_CONTAINER_LIMITATION: "task",
  REASON_CONTAINER_LIMITATION_DISK: "task",
  REASON_CONTAINER_LIMITATION_MEMORY: "task",
  REASON_EXECUTOR_REGISTRATION_TIMEOUT: "task",
  REASON_EXECUTOR_TERMINATED: "task",
  REASON_EXECUTOR_UNREGISTERED: "task",
  REASON_INVALID_FRAMEWORKID: "task",
  REASON_IO_SWITCHBOARD_EXITED: "task",
  REASON_MAX_COMPLETION_TIME_REACHED: "task",
  REASON_TASK_GROUP_INVALID: "task",
  REASON_TASK_INVALID: "task",
  REASON_TASK_KILLED_DURING_LAUNCH: "task",
  REASON_TASK_UNKNOWN: "task",
  REASON_RECONCILIATION: "report",
  REASON_TASK_CHECK_STATUS_UPDATED: "report",
  REASON_TASK_HEALTH_CHECK_STATUS_UPDATED: "report",
};

/** The keys of the table. */
export const reasonWords: readonly string[] = Object.keys(reasonMeanings);

/** The meaning of a reason; masters may use SLAVE for AGENT, as all did before 1.0. */
export function reasonMeaning(reason: string | undefined): ReasonMeaning {
  const word = (reason ?? "").replace("REASON_SLAVE_", "REASON_AGENT_");
  return Object.hasOwn(reasonMeanings, word) ? reasonMeanings[word] as ReasonMeaning : "unclear";
}
