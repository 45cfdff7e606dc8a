// The interface of a limit on launches. Each policy is one file that implements it, created only if it is configured.

import { cpuHoursLimit } from "./limit_cpu_hours.ts";
import { paceLimit } from "./limit_pace.ts";
import type { LaunchGate } from "./reason.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";

/** Gates that let some agents through, which are launched as usual. */
const clamps: ReadonlySet<LaunchGate["kind"]> = new Set(["held-limit", "held-rate", "held-pace"]);

/** Whether a gate lets some agents through. */
export function isClamp({ kind }: LaunchGate): boolean {
  return clamps.has(kind);
}

/** A limit of `scaling` other than `max-agents`, and how much of it is used. */
export interface LimitUsage {
  /** Its key in the configuration. */
  readonly key: string;
  readonly used: number;
  /** For `max-cpu-share`: the cpus in use and all cpus seen in Mesos. */
  readonly limit: number;
  /** The unit of both: `launches` of the last minute, `cpu-hours` of today, others now. */
  readonly unit: string;
}

/** A limit on launches over time, which removing agents does not relax. */
export interface LaunchLimit {
  /** For people. */
  readonly usage: LimitUsage;
  /** How many more instances of a profile it allows now; Infinity: unlimited. */
  room(profile: AgentProfile): number;
  /** Counts instances as planned. */
  take(count: number): void;
  /** Why no more than `allowed` are launched. */
  gate(allowed: number): LaunchGate;
}

/** The configured limits, whether they are reached or not. */
export function launchLimits(state: State, atMs: number): readonly LaunchLimit[] {
  return [paceLimit(state, atMs), cpuHoursLimit(state, atMs)].filter((limit) => limit !== undefined);
}
