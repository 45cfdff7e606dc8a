// What holds launches back: switches, limits, failures, the state of the server. Launches are allowed up to a limit.

import type { Registration } from "../life/causes.ts";
import { launchBrake } from "../life/brake.ts";
import { restartGraceMs } from "../life/gocd_clocks.ts";
import { type AgentInstance, isWaiting } from "../instance.ts";
import { invalidRegistration } from "../names.ts";
import { type LaunchLimit, launchLimits } from "./limit.ts";
import { launchedInMinute } from "./limit_pace.ts";
import type { Requirement } from "./matching.ts";
import { type LaunchGate, maintenanceMode } from "./reason.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";

/** After this many consecutive failures a single instance is launched before others follow. */
export const breakerFailuresMin = 3;

/** The remaining limits while a plan is computed. */
export interface LaunchBudget {
  /** Of the whole framework. */
  total(): number;
  /** Of one profile. */
  of(profile: AgentProfile): number;
  /** Of the launches per minute on a server where each registration is slow; Infinity elsewhere. */
  rate(): number;
  /** Configured limits that apply currently. */
  readonly limits: readonly LaunchLimit[];
  /** Of one profile, planned so far. */
  planned(profile: string): number;
  /** Counts instances as planned. */
  take(profile: string, count: number): void;
}

/** Instances that count towards the limits: all that may be running, except those on an unreachable Mesos agent. */
export function countsToLimit(state: string): boolean {
  return state !== "gone" && state !== "unreachable";
}

/** The capacity that the running instances leave. */
export function launchBudget(state: State, atMs: number): LaunchBudget {
  const alive = new Map<string, number>();
  let total = 0;
  for (const instance of state.instances.values()) {
    if (!countsToLimit(instance.state)) continue;
    total++;
    alive.set(instance.profile, (alive.get(instance.profile) ?? 0) + 1);
  }
  const perMinute = state.settings.scaling.slowServerLaunchesPerMinute;
  const recent = launchedInMinute(state, atMs);
  const plannedOf = new Map<string, number>();
  const limits = launchLimits(state, atMs);
  let planned = 0;
  return {
    limits,
    planned: (profile) => plannedOf.get(profile) ?? 0,
    total: () => state.settings.scaling.maxAgents - total,
    of: (profile) => (profile.maxAgents ?? Infinity) - (alive.get(profile.name) ?? 0),
    rate: () => state.server.info?.slowRegistration === true ? perMinute - recent - planned : Infinity,
    take: (profile, count) => {
      total += count;
      planned += count;
      plannedOf.set(profile, (plannedOf.get(profile) ?? 0) + count);
      alive.set(profile, (alive.get(profile) ?? 0) + count);
      for (const limit of limits) limit.take(count);
    },
  };
}

/** Time since the last successful poll, ms. */
export function unpolledMs({ server, startedMs }: State, atMs: number): number {
  return atMs - (server.lastPollMs ?? startedMs);
}

/** What holds all launches back, or `go`. */
export function globalGate(state: State, atMs: number): LaunchGate {
  const { controls } = state;
  if (controls.mode !== "run") return { kind: "held-mode", mode: controls.mode };
  return controls.frozen ? { kind: "held-frozen" } : serverGate(state, atMs);
}

/** Like `globalGate`, but ignores a freeze. */
export function gateDespiteFreeze(state: State, atMs: number): LaunchGate {
  const gate = globalGate(state, atMs);
  return gate.kind === "held-frozen" ? serverGate(state, atMs) : gate;
}

/** No agent could register, or the data about the server is too old or too suspicious to act on. */
function serverGate(state: State, atMs: number): LaunchGate {
  const { server, settings } = state;
  if (server.info?.maintenance === "on") {
    return { kind: "held-maintenance", mode: maintenanceMode(server.info.version) };
  }
  const silentMs = unpolledMs(state, atMs);
  const isStale = server.lastPollMs === undefined || silentMs > settings.poller.staleAfterMs;
  if (isStale) return { kind: "held-stale", forMs: silentMs };
  if (atMs - (server.restartedMs ?? -Infinity) < restartGraceMs) return { kind: "held-restarted" };
  const brake = launchBrake(state);
  return brake === undefined ? { kind: "go" } : { kind: "held-brake", suspicion: brake };
}

