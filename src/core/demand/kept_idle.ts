// How many idle agents are kept ready although nothing waits: `min-idle` always, `headroom` beside busy agents.

import { minIdleEnvironments } from "./environments.ts";
import type { AgentInstance } from "../instance.ts";
import type { AgentProfile, Headroom, Schedule } from "../settings.ts";
import type { State } from "../state.ts";
import { foldEnvironment } from "./matching.ts";
import { profileNow } from "./windows.ts";

/** Idle agents of a profile that are to be kept. */
export interface IdlePool {
  readonly profile: AgentProfile;
  /** Where its agents are launched; absent: in no environment. */
  readonly environment?: string;
  /** Idle agents of the profile in other environments count, too. */
  readonly isOfAll: boolean;
  /** How many; more than 0. */
  readonly count: number;
  readonly why: KeepReason;
}

/** Why idle agents are kept; `schedule`: because a window is open. */
export type KeepReason =
  | { readonly kind: "min-idle"; readonly schedule?: Schedule }
  /** `busy`: how many agents build that they are kept beside. */
  | { readonly kind: "headroom"; readonly busy: number; readonly schedule?: Schedule };

/** What is kept at the moment. Pools of one environment come before those of all. */
export function keptIdle(state: Pick<State, "settings" | "instances" | "windows">): readonly IdlePool[] {
  const busy = busyOf(state);
  const pools = state.settings.profiles.flatMap((profile) =>
    poolsOf(profileNow(state, profile), {
      busy: busy.get(profile.name) ?? noneBusy,
      schedule: state.windows.get(profile.name)?.schedule,
    })
  );
  return [...pools.filter((each) => !each.isOfAll), ...pools.filter((each) => each.isOfAll)];
}

/** Whether an instance is of a pool, or would be if it were idle. */
export function isOfPool({ profile, environment, isOfAll }: IdlePool, instance: AgentInstance): boolean {
  return instance.profile === profile.name &&
    (isOfAll || foldEnvironment(instance.environment) === foldEnvironment(environment));
}

/** Counts idle agents against what is kept, while some are let go. */
export interface IdleReserve {
  /** Whether enough others stay idle if this one goes. */
  spares(instance: AgentInstance): boolean;
  /** It goes. */
  take(instance: AgentInstance): void;
}

/** The reserve of these idle agents. `pools`: what is kept, where the caller has it. */
export function reserveOf(
  state: Pick<State, "settings" | "instances" | "windows">,
  idle: readonly AgentInstance[],
  pools: readonly IdlePool[] = keptIdle(state),
): IdleReserve {
  const left = new Map(
    pools.map((pool) => [pool, idle.filter((each) => isOfPool(pool, each)).length] as const),
  );
  return {
    spares: (instance) => [...left].every(([pool, count]) => !isOfPool(pool, instance) || count > pool.count),
    take: (instance) => {
      for (const [pool, count] of left) {
        if (isOfPool(pool, instance)) left.set(pool, count - 1);
      }
    },
  };
}

/** How many idle agents stand beside so many busy ones. */
export function headroomOf(headroom: Headroom, busy: number): number {
  if (busy === 0) return 0;
  return headroom.kind === "count" ? headroom.agents : Math.ceil(busy * headroom.percent / 100);
}

/** By folded environment: how it is spelled, and how many agents build there. */
type Busy = ReadonlyMap<string, { readonly environment?: string; readonly count: number }>;
const noneBusy: Busy = new Map();

function poolsOf(
  profile: AgentProfile,
  { busy, schedule }: { readonly busy: Busy; readonly schedule: Schedule | undefined },
): IdlePool[] {
  const isByFloor = schedule?.minIdle !== undefined || schedule?.minIdleOf !== undefined;
  const byFloor = isByFloor ? { schedule } : {};
  const byHeadroom = schedule?.headroom === undefined ? {} : { schedule };
  const floors = minIdleEnvironments(profile);
  const pools = floors.map(({ environment, count }): IdlePool => ({
    profile,
    ...(environment === undefined ? {} : { environment }),
    isOfAll: profile.minIdleOf === undefined,
    count,
    why: { kind: "min-idle", ...byFloor },
  }));
  const { headroom } = profile;
  if (headroom === undefined) return pools;
  // Of two pools of one environment the larger one counts.
  const kept = new Map(pools.map((pool) => [pool.isOfAll ? "*" : foldEnvironment(pool.environment), pool]));
  for (const [key, { environment, count: busyCount }] of busy) {
    const count = headroomOf(headroom, busyCount);
    if (count <= (kept.get(key)?.count ?? 0)) continue;
    const where = environment === undefined ? {} : { environment };
    kept.set(key, {
      profile,
      ...where,
      isOfAll: false,
      count,
      why: { kind: "headroom", busy: busyCount, ...byHeadroom },
    });
  }
  return [...kept.values()];
}

/** Agents that build, also those that finish their last job, by profile. */
function busyOf({ instances }: Pick<State, "instances">): ReadonlyMap<string, Busy> {
  const busy = new Map<string, Map<string, { readonly environment?: string; readonly count: number }>>();
  for (const instance of instances.values()) {
    const isBusy = instance.state === "registered" && instance.activity.kind === "building" ||
      instance.state === "draining" && instance.step.kind === "finishing";
    if (!isBusy) continue;
    const own = busy.get(instance.profile) ?? new Map();
    const key = foldEnvironment(instance.environment);
    const { environment } = instance;
    own.set(key, { ...(environment === undefined ? {} : { environment }), count: (own.get(key)?.count ?? 0) + 1 });
    busy.set(instance.profile, own);
  }
  return busy;
}
