// Data for tests of the history.

import {
  type AgentFigures,
  type DemandFigures,
  type HistorySample,
  type InstanceLife,
  type NamedJobLife,
  noDemand,
} from "../../src/core/view/history.ts";
import type { NoteView } from "../../src/core/view/view.ts";
import type { HistoryBatch, HistoryLimits } from "../../src/history/history.ts";

/** A moment that all times are counted from: the beginning of an hour. */
export const beginMs = Date.UTC(2026, 10, 27, 12);
/** Lengths of time, ms. */
export const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000] as const;

/** As by default. */
export const limits: HistoryLimits = { keepMs: 7 * day, bytesMax: 256 * 1024 * 1024 };

/** A sample in which nothing is but what a test says. */
export function aSample(
  atMs: number,
  counts: Partial<DemandFigures & AgentFigures> = {},
): DemandFigures & AgentFigures & { readonly atMs: number } {
  return { ...noDemand, ...noAgents, ...counts, atMs };
}

const noAgents: AgentFigures = { starting: 0, idle: 0, building: 0, draining: 0, away: 0 };

/** A sample of a time in which the GoCD server was not read. */
export function unreadSample(atMs: number, agents: Partial<AgentFigures> = {}): HistorySample {
  return { ...noAgents, ...agents, atMs };
}

/** A life that has ended, unless a test says something else. */
export function aLife(taskId: string, changes: Partial<InstanceLife> = {}): InstanceLife {
  return {
    taskId,
    profile: "linux",
    host: "h1",
    createdMs: beginMs,
    runningMs: beginMs + 10 * second,
    registeredMs: beginMs + 20 * second,
    endedMs: beginMs + hour,
    end: "stopped",
    kill: "drained",
    spentMs: { starting: 20 * second, idle: 10 * minute, busy: 40 * minute, draining: 0, other: 0 },
    builds: 3,
    ...changes,
  };
}

/** A job that an agent of ours has built, with all that is kept of it. */
export function aJob(atMs: number): NamedJobLife {
  const asked = { resources: ["linux"], environment: "build", group: "team-a" };
  return { ...asked, atMs, beganMs: atMs, buildMs: 9, by: "ours", locator: "p/1/s/1/unit", agent: "t-1" };
}

/** A note. */
export function aNote(atMs: number, text: string, level: NoteView["level"] = "info"): NoteView {
  return { atMs, level, code: "agent-launched", text };
}

/** A batch with nothing but what a test says. */
export function aBatch(parts: Partial<HistoryBatch>): HistoryBatch {
  return { samples: [], notes: [], lives: [], jobs: [], hours: [], snapshots: [], ...parts };
}
