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
    doc: "Idle agents of this profile kept ready although no job waits; by environment as { staging = 2, none = 1 }, " +
      "where none means agents in no environment",
    example: "1",
  },
  {
    path: "go-agent.headroom",
    type: "headroom",
    doc:
      "Idle agents kept beside the busy ones of the same environment: a number, or a share of the busy ones, rounded " +
      "up. Where none is busy, none is kept",
    example: '"25%"',
  },
  {
    path: "go-agent.schedules",
    type: "schedules",
    default: "[]",
    doc:
      "Other values of min-idle, headroom and idle-timeout at times: a list of { from, to, time-zone, … }, where from " +
      "and to are cron expressions (minute, hour, day of the month, month, day of the week) and time-zone is UTC unless " +
      "it is written. Of those in force the last one counts",
    example: '[{ from = "0 7 * * mon-fri", to = "0 19 * * mon-fri", min-idle = 5 }]',
  },
  {
    path: "go-agent.max-jobs",
    type: "int",
    min: 1,
    max: 1_000_000,
    doc: "Jobs that one agent builds before a fresh one takes its place; 1: each job gets an agent of its own. It is " +
      "disabled as soon as it is seen with its last job, which it finishes. Not set: agents are used again and again",
    example: "1",
  },
  {
    path: "go-agent.max-lifetime",
    type: "duration",
    min: 10 * minuteMs,
    max: 365 * dayMs,
    doc:
      "An agent this old takes no more jobs, finishes the one it has, and is replaced where it is needed; each up to " +
      "a tenth sooner, so that not all go at once. Not set: any age",
    example: "12 hours",
  },
  {
    path: "go-agent.scale-in",
    type: "word",
    words: ["longest-idle", "pack", "spread"],
    default: '"longest-idle"',
    doc:
      "Which idle agent goes first: the one idle longest; pack: one of the host with the fewest agents, so that hosts " +
      "become free; spread: one of the host with the most",
    example: '"pack"',
  },
  {
    path: "go-agent.keep-workspaces",
    type: "boolean",
    default: "false",
    doc:
      "Whether an idle agent that alone has built a pipeline last goes after those that have built nothing, or what " +
      "another has built too. On GoCD 16.10 and later, which tell what an agent builds",
    example: "true",
  },
  {
    path: "go-agent.keep-peak-for",
    type: "duration",
    min: 0,
    max: 7 * dayMs,
    doc:
      "As many agents stay as were in use at any time of this period, so that a backlog that comes and goes does not " +
      "launch them each time anew. Not set: only idle-timeout counts",
    example: "30 minutes",
  },
];
