// Reads a state file while its writer runs.

import type { StoredState } from "../core/record.ts";
import { completeState, type DecodedRecords, decodeRecords } from "./record_codec.ts";
import { guarded } from "./sqlite_errors.ts";
import { openStateFileForReading, readWriter, schemaVersion } from "./sqlite_file.ts";
import { readTexts } from "./sqlite_store.ts";

/** The content of a state file, valid or not. */
export interface StateInspection extends DecodedRecords {
  readonly path: string;
  /** `PRAGMA user_version`. */
  readonly schemaVersion: number;
  /** Which process last opened it for writing, e.g. `process 4711`; it may have ended since. */
  readonly lastWriter?: string;
  /** The result of SQLite's integrity check; empty if the file is intact. At most ten lines. */
  readonly damage: readonly string[];
}

/** A state file open for reading; the writer is not disturbed. */
export interface StateReader {
  /** The state as the program would load it; `undefined` if it has never been used. Throws {@linkcode StoreError}. */
  load(): StoredState | undefined;
  /** The valid records, the invalid ones, and SQLite's check of the file. */
  inspect(): StateInspection;
  /** Closes the file. */
  close(): void;
}

/** Opens a state file for reading. Throws {@linkcode StoreError}: missing, not readable, damaged, of something else, newer. */
export function openStoreForReading(path: string): StateReader {
  const database = openStateFileForReading(path);
  return {
    load: () => completeState(decodeRecords(guarded("read", path, () => readTexts(database))), path),
    inspect: () =>
      guarded("read", path, () => {
        const lastWriter = readWriter(database);
        return {
          path,
          schemaVersion: schemaVersion(database),
          ...(lastWriter === undefined ? {} : { lastWriter }),
          ...decodeRecords(readTexts(database)),
          damage: database.prepare("PRAGMA integrity_check(10)").all()
            .map((row) => String(row.integrity_check))
            .filter((line) => line !== "ok"),
        };
      }),
    close: () => database.close(),
  };
}
