// Finds tasks and agents of an earlier run whose state was lost: a new framework is not registered while they exist.

import { activityWord } from "../life/activity.ts";
import { parseTaskId, slug } from "./task_id.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "./hostnames.ts";
import type { RegisteredAs, StoredState } from "../record.ts";
import type { Settings } from "../settings.ts";

/** A framework that the leading master knows and that is not completed. */
export interface SeenFramework {
  readonly id: string;
  readonly name: string;
  readonly registeredAs: RegisteredAs;
  readonly roles: readonly string[];
  /** A scheduler is currently connected. */
  readonly isConnected: boolean;
  /** Ids of its tasks that may be running, including unreachable ones; empty if we may not see them. */
  readonly taskIds: readonly string[];
}

/**
 * Frameworks with our name that have running tasks with ids like ours; agents with hostnames like ours that are not in
 * the state.
 */
export interface Orphans {
  readonly frameworks: readonly SeenFramework[];
  /** Hostnames of GocdAgents that are in contact. */
  readonly gocdAgents: readonly string[];
}

/** A state that has never registered, without the operator's permission to register although orphans exist. */
export function isUnregistered({ framework }: Pick<StoredState, "framework">): boolean {
  const { frameworkId, nextTaskNumber, registersAnew } = framework;
  return frameworkId === undefined && nextTaskNumber === 1 && registersAnew !== true;
}

/** Frameworks of the same name, principal and role that have tasks with ids like ours. */
export function formerFrameworks(settings: Settings, seen: readonly SeenFramework[]): readonly SeenFramework[] {
  const roles = new Set(settings.profiles.map((profile) => profile.role));
  return seen.flatMap((framework) => {
    if (framework.name !== settings.frameworkName) return [];
    if (framework.registeredAs.principal !== settings.registersAs?.principal) return [];
    if (!framework.roles.some((role) => roles.has(role))) return [];
    const taskIds = framework.taskIds.filter((taskId) => parseTaskId(taskId) !== undefined);
    return taskIds.length === 0 ? [] : [{ ...framework, taskIds }];
  });
}

/** Hostnames of agents in contact that look like ours, of one of our profiles, launched by another state. */
export function formerAgents(settings: Settings, lineage: string, gocdAgents: readonly GocdAgent[]): readonly string[] {
  const slugs = new Set(settings.profiles.map((profile) => slug(profile.name)));
  return gocdAgents.flatMap((gocdAgent) => {
    const parsed = parseTaskId(nameOf(gocdAgent));
    if (parsed === undefined || parsed.lineage === lineage || !slugs.has(parsed.profileSlug)) return [];
    const word = activityWord(gocdAgent);
    return word === "Missing" || word === "LostContact" ? [] : [gocdAgent.hostname];
  });
}
