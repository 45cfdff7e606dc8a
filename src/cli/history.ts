// `gocd-mesos history`: what happened, and with --at what was known at a given time; from the running instance, or if
// none runs, from the file of the history.

import { momentForms } from "../core/words/history.ts";
import { openHistoryForReading } from "../history/reader.ts";
import { readApi } from "../runtime/control_client.ts";
import { historyPath } from "../runtime/rights.ts";
import { sandboxOf } from "../runtime/permissions.ts";
import {
  type HistoryDocument,
  historyDocument,
  type HistoryRequest,
  noPicture,
  type PastDocument,
  pastDocument,
  stepOf,
} from "../web/api/history.ts";
import { type Command, type CommandArguments, oneFile } from "./command.ts";
import { momentOf } from "./arguments.ts";
import type { Layout } from "./text.ts";
import { type BuiltDocument, builtLines } from "./history_jobs.ts";
import { historyLines, pastLines, sparkStep } from "./history_lines.ts";
import { layoutOf, writeJson, writeLines } from "./instance.ts";
import { loadNeeded, type Needs, warnOfFlaws } from "./load.ts";
import { UsageError } from "./usage.ts";

/** Maximum number of finished agents and decisions: many as JSON, only the last ones on a terminal. */
const rowsOfJson = 10_000;
const rowsShown = 200;

/** The command. */
export const historyCommand: Command = {
  name: "history",
  summary: "what happened in the last hours or days, what it cost, and what was known at a given time",
  help: `Usage: gocd-mesos history [--since TIME] [--until TIME] [--json] path/to/framework.conf
       gocd-mesos history --at TIME [--json] path/to/framework.conf
       gocd-mesos history --job JOB [--since TIME] [--until TIME] [--json] path/to/framework.conf

Shows agents, waiting jobs and the longest wait over time, agent-hours by profile, how agents ended, and the last
decisions; with --at, what the program knew at that moment: servers, jobs with their verdicts, agents, problems and the
decisions until then; with --job, which agent built a job or is building it. The running instance is asked; if none
runs, the file of the history is read.

Options:
  --since TIME    the start; by default 6 hours ago, with --job 7 days ago
  --until TIME    the end; by default now
  --at TIME       what was known then: the first picture within 15 s after that time, or the nearest
  --job JOB       who built it or is building it: all jobs with this in their locator (pipeline/counter/stage/counter/job)
  --json          one JSON object, as from /api/v1/history, /api/v1/history/at or /api/v1/history/jobs

A time is ${momentForms};
6h and 7d are also understood.

Exit codes:
  0  done     2  invalid usage, or no history is kept    3  the instance does not answer     6  the file cannot be read

Examples:
  gocd-mesos history framework.conf
  gocd-mesos history --since 7d framework.conf
  gocd-mesos history --at 14:05 framework.conf
  gocd-mesos history --job shop/412 framework.conf
  gocd-mesos history --since 24h --json framework.conf | jq '.hours | map(.spentMs.idle) | add / 3600000'`,
  booleans: ["json"],
  strings: ["since", "until", "at", "job"],
  operands: oneFile,
  run: async ({ operands: [path = ""], flags }, io) => {
    const nowMs = io.machine.nowMs();
    const question = questionOf(flags, nowMs);
    const part = loadNeeded(path, io, needs);
    warnOfFlaws(part, io);
    const layout = layoutOf(io);
    const isJson = flags["json"] === true;
    const { config } = part;
    if (config.history.keepMs === 0) {
      throw new UsageError(`${config.path}: no history is kept (history.keep = 0)`, "set history.keep, and restart");
    }
    const source = await sourceOf(config);
    try {
      const answer = await source.ask(question, isJson ? undefined : layout);
      if (isJson) writeJson(answer, io);
      else writeLines(linesOf(answer, { question, where: source.where }, layout), layout, io);
    } finally {
      source.close();
    }
    return 0;
  },
};

const needs: Needs = { keys: /^history(\..*)?$/ };

type Config = ReturnType<typeof loadNeeded>["config"];

/** What is requested: a period, or a moment. */
type Question =
  | { readonly kind: "time"; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: "moment"; readonly atMs: number }
  | { readonly kind: "job"; readonly job: string; readonly fromMs: number; readonly toMs: number };

