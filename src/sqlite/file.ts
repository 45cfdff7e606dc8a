// The files of the state and of the history: whether one exists, and what an error of SQLite or the file system means.

/** Why an operation on a database file failed; `failed`: in another way. */
export type FileCondition = "locked" | "unwritable" | "full" | "damaged" | "foreign" | "failed";

/**
 * Primary result codes (sqlite.org/rescode.html) that we distinguish, and their texts of `sqlite3_errstr`, because
 * node:sqlite of Deno reports the code for prepared statements only.
 */
const conditions: readonly (readonly [number, string, FileCondition])[] = [
  [5, "database is locked", "locked"],
  [6, "database table is locked", "locked"],
  [3, "access permission denied", "unwritable"],
  [8, "attempt to write a readonly database", "unwritable"],
  [11, "database disk image is malformed", "damaged"],
  [13, "database or disk is full", "full"],
  [14, "unable to open database file", "unwritable"],
  [26, "file is not a database", "foreign"],
];

/** What an error means; `foreign`: the file is not a database. */
export function conditionOf(cause: unknown): FileCondition {
  if (cause instanceof Deno.errors.NotCapable || cause instanceof Deno.errors.PermissionDenied) return "unwritable";
  if (!(cause instanceof Error)) return "failed";
  if ("code" in cause && cause.code === "ENOSPC") return "full";
  const primary = "errcode" in cause && typeof cause.errcode === "number" ? cause.errcode & 0xff : undefined;
  const found = conditions.find(([number]) => number === primary) ??
    conditions.find(([, text]) => cause.message.includes(text));
  return found?.[2] ?? "failed";
}

/** Whether something exists, following links. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw cause;
  }
}
