// Durable state in one SQLite file with one writer.

import type { DatabaseSync } from "node:sqlite";
import type { StateRecord, StoredState } from "../core/record.ts";
import { completeState, decodeRecords, freshState, recordsOf, type StoredText, textChanges } from "./record_codec.ts";
import { guarded } from "./sqlite_errors.ts";
import { inTransaction } from "../sqlite/database.ts";
import { type FileLock, lockStateFile, openStateFile, ourSchema } from "./sqlite_file.ts";
import { realStatePath } from "./state_path.ts";
import type { Store } from "./store.ts";
import { StoreError } from "./store_error.ts";

/** The options of a store. */
export interface SqliteStoreOptions {
  /** Six random characters `[a-z0-9]` for a state that has never been used. */
  readonly newLineage: () => string;
  /** Maximum file size; {@linkcode ourSchema} has the default. */
  readonly fileBytesMax?: number;
}

/**
 * Opens the state file at `path` for writing; creates it if missing (never its folder). A commit is on disk when it
 * returns (WAL, `synchronous = FULL`). Throws {@linkcode StoreError}: locked by another process, damaged, of something
 * else, newer, not writable, folder missing.
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions): Store {
  const real = realStatePath(path);
  const schema = { ...ourSchema, bytesMax: options.fileBytesMax ?? ourSchema.bytesMax };
  const lock = lockStateFile(real);
  try {
    return new SqliteStore(real, options, { lock, database: openStateFile(real, schema) });
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

/**
 * Throws what {@linkcode openSqliteStore} would because of missing permissions or another writer; creates nothing. The
 * content is checked in sqlite_reader.ts.
 */
export function probeSqliteStore(path: string): void {
  const real = realStatePath(path);
  guarded("write", path, () => {
    try {
      makeAndRemove(`${real}-check`);
      for (const file of ["", "-wal", "-shm", "-lock"].map((suffix) => `${real}${suffix}`)) probeFile(file);
    } catch (error) {
      // A check may run with fewer permissions than the start that it checks, or at the same time as another check.
      if (!(error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  });
  if (probeFile(`${real}-lock`)) lockStateFile(real).release();
}

/** Bytes that a first start writes: the state, its log and their index. */
const firstBytes = 64 * 1024;

/**
 * Throws if no file can be created in the folder of a path, or the disk is full. Always the same name, so that
 * restricted permissions can list it.
 */
function makeAndRemove(path: string): void {
  // A leftover of an earlier check, or a link created by another user.
  removeIfThere(path);
  using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  try {
    for (let left = firstBytes; left > 0;) left -= file.writeSync(new Uint8Array(left));
  } finally {
    removeIfThere(path);
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Throws if a file exists that cannot be written; returns whether it exists. */
function probeFile(path: string): boolean {
  try {
    Deno.openSync(path, { read: true, write: true }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

interface OpenFile {
  readonly lock: FileLock;
  readonly database: DatabaseSync;
}

/** A class, because it owns a file and a lock. */
class SqliteStore implements Store {
  readonly #path: string;
  readonly #newLineage: () => string;
  #file: OpenFile | undefined;

  constructor(path: string, options: SqliteStoreOptions, file: OpenFile) {
    this.#path = path;
    this.#newLineage = options.newLineage;
    this.#file = file;
  }

  load(): Promise<StoredState> {
    return attempt(() => {
      const database = this.#database();
      const texts = guarded("read", this.#path, () => readTexts(database));
      const stored = completeState(decodeRecords(texts), this.#path);
      if (stored !== undefined) return stored;
      const fresh = freshState(this.#newLineage());
      this.#write(recordsOf(fresh));
      return fresh;
    });
  }

  commit(records: readonly StateRecord[]): Promise<void> {
    return attempt(() => {
      if (records.length > 0) this.#write(records);
      else this.#database();
    });
  }

  close(): Promise<void> {
    return attempt(() => {
      const file = this.#file;
      this.#file = undefined;
      if (file === undefined) return;
      try {
        guarded("close", this.#path, () => file.database.close());
      } finally {
        file.lock.release();
      }
    });
  }

  #write(records: readonly StateRecord[]): void {
    const database = this.#database();
    guarded("write", this.#path, () =>
      inTransaction(database, () => {
        const read = database.prepare("SELECT json FROM records WHERE key = ?");
        const put = database.prepare(
          "INSERT INTO records VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET json = excluded.json",
        );
        const remove = database.prepare("DELETE FROM records WHERE key = ?");
        const stored = (key: string): string | undefined => textOf(read.get(key)?.json);
        for (const change of textChanges(records, stored)) {
          if (change.kind === "put") put.run(change.key, change.json);
          else remove.run(change.key);
        }
      }));
  }

  #database(): DatabaseSync {
    if (this.#file !== undefined) return this.#file.database;
    throw new StoreError("state-closed", {
      message: `the state file ${this.#path} is used after it was closed`,
      hint: "this is a bug in gocd-mesos: please report it",
    });
  }
}

/** All stored texts of an open file. */
export function readTexts(database: DatabaseSync): readonly StoredText[] {
  return database.prepare("SELECT key, json FROM records").all()
    .map((row) => ({ key: textOf(row.key) ?? "", json: textOf(row.json) ?? "" }));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function attempt<Result>(act: () => Result): Promise<Result> {
  return Promise.try(act);
}