function questionOf({ since, until, at, job }: CommandArguments["flags"], nowMs: number): Question {
  const [fromMs, toMs, atMs] = [
    momentOf("since", since, nowMs),
    momentOf("until", until, nowMs),
    momentOf("at", at, nowMs),
  ];
  if (atMs !== undefined) {
    if (job !== undefined) throw new UsageError("--at is one moment, --job covers a period", "choose one");
    if (fromMs === undefined && toMs === undefined) return { kind: "moment", atMs };
    throw new UsageError("--at is one moment, --since and --until are a period", "choose one");
  }
  const endMs = toMs ?? nowMs + 1;
  const beginMs = fromMs ?? endMs - 1 - (job === undefined ? 6 : 7 * 24) * 3_600_000;
  const time = { fromMs: beginMs, toMs: endMs };
  if (beginMs < endMs) return typeof job === "string" ? { kind: "job", job, ...time } : { kind: "time", ...time };
  throw new UsageError("--since is not before --until", "give an earlier time to --since");
}

type Answer = HistoryDocument | PastDocument | BuiltDocument;

interface Source {
  /** For the first line. */
  readonly where: string;
  /** `layout`: that of the terminal. */
  ask(question: Question, layout: Layout | undefined): Promise<Answer>;
  close(): void;
}

async function sourceOf(config: Config): Promise<Source> {
  // The smallest request shows whether an instance with a history runs.
  if (await readApi(config, "history?limit=0&step=86400") !== undefined) {
    return { where: "from the running instance", ask: (...asked) => askRunning(config, ...asked), close: () => {} };
  }
  const path = historyPath(config);
  if (path === undefined) {
    throw new UsageError(
      "no instance runs here, and its history was in memory",
      "set history.path to keep it in a file if the state is in ZooKeeper",
    );
  }
  const file = openHistoryForReading(path);
  return {
    where: `no instance runs: from ${path}`,
    ask: (question, layout) =>
      Promise.try(() => {
        if (question.kind === "time") return historyDocument(file, requestOf(question, layout));
        if (question.kind === "job") {
          const { job, fromMs, toMs } = question;
          return { fromMs, toMs, jobs: file.namedJobs(job, { fromMs, toMs }, limitOf(layout)) };
        }
        const past = pastDocument(file, question.atMs, { sandbox: sandboxOf().mode, limit: limitOf(layout) });
        if (past !== undefined) return past;
        const { message, hint } = noPicture(file, question.atMs);
        throw new UsageError(`${message} in ${path}`, hint);
      }),
    close: () => file.close(),
  };
}

async function askRunning(config: Config, question: Question, layout: Layout | undefined): Promise<Answer> {
  const limit = String(limitOf(layout));
  if (question.kind === "moment") {
    const query = new URLSearchParams({ time: String(question.atMs), limit });
    return await readApi(config, `history/at?${query}`) as PastDocument;
  }
  if (question.kind === "job") {
    const { job, fromMs, toMs } = question;
    const query = new URLSearchParams({ job, from: String(fromMs), to: String(toMs), limit });
    return await readApi(config, `history/jobs?${query}`) as BuiltDocument;
  }
  const { fromMs, toMs, stepMs } = requestOf(question, layout);
  const query = new URLSearchParams({ from: String(fromMs), to: String(toMs), step: String(stepMs / 1_000), limit });
  return await readApi(config, `history?${query}`) as HistoryDocument;
}

function requestOf(
  { fromMs, toMs }: Question & { readonly kind: "time" },
  layout: Layout | undefined,
): HistoryRequest {
  const lengthMs = toMs - fromMs;
  const stepMs = layout === undefined ? stepOf(lengthMs) : sparkStep(lengthMs, layout);
  return { fromMs, toMs, stepMs, limit: limitOf(layout), level: "info" };
}

function limitOf(layout: Layout | undefined): number {
  return layout === undefined ? rowsOfJson : rowsShown;
}

function linesOf(
  answer: Answer,
  { question, where }: { readonly question: Question; readonly where: string },
  layout: Layout,
): readonly string[] {
  if ("samples" in answer) return historyLines(answer, where, layout);
  if (!("status" in answer)) return builtLines(answer, where, layout);
  const askedMs = question.kind === "moment" ? question.atMs : answer.askedMs;
  return pastLines(answer, { askedMs, where }, layout);
}
