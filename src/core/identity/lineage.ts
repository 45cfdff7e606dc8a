// Finds tasks of earlier runs with this state, or with a newer copy of it, before the first launch of a run, so that no
// task id is used twice.

import { adoptRecords, skipUsedTaskId } from "./adoption.ts";
import { makeTaskId, parseTaskId, taskNumberMax } from "./task_id.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "./hostnames.ts";
import type { FrameworkRecord } from "../record.ts";
import type { State } from "../state.ts";

/** How long a run waits after SUBSCRIBED for Mesos to report earlier tasks, in case a response is lost. */
const learnMsMax = 5_000;

/** The first launch of a run with a used state, and the next after a newer number was seen, skips up to this many numbers. */
const jumpMax = 100_000_000;

/** What a run has to find out: nothing if its state has never launched or registered anything. */
export function inheritedOf({ frameworkId, nextTaskNumber }: FrameworkRecord): State["inherited"] {
  if (frameworkId !== undefined) return "unknown";
  return nextTaskNumber > 1 ? "known" : "none";
}

/** The record without its framework id. It still shows that it was used, so that the numbers of the next run jump. */
export function withoutFramework({ frameworkId: _, ...rest }: FrameworkRecord): FrameworkRecord {
  return { ...rest, nextTaskNumber: Math.max(rest.nextTaskNumber, 2) };
}

/**
 * A task id of our lineage that is never used: numbers start at 1. An implicit reconciliation has no end marker; this
 * task is requested right after it, so its response follows all others, because the master handles calls and sends
 * events in order (apache/mesos src/master/master.cpp, `Master::reconcile`). Each `round` has a different one.
 */
export function fenceId({ lineage }: Pick<FrameworkRecord, "lineage">, round = 0): string {
  return makeTaskId({ lineage, nextTaskNumber: 0 }, round === 0 ? "fence" : `fence-${round}`);
}

/** No Mesos agent has this id. With an agent id the master responds even while Mesos agents have yet to reregister. */
export const fenceMesosAgentId = "fence";

/** Whether a status is the response about a fence. */
export function isFence(draft: Draft, taskId: string): boolean {
  const { framework, inherited, reconciliation: { fenceRound = 0 } } = draft.state;
  const parsed = parseTaskId(taskId);
  if (parsed?.lineage !== framework.lineage || parsed.number !== 0 || !/^fence(?:-\d+)?$/.test(parsed.profileSlug)) {
    return false;
  }
  if (inherited === "unknown" && taskId === fenceId(framework, fenceRound)) draft.set({ inherited: "known" });
  return true;
}

/** Whether launching must wait because tasks of earlier runs are not known yet. */
export function isLearning({ inherited, session }: State, atMs: number): boolean {
  if (inherited !== "unknown") return false;
  return session.kind !== "subscribed" || atMs - session.sinceMs < learnMsMax;
}

/** Hostnames of our lineage in the GoCD list, with or without a domain, use up their numbers. */
export function learnHostnames(draft: Draft, agents: readonly GocdAgent[]): void {
  for (const gocdAgent of agents) skipUsedTaskId(draft, nameOf(gocdAgent));
}

/** Records of our lineage that are still unknown after Mesos has reported all tasks. */
export function adoptUnknown(draft: Draft, agents: readonly GocdAgent[]): void {
  const { state, atMs } = draft;
  if (state.session.kind !== "subscribed" || isLearning(state, atMs) || state.brake.gocd !== undefined) return;
  const taskIds = adoptRecords(draft, agents);
  if (taskIds.length === 0) return;
  const { reconciliation } = draft.state;
  const pending = new Set([...reconciliation.pending, ...taskIds]);
  draft.patch("reconciliation", { pending, nextExplicitMs: atMs });
}

/**
 * The framework record for the next launch. At the first launch of a run with a used state, and after a number of a newer
 * copy has been seen (`skipUsedTaskId`), the numbers jump randomly:
 * neither Mesos nor GoCD shows every id that a newer copy of this state has used (a Mesos agent that has not
 * reregistered, a GoCD agent that has not registered).
 */
export function beforeLaunch(draft: Draft): FrameworkRecord {
  const { framework, inherited } = draft.state;
  if (inherited === "none") return framework;
  draft.set({ inherited: "none" });
  const nextTaskNumber = framework.nextTaskNumber + 1 + Math.floor(draft.random * jumpMax);
  return nextTaskNumber < taskNumberMax ? { ...framework, nextTaskNumber } : framework;
}
