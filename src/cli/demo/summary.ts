// The results of a demo, and whether they are right. The numbers come from the simulated servers, only the reasons from
// the scheduler.

import type { JobView } from "../../core/view/view.ts";
import { counted } from "../../core/words/phrases.ts";
import type { DemoFacts } from "../../sim/demo/facts.ts";
import { secondsText, wrapText } from "../text.ts";

/** The data of the summary. */
export interface DemoOutcome {
  /** How it ended. */
  readonly end:
    | { readonly kind: "drained" }
    | { readonly kind: "timeout"; readonly limitMs: number }
    | { readonly kind: "interrupted" }
    | { readonly kind: "failed"; readonly message: string };
  /** Whether `--exit` was given: then only "drained" counts as success. */
  readonly mustDrain: boolean;
  /** From the start to the end. */
  readonly tookMs: number;
  /** What the servers have counted. */
  readonly facts: DemoFacts;
  /** The scheduler's verdicts at the end. */
  readonly verdicts: readonly JobView[];
  /** Why launches failed, in the scheduler's words, each once. */
  readonly failures: readonly string[];
  /** How often a draining agent was enabled again instead of launching another. */
  readonly reused: number;
  /** What the store contains at the end. */
  readonly stored: { readonly alive: number; readonly tombstones: number };
}

/** What went wrong; empty if nothing did. */
export function shortcomings(outcome: DemoOutcome): string[] {
  const { facts, stored, end } = outcome;
  const missing = facts.jobs.filter((job) => job.fate === "built" && job.builtMs === undefined);
  const surprising = facts.jobs.filter((job) => job.fate !== "built" && job.builtMs !== undefined);
  const always: readonly [boolean, string][] = [
    [end.kind === "failed", end.kind === "failed" ? end.message : ""],
    [facts.buildsKilled > 0, `${counted(facts.buildsKilled, "build")} lost the agent`],
    [facts.doubleLaunches > 0, `${counted(facts.doubleLaunches, "task id")} launched more than once`],
    [facts.strangersTouched > 0, `${counted(facts.strangersTouched, "change")} of agents that are not ours`],
    [surprising.length > 0, `built although nothing serves it: ${names(surprising)}`],
  ];
  const atTheEnd: readonly [boolean, string][] = [
    [end.kind === "interrupted", "interrupted before all was drained"],
    [end.kind === "timeout", end.kind === "timeout" ? `not drained within ${secondsText(end.limitMs)}` : ""],
    [missing.length > 0, `not built: ${names(missing)}`],
    [facts.tasksLeft.length > 0, `still on Mesos: ${facts.tasksLeft.join(", ")}`],
    [facts.gocdAgentsLeft.length > 0, `still on the GoCD server: ${facts.gocdAgentsLeft.join(", ")}`],
    [stored.alive > 0, `${counted(stored.alive, "living agent")} in the store`],
  ];
  return [...always, ...(outcome.mustDrain ? atTheEnd : [])].flatMap(([isTrue, text]) => isTrue ? [text] : []);
}

/** The exit code of the demo. */
export function outcomeCode(outcome: DemoOutcome): number {
  return shortcomings(outcome).length === 0 ? 0 : 1;
}

/** The lines of the summary, the verdict last. */
export function summaryLines(outcome: DemoOutcome, columns: number): string[] {
  const { facts } = outcome;
  const rows: readonly (readonly [string, string])[] = [
    ["jobs", jobsText(facts)],
    ["waited", waitedText(facts)],
    [
      "agents",
      `${facts.launched} launched, ${facts.started} ran, ${facts.stopped} stopped` +
      (outcome.reused === 0 ? "" : `; ${outcome.reused} enabled again instead of launching another`),
    ],
    ["Pending", `${facts.pendingEnabled} of ours enabled; agents of others changed: ${facts.strangersTouched}`],
    ["builds killed", String(facts.buildsKilled)],
    ["failed launches", String(facts.failedLaunches)],
    ...outcome.failures.map((text): readonly [string, string] => ["", text]),
    ...leftWaiting(outcome),
    ["what remains", remainsText(outcome)],
  ];
  const width = Math.max(...rows.map(([title]) => title.length));
  const bad = shortcomings(outcome);
  return [
    `summary after ${secondsText(outcome.tookMs)}, counted by the simulated servers`,
    ...rows.flatMap(([title, text]) => wrapped(title.padEnd(width), text, columns)),
    "",
    ...verdictLines(outcome, bad).flatMap((line) => wrapText(line, columns)),
  ];
}

