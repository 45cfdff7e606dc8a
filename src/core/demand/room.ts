// Slots that waiting jobs lack because of a limit or a full cluster, and the unneeded idle agents that are removed to
// make room. At a limit, waiting jobs take precedence over `min-idle`; in a full cluster they do not, because another
// framework might take the resources.

import type { Assessment } from "./assess.ts";
import { avoidedHosts } from "../placement/failing_hosts.ts";
import { countsToLimit, type HeldBack } from "./gates.ts";
import type { AgentInstance, Killing, Registered } from "../instance.ts";
import { keptIdle, reserveOf } from "./kept_idle.ts";
import type { IdleReason } from "../life/causes.ts";
import { inOrderOfScaleIn } from "../life/expendable.ts";
import type { Offer, OfferedResource } from "../placement/offer.ts";
import { place } from "../placement/placement.ts";
import { clocksOf, profileOf } from "../profile_of.ts";
import { shareHeldOf } from "../placement/cpu_share.ts";
import { isOfferless } from "../placement/roles.ts";
import type { AgentProfile } from "../settings.ts";
import type { NearestMiss, State } from "../state.ts";

/** Offers of several hosts arrive one after the other: only a lasting miss means that none fits. */
const missMinMs = 20_000;
/** An older miss is outdated. */
const missMaxMs = 120_000;

/** Maximum number of agents for which room is searched in one plan: each one is a placement attempt per host. */
const roomPerPlanMax = 20;

/** A container whose KILL has had no effect for this long, beyond its grace period, may never stop. */
const killMaxMs = 300_000;

/** Whether an instance will be removed soon, without a job to finish first. */
function isLeaving(state: State, instance: AgentInstance): boolean {
  if (instance.state === "draining") return instance.step.kind !== "finishing" && instance.step.kind !== "enabling";
  return instance.state === "killing" && !isStuck(state, instance);
}

/** Whether its container does not stop: nobody can wait for its slot. */
export function isStuck({ settings, lastStepMs }: Pick<State, "settings" | "lastStepMs">, instance: Killing): boolean {
  return lastStepMs - instance.sinceMs >= clocksOf(settings, instance.profile).killGraceMs + killMaxMs;
}

/** How many instances will be removed soon, in total and by profile. */
function leavingOf(state: State): { readonly all: number; of(profile: string): number } {
  const byProfile = new Map<string, number>();
  let all = 0;
  for (const instance of state.instances.values()) {
    if (!isLeaving(state, instance)) continue;
    all++;
    byProfile.set(instance.profile, (byProfile.get(instance.profile) ?? 0) + 1);
  }
  return { all, of: (profile) => byProfile.get(profile) ?? 0 };
}

/** Slots wanted beyond those that become free anyway: of certain profiles, and of any. */
export interface Shortage {
  readonly byProfile: ReadonlyMap<string, number>;
  readonly any: number;
}

/** The missing slots for these once all instances that are being removed are gone. */
export function shortageOf(state: State, held: readonly HeldBack[]): Shortage {
  const leaving = leavingOf(state);
  const wanted = new Map<string, number>();
  let any = 0;
  for (const { profile, byProfile, byFramework } of held) {
    wanted.set(profile, (wanted.get(profile) ?? 0) + byProfile);
    any += byFramework;
  }
  let spoken = 0;
  const byProfile = new Map<string, number>();
  for (const [profile, count] of wanted) {
    const own = Math.min(count, leaving.of(profile));
    spoken += own;
    if (count > own) byProfile.set(profile, count - own);
  }
  return { byProfile, any: Math.max(0, any - (leaving.all - spoken)) };
}

/**
 * How many of the instances being removed are not awaited by older jobs: only these may be enabled again for a newer
 * job.
 */
export function spareLeaving(state: State, held: readonly HeldBack[], profile: string): number {
  const leaving = leavingOf(state);
  const ofProfile = held.reduce((sum, each) => sum + (each.profile === profile ? each.byProfile : 0), 0);
  const all = held.reduce((sum, each) => sum + each.byProfile + each.byFramework, 0);
  return Math.max(0, Math.min(leaving.of(profile) - ofProfile, leaving.all - all));
}

