// Tasks and agents of an earlier run whose state was lost: a new state is not registered beside them.

import { activityWord } from "../life/activity.ts";
import { parseTaskId, slug } from "./adoption.ts";
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

/** Hostnames and task ids that a line names at most. */
const namedMax = 3;

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

/** What an operator reads; nothing where there is nothing to fear. `place` is the state, `configPath` its configuration. */
export function refusalOf(
  life: Orphans,
  { place, configPath }: { readonly place: string; readonly configPath: string },
): { readonly message: string; readonly hint: string } | undefined {
  const { frameworks, gocdAgents } = life;
  if (frameworks.length === 0 && gocdAgents.length === 0) return undefined;
  const seen = [
    ...frameworks.map((each) =>
      `Mesos has framework ${each.id} of our name (${each.isConnected ? "connected" : "disconnected"}) with ` +
      counted(each.taskIds, "task")
    ),
    ...(gocdAgents.length === 0 ? [] : [`the GoCD server has ${counted(gocdAgents, "living agent")}`]),
  ].join("; ");
  const anew = `to leave all that alone and register anew: gocd-mesos state register-anew ${configPath}`;
  return {
    message:
      `the state ${place} is new, but agents like ours are there already: ${seen}; nothing is registered beside them`,
    hint: `${firstAct(frameworks, configPath)}; ${anew}`,
  };
}

function firstAct(frameworks: readonly SeenFramework[], configPath: string): string {
  const free = frameworks.filter((each) => !each.isConnected);
  if (free[0] !== undefined) {
    const id = frameworks.length === 1 ? "" : ` ${free[0].id}`;
    return `if the state was lost, go on with it: gocd-mesos state adopt ${configPath}${id}`;
  }
  if (frameworks.length > 0) {
    return "another gocd-mesos of this name runs: stop it, or give this one another mesos.name";
  }
  return "if they belong to another gocd-mesos, give the profiles of this one other names; if their framework is " +
    "gone from Mesos, stop and delete them";
}

function counted(names: readonly string[], what: string): string {
  const more = names.length > namedMax ? ", …" : "";
  return `${names.length} ${what}${names.length === 1 ? "" : "s"} like ours (${
    names.slice(0, namedMax).join(", ")
  }${more})`;
}
