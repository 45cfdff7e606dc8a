// Tasks and agents of an earlier run whose state was lost: a new state is not registered beside them.

import { activityWord } from "../life/activity.ts";
import { parseTaskId, slug } from "./task_id.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "./hostnames.ts";
import type { RegisteredAs, StoredState } from "../record.ts";
import type { Settings } from "../settings.ts";

/** A framework that the leading master knows and that has not ended. */
export interface SeenFramework {
  readonly id: string;
  readonly name: string;
  /** As it was registered. */
  readonly registeredAs: RegisteredAs;
  readonly roles: readonly string[];
  /** A scheduler is connected to it now. */
  readonly isConnected: boolean;
  /** Ids of its tasks that may be alive, unreachable ones included; empty where they are not shown to us. */
  readonly taskIds: readonly string[];
}

/**
 * Frameworks of ours by name, with living tasks of ours by id; agents of ours by hostname that nothing in the state
 * explains.
 */
export interface Orphans {
  readonly frameworks: readonly SeenFramework[];
  /** Hostnames of living GocdAgents. */
  readonly gocdAgents: readonly string[];
}

/** A state that has never registered, and of which nobody has said that it is to register beside what is there. */
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

/** Hostnames of living agents like ours, of a profile of ours, that another state has launched. */
export function formerAgents(settings: Settings, lineage: string, gocdAgents: readonly GocdAgent[]): readonly string[] {
  const slugs = new Set(settings.profiles.map((profile) => slug(profile.name)));
  return gocdAgents.flatMap((gocdAgent) => {
    const parsed = parseTaskId(nameOf(gocdAgent));
    if (parsed === undefined || parsed.lineage === lineage || !slugs.has(parsed.profileSlug)) return [];
    const word = activityWord(gocdAgent);
    return word === "Missing" || word === "LostContact" ? [] : [gocdAgent.hostname];
  });
}
