// What earlier runs with this state, or with a newer copy of it, have left behind is found before the first launch of a
// run, so that no task id is used twice.

import { adoptRecords, skipUsedTaskId } from "./adoption.ts";
import { makeTaskId, taskNumberMax } from "./task_id.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "./hostnames.ts";
import type { FrameworkRecord } from "../record.ts";
import type { State } from "../state.ts";

/** A run waits this long after SUBSCRIBED for what Mesos knows of earlier ones; a lost answer holds it up no longer. */
const learnMsMax = 5_000;

/** The first launch of a run that continues a used state skips up to this many numbers. */
const jumpMax = 100_000_000;

/** What a run has to learn: nothing where its state has never launched or registered anything. */
export function inheritedOf({ frameworkId, nextTaskNumber }: FrameworkRecord): State["inherited"] {
  if (frameworkId !== undefined) return "unknown";
  return nextTaskNumber > 1 ? "known" : "none";
}

/** The record without its framework id. It still shows that it was used, so that the next run's numbers jump. */
export function withoutFramework({ frameworkId: _, ...rest }: FrameworkRecord): FrameworkRecord {
  return { ...rest, nextTaskNumber: Math.max(rest.nextTaskNumber, 2) };
}

/**
 * A task id of our lineage that never lives: numbers begin at 1. An implicit reconciliation has no end; asked for right
 * behind it, this one is answered behind all others, because the master handles calls and sends events in order
 * (apache/mesos src/master/master.cpp, `Master::reconcile`).
 */
export function fenceId({ lineage }: Pick<FrameworkRecord, "lineage">): string {
  return makeTaskId({ lineage, nextTaskNumber: 0 }, "fence");
}

/** No Mesos agent has this id. With one, the master answers even while Mesos agents have yet to come back to it. */
export const fenceMesosAgentId = "fence";

/** Whether a status is about the fence, which is then known to be answered. */
export function isFence(draft: Draft, taskId: string): boolean {
  if (taskId !== fenceId(draft.state.framework)) return false;
  if (draft.state.inherited === "unknown") draft.set({ inherited: "known" });
  return true;
}

/** Whether launching must wait, because what earlier runs have left is not known yet. */
export function isLearning({ inherited, session }: State, atMs: number): boolean {
  if (inherited !== "unknown") return false;
  return session.kind !== "subscribed" || atMs - session.sinceMs < learnMsMax;
}

/** Hostnames of our lineage in the GoCD list, also in front of a domain, use up their numbers. */
export function learnHostnames(draft: Draft, agents: readonly GocdAgent[]): void {
  for (const gocdAgent of agents) skipUsedTaskId(draft, nameOf(gocdAgent));
}

/** Records of our lineage that are still unknown once Mesos has said what it knows. */
export function adoptUnknown(draft: Draft, agents: readonly GocdAgent[]): void {
  const { state, atMs } = draft;
  if (state.session.kind !== "subscribed" || isLearning(state, atMs) || state.brake.gocd !== undefined) return;
  const taskIds = adoptRecords(draft, agents);
  if (taskIds.length === 0) return;
  const { reconciliation } = draft.state;
  const pending = new Set([...reconciliation.pending, ...taskIds]);
  draft.set({ reconciliation: { ...reconciliation, pending, nextExplicitMs: atMs } });
}

/**
 * The framework record as the next launch finds it. At the first launch of a run with a used state the numbers jump by
 * chance: neither Mesos nor GoCD shows every id that a newer copy of this state has given (a Mesos agent that is not
 * back, an agent that has not registered).
 */
export function beforeLaunch(draft: Draft): FrameworkRecord {
  const { framework, inherited } = draft.state;
  if (inherited === "none") return framework;
  draft.set({ inherited: "none" });
  const nextTaskNumber = framework.nextTaskNumber + 1 + Math.floor(draft.random * jumpMax);
  return nextTaskNumber < taskNumberMax ? { ...framework, nextTaskNumber } : framework;
}
