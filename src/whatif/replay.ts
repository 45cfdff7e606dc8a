// Replays a trace with the core or with a policy, and measures the result.

import { type HistorySample, noDemand } from "../core/view/history.ts";
import type { AgentProfile, Settings } from "../core/settings.ts";
import { replaySettings, startCore } from "./core_fleet.ts";
import { startPolicy } from "./policy_fleet.ts";
import type { Policy } from "./policies/policy.ts";
import type { Trace } from "./trace.ts";
import { type Surroundings, World } from "./world.ts";

/** Who runs the agents. */
export type Player =
  | { readonly kind: "core"; readonly name: string; readonly settings: Settings }
  /** The settings define the profiles and the limits; the policy decides. */
  | { readonly kind: "policy"; readonly policy: Policy; readonly settings: Settings };

/** The result. Times in ms. */
export interface Outcome {
  readonly name: string;
  /** From the time a job was scheduled until an agent started it; only jobs that are served. */
  readonly wait: { readonly p50Ms: number; readonly p95Ms: number; readonly maxMs: number };
  readonly jobs: number;
  /** Served jobs that had not started when the replay ended. */
  readonly unbuilt: number;
  /** Jobs that no profile serves. */
  readonly unserved: number;
  readonly agentMs: { readonly booting: number; readonly idle: number; readonly building: number };
  readonly launches: number;
  /** How often a limit started to hold back agents that waiting jobs needed. */
  readonly limitHits: number;
  readonly killedBuilds: number;
  /** How long the replay lasted, in virtual time. */
  readonly lastedMs: number;
  readonly samples: readonly HistorySample[];
  /** The time that one sample represents. */
  readonly sampleMs: number;
}

/** A replay with unbuilt jobs is stopped this long after twice the length of the trace. */
const overtimeMs = 3_600_000;
/** Interval of checks of the limits. */
const lookMs = 15_000;
const samplesMax = 240;

/** Plays a trace to its end. The same arguments give the same outcome. */
export function replay(trace: Trace, player: Player, surroundings: Surroundings): Outcome {
  const settings = replaySettings(player.settings, trace);
  const world = new World(trace, settings.profiles, surroundings);
  if (player.kind === "core") startCore(world, settings);
  else startPolicy(world, player.policy, settings);
  const endMs = 2 * trace.lengthMs + overtimeMs;
  const sampleMs = Math.max(lookMs, Math.ceil(trace.lengthMs / samplesMax / lookMs) * lookMs);
  const samples: HistorySample[] = [];
  const limits = new LimitWatch(world, settings);
  for (let atMs = 0; !world.isDone && atMs < endMs; atMs += lookMs) {
    if (atMs % sampleMs === 0) samples.push(sampleOf(world));
    world.run(atMs + lookMs);
    limits.look();
  }
  const name = player.kind === "core" ? player.name : player.policy.name;
  return { name, ...figuresOf(world), limitHits: limits.hits, samples, sampleMs };
}

function figuresOf(world: World): Omit<Outcome, "name" | "limitHits" | "samples" | "sampleMs"> {
  const served = world.jobs.filter((job) => job.class.profile !== undefined);
  const waits = served.map(({ atMs, beganMs }) => (beganMs ?? world.nowMs) - atMs).sort((a, b) => a - b);
  return {
    wait: { p50Ms: share(waits, 0.5), p95Ms: share(waits, 0.95), maxMs: waits.at(-1) ?? 0 },
    jobs: world.jobs.length,
    unbuilt: served.filter(({ beganMs }) => beganMs === undefined).length,
    unserved: world.jobs.length - served.length,
    agentMs: { ...world.agentTime },
    launches: world.launches,
    killedBuilds: world.killedBuilds,
    lastedMs: world.nowMs,
  };
}

/** The smallest value that this share of all values does not exceed. */
export function share(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

/** Counts how often demand starts to exceed a limit. */
class LimitWatch {
  hits = 0;
  readonly #world: World;
  readonly #settings: Settings;
  readonly #isHeld = new Set<string>();

  constructor(world: World, settings: Settings) {
    this.#world = world;
    this.#settings = settings;
  }

  look(): void {
    const { scaling: { maxAgents }, profiles } = this.#settings;
    for (const profile of profiles) {
      const isFull = this.#world.liveCount >= maxAgents ||
        this.#world.containersOf(profile).length >= (profile.maxAgents ?? Infinity);
      const isHeld = isFull && this.#lacks(profile) > 0;
      if (isHeld && !this.#isHeld.has(profile.name)) this.hits++;
      if (isHeld) this.#isHeld.add(profile.name);
      else this.#isHeld.delete(profile.name);
    }
  }

  /** Number of agents that its waiting jobs need in addition to those that are about to take one. */
  #lacks(profile: AgentProfile): number {
    const waiting = this.#world.classes.all.filter((each) => each.profile?.name === profile.name)
      .reduce((sum, each) => sum + this.#world.waitingOf(each).length, 0);
    if (waiting === 0) return 0;
    const coming = this.#world.containersOf(profile).filter(({ phase }) => phase === "booting" || phase === "idle");
    return waiting - coming.length;
  }
}

function sampleOf(world: World): HistorySample {
  let [waiting, unserved, oldestMs] = [0, 0, world.nowMs];
  for (const each of world.classes.all) {
    const jobs = world.waitingOf(each);
    if (each.profile === undefined) {
      unserved += jobs.length;
      continue;
    }
    waiting += jobs.length;
    oldestMs = Math.min(oldestMs, jobs[0]?.atMs ?? oldestMs);
  }
  const counts = { booting: 0, idle: 0, building: 0, ended: 0 };
  for (const { phase } of world.containers) counts[phase]++;
  return {
    atMs: world.epochMs + world.nowMs,
    ...noDemand,
    needsAgent: waiting,
    unserved,
    starting: counts.booting,
    idle: counts.idle,
    building: counts.building,
    draining: 0,
    away: 0,
    oldestWaitMs: world.nowMs - oldestMs,
  };
}
