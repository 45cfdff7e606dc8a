// Reconciles our tasks with Mesos: explicitly with agent ids after each SUBSCRIBED until there is a response for each,
// implicitly every 10 minutes and at the first SUBSCRIBED of a run that continues an earlier one (Mesos
// docs/reconciliation.md).

import type { Draft } from "../draft.ts";
import { fenceId, fenceMesosAgentId } from "../identity/lineage.ts";
import { taskOf } from "../life/phase.ts";
import type { ReconciliationState, State } from "../state.ts";

/** First pause before tasks without a response are requested again. */
const explicitFirstMs = 15_000;
/** The longest such pause. */
const explicitMaxMs = 300_000;
/** Interval of implicit reconciliation, to find tasks that we do not know. */
const implicitMs = 600_000;
/** Pause before a failed request of all tasks is repeated. */
const implicitAgainMs = 60_000;
/** Interval of implicit reconciliation while tasks of earlier runs are not known. */
const learnAgainMs = 15_000;
/** A launch without a status from Mesos for this long is reconciled. */
const launchSilenceMs = 30_000;
/** Maximum number of tasks in one call. */
const tasksPerCallMax = 500;

/** Before the first subscription of a run nothing is requested, and what earlier runs were told may be outdated. */
export function unansweredAtFirst(taskIds: Iterable<string>): ReconciliationState {
  return { pending: new Set(taskIds), explicitDelayMs: explicitFirstMs };
}

/**
 * After SUBSCRIBED: every task that may be running is requested by its id. A run that continues an earlier one also
 * requests all our tasks known to Mesos, before its first launch: its state may be older than the running tasks.
 */
export function startReconciliation(draft: Draft): void {
  const { implicitRequestedMs = draft.atMs, ...before } = draft.state.reconciliation;
  draft.set({
    reconciliation: {
      ...before,
      pending: new Set(draft.state.instances.keys()),
      nextExplicitMs: draft.atMs,
      explicitDelayMs: explicitFirstMs,
      ...(draft.state.inherited === "unknown" ? {} : { implicitRequestedMs }),
    },
  });
  reconcile(draft);
}

/** Sends due requests. Called at every tick. */
export function reconcile(draft: Draft): void {
  const { state, atMs } = draft;
  if (state.session.kind !== "subscribed") return;
  addSilentLaunches(draft);
  if (state.inherited !== "unknown" && isImplicitDue(draft)) addUnreachable(draft);
  let reconciliation = draft.state.reconciliation;
  const living = [...reconciliation.pending].flatMap((taskId) => {
    const instance = draft.instance(taskId);
    return instance === undefined || instance.state === "gone" ? [] : [instance];
  });
  const { nextExplicitMs = 0 } = reconciliation;
  if (living.length > 0 && atMs >= nextExplicitMs) {
    for (let start = 0; start < living.length; start += tasksPerCallMax) {
      draft.effect({
        kind: "reconcile-tasks",
        tasks: living.slice(start, start + tasksPerCallMax).map(taskOf),
      });
    }
    reconciliation = {
      ...reconciliation,
      nextExplicitMs: atMs + reconciliation.explicitDelayMs,
      explicitDelayMs: Math.min(reconciliation.explicitDelayMs * 2, explicitMaxMs),
    };
  }
  const isUnknown = state.inherited === "unknown";
  if (isImplicitDue(draft)) {
    const { fenceRound } = reconciliation;
    draft.effect({ kind: "reconcile-tasks", tasks: [] });
    const fence = { taskId: fenceId(state.framework, fenceRound), mesosAgentId: fenceMesosAgentId };
    if (isUnknown) draft.effect({ kind: "reconcile-tasks", tasks: [fence] });
    reconciliation = { ...reconciliation, implicitRequestedMs: atMs };
  }
  if (living.length !== reconciliation.pending.size) {
    reconciliation = { ...reconciliation, pending: new Set(living.map(({ taskId }) => taskId)) };
  }
  if (reconciliation !== draft.state.reconciliation) draft.set({ reconciliation });
}

