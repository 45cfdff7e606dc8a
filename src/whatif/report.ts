// The outcomes of replays as rows of a table, and as one JSON object on whose shape other programs rely.

import type { Outcome } from "./replay.ts";
import { seconds, type Trace } from "./trace.ts";
import type { Surroundings } from "./world.ts";

/** The headings of the table. */
export const heads: readonly string[] = [
  "wait p50",
  "p95",
  "max",
  "agent-hours",
  "idle",
  "launches",
  "limit hits",
  "left",
  "with",
];

/** One row of the table; the name comes last, because it may be long. */
export function rowOf(outcome: Outcome): readonly string[] {
  const { wait, launches, limitHits, unbuilt } = outcome;
  return [
    waitText(wait.p50Ms),
    waitText(wait.p95Ms),
    waitText(wait.maxMs),
    hoursOf(outcome).toFixed(1),
    `${Math.round(100 * idleShare(outcome))} %`,
    `${launches}`,
    `${limitHits}`,
    `${unbuilt}`,
    outcome.name,
  ];
}

/** Agent-hours of all kinds. */
export function hoursOf({ agentMs: { booting, idle, building } }: Outcome): number {
  return (booting + idle + building) / 3_600_000;
}

/** The share of agent time in which agents were registered but did not build. */
function idleShare({ agentMs: { booting, idle, building } }: Outcome): number {
  const all = booting + idle + building;
  return all === 0 ? 0 : idle / all;
}

/** `7 s`, `80 s`, `12.5 min`, `2.1 h`. */
function waitText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

/** One outcome as JSON; times in seconds. */
export function outcomeJson(outcome: Outcome): Readonly<Record<string, unknown>> {
  const { name, wait, jobs, unbuilt, unserved, agentMs, launches, limitHits, killedBuilds, lastedMs } = outcome;
  return {
    name,
    waitSeconds: { p50: seconds(wait.p50Ms), p95: seconds(wait.p95Ms), max: seconds(wait.maxMs) },
    agentHours: {
      all: hours(agentMs.booting + agentMs.idle + agentMs.building),
      starting: hours(agentMs.booting),
      idle: hours(agentMs.idle),
      building: hours(agentMs.building),
    },
    idleShare: Math.round(1_000 * idleShare(outcome)) / 1_000,
    launches,
    limitHits,
    jobs,
    unbuilt,
    unserved,
    killedBuilds,
    lastedSeconds: seconds(lastedMs),
  };
}

/** A replayed trace as JSON. */
export function reportJson(
  trace: Trace,
  outcomes: readonly Outcome[],
  surroundings: Surroundings,
): Readonly<Record<string, unknown>> {
  const { name, lengthMs, jobs } = trace;
  const { hosts, cpus, memMb, bootMs, seed } = surroundings;
  return {
    trace: { name, seconds: seconds(lengthMs), jobs: jobs.length },
    surroundings: { hosts, cpus, memMb, bootSeconds: seconds(bootMs), seed },
    outcomes: outcomes.map(outcomeJson),
  };
}

function hours(ms: number): number {
  return Math.round(ms / 36_000) / 100;
}
