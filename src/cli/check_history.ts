// The row of `check` about the history. Its errors do not prevent a start, so they are not failures.

import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import { formatDuration } from "../core/words/phrases.ts";
import { OperatorError } from "../errors.ts";
import { HistoryError } from "../history/error.ts";
import { openHistoryForReading } from "../history/reader.ts";
import { historyPath } from "../runtime/rights.ts";
import type { Report } from "./report.ts";

const section = "history";

/** Where the history is stored, since when, and errors of its file. */
export function checkHistory(config: Config, report: Report): void {
  const { keepMs } = config.history;
  if (keepMs === 0) return report.ok(section, "none is kept (history.keep = 0)");
  try {
    const path = historyPath(config);
    if (path !== undefined) return checkFile(path, keepMs, report);
    const hint = "set history.path to a file of this machine";
    report.warn(section, "in memory only, because the state is in ZooKeeper", hint);
  } catch (error) {
    // If the state cannot be at the configured place, another row reports it.
    if (error instanceof HistoryError) report.warn(section, error.message, error.hint);
    else if (!(error instanceof OperatorError)) throw error;
  }
}

function checkFile(path: string, keepMs: number, report: Report): void {
  const kept = `kept for ${formatDuration(keepMs)}`;
  const hint = "create the folder, or change history.path: until then the history is in memory";
  if (!isThere(dirname(path))) return report.warn(section, `${path}: its folder does not exist`, hint);
  if (!isThere(path)) return report.ok(section, `${path}: none yet, it is created at the first start; ${kept}`);
  const file = openHistoryForReading(path);
  try {
    const span = file.span();
    const since = span === undefined ? "nothing yet" : `since ${new Date(span.fromMs).toISOString().slice(0, 10)}`;
    report.ok(section, `${path}: ${since}, ${Math.ceil(Deno.statSync(path).size / 2 ** 20)} MB; ${kept}`);
  } finally {
    file.close();
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
