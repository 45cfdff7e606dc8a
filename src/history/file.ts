// The history as a SQLite database: making and recognizing its file, its schema. A database in memory has the same one.

import { DatabaseSync } from "node:sqlite";
import { migrate, pragma, prepared } from "../sqlite/database.ts";
import { exists } from "../sqlite/file.ts";
import { guarded, HistoryError } from "./error.ts";

/** `PRAGMA application_id` of our files: "gmhi" in ASCII. */
const applicationId = 0x676d6869;

/** The migrations from each schema version to the next; `PRAGMA user_version` counts those applied. Append only. */
const migrations: readonly string[] = [
  `CREATE TABLE samples (
     at INTEGER PRIMARY KEY, needsAgent INTEGER NOT NULL, coming INTEGER NOT NULL, willBeTaken INTEGER NOT NULL,
     otherCause INTEGER NOT NULL, unserved INTEGER NOT NULL, notOurs INTEGER NOT NULL, wanted INTEGER NOT NULL,
     starting INTEGER NOT NULL, idle INTEGER NOT NULL, building INTEGER NOT NULL, draining INTEGER NOT NULL,
     away INTEGER NOT NULL, oldestWaitMs INTEGER NOT NULL) STRICT;
   CREATE TABLE notes (
     id INTEGER PRIMARY KEY, at INTEGER NOT NULL, level TEXT NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL) STRICT;
   CREATE INDEX notes_at ON notes (at);
   CREATE INDEX notes_level ON notes (level, at);
   CREATE TABLE lives (
     taskId TEXT PRIMARY KEY, ended INTEGER, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX lives_ended ON lives (ended);
   CREATE TABLE hours (
     hour INTEGER NOT NULL, profile TEXT NOT NULL, starting INTEGER NOT NULL, idle INTEGER NOT NULL,
     busy INTEGER NOT NULL, other INTEGER NOT NULL, PRIMARY KEY (hour, profile)) STRICT, WITHOUT ROWID;
   CREATE TABLE snapshots (
     at INTEGER PRIMARY KEY, rank INTEGER NOT NULL, version TEXT NOT NULL, gzip BLOB NOT NULL) STRICT;
   CREATE INDEX snapshots_rank ON snapshots (rank, at);`,
  `CREATE TABLE jobs (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
   CREATE INDEX jobs_at ON jobs (at);`,
  `ALTER TABLE hours ADD COLUMN draining INTEGER NOT NULL DEFAULT 0;`,
  // Agents of a sample are a mean.
  `CREATE TABLE means (
     at INTEGER PRIMARY KEY, needsAgent INTEGER NOT NULL, coming INTEGER NOT NULL, willBeTaken INTEGER NOT NULL,
     otherCause INTEGER NOT NULL, unserved INTEGER NOT NULL, notOurs INTEGER NOT NULL, wanted INTEGER NOT NULL,
     starting REAL NOT NULL, idle REAL NOT NULL, building REAL NOT NULL, draining REAL NOT NULL,
     away REAL NOT NULL, oldestWaitMs INTEGER NOT NULL) STRICT;
   INSERT INTO means SELECT at, needsAgent, coming, willBeTaken, otherCause, unserved, notOurs, wanted, starting, idle,
     building, draining, away, oldestWaitMs FROM samples;
   DROP TABLE samples;
   ALTER TABLE means RENAME TO samples;`,
  // Without figures of jobs, it was not known what waited.
  `CREATE TABLE figures (
     at INTEGER PRIMARY KEY, needsAgent INTEGER, coming INTEGER, willBeTaken INTEGER, otherCause INTEGER,
     unserved INTEGER, notOurs INTEGER, wanted INTEGER, oldestWaitMs INTEGER, starting REAL NOT NULL,
     idle REAL NOT NULL, building REAL NOT NULL, draining REAL NOT NULL, away REAL NOT NULL) STRICT;
   INSERT INTO figures SELECT at, needsAgent, coming, willBeTaken, otherCause, unserved, notOurs, wanted, oldestWaitMs,
     starting, idle, building, draining, away FROM samples;
   DROP TABLE samples;
   ALTER TABLE figures RENAME TO samples;`,
];

/** The name of a history without a file, in messages. */
export const memoryName = "memory";

/**
 * Opens a history file for its writer, and creates it if missing (never its folder); without a path, a database in
 * memory. It never grows beyond `bytesMax`. Throws {@linkcode HistoryError}, and does not change a file that is not
 * ours, damaged or newer.
 */
export function openDatabase(path: string | undefined, bytesMax: number): DatabaseSync {
  const place = path ?? memoryName;
  return guarded("open", place, () => {
    if (path !== undefined) makePrivate(path);
    return prepared(new DatabaseSync(path ?? ":memory:"), (database) => {
      // A waiting writer delays everything else.
      database.exec("PRAGMA busy_timeout = 0");
      const isFresh = pragma(database, "application_id") === 0 && pragma(database, "page_count") === 0;
      if (!isFresh) checkIdentity(database, place);
      // A power failure only loses minutes of history.
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      setLimit(database, bytesMax);
      if (isFresh) database.exec(`PRAGMA application_id = ${applicationId}`);
      migrate(database, migrations);
    });
  });
}

/**
 * Opens a history file for reading while its writer is running. Throws {@linkcode HistoryError}; never creates or
 * changes a file.
 */
export function openDatabaseForReading(path: string): DatabaseSync {
  return guarded("read", path, () => {
    if (!exists(path)) throw new HistoryError("history-missing", `there is no history file ${path}`);
    return prepared(new DatabaseSync(path, { readOnly: true }), (database) => {
      database.exec("PRAGMA busy_timeout = 5000");
      checkIdentity(database, path);
    });
  });
}

/** The maximum size from now on; existing data is kept. */
export function setLimit(database: DatabaseSync, bytesMax: number): void {
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(bytesMax / pragma(database, "page_size")))}`);
}

/** Bytes in use, without free pages. */
export function bytesUsed(database: DatabaseSync): number {
  const pages = pragma(database, "page_count") - pragma(database, "freelist_count");
  return pages * pragma(database, "page_size");
}

function checkIdentity(database: DatabaseSync, place: string): void {
  const id = pragma(database, "application_id");
  if (id !== applicationId) {
    throw new HistoryError(
      "history-foreign",
      `${place} is a SQLite database of another program (application_id ${id})`,
    );
  }
  const version = pragma(database, "user_version");
  if (version <= migrations.length) return;
  const known = `this program supports up to ${migrations.length}`;
  throw new HistoryError("history-newer", `the history in ${place} has schema version ${version}, ${known}`);
}

/** Not every user of the machine may read names of jobs and hosts. */
function makePrivate(path: string): void {
  if (exists(path)) return;
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
}
