// Turns errors of SQLite and the file system into messages for operators.

import { messageOf } from "../errors.ts";
import { StoreError, type StoreErrorCode } from "./store_error.ts";

/** Hint for a damaged database. */
export const damagedHint: string =
  "move the file aside with its -wal and -shm, and restore a backup ('gocd-mesos state import'); without one, start: it " +
  "then explains how to take over the running agents ('gocd-mesos state adopt')";

/** Hint for a state file of something else. */
export const foreignHint = "set state.path to a separate file for gocd-mesos";

const hints: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  "state-full": "free space on the disk; nothing of this change was stored, and nothing is launched until it can be",
  "state-unwritable": "let the user that runs gocd-mesos read and write the file and its folder, or change state.path",
  "state-damaged": damagedHint,
  "state-foreign": foreignHint,
  "state-locked": "stop the other program that has the file open, or set state.path to another file",
  "state-failed": "check the disk and its file system (dmesg, df), then restart",
};

/**
 * Primary result codes (sqlite.org/rescode.html) that we distinguish, and their texts of `sqlite3_errstr`, because
 * node:sqlite of Deno reports the code for prepared statements only.
 */
const conditions: readonly (readonly [number, string, StoreErrorCode])[] = [
  [5, "database is locked", "state-locked"],
  [6, "database table is locked", "state-locked"],
  [3, "access permission denied", "state-unwritable"],
  [8, "attempt to write a readonly database", "state-unwritable"],
  [11, "database disk image is malformed", "state-damaged"],
  [13, "database or disk is full", "state-full"],
  [14, "unable to open database file", "state-unwritable"],
  [26, "file is not a database", "state-foreign"],
];

/**
 * Performs an operation on the state file; any error becomes a {@linkcode StoreError} that names operation and file.
 */
export function guarded<Result>(act: string, path: string, body: () => Result): Result {
  try {
    return body();
  } catch (cause) {
    throw storeError(act, path, cause);
  }
}

/** Converts the error of an operation on a file to a {@linkcode StoreError}; an existing one is kept. */
function storeError(act: string, path: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const code = conditionOf(cause);
  const came = messageOf(cause);
  return new StoreError(code, {
    message: `cannot ${act} the state file ${path}: ${came}`,
    hint: hints[code] ?? "see the message",
    cause,
  });
}

function conditionOf(cause: unknown): StoreErrorCode {
  if (cause instanceof Deno.errors.NotCapable || cause instanceof Deno.errors.PermissionDenied) {
    return "state-unwritable";
  }
  if (!(cause instanceof Error)) return "state-failed";
  if ("code" in cause && cause.code === "ENOSPC") return "state-full";
  if ("errcode" in cause && typeof cause.errcode === "number") {
    const primary = cause.errcode & 0xff;
    const found = conditions.find(([number]) => number === primary);
    if (found !== undefined) return found[2];
  }
  const found = conditions.find(([, text]) => cause.message.includes(text));
  return found === undefined ? "state-failed" : found[2];
}