/** Our idle agents that waiting jobs do not need, in the order of removal. */
export function idleOfNoUse(state: State, { capacity, used }: Assessment): readonly Registered[] {
  const classOf = new Map(capacity.flatMap(({ uuids, count }, index) => {
    const ofClass = { left: count - (used[index] ?? 0) };
    return uuids.map((uuid) => [uuid, ofClass] as const);
  }));
  const idle = [...state.instances.values()].filter((each): each is Registered =>
    each.state === "registered" && each.activity.kind === "idle" && each.retire === undefined
  );
  return inOrderOfScaleIn(state, idle).filter(({ uuid }) => {
    const ofClass = classOf.get(uuid);
    return ofClass !== undefined && ofClass.left-- > 0;
  });
}

/**
 * Those of them that are removed to make room: at limits as many as are held back, in a full cluster as many as help.
 */
export function makeRoom(
  state: State,
  { held, idle, byShare = 0 }: {
    readonly held: readonly HeldBack[];
    readonly idle: readonly Registered[];
    /** Agents that `scaling.max-cpu-share` holds back. */
    readonly byShare?: number;
  },
  atMs: number,
): readonly { readonly instance: Registered; readonly why: IdleReason }[] {
  const going = new Map<string, { readonly instance: Registered; readonly why: IdleReason }>();
  const shortage = shortageOf(state, held);
  const take = (count: number, why: IdleReason, isFit: (instance: Registered) => boolean): void => {
    let left = count;
    for (const instance of idle) {
      if (left <= 0) return;
      if (going.has(instance.taskId) || !isFit(instance)) continue;
      going.set(instance.taskId, { instance, why });
      left--;
    }
  };
  for (const [profile, count] of shortage.byProfile) {
    take(count, { kind: "limit", profile }, (each) => each.profile === profile);
  }
  take(shortage.any, { kind: "limit" }, () => true);
  take(byShare - leavingOf(state).all, { kind: "share" }, () => true);
  const rest = idle.filter(({ taskId }) => !going.has(taskId));
  for (const instance of roomInCluster(state, rest, atMs)) {
    going.set(instance.taskId, { instance, why: { kind: "room" } });
  }
  return [...going.values()];
}

/** Idle agents whose removal would allow their hosts to take an agent that no offer fits; `min-idle` is respected. */
function roomInCluster(state: State, idle: readonly Registered[], atMs: number): readonly Registered[] {
  const going = new Set<Registered>();
  const pools = keptIdle(state);
  let leaving = leavingOf(state).all;
  for (const wanted of state.demand.wanted) {
    const profile = profileOf(state.settings, wanted.profile);
    if (profile === undefined || !isRoomless(state, profile, atMs)) continue;
    const coming = Math.min(leaving, wanted.count);
    leaving -= coming;
    for (let count = coming; count < Math.min(wanted.count, roomPerPlanMax); count++) {
      const reserve = reserveOf(state, idle.filter((each) => !going.has(each)), pools);
      const free = idle.filter((each) => {
        if (going.has(each) || !reserve.spares(each)) return false;
        reserve.take(each);
        return true;
      });
      const helpful = whoHelps(state, { profile, free }, atMs);
      if (helpful.length === 0) break;
      for (const each of helpful) going.add(each);
    }
  }
  return [...going];
}

/** The last miss of a profile, unless it is outdated. */
export function recentMiss({ offers }: State, profile: string, atMs: number): NearestMiss | undefined {
  const miss = offers.nearestMiss.get(profile);
  return miss !== undefined && atMs - miss.atMs < missMaxMs ? miss : undefined;
}

/** Whether no offer has fitted a profile for a while: only freed resources can help. */
export function isRoomless(state: State, { name, role }: AgentProfile, atMs: number): boolean {
  if (state.session.kind !== "subscribed") return false;
  const miss = recentMiss(state, name, atMs);
  if (miss !== undefined && miss.atMs - miss.sinceMs >= missMinMs) return true;
  return isOfferless(state, role, atMs);
}

