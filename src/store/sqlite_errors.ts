// Turns errors of SQLite and the file system into messages for operators.

import { messageOf } from "../errors.ts";
import { conditionOf, type FileCondition } from "../sqlite/file.ts";
import { StoreError } from "./store_error.ts";

/** Hint for a damaged database. */
export const damagedHint: string =
  "move the file aside with its -wal and -shm, and restore a backup ('gocd-mesos state import'); without one, start: it " +
  "then explains how to take over the running agents ('gocd-mesos state adopt')";

/** Hint for a state file of something else. */
export const foreignHint = "set state.path to a separate file for gocd-mesos";

const hints: Readonly<Record<FileCondition, string>> = {
  full: "free space on the disk; nothing of this change was stored, and nothing is launched until it can be",
  unwritable: "let the user that runs gocd-mesos read and write the file and its folder, or change state.path",
  damaged: damagedHint,
  foreign: foreignHint,
  locked: "stop the other program that has the file open, or set state.path to another file",
  failed: "check the disk and its file system (dmesg, df), then restart",
};

/**
 * Performs an operation on the state file; any error becomes a {@linkcode StoreError} that names operation and file.
 */
export function guarded<Result>(act: string, path: string, body: () => Result): Result {
  try {
    return body();
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    const condition = conditionOf(cause);
    const message = `cannot ${act} the state file ${path}: ${messageOf(cause)}`;
    throw new StoreError(`state-${condition}`, { message, hint: hints[condition], cause });
  }
}
