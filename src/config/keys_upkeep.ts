// The rows of the key table about the upkeep of agents: how fresh, how many are kept ready, who goes first.

import type { KeySpec } from "./keys.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Rows about upkeep; each is also a key of a profile. */
export const upkeepKeys: readonly KeySpec[] = [
  {
    path: "go-agent.min-idle",
    type: "int or map",
    default: "0",
    min: 0,
    max: 100_000,
    doc: "Number of idle agents of this profile kept ready although no job waits; by environment as { staging = 2, " +
      "none = 1 }, where none means agents in no environment",
    example: "1",
  },
  {
    path: "go-agent.headroom",
    type: "headroom",
    doc: "Idle agents kept in addition to the busy ones of the same environment: a number, or a share of the busy " +
      "ones, rounded up. Where none is busy, none is kept",
    example: '"25%"',
  },
  {
    path: "go-agent.schedules",
    type: "schedules",
    default: "[]",
    doc:
      "Other values of min-idle, headroom and idle-timeout at certain times: a list of { from, to, time-zone, … }, " +
      "where from " +
      "and to are cron expressions (minute, hour, day of the month, month, day of the week) and time-zone is UTC unless " +
      "it is written. If several apply, the last one counts",
    example: '[{ from = "0 7 * * mon-fri", to = "0 19 * * mon-fri", min-idle = 5 }]',
  },
  {
    path: "go-agent.max-jobs",
    type: "int",
    min: 1,
    max: 1_000_000,
    doc: "Number of jobs that an agent builds before a new one replaces it; 1: each job gets its own agent. It is " +
      "disabled as soon as it is seen with its last job, which it finishes. Not set: agents are used again and again",
    example: "1",
  },
  {
    path: "go-agent.max-lifetime",
    type: "duration",
    min: 10 * minuteMs,
    max: 365 * dayMs,
    doc:
      "An agent this old takes no more jobs, finishes the one it has, and is replaced if needed; each up to a tenth " +
      "earlier, so that they are not all replaced at once. Not set: any age",
    example: "12 hours",
  },
  {
    path: "go-agent.scale-in",
    type: "word",
    words: ["longest-idle", "pack", "spread"],
    default: '"longest-idle"',
    doc: "Which idle agent is removed first: the one idle longest; pack: one on the host with the fewest agents, so " +
      "that hosts become free; spread: one on the host with the most",
    example: '"pack"',
  },
  {
    path: "go-agent.keep-workspaces",
    type: "boolean",
    default: "false",
    doc:
      "Whether an idle agent that is the only one whose last build was of a pipeline is removed after the others. On " +
      "GoCD 16.10 and later, which report what an agent builds",
    example: "true",
  },
  {
    path: "go-agent.keep-peak-for",
    type: "duration",
    min: 0,
    max: 7 * dayMs,
    doc: "As many agents are kept as were in use at once during this period, so that a fluctuating backlog does not " +
      "launch them each time anew. Not set: only idle-timeout counts",
    example: "30 minutes",
  },
];
