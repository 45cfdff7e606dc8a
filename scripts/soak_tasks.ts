// The tasks of the soak's master and their status updates, kept as the status update manager of a Mesos agent keeps them:
// one update of a task on its way until it is acknowledged, sent again where that does not come.
// Not here: the wire (soak_master.ts). Source: apache/mesos docs/high-availability-framework-guide.md, task_status_update_manager.

/** First pause before an update that was not acknowledged is sent again, ms (mesos `STATUS_UPDATE_RETRY_INTERVAL_MIN`). */
const retryFirstMs = 10_000;
/** Updates of one task that wait behind the one on its way; what comes on top was not made, and is counted. */
const waitingMax = 20;
/** Acknowledged updates whose time is kept, for the percentiles; beyond, every second one is left out. */
const lagsMax = 200_000;

/** One status update. */
export interface TaskUpdate {
  readonly taskId: string;
  readonly mesosAgentId: string;
  /** Base64 of 16 bytes. */
  readonly uuid: string;
  /** `TASK_…`. */
  readonly state: string;
  /** `REASON_…`, where there is one. */
  readonly reason?: string;
}

/** What has been counted since the last {@linkcode Tasks.forgetFigures}. */
export interface TaskFigures {
  /** Different updates, each counted once however often it was sent. */
  made: number;
  sentAgain: number;
  acknowledged: number;
  /** Acknowledgements of an update that is not on its way (any more). */
  unexpected: number;
  /** Updates not made because too many of their task waited. */
  heldBack: number;
  /** The most updates that waited for an acknowledgement at once. */
  unacknowledgedMax: number;
  /** From sending to acknowledgement, ms. */
  lagsMs: number[];
  launched: number;
  launchedTwice: number;
  ended: number;
  killed: number;
}

/** The tasks. */
export interface Tasks {
  readonly figures: TaskFigures;
  /** Tasks that run. */
  running(): number;
  /** Updates on their way or behind one. */
  unacknowledged(): number;
  launch(taskId: string, mesosAgentId: string): void;
  /** The next task in turn says once more that it runs; false where none runs. */
  touchNext(): boolean;
  /** A running task is over, as after the restart of a Mesos agent that has lost its executor; gives its id. */
  loseOne(): string | undefined;
  kill(taskId: string): boolean;
  acknowledge(taskId: string, uuid: string, nowMs: number): void;
  /** The latest state of a task, without a uuid, as a master answers RECONCILE; of one unknown: gone from `mesosAgentId`. */
  latest(taskId: string, mesosAgentId: string): Omit<TaskUpdate, "uuid">;
  ids(): readonly string[];
  /** What is to be sent now: new updates whose turn has come and old ones that are due again. */
  due(nowMs: number): TaskUpdate[];
  forgetFigures(): void;
}

interface Task {
  readonly id: string;
  readonly mesosAgentId: string;
  state: string;
  onItsWay: { readonly update: TaskUpdate; sentMs: number; nextMs: number; retryMs: number } | undefined;
  readonly waiting: TaskUpdate[];
}

const over = new Set(["TASK_GONE", "TASK_KILLED"]);

