// Short forms for traces, surroundings and replays.

import type { Settings } from "../../src/core/settings.ts";
import { builtInTrace } from "../../src/whatif/built_in.ts";
import { type Outcome, type Player, replay } from "../../src/whatif/replay.ts";
import type { Policy } from "../../src/whatif/policies/policy.ts";
import type { Trace, TraceJob } from "../../src/whatif/trace.ts";
import type { Surroundings } from "../../src/whatif/world.ts";
import { minute, second, someSettings } from "../support/core.ts";
import { aProfile } from "../support/placement.ts";

/** Plenty of room, and 45 s until an agent has registered. */
export const surroundings: Surroundings = { hosts: 10, cpus: 16, memMb: 65_536, bootMs: 45 * second, seed: 1 };

/** The recommended settings of framework.conf.example, for jobs without resources. */
export const recommended: Settings = someSettings({
  profiles: [aProfile({ gocdResources: [] })],
  poller: { intervalMs: 15 * second, attempts: 1, maxIntervalMs: minute },
});

/** A trace of an hour. */
export function aTrace(jobs: readonly TraceJob[], changes: Partial<Trace> = {}): Trace {
  const startMs = Date.UTC(2026, 0, 5);
  return { name: "test", startMs, lengthMs: 60 * minute, neverRegister: 0, jobs, outages: [], ...changes };
}

/** A job without resources that builds for a minute. */
export function aJob(atMs: number, changes: Partial<TraceJob> = {}): TraceJob {
  return { atMs, resources: [], buildMs: minute, ...changes };
}

/** A replay with the core. */
export function replayCore(
  trace: Trace,
  settings: Settings = recommended,
  around: Surroundings = surroundings,
): Outcome {
  const player: Player = { kind: "core", name: "core", settings };
  return replay(trace, player, around);
}

/** A replay with a policy. */
export function replayPolicy(trace: Trace, policy: Policy, around: Surroundings = surroundings): Outcome {
  return replay(trace, { kind: "policy", policy, settings: recommended }, around);
}

/** A built-in trace for jobs without resources. */
export function builtIn(name: string): Trace {
  const trace = builtInTrace(name, [{ resources: [] }]);
  if (trace === undefined) throw new RangeError(`no built-in trace ${name}`);
  return trace;
}

/** The beginning of a trace. */
export function shortened(trace: Trace, lengthMs: number): Trace {
  const isIn = ({ atMs }: { readonly atMs: number }): boolean => atMs < lengthMs;
  return { ...trace, lengthMs, jobs: trace.jobs.filter(isIn), outages: trace.outages.filter(isIn) };
}
