// The interface of a limit on launches. Each policy is one file behind it, made only where it is configured.

import { cpuHoursLimit } from "./limit_cpu_hours.ts";
import { paceLimit } from "./limit_pace.ts";
import type { LaunchGate } from "./reason.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";

/** Gates that let some agents through: those are on their way as any other. */
const clamps: ReadonlySet<LaunchGate["kind"]> = new Set(["held-limit", "held-rate", "held-pace"]);

/** Whether a gate lets some agents through. */
export function isClamp({ kind }: LaunchGate): boolean {
  return clamps.has(kind);
}

/** What limits launches for a time, whoever goes meanwhile. */
export interface LaunchLimit {
  /** How many more instances of a profile it allows now; Infinity: any number. */
  room(profile: AgentProfile): number;
  /** Counts instances as planned. */
  take(count: number): void;
  /** Why no more than `allowed` are launched. */
  gate(allowed: number): LaunchGate;
}

/** The limits that are configured. */
export function launchLimits(state: State, atMs: number): readonly LaunchLimit[] {
  return [paceLimit(state, atMs), cpuHoursLimit(state, atMs)].filter((limit) => limit !== undefined);
}