/** Whether no offer has fitted a profile for a while, and on no host the removal of our agents could help. */
export function isUnplaceable(state: State, profile: AgentProfile, atMs: number): boolean {
  if (!isRoomless(state, profile, atMs)) return false;
  const ours = [...state.instances.values()].filter((each) => countsToLimit(each.state));
  const hosts = new Map(ours.map((each) => [each.mesosAgentId, each]));
  return [...hosts].every(([id, host]) => {
    const going = ours.filter(({ mesosAgentId }) => mesosAgentId === id);
    return !fitsWithout(state, { profile, host, going }, atMs);
  });
}

/** Whether the share of cpus, or the room in the cluster, holds a profile back; no limit on the number of agents does. */
export function lacksResources(state: State, name: string, atMs: number): boolean {
  if (shareHeldOf(state, name, atMs) !== undefined) return true;
  const profile = profileOf(state.settings, name);
  return profile !== undefined && isRoomless(state, profile, atMs);
}

interface Missing {
  readonly profile: AgentProfile;
  readonly free: readonly Registered[];
}

/**
 * On one host: as few as needed, the longest idle first. Uses placement itself, with the resources that they would
 * free.
 */
function whoHelps(state: State, { profile, free }: Missing, atMs: number): readonly Registered[] {
  for (const hostId of new Set(free.map(({ mesosAgentId }) => mesosAgentId))) {
    const going: Registered[] = [];
    for (const each of free) {
      if (each.mesosAgentId !== hostId) continue;
      going.push(each);
      if (fitsWithout(state, { profile, host: each, going }, atMs)) return going;
    }
  }
  return [];
}

/** Whether an agent of this profile would fit on a host if these agents there were removed. */
export function fitsWithout(
  state: State,
  { profile, host, going }: {
    readonly profile: AgentProfile;
    readonly host: Pick<AgentInstance, "mesosAgentId" | "host">;
    readonly going: readonly AgentInstance[];
  },
  atMs: number,
): boolean {
  const stays = new Map<string, number>();
  for (const each of state.instances.values()) {
    if (each.mesosAgentId !== host.mesosAgentId || !countsToLimit(each.state)) continue;
    if (!going.some(({ taskId }) => taskId === each.taskId)) {
      stays.set(each.profile, (stays.get(each.profile) ?? 0) + 1);
    }
  }
  const { accepts } = place({
    nowMs: atMs,
    offers: [offerWithout(state, { host, going }, profile.role)],
    wanted: [{ wanted: { count: 1 }, profile }],
    occupancy: new Map([[host.mesosAgentId, stays]]),
    avoidedHosts: avoidedHosts(state.breakers.hosts, atMs),
    maintenanceLeadMs: state.settings.scaling.maintenanceLeadMs,
  });
  return accepts.length > 0;
}

/** What their host would offer to a role without them: what it last had left, plus their resources. */
function offerWithout(
  state: State,
  { host: { mesosAgentId, host }, going }: {
    readonly host: Pick<AgentInstance, "mesosAgentId" | "host">;
    readonly going: readonly AgentInstance[];
  },
  role: string,
): Offer {
  const last: Omit<Offer, "id" | "role"> = state.offers.hosts.get(mesosAgentId) ??
    { mesosAgentId, hostname: host, resources: [], attributes: [] };
  const isUsable = (each: OfferedResource): boolean => each.role === role || each.reservations === "[]";
  const kept = last.resources.filter(isUsable).map((each): OfferedResource => ({ ...each, role }));
  const freed = going.flatMap((each): OfferedResource[] => {
    const resources = profileOf(state.settings, each.profile)?.mesosResources;
    if (resources === undefined) return [];
    const scalars = [
      ["cpus", resources.cpusMilli],
      ["mem", resources.memMbMilli],
      ["disk", resources.diskMbMilli],
      ["gpus", resources.gpus * 1_000],
    ] as const;
    return scalars.map(([name, milli]) => ({
      name,
      value: { kind: "scalar", milli },
      role,
      reservations: "[]",
      use: "usable",
    }));
  });
  return { ...last, id: "if they went", role, resources: [...kept, ...freed] };
}