/** Nobody has launched anything yet. */
export function createTasks(): Tasks {
  const tasks = new Map<string, Task>();
  /** Running tasks, for the turn. */
  let turn: string[] = [];
  let next = 0;
  const launchedIds = new Set<string>();
  /** Tasks with an update whose turn has come and that was not sent yet. */
  const ready = new Set<Task>();
  let unacknowledged = 0;
  let lagsEvery = 1;
  const figures = noFigures();

  const add = (task: Task, state: string, reason?: string): void => {
    task.state = state;
    const { id: taskId, mesosAgentId } = task;
    const update = { taskId, mesosAgentId, uuid: newUuid(), state, ...(reason === undefined ? {} : { reason }) };
    figures.made++;
    unacknowledged++;
    figures.unacknowledgedMax = Math.max(figures.unacknowledgedMax, unacknowledged);
    task.waiting.push(update);
    if (task.onItsWay === undefined) ready.add(task);
  };
  const end = (task: Task, state: string, reason?: string): void => {
    add(task, state, reason);
    turn = turn.filter((each) => each !== task.id);
    figures.ended++;
  };
  const keepLag = (lagMs: number): void => {
    if (figures.acknowledged % lagsEvery === 0) figures.lagsMs.push(lagMs);
    if (figures.lagsMs.length < lagsMax) return;
    figures.lagsMs = figures.lagsMs.filter((_, index) => index % 2 === 0);
    lagsEvery *= 2;
  };
  return {
    figures,
    running: () => turn.length,
    unacknowledged: () => unacknowledged,
    ids: () => [...tasks.values()].filter((task) => !over.has(task.state)).map(({ id }) => id),
    launch(taskId, mesosAgentId): void {
      figures.launched++;
      if (launchedIds.has(taskId)) {
        figures.launchedTwice++;
        return;
      }
      launchedIds.add(taskId);
      const task: Task = { id: taskId, mesosAgentId, state: "TASK_STARTING", onItsWay: undefined, waiting: [] };
      tasks.set(taskId, task);
      turn.push(taskId);
      add(task, "TASK_STARTING");
      add(task, "TASK_RUNNING");
    },
    touchNext(): boolean {
      if (turn.length === 0) return false;
      const task = tasks.get(turn[next++ % turn.length] ?? "");
      if (task === undefined) return false;
      if (task.waiting.length >= waitingMax) figures.heldBack++;
      else add(task, "TASK_RUNNING", "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED");
      return true;
    },
    loseOne(): string | undefined {
      const task = tasks.get(turn[Math.floor(Math.random() * turn.length)] ?? "");
      if (task === undefined || task.state !== "TASK_RUNNING") return undefined;
      end(task, "TASK_GONE", "REASON_EXECUTOR_REREGISTRATION_TIMEOUT");
      return task.id;
    },
    kill(taskId): boolean {
      const task = tasks.get(taskId);
      if (task === undefined || over.has(task.state)) return false;
      figures.killed++;
      end(task, "TASK_KILLED");
      return true;
    },
    acknowledge(taskId, uuid, nowMs): void {
      const task = tasks.get(taskId);
      if (task?.onItsWay?.update.uuid !== uuid) {
        figures.unexpected++;
        return;
      }
      keepLag(nowMs - task.onItsWay.sentMs);
      figures.acknowledged++;
      unacknowledged--;
      task.onItsWay = undefined;
      if (task.waiting.length > 0) ready.add(task);
      else if (over.has(task.state)) tasks.delete(taskId);
    },
    latest(taskId, mesosAgentId): Omit<TaskUpdate, "uuid"> {
      const known = tasks.get(taskId) ?? { mesosAgentId, state: "TASK_GONE" };
      return { taskId, mesosAgentId: known.mesosAgentId, state: known.state, reason: "REASON_RECONCILIATION" };
    },
    due: (nowMs) => [...takeReady(ready, nowMs), ...takeLate(tasks, figures, nowMs)],
    forgetFigures: () => void Object.assign(figures, noFigures(), { unacknowledgedMax: unacknowledged }),
  };
}

function takeReady(ready: Set<Task>, nowMs: number): TaskUpdate[] {
  const updates: TaskUpdate[] = [];
  for (const task of ready) {
    const update = task.waiting.shift();
    if (update === undefined) continue;
    task.onItsWay = { update, sentMs: nowMs, nextMs: nowMs + retryFirstMs, retryMs: retryFirstMs };
    updates.push(update);
  }
  ready.clear();
  return updates;
}

function takeLate(tasks: ReadonlyMap<string, Task>, figures: TaskFigures, nowMs: number): TaskUpdate[] {
  const updates: TaskUpdate[] = [];
  for (const { onItsWay } of tasks.values()) {
    if (onItsWay === undefined || nowMs < onItsWay.nextMs) continue;
    onItsWay.retryMs *= 2;
    onItsWay.nextMs = nowMs + onItsWay.retryMs;
    figures.sentAgain++;
    updates.push(onItsWay.update);
  }
  return updates;
}

function noFigures(): TaskFigures {
  return {
    made: 0,
    sentAgain: 0,
    acknowledged: 0,
    unexpected: 0,
    heldBack: 0,
    unacknowledgedMax: 0,
    lagsMs: [],
    launched: 0,
    launchedTwice: 0,
    ended: 0,
    killed: 0,
  };
}

function newUuid(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
}
