// The tasks of the soak's master and their status updates: one update per task in flight until it is acknowledged,
// resent until then (Mesos docs/high-availability-framework-guide.md, task_status_update_manager).

/**
 * First pause before an update that was not acknowledged is sent again, ms (mesos `STATUS_UPDATE_RETRY_INTERVAL_MIN`).
 */
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
  /**
   * The latest state of a task, without a uuid, as a master answers RECONCILE; of one unknown: gone from
   * `mesosAgentId`.
   */
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

interface Book {
  readonly tasks: Map<string, Task>;
  /** Running tasks, for the turn. */
  turn: string[];
  next: number;
  readonly launchedIds: Set<string>;
  /** Tasks with an update whose turn has come and that was not sent yet. */
  readonly ready: Set<Task>;
  unacknowledged: number;
  /** Which share of the times is kept: one of so many. */
  lagsEvery: number;
  readonly figures: TaskFigures;
}

/** Nothing has been launched yet. */
export function createTasks(): Tasks {
  const book: Book = {
    tasks: new Map(),
    turn: [],
    next: 0,
    launchedIds: new Set(),
    ready: new Set(),
    unacknowledged: 0,
    lagsEvery: 1,
    figures: noFigures(),
  };
  return {
    figures: book.figures,
    running: () => book.turn.length,
    unacknowledged: () => book.unacknowledged,
    ids: () => [...book.tasks.values()].filter((task) => !over.has(task.state)).map(({ id }) => id),
    launch: (taskId, mesosAgentId) => launch(book, taskId, mesosAgentId),
    touchNext: () => touchNext(book),
    loseOne: () => loseOne(book),
    kill: (taskId) => kill(book, taskId),
    acknowledge: (taskId, uuid, nowMs) => acknowledge(book, { taskId, uuid, nowMs }),
    latest(taskId, mesosAgentId): Omit<TaskUpdate, "uuid"> {
      const known = book.tasks.get(taskId) ?? { mesosAgentId, state: "TASK_GONE" };
      return { taskId, mesosAgentId: known.mesosAgentId, state: known.state, reason: "REASON_RECONCILIATION" };
    },
    due: (nowMs) => [...takeReady(book.ready, nowMs), ...takeLate(book.tasks, book.figures, nowMs)],
    forgetFigures: () => void forgetFigures(book),
  };
}

/** What is still to be acknowledged counts as made after it. */
function forgetFigures({ figures, unacknowledged }: Book): void {
  Object.assign(figures, noFigures(), { made: unacknowledged, unacknowledgedMax: unacknowledged });
}

/** A new update of a task; it leaves when those before it are acknowledged. */
function add(book: Book, task: Task, state: string, reason?: string): void {
  task.state = state;
  const { id: taskId, mesosAgentId } = task;
  const { figures } = book;
  figures.made++;
  book.unacknowledged++;
  figures.unacknowledgedMax = Math.max(figures.unacknowledgedMax, book.unacknowledged);
  task.waiting.push({
    taskId,
    mesosAgentId,
    uuid: newUuid(),
    state,
    ...(reason === undefined ? {} : { reason }),
  });
  if (task.onItsWay === undefined) book.ready.add(task);
}

function end(book: Book, task: Task, state: string, reason?: string): void {
  add(book, task, state, reason);
  book.turn = book.turn.filter((each) => each !== task.id);
  book.figures.ended++;
}

function launch(book: Book, taskId: string, mesosAgentId: string): void {
  book.figures.launched++;
  if (book.launchedIds.has(taskId)) {
    book.figures.launchedTwice++;
    return;
  }
  book.launchedIds.add(taskId);
  const task: Task = { id: taskId, mesosAgentId, state: "TASK_STARTING", onItsWay: undefined, waiting: [] };
  book.tasks.set(taskId, task);
  book.turn.push(taskId);
  add(book, task, "TASK_STARTING");
  add(book, task, "TASK_RUNNING");
}

function touchNext(book: Book): boolean {
  if (book.turn.length === 0) return false;
  const task = book.tasks.get(book.turn[book.next++ % book.turn.length] ?? "");
  if (task === undefined) return false;
  if (task.waiting.length >= waitingMax) book.figures.heldBack++;
  else add(book, task, "TASK_RUNNING", "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED");
  return true;
}

function loseOne(book: Book): string | undefined {
  const task = book.tasks.get(book.turn[Math.floor(Math.random() * book.turn.length)] ?? "");
  if (task === undefined || task.state !== "TASK_RUNNING") return undefined;
  end(book, task, "TASK_GONE", "REASON_EXECUTOR_REREGISTRATION_TIMEOUT");
  return task.id;
}

function kill(book: Book, taskId: string): boolean {
  const task = book.tasks.get(taskId);
  if (task === undefined || over.has(task.state)) return false;
  book.figures.killed++;
  end(book, task, "TASK_KILLED");
  return true;
}

interface Acknowledgement {
  readonly taskId: string;
  readonly uuid: string;
  readonly nowMs: number;
}

function acknowledge(book: Book, { taskId, uuid, nowMs }: Acknowledgement): void {
  const task = book.tasks.get(taskId);
  if (task?.onItsWay?.update.uuid !== uuid) {
    book.figures.unexpected++;
    return;
  }
  keepLag(book, nowMs - task.onItsWay.sentMs);
  book.figures.acknowledged++;
  book.unacknowledged--;
  task.onItsWay = undefined;
  if (task.waiting.length > 0) book.ready.add(task);
  else if (over.has(task.state)) book.tasks.delete(taskId);
}

function keepLag(book: Book, lagMs: number): void {
  const { figures } = book;
  if (figures.acknowledged % book.lagsEvery === 0) figures.lagsMs.push(lagMs);
  if (figures.lagsMs.length < lagsMax) return;
  figures.lagsMs = figures.lagsMs.filter((_, index) => index % 2 === 0);
  book.lagsEvery *= 2;
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
