// Runs of stages on the simulated GoCD server: which jobs belong to each, including ended ones. Only what the dashboard
// lists is kept.

import type { GocdWorld, SimJob } from "./state.ts";

/** One run of a stage. */
export interface SimStageRun {
  readonly counter: number;
  readonly stage: string;
  readonly stageCounter: number;
  /** When its first job was scheduled. */
  readonly scheduledMs: number;
  /** The newest build of each job, by name. */
  readonly jobs: Map<string, SimJob>;
}

/** Runs by pipeline, then by `counter/stage/stageCounter`. */
export type SimStageRuns = Map<string, Map<string, SimStageRun>>;

/** Adds a new build to its run; removes ended runs with earlier counters. */
export function enterRun(world: GocdWorld, job: SimJob): void {
  const { pipeline, counter, stage, stageCounter } = job;
  const runs = world.stageRuns.get(pipeline) ?? new Map<string, SimStageRun>();
  world.stageRuns.set(pipeline, runs);
  const key = `${counter}/${stage}/${stageCounter}`;
  let run = runs.get(key);
  if (run === undefined) {
    // Only occasionally: the cost is linear in their number.
    if ((runs.size & (runs.size - 1)) === 0) {
      for (const [old, each] of runs) {
        if (each.counter < counter && !isRunning(world, each)) runs.delete(old);
      }
    }
    run = { counter, stage, stageCounter, scheduledMs: world.nowMs, jobs: new Map() };
    runs.set(key, run);
  }
  run.jobs.set(job.name, job);
}

/** Whether a job of a run has not ended. */
export function isRunning(world: GocdWorld, run: SimStageRun): boolean {
  for (const { id } of run.jobs.values()) {
    if (world.jobs.has(id)) return true;
  }
  return false;
}

/** Jobs of a run that have ended. */
export function endedJobs(world: GocdWorld, run: SimStageRun): number {
  let ended = 0;
  for (const { id } of run.jobs.values()) {
    if (!world.jobs.has(id)) ended++;
  }
  return ended;
}

/** The runs of a pipeline that the dashboard lists by instance, newest first: running ones, and the newest. */
export function listedRuns(world: GocdWorld, pipeline: string): readonly (readonly SimStageRun[])[] {
  const latest = new Map<string, SimStageRun>();
  for (const run of world.stageRuns.get(pipeline)?.values() ?? []) {
    const key = `${run.counter}/${run.stage}`;
    if ((latest.get(key)?.stageCounter ?? 0) < run.stageCounter) latest.set(key, run);
  }
  const instances = new Map<number, SimStageRun[]>();
  for (const run of latest.values()) instances.set(run.counter, [...instances.get(run.counter) ?? [], run]);
  const newest = Math.max(0, ...instances.keys());
  return [...instances].filter(([counter, runs]) => counter === newest || runs.some((run) => isRunning(world, run)))
    .sort(([a], [b]) => b - a).map(([, runs]) => runs);
}
