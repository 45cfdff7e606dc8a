// Task states of Mesos and what each means for us, in one table. Not here: the wire (mesos/), the transitions (lifecycle).
// Made by mesos/from_proto.ts; read by core/lifecycle.ts, tested against the recordings.

/** A TASK_* word of mesos.proto `TaskState`; unknown words stay as they came. */
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
  /** When the status was made, ms since the epoch, where given. */
  readonly timestampMs?: number;
}

/** What a task state means for an instance. */
export type TaskMeaning =
  /** Not yet running. */
  | "starting"
  | "running"
  | "killing"
  /** Over, for good. */
  | "terminal"
  /** Perhaps alive on a partitioned agent. */
  | "unreachable"
  /** A word we do not know: nothing is decided on it. */
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
  TASK_LOST: "terminal",
  TASK_DROPPED: "terminal",
  TASK_UNREACHABLE: "unreachable",
  TASK_GONE: "terminal",
  TASK_GONE_BY_OPERATOR: "terminal",
  TASK_UNKNOWN: "terminal",
};

/** The meaning of a task state; unknown words are `unclear`. */
export function taskMeaning(state: TaskState): TaskMeaning {
  return Object.hasOwn(meanings, state) ? meanings[state] as TaskMeaning : "unclear";
}
