// How many idle agents are kept ready although no jobs wait: `min-idle` always, `headroom` in proportion to busy
// agents.

import { minIdleEnvironments } from "./environments.ts";
import type { AgentInstance } from "../instance.ts";
import type { AgentProfile, Headroom, Schedule } from "../settings.ts";
import type { State } from "../state.ts";
import { environmentOf, foldEnvironment } from "./matching.ts";
import { profileNow } from "./windows.ts";

/** Idle agents of a profile to keep. */
export interface IdlePool {
  readonly profile: AgentProfile;
  /** The environment in which its agents are launched; absent: none. */
  readonly environment?: string;
  /** Idle agents of the profile in other environments also count. */
  readonly isOfAll: boolean;
  /** How many; more than 0. */
  readonly count: number;
  readonly why: KeepReason;
}

/** Why idle agents are kept; `schedule`: because of an open window. */
export type KeepReason =
  | { readonly kind: "min-idle"; readonly schedule?: Schedule }
  /** `busy`: the number of building agents that they are kept for. */
  | { readonly kind: "headroom"; readonly busy: number; readonly schedule?: Schedule };

/** The current pools. Pools of one environment come before those of all. */
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

/** Whether an instance belongs to a pool, or would if it were idle. */
export function isOfPool({ profile, environment, isOfAll }: IdlePool, instance: AgentInstance): boolean {
  return instance.profile === profile.name &&
    (isOfAll || foldEnvironment(instance.environment) === foldEnvironment(environment));
}

/** Counts idle agents against the pools while some are removed. */
export interface IdleReserve {
  /** Whether enough others stay idle if this one is removed. */
  spares(instance: AgentInstance): boolean;
  /** It is removed. */
  take(instance: AgentInstance): void;
}

/** The reserve of these idle agents. `pools`: the pools, if the caller has computed them. */
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

/** How many idle agents are kept for so many busy ones. */
export function headroomOf(headroom: Headroom, busy: number): number {
  if (busy === 0) return 0;
  return headroom.kind === "count" ? headroom.agents : Math.ceil(busy * headroom.percent / 100);
}

/** By normalized environment: its spelling, and how many agents are building there. */
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
    ...environmentOf({ environment }),
    isOfAll: profile.minIdleOf === undefined,
    count,
    why: { kind: "min-idle", ...byFloor },
  }));
  const { headroom } = profile;
  if (headroom === undefined) return pools;
  // If an environment has two pools, the larger one counts.
  const kept = new Map(pools.map((pool) => [pool.isOfAll ? "*" : foldEnvironment(pool.environment), pool]));
  for (const [key, { environment, count: busyCount }] of busy) {
    const count = headroomOf(headroom, busyCount);
    if (count <= (kept.get(key)?.count ?? 0)) continue;
    kept.set(key, {
      profile,
      ...environmentOf({ environment }),
      isOfAll: false,
      count,
      why: { kind: "headroom", busy: busyCount, ...byHeadroom },
    });
  }
  return [...kept.values()];
}

/** Building agents, including those that finish their last job, by profile. */
function busyOf({ instances }: Pick<State, "instances">): ReadonlyMap<string, Busy> {
  const busy = new Map<string, Map<string, { readonly environment?: string; readonly count: number }>>();
  for (const instance of instances.values()) {
    const isBusy = instance.state === "registered" && instance.activity.kind === "building" ||
      instance.state === "draining" && instance.step.kind === "finishing";
    if (!isBusy) continue;
    const own = busy.get(instance.profile) ?? new Map();
    const key = foldEnvironment(instance.environment);
    own.set(key, { ...environmentOf(instance), count: (own.get(key)?.count ?? 0) + 1 });
    busy.set(instance.profile, own);
  }
  return busy;
}