function verdictLines(outcome: DemoOutcome, bad: readonly string[]): string[] {
  if (bad.length > 0) return [`FAIL: ${bad[0]}`, ...bad.slice(1).map((text) => `      ${text}`)];
  if (outcome.end.kind === "drained") {
    return [`PASS: every job that a profile serves was built, no build was killed, and every agent is gone`];
  }
  const left = outcome.facts.tasksLeft.length;
  const alive = left === 0
    ? "with no agent alive"
    : `with ${counted(left, "agent")} alive (in production they keep running and are taken over at the next start)`;
  return [`PASS so far: no build was killed; stopped by you ${alive}`];
}

function jobsText({ jobs }: DemoFacts): string {
  const servable = jobs.filter((job) => job.fate === "built");
  const built = jobs.filter((job) => job.builtMs !== undefined);
  return `${built.length} of ${servable.length} built; ${jobs.length} scheduled, ${
    jobs.length - servable.length
  } of them not served`;
}

function waitedText({ jobs }: DemoFacts): string {
  const waits = jobs.flatMap((job) => job.assignedMs === undefined ? [] : [job.assignedMs - job.scheduledMs])
    .sort((a, b) => a - b);
  if (waits.length === 0) return "no job got an agent";
  return `median ${secondsText(median(waits))}, longest ${
    secondsText(waits[waits.length - 1] ?? 0)
  }, from scheduled to assigned`;
}

/** The middle of sorted numbers. */
export function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
}

/** One row for each job that was not built, with the scheduler's reason. */
function leftWaiting({ facts, verdicts }: DemoOutcome): (readonly [string, string])[] {
  return facts.jobs.flatMap((job): (readonly [string, string])[] => {
    if (job.fate === "built" || job.builtMs !== undefined) return [];
    const verdict = verdicts.find((each) => each.locator === job.locator);
    const why = verdict === undefined ? "no verdict" : `${verdict.verdict}: ${shortReason(verdict)}`;
    return [["left waiting", `${job.locator}, ${why}`]];
  });
}

/** Launch errors have their own row. */
function shortReason({ reason, reasonCode }: JobView): string {
  return reasonCode === "held-breaker" || reasonCode === "held-probe" ? "its launches fail" : reason;
}

function remainsText({ facts, stored }: DemoOutcome): string {
  const parts = [
    facts.tasksLeft.length === 0 ? "" : `${counted(facts.tasksLeft.length, "task")} on Mesos`,
    facts.gocdAgentsLeft.length === 0 ? "" : `${counted(facts.gocdAgentsLeft.length, "agent")} on the GoCD server`,
    stored.alive === 0 ? "" : `${counted(stored.alive, "living agent")} in the store`,
  ].filter((part) => part !== "");
  const tombstones = `the store remembers ${counted(stored.tombstones, "agent that is", "agents that are")} gone`;
  return parts.length === 0
    ? `nothing on Mesos, nothing of ours on the GoCD server; ${tombstones}`
    : `${parts.join(", ")}; ${tombstones}`;
}

function names(jobs: readonly { readonly locator: string }[]): string {
  const shown = jobs.slice(0, 5).map((job) => job.locator).join(", ");
  return jobs.length > 5 ? `${shown} and ${jobs.length - 5} more` : shown;
}

/** A row of the summary on as many lines as it needs. */
function wrapped(title: string, text: string, columns: number): string[] {
  const [first = "", ...rest] = wrapText(text, Math.max(20, columns - title.length - 4));
  return [`  ${title}  ${first}`, ...rest.map((line) => `${" ".repeat(title.length + 4)}${line}`)];
}
