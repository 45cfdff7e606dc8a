// `gocd-mesos events`: what the running instance has decided and observed, also as it happens.

import type { PartialConfig } from "../config/load.ts";
import { textLine } from "../log/format.ts";
import type { EventView } from "../web/api/documents.ts";
import { eventLevels } from "../web/api/schemas.ts";
import { type Command, type CommandArguments, oneFile } from "./command.ts";
import { cutText, safeText } from "./text.ts";
import { askInstance, isScreen, layoutOf, writeJsonLine } from "./instance.ts";
import type { CliIo } from "./io.ts";
import { loadNeeded, warnOfFlaws } from "./load.ts";
import { UsageError } from "./usage.ts";
import { watch } from "./watch.ts";

/** Interval of polls with --follow. */
const everyMs = 1_000;
/** Number of existing events shown with --follow. */
const linesOfFollow = 10;
const linesMax = 1_000;

/** The command. */
export const eventsCommand: Command = {
  name: "events",
  summary: "what the running instance has decided and observed; with --follow as it happens",
  help: `Usage: gocd-mesos events [--follow] [--level LEVEL] [--code CODE] [--lines N] [--json] path/to/framework.conf

Asks the instance that runs on this machine for its last decisions, and prints them as in the log, oldest first. It
keeps a few hundred.

Options:
  --follow         continue with new ones until Ctrl-C, even after a restart of the instance
  --level LEVEL    only those of this level or a higher one: ${eventLevels.join(", ")}
  --code CODE      only those with this code
  --lines N        only the last N; ${linesOfFollow} with --follow, else all
  --json           one JSON object in each line

Exit codes:
  0  it has answered     2  invalid usage     3  no instance runs, or it does not answer     130  ended by a signal

Examples:
  gocd-mesos events framework.conf
  gocd-mesos events --follow --level warning framework.conf
  gocd-mesos events --json framework.conf | jq -r 'select(.code == "agent-launched").text'`,
  booleans: ["follow", "json"],
  strings: ["level", "code", "lines"],
  operands: oneFile,
  run: async ({ operands: [path = ""], flags }, io) => {
    const isFollowing = flags["follow"] === true;
    const query = queryOf(flags, isFollowing);
    const part = loadNeeded(path, io);
    warnOfFlaws(part, io);
    const show = (events: readonly EventView[]): void => {
      for (const each of events) writeEvent(each, flags["json"] === true, io);
    };
    if (isFollowing) return await follow(part, { query, show }, io);
    show((await readEvents(part, query)).events);
    return 0;
  },
};

function queryOf({ level, code, lines }: CommandArguments["flags"], isFollowing: boolean): URLSearchParams {
  const query = new URLSearchParams();
  if (typeof level === "string") {
    if (!eventLevels.some((each) => each === level)) {
      throw new UsageError(`there is no level "${level}"`, `levels are: ${eventLevels.join(", ")}`);
    }
    query.set("level", level);
  }
  if (typeof code === "string") query.set("code", code);
  if (typeof lines === "string") {
    if (!/^\d{1,4}$/.test(lines) || Number(lines) > linesMax) {
      throw new UsageError(`--lines: "${lines}" is not a number from 0 to ${linesMax}`, "write for example --lines 20");
    }
    query.set("limit", String(Number(lines)));
  } else if (isFollowing) {
    query.set("limit", String(linesOfFollow));
  }
  return query;
}

interface Events {
  readonly startedMs: number;
  readonly lastId: number;
  readonly events: readonly EventView[];
}

async function readEvents(part: PartialConfig, query: URLSearchParams): Promise<Events> {
  return await askInstance(part, `events?${query}`) as Events;
}

interface Followed {
  readonly query: URLSearchParams;
  readonly show: (events: readonly EventView[]) => void;
}

async function follow(part: PartialConfig, { query, show }: Followed, io: CliIo): Promise<number> {
  let former: Events | undefined;
  const look = async (): Promise<Events> => {
    if (former === undefined) return former = await readEvents(part, query);
    const next = new URLSearchParams(query);
    next.delete("limit");
    next.set("after", String(former.lastId));
    const seen = await readEvents(part, next);
    // After a restart, ids start from the beginning.
    if (seen.startedMs === former.startedMs) return former = seen;
    next.delete("after");
    return former = await readEvents(part, next);
  };
  const lost = (why: string): void => io.err(`gocd-mesos: ${why}; retrying`);
  return await watch({ look, everyMs, show: ({ events }) => show(events), lost }, io);
}

/** As a line of the log; truncated to the width of a terminal. */
function writeEvent(event: EventView, isJson: boolean, io: CliIo): void {
  if (isJson) return writeJsonLine(event, io);
  const line = textLine({ ...event, fields: {} });
  io.out(isScreen(io) ? cutText(safeText(line), Math.max(80, layoutOf(io).columns)) : line);
}
