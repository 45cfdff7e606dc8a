// `gocd-mesos record`: a trace of demand for `simulate`, from the history or by watching the GoCD server. The rest is
// loaded only when it runs.

import { parseDuration } from "../config/values.ts";
import { momentForms } from "../core/words/history.ts";
import { momentOf } from "./arguments.ts";
import { type Command, type CommandArguments, oneFile } from "./command.ts";
import type { CliIo } from "./io.ts";
import type { RecordOptions } from "./record_run.ts";
import { UsageError } from "./usage.ts";

/** The default period: one day. */
const defaultSinceMs = 24 * 3_600_000;

/** The command. */
export const recordCommand: Command = {
  name: "record",
  summary: "print a trace of demand for simulate, from the history or by watching the GoCD server",
  help: `Usage: gocd-mesos record [--since TIME] [--until TIME] path/to/framework.conf > trace.jsonl
       gocd-mesos record --for TIME path/to/framework.conf > trace.jsonl

Prints which jobs needed agents, when and for how long: JSON lines with GoCD resources, environment and times. They
contain no names of pipelines, jobs or hosts, no variables and no secrets.

The running instance is asked for its history; if none runs, the file of the history is read. With --for the GoCD
server is polled for that long, every poller.interval, whether an instance runs or not; Ctrl-C stops earlier. Nothing
is changed.

Jobs that this configuration ignores and jobs of elastic agents are left out. From the history, so are jobs that other
agents have built; with --for they count, because there may be no agents of gocd-mesos yet.

Options:
  --since TIME    the start; by default 24 hours ago
  --until TIME    the end; by default now
  --for TIME      watch the GoCD server for this long, e.g. 8h

The time of --since and --until is ${momentForms};
6h and 7d are also understood.

Examples:
  gocd-mesos record --since 7d framework.conf > week.jsonl
  gocd-mesos record --for 8h framework.conf > monday.jsonl
  gocd-mesos simulate monday.jsonl --config framework.conf --config new.conf`,
  booleans: [],
  strings: ["since", "until", "for"],
  operands: oneFile,
  run: async ({ operands: [path = ""], flags }, io) => {
    const options = optionsOf(path, flags, io);
    const { runRecord } = await import("./record_run.ts");
    return await runRecord(options, io);
  },
};

function optionsOf(path: string, { since, until, for: length }: CommandArguments["flags"], io: CliIo): RecordOptions {
  const nowMs = io.machine.nowMs();
  if (typeof length === "string") {
    if (since !== undefined || until !== undefined) {
      throw new UsageError("--for is in the future, --since and --until are in the past", "choose one");
    }
    const parsed = parseDuration(length);
    if (!parsed.ok) throw new UsageError(`--for: ${parsed.message}`, parsed.hint);
    return { kind: "watch", path, forMs: parsed.value };
  }
  const toMs = momentOf("until", until, nowMs) ?? nowMs;
  const fromMs = momentOf("since", since, nowMs) ?? toMs - defaultSinceMs;
  if (fromMs < toMs) return { kind: "past", path, fromMs, toMs };
  throw new UsageError("--since is not before --until", "give an earlier time to --since");
}
