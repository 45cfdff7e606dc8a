// `gocd-mesos status`: the running instance at a glance.

import type { PartialConfig } from "../config/load.ts";
import { timeText } from "../core/words/phrases.ts";
import type { StatusSummary } from "../web/api/documents.ts";
import { type Command, oneFile } from "./command.ts";
import { askInstance, isScreen, layoutOf, writeJson, writeJsonLine, writeLines } from "./instance.ts";
import type { CliIo } from "./io.ts";
import { loadNeeded, warnOfFlaws } from "./load.ts";
import { statusLine, statusLines } from "./status_lines.ts";
import { openWatchScreen, watch, type WatchScreen } from "./watch.ts";

/** Interval of --watch. */
const everyMs = 2_000;

/** The command. */
export const statusCommand: Command = {
  name: "status",
  summary: "the running instance at a glance: servers, waiting jobs, agents, limits, problems",
  help: `Usage: gocd-mesos status [--watch] [--json] path/to/framework.conf

Asks the instance that runs on this machine, and prints the health of the program and of both servers with its age, the
mode, the waiting jobs by verdict with the oldest of each, its agents by state, the limits and how full they are, and
problems with the next step.

Options:
  --watch    refresh every 2 seconds, until Ctrl-C: on a terminal a screen that is redrawn, elsewhere a line whenever
             something has changed
  --json     one JSON object, as from /api/v1/status; with --watch one on each line

Exit codes:
  0  it has answered, whatever its health (see \`gocd-mesos health\`)     3  no instance runs, or it does not answer
  130  --watch was ended by a signal

Examples:
  gocd-mesos status framework.conf
  gocd-mesos status --watch framework.conf
  gocd-mesos status --json framework.conf | jq '.jobs.waiting'`,
  booleans: ["watch", "json"],
  strings: [],
  operands: oneFile,
  run: async ({ operands: [path = ""], flags }, io) => {
    const part = loadNeeded(path, io);
    warnOfFlaws(part, io);
    const isJson = flags["json"] === true;
    if (flags["watch"] === true) return await watchStatus(part, isJson, io);
    const status = await readStatus(part);
    if (isJson) {
      writeJson(status, io);
    } else {
      const layout = layoutOf(io);
      writeLines(statusLines(status, layout), layout, io);
    }
    return 0;
  },
};

async function readStatus(part: PartialConfig): Promise<StatusSummary> {
  return await askInstance(part, "status") as StatusSummary;
}

async function watchStatus(part: PartialConfig, isJson: boolean, io: CliIo): Promise<number> {
  const look = (): Promise<StatusSummary> => readStatus(part);
  const lost = (why: string): void => io.err(`gocd-mesos: ${why}; retrying`);
  if (isJson) return await watch({ look, everyMs, show: (status) => writeJsonLine(status, io), lost }, io);
  let screen: WatchScreen | undefined;
  let told = "";
  const tell = (status: StatusSummary): void => {
    const line = statusLine(status);
    if (line !== told) io.out(`${timeText(status.atMs)} ${line}`);
    told = line;
  };
  const draw = (lines: readonly string[], on: WatchScreen): void => on.draw(fitted(lines, io.size().rows));
  try {
    return await watch({
      look,
      everyMs,
      show: (status) => {
        // Only now: if the first request fails, there is nothing to show.
        if (isScreen(io)) screen ??= openWatchScreen(io);
        if (screen?.isOpen() === true) draw(statusLines(status, layoutOf(io)), screen);
        else tell(status);
      },
      lost: (why) => {
        if (screen?.isOpen() === true) draw([`${why}; retrying`], screen);
        else lost(why);
        told = "";
      },
    }, io);
  } finally {
    screen?.close();
  }
}

/** At most as many lines as the screen has rows; the last one says how many are omitted. */
function fitted(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  return [...lines.slice(0, rows - 1), `… and ${lines.length - rows + 1} more lines`];
}
