// The state file as a SQLite database: creating and recognizing it, its schema, and the lock next to it.

import { DatabaseSync } from "node:sqlite";
import { migrate, pragma, prepared } from "../sqlite/database.ts";
import { exists } from "../sqlite/file.ts";
import { damagedHint, foreignHint, guarded } from "./sqlite_errors.ts";
import { makePrivate, realStatePath } from "./state_path.ts";
import { StoreError } from "./store_error.ts";

/** `PRAGMA application_id` of our files: "gmes" in ASCII. */
const applicationId = 0x676d6573;

/** The migrations from each schema version to the next; `PRAGMA user_version` counts those applied. Append only. */
export const migrations: readonly string[] = [
  `CREATE TABLE records (key TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
];

/** The format of a state file. */
export interface FileSchema {
  /** One SQL text per schema version. */
  readonly steps: readonly string[];
  /** Maximum file size, so that a bug cannot fill the disk. */
  readonly bytesMax: number;
}

/** The schema of this version; 20,000 instances take less than a tenth of its limit. */
export const ourSchema: FileSchema = { steps: migrations, bytesMax: 256 * 1024 * 1024 };

/** A lock that the operating system releases when the process ends, however it ends. */
export interface FileLock {
  /** Lets another process in. */
  release(): void;
}

/**
 * Takes the lock of a state file: an exclusive transaction on an empty database next to it, so that readers of the
 * state file itself are not blocked. Throws {@linkcode StoreError} `state-locked` if another has it.
 */
export function lockStateFile(path: string): FileLock {
  const lockPath = `${path}-lock`;
  return guarded("lock", lockPath, () => {
    makePrivate(lockPath);
    const database = new DatabaseSync(lockPath);
    try {
      database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
      return { release: (): void => database.close() };
    } catch (cause) {
      database.close();
      if (cause instanceof Error && cause.message.includes("locked")) throw lockedError(path, cause);
      throw cause;
    }
  });
}

/**
 * Opens the state file for its single writer, creates it if missing, and migrates its schema. The caller holds the
 * lock. Throws {@linkcode StoreError}, and does not change a file that is not ours, damaged or newer.
 */
export function openStateFile(path: string, schema: FileSchema = ourSchema): DatabaseSync {
  const { steps } = schema;
  if (!exists(path)) makeStateFile(path, steps);
  return guarded("open", path, () => {
    refuseEmptyFile(path);
    return prepared(new DatabaseSync(path), (database) => {
      checkIdentity(database, path, steps.length);
      // The log has the permissions that the file had when it was created.
      for (const file of [path, `${path}-wal`, `${path}-shm`].filter(exists)) makePrivate(file);
      database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      setLimit(database, schema.bytesMax);
      migrate(database, steps);
      storeWriter(database);
    });
  });
}

/**
 * Opens the state file for reading while its writer is running. Throws {@linkcode StoreError}; never creates or changes
 * a file.
 */
export function openStateFileForReading(path: string): DatabaseSync {
  const real = realStatePath(path);
  if (!exists(real)) {
    throw new StoreError("state-missing", {
      message: `there is no state file ${path}`,
      hint: "check state.path in framework.conf; the file is made by the first 'gocd-mesos start'",
    });
  }
  return guarded("read", path, () => {
    refuseEmptyFile(real);
    return prepared(new DatabaseSync(real, { readOnly: true }), (database) => {
      database.exec("PRAGMA busy_timeout = 5000");
      checkIdentity(database, path, migrations.length);
    });
  });
}

/** The schema version of an open file. */
export function schemaVersion(database: DatabaseSync): number {
  return pragma(database, "user_version");
}

/** Which process last opened the file for writing, e.g. `process 4711`; it may have ended since. */
export function readWriter(database: DatabaseSync): string | undefined {
  const row = database.prepare("SELECT value FROM facts WHERE name = 'writer'").get();
  return typeof row?.value === "string" ? row.value : undefined;
}

function lockedError(path: string, cause: unknown): StoreError {
  let writer = "another process";
  try {
    const database = openStateFileForReading(path);
    writer = readWriter(database) ?? writer;
    database.close();
  } catch {
    // The holder of the lock is only additional information: the file itself may not exist yet.
  }
  return new StoreError("state-locked", {
    message: `the state file ${path} is in use by ${writer}`,
    hint: "stop the other gocd-mesos first, or set state.path to another file: two on one state would launch twice",
    cause,
  });
}

/** First creates a complete file under another name, so that a truncated one is never used as the state. */
function makeStateFile(path: string, steps: readonly string[]): void {
  if (bytesOf(`${path}-wal`) > 0) {
    throw new StoreError("state-damaged", {
      message: `the state file ${path} is missing, but its log ${path}-wal is there`,
      hint: "restore the file, or move the log aside to start with nothing",
    });
  }
  const draft = `${path}.new`;
  guarded("make", path, () => {
    for (const leftover of [draft, `${draft}-journal`]) {
      if (exists(leftover)) Deno.removeSync(leftover);
    }
    makePrivate(draft);
    const database = prepared(new DatabaseSync(draft), (made) => {
      made.exec(`PRAGMA synchronous = FULL; PRAGMA application_id = ${applicationId}`);
      migrate(made, steps);
    });
    database.close();
    Deno.renameSync(draft, path);
  });
}

function checkIdentity(database: DatabaseSync, path: string, versionMax: number): void {
  const id = pragma(database, "application_id");
  if (id !== applicationId) {
    throw new StoreError("state-foreign", {
      message: `the file ${path} is a SQLite database of another program (application_id ${id})`,
      hint: foreignHint,
    });
  }
  const version = schemaVersion(database);
  if (version > versionMax) {
    throw new StoreError("state-newer", {
      message: `the state file ${path} has schema version ${version}, this program supports up to ${versionMax}`,
      hint: "start the newer gocd-mesos that wrote it, or let it export the state ('gocd-mesos state export')",
    });
  }
}

/** SQLite treats an empty file as a new database; if a state was expected, that is damage. */
function refuseEmptyFile(path: string): void {
  if (Deno.statSync(path).size > 0) return;
  throw new StoreError("state-damaged", {
    message: `the state file ${path} is empty (0 bytes)`,
    hint: `if gocd-mesos has never run with it, remove the file and start again; otherwise ${damagedHint}`,
  });
}

function setLimit(database: DatabaseSync, bytesMax: number): void {
  const pages = Math.floor(bytesMax / pragma(database, "page_size"));
  database.exec(`PRAGMA max_page_count = ${pages}`);
}

function storeWriter(database: DatabaseSync): void {
  database.prepare("INSERT OR REPLACE INTO facts VALUES ('writer', ?)").run(`process ${Deno.pid}`);
}

function bytesOf(path: string): number {
  return exists(path) ? Deno.statSync(path).size : 0;
}