function isImplicitDue({ state: { reconciliation, inherited }, atMs }: Draft): boolean {
  const { implicitRequestedMs = -Infinity } = reconciliation;
  return atMs - implicitRequestedMs >= (inherited === "unknown" ? learnAgainMs : implicitMs);
}

/**
 * Unreachable tasks are requested again now and then: when their Mesos agent is back, the master reports those that run
 * there or have ended there, but not those that it has never received (apache/mesos Master::__reregisterSlave).
 */
function addUnreachable(draft: Draft): void {
  for (const { taskId, state } of draft.state.instances.values()) {
    if (state === "unreachable" && !draft.state.reconciliation.pending.has(taskId)) askFor(draft, taskId);
  }
}

/**
 * The master may not have received an implicit request: the fence requested after it proves nothing, and it is repeated,
 * not at once, because a master that is slow to answer may have too much to do.
 */
export function implicitFailed(draft: Draft): void {
  const { reconciliation: { fenceRound = 0 }, inherited } = draft.state;
  draft.patch(
    "reconciliation",
    inherited === "unknown"
      ? { fenceRound: fenceRound + 1 }
      : { implicitRequestedMs: draft.atMs + implicitAgainMs - implicitMs },
  );
}

/**
 * A response about a task that is not on record could not be stored, and Mesos does not repeat it: all tasks are
 * requested again, and the fence requested after them proves nothing.
 */
export function answerLost({ reconciliation, inherited, lastStepMs }: State): ReconciliationState {
  const againMs = inherited === "unknown" ? learnAgainMs : implicitMs;
  return {
    ...reconciliation,
    fenceRound: (reconciliation.fenceRound ?? 0) + 1,
    implicitRequestedMs: lastStepMs + learnAgainMs - againMs,
  };
}

/** A report about a task on record could not be stored: the task is requested again. */
export function reportLost({ reconciliation, lastStepMs }: State, taskId: string): ReconciliationState {
  if (reconciliation.pending.has(taskId)) return reconciliation;
  return {
    ...reconciliation,
    pending: new Set([...reconciliation.pending, taskId]),
    explicitDelayMs: explicitFirstMs,
    nextExplicitMs: lastStepMs + explicitFirstMs,
  };
}

/** Mesos reports the tasks of the framework within this time. */
export const reportMs = 30_000;
/** After this long another task may have become known: hosts register again. */
const reportedMsMax = 5 * 60_000;

/**
 * Whether Mesos has reported all tasks that it knows in this session, lately; if not, they are requested. A master may
 * have called a task unknown, or have lost its registry, and learned it since: it does not report that on its own.
 */
export function isAllReported(draft: Draft): boolean {
  const { reconciliation: { implicitRequestedMs = -Infinity }, session } = draft.state;
  const forMs = draft.atMs - implicitRequestedMs;
  const isRecent = session.kind === "subscribed" && implicitRequestedMs >= session.sinceMs && forMs < reportedMsMax;
  if (!isRecent) askForAll(draft);
  return isRecent && forMs >= reportMs;
}

/** Requests all tasks of the framework that Mesos knows. */
export function askForAll(draft: Draft): void {
  if (draft.state.reconciliation.implicitRequestedMs === draft.atMs) return;
  draft.effect({ kind: "reconcile-tasks", tasks: [] });
  draft.patch("reconciliation", { implicitRequestedMs: draft.atMs });
}

/** Requests one task as soon as possible. */
export function askFor(draft: Draft, taskId: string): void {
  draft.patch("reconciliation", {
    pending: new Set([...draft.state.reconciliation.pending, taskId]),
    explicitDelayMs: explicitFirstMs,
    nextExplicitMs: draft.atMs,
  });
}

function addSilentLaunches(draft: Draft): void {
  for (const instance of draft.state.instances.values()) {
    if (instance.state !== "launching" || draft.atMs - instance.sinceMs < launchSilenceMs) continue;
    if (draft.state.reconciliation.pending.has(instance.taskId)) continue;
    const { lastReconcileMs = -Infinity } = instance;
    if (draft.atMs - lastReconcileMs < 2 * launchSilenceMs) continue;
    draft.touch({ ...instance, lastReconcileMs: draft.atMs });
    askFor(draft, instance.taskId);
  }
}
