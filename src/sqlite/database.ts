// What the state and the history have in common as SQLite databases. Not here: their schemas.

import type { DatabaseSync } from "node:sqlite";

/** A number that SQLite keeps of the database; 0 where there is none. */
export function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

/** Applies the steps that the database lacks; `PRAGMA user_version` counts those applied. Throws what SQLite throws. */
export function migrate(database: DatabaseSync, steps: readonly string[]): void {
  for (let version = pragma(database, "user_version"); version < steps.length; version++) {
    inTransaction(database, () => database.exec(`${steps[version]}; PRAGMA user_version = ${version + 1}`));
  }
}

/** Prepares an open database; closes it again if that fails. */
export function prepared(database: DatabaseSync, prepare: (database: DatabaseSync) => void): DatabaseSync {
  try {
    prepare(database);
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/** Runs `body` in one transaction that is rolled back where it throws. */
export function inTransaction(database: DatabaseSync, body: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    body();
    database.exec("COMMIT");
  } catch (cause) {
    try {
      database.exec("ROLLBACK");
    } catch {
      // A full disk has already rolled it back (sqlite.org/lang_transaction.html).
    }
    throw cause;
  }
}
