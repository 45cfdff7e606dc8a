// Errors of a history file. Losing it only loses the history, so nothing stops because of it.

import { messageOf, OperatorError } from "../errors.ts";
import { conditionOf } from "../sqlite/file.ts";

/**
 * Why a history cannot be read or written.
 * - `history-missing`: there is no such file (only for readers, which never create one)
 * - `history-locked`: another process has it open for writing
 * - `history-unwritable`: file or folder may not be read or written
 * - `history-full`: the disk is full, or the file has reached its limit
 * - `history-damaged`: the database is damaged
 * - `history-foreign`: it is a file of another program
 * - `history-newer`: a newer program has written it
 * - `history-failed`: the disk refused in another way
 */
export type HistoryErrorCode =
  | "history-missing"
  | "history-locked"
  | "history-unwritable"
  | "history-full"
  | "history-damaged"
  | "history-foreign"
  | "history-newer"
  | "history-failed";

/** The history cannot be used as requested. */
export class HistoryError extends OperatorError {
  /** Which condition. */
  override readonly code: HistoryErrorCode;

  /** Creates the error for one condition. */
  constructor(code: HistoryErrorCode, message: string, cause?: unknown) {
    super(message, { code, kind: "state", hint: hints[code], cause });
    this.name = "HistoryError";
    this.code = code;
  }
}

const freshHint =
  "move the file aside with its -wal and -shm: a new one is made at the next start, and only the history is lost";

const hints: Readonly<Record<HistoryErrorCode, string>> = {
  "history-missing": "it is made by the first `gocd-mesos start`; see history.path and history.keep",
  "history-locked": "stop the other program that has the file open, or set history.path to another file",
  "history-unwritable": "let the user that runs gocd-mesos write the file and its folder, or set history.path",
  "history-full": "free space on the disk, or raise history.max-size",
  "history-damaged": freshHint,
  "history-foreign": `set history.path to a separate file for the history; if this was it, ${freshHint}`,
  "history-newer": `start the newer gocd-mesos that wrote it, or ${freshHint}`,
  "history-failed": "check the disk and its file system (dmesg, df)",
};

/**
 * Performs an operation on the history; any error becomes a {@linkcode HistoryError} that names operation and place.
 */
export function guarded<Result>(act: string, place: string, body: () => Result): Result {
  try {
    return body();
  } catch (cause) {
    if (cause instanceof HistoryError) throw cause;
    throw new HistoryError(
      `history-${conditionOf(cause)}`,
      `cannot ${act} the history in ${place}: ${messageOf(cause)}`,
      cause,
    );
  }
}
