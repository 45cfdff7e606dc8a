// Worn agents (`max-jobs`, `max-lifetime`): counts their builds and marks them to be replaced. They are drained in
// scale_in.ts.

import { activityWord } from "./activity.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent } from "../gocd_records.ts";
import type { AgentInstance, DrainReason, Registered, RetireReason } from "../instance.ts";
import { profileOf } from "../profile_of.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";

/** Why an agent is worn. */
export type Wear = Extract<RetireReason, "max-jobs" | "max-lifetime">;

/**
 * Lifetimes are shortened by up to this share, each differently, so that agents launched together are not all replaced
 * together.
 */
const spreadMax = 0.1;
/** The fractional parts of multiples of the golden ratio are evenly spread. */
const goldenRatio = 1.618_034;

/** Counts the builds of registered agents in a list, and marks the worn ones. */
export function retireWorn(draft: Draft, agents: readonly GocdAgent[]): void {
  const { settings } = draft.state;
  const byUuid = new Map(agents.map((each) => [each.uuid, each]));
  for (const instance of [...draft.state.instances.values()]) {
    if (instance.state !== "registered") continue;
    const profile = profileOf(settings, instance.profile);
    const counted = profile !== undefined && countsJobs(profile)
      ? withBuild(draft, instance, byUuid.get(instance.uuid))
      : instance;
    const wear = wearOf(draft.state, counted, draft.atMs);
    const next = wear !== undefined && yieldsTo(counted.retire, wear) ? { ...counted, retire: wear } : counted;
    if (next !== instance) draft.put(next);
  }
}

/** Why an instance must be replaced; `undefined`: it may continue. */
export function wearOf({ settings }: Pick<State, "settings">, instance: AgentInstance, atMs: number): Wear | undefined {
  const { maxJobs, maxLifetimeMs } = profileOf(settings, instance.profile) ?? {};
  if ((instance.built?.jobs ?? 0) >= (maxJobs ?? Infinity)) return "max-jobs";
  const lifetimeMs = (maxLifetimeMs ?? Infinity) * (1 - spreadOf(instance));
  return atMs - instance.createdMs >= lifetimeMs ? "max-lifetime" : undefined;
}

/** Whether an agent is drained only because it is worn. */
export function isWear(reason: DrainReason | undefined): reason is Wear {
  return reason === "max-jobs" || reason === "max-lifetime";
}

/** Whether the next build of an idle agent may be its last, so that it must be detected soon after its start. */
export function isLastJobNear({ settings }: Pick<State, "settings">, instance: Registered): boolean {
  const maxJobs = profileOf(settings, instance.profile)?.maxJobs ?? Infinity;
  return instance.retire === undefined && (instance.built?.jobs ?? 0) >= maxJobs - 1;
}

function countsJobs({ maxJobs, keepsWorkspaces }: AgentProfile): boolean {
  return maxJobs !== undefined || keepsWorkspaces === true;
}

/**
 * A build counts once: by its job if the server reports it, otherwise when the agent starts building. A job that the
 * server reschedules to the same agent counts once.
 */
function withBuild({ atMs }: Draft, instance: Registered, gocdAgent: GocdAgent | undefined): Registered {
  if (gocdAgent === undefined || activityWord(gocdAgent) !== "building") return instance;
  const { buildLocator: locator } = gocdAgent;
  const { built, activity } = instance;
  const hasBegun = built === undefined || activity.kind === "building" && activity.sinceMs === atMs;
  const isOther = locator === undefined ? hasBegun : locator !== built?.locator;
  if (!isOther) return instance;
  return { ...instance, built: { jobs: (built?.jobs ?? 0) + 1, ...(locator === undefined ? {} : { locator }) } };
}

/** Another reason for removal may wait until it is idle; wear may not. */
function yieldsTo(retire: RetireReason | undefined, wear: Wear): boolean {
  return retire === undefined || retire === "profile-changed" || retire === "surplus" ||
    retire === "max-lifetime" && wear === "max-jobs";
}

/** A share in [0, {@linkcode spreadMax}), by the number in the task id. */
function spreadOf({ taskId }: AgentInstance): number {
  const number = Number(/\d+$/.exec(taskId)?.[0] ?? 0);
  return number * goldenRatio % 1 * spreadMax;
}