/** How many of the agents that a bucket needs may be launched, and what holds the others back. */
export interface Allowance {
  readonly gate: LaunchGate;
  readonly allowed: number;
  /** Agents held back only by a limit: each could be launched as soon as a running agent is removed. */
  readonly held?: HeldBack;
}

/** Agents that a limit holds back. */
export interface HeldBack {
  /** Of this profile. */
  readonly profile: string;
  /** Until an agent of the profile is removed. */
  readonly byProfile: number;
  /** Until any agent is removed. */
  readonly byFramework: number;
  /** With `scaling.fair-share`: the sharer and the needs of its jobs. */
  readonly sharer?: string;
  readonly requirement?: Requirement;
}

/** How many agents a profile may launch now. */
export function profileGate(
  state: State,
  question: {
    readonly profile: AgentProfile;
    readonly needs: number;
    readonly budget: LaunchBudget;
    /** The registration of its agents. */
    readonly registration: Registration;
  },
  atMs: number,
): Allowance {
  const { profile, needs, budget, registration } = question;
  if (state.controls.frozenProfiles.includes(profile.name)) {
    return { gate: { kind: "held-frozen", profile: profile.name }, allowed: 0 };
  }
  const invalid = invalidRegistration(registration.gocdResources, registration.environment);
  if (invalid !== undefined) return { gate: { kind: "held-invalid", problem: invalid }, allowed: 0 };
  const breaker = state.breakers.profiles.get(profile.name);
  let allowed = needs;
  let gate: LaunchGate = { kind: "go" };
  if (breaker !== undefined && breaker.failures > 0) {
    const { failures, lastFailure: failure, retryMs, stderr } = breaker;
    const last = { failure, failures, ...(stderr === undefined ? {} : { stderr }) };
    if (atMs < retryMs) return { gate: { kind: "held-breaker", retryMs, ...last }, allowed: 0 };
    if (failures >= breakerFailuresMin) {
      const isTrying = canaryOf(state, profile.name) !== undefined;
      allowed = isTrying || budget.planned(profile.name) > 0 ? 0 : 1;
      if (needs > allowed) gate = { kind: "held-probe", ...last };
    }
  }
  return clampToBudget(state, { profile, budget, gate, allowed });
}

/** The single instance of a failing profile that is launched before others; absent: none. */
export function canaryOf({ instances }: Pick<State, "instances">, profile: string): AgentInstance | undefined {
  return [...instances.values()].find((instance) => instance.profile === profile && isOnTrial(instance));
}

/** Whether it may still succeed or fail. */
function isOnTrial(instance: AgentInstance): boolean {
  if (instance.state === "registered") return instance.gap !== undefined;
  return isWaiting(instance) && instance.held !== true;
}

function clampToBudget(
  state: State,
  question: {
    readonly profile: AgentProfile;
    readonly budget: LaunchBudget;
    readonly gate: LaunchGate;
    readonly allowed: number;
  },
): Allowance {
  const { profile, budget } = question;
  const { name, maxAgents = Infinity } = profile;
  let { gate, allowed } = question;
  for (const limit of budget.limits) {
    // Removing agents does not help against these gates: room is made only for the rest.
    const room = Math.max(0, limit.room(profile));
    if (room >= allowed) continue;
    allowed = room;
    gate = limit.gate(allowed);
  }
  const limits: readonly { room: number; gate: (allowed: number) => LaunchGate }[] = [
    {
      room: budget.of(profile),
      gate: (left) => ({ kind: "held-limit", profile: name, limit: maxAgents, allowed: left }),
    },
    {
      room: budget.total(),
      gate: (left) => ({
        kind: "held-limit",
        limit: state.settings.scaling.maxAgents,
        allowed: left,
      }),
    },
    {
      room: budget.rate(),
      gate: () => ({ kind: "held-rate", perMinute: state.settings.scaling.slowServerLaunchesPerMinute }),
    },
  ];
  const held: number[] = [];
  for (const limit of limits) {
    // More agents may be running than a limit allows, because Mesos reported some as running again: agents that another
    // limit already holds back are not counted twice.
    const room = Math.max(0, limit.room);
    held.push(Math.max(0, allowed - room));
    if (room >= allowed) continue;
    allowed = room;
    gate = limit.gate(allowed);
  }
  const [byProfile = 0, byFramework = 0] = held;
  if (byProfile + byFramework === 0) return { gate, allowed };
  return { gate, allowed, held: { profile: name, byProfile, byFramework } };
}
