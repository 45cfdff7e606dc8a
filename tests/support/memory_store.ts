// Durable state in memory, with failures on demand.

import type { StateRecord, StoredState } from "../../src/core/record.ts";
import { completeState, decodeRecords, freshState, recordsOf, textChanges } from "../../src/store/record_codec.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store_error.ts";

/** The data that survives when a store is closed or its program crashes. */
export interface MemoryDisk {
  /** Stored texts by key, as in the SQLite file; tests may write data of other versions. */
  readonly texts: Map<string, string>;
  /** A store has it open; set it to `false` to simulate the death of that process. */
  isLocked: boolean;
}

/**
 * How one operation of a store fails: before anything is stored, or after everything is stored but the response is
 * lost.
 */
export interface StoreFailure {
  readonly error: StoreError;
  readonly outcome: "nothing-stored" | "all-stored";
}

/** The options of a memory store. */
export interface MemoryStoreOptions {
  /** Six random characters `[a-z0-9]` for a state that has never been used. */
  readonly newLineage: () => string;
  /** Called before each operation; `undefined` lets it succeed. */
  readonly failure?: (act: "load" | "commit") => StoreFailure | undefined;
}

/** An empty disk. */
export function createMemoryDisk(): MemoryDisk {
  return { texts: new Map(), isLocked: false };
}

/**
 * Opens a disk for writing; behaves like `openSqliteStore`. Throws {@linkcode StoreError} if another has it open.
 */
export function openMemoryStore(disk: MemoryDisk, options: MemoryStoreOptions): Store {
  if (disk.isLocked) {
    throw new StoreError("state-locked", {
      message: "the state in memory is in use by another store",
      hint: "close the other store first",
    });
  }
  disk.isLocked = true;
  let isOpen = true;

  const write = (act: "load" | "commit", records: readonly StateRecord[]): void => {
    const failure = options.failure?.(act);
    if (failure?.outcome === "nothing-stored") throw failure.error;
    for (const change of textChanges(records, (key) => disk.texts.get(key))) {
      if (change.kind === "put") disk.texts.set(change.key, change.json);
      else disk.texts.delete(change.key);
    }
    if (failure !== undefined) throw failure.error;
  };

  const demandOpen = (): void => {
    if (isOpen) return;
    throw new StoreError("state-closed", {
      message: "the state in memory is used after it was closed",
      hint: "this is a bug in gocd-mesos: please report it",
    });
  };

  return {
    load: (): Promise<StoredState> =>
      Promise.try(() => {
        demandOpen();
        const texts = [...disk.texts].map(([key, json]) => ({ key, json }));
        const stored = completeState(decodeRecords(texts), "in memory");
        const state = stored ?? freshState(options.newLineage());
        write("load", stored === undefined ? recordsOf(state) : []);
        return state;
      }),
    commit: (records: readonly StateRecord[]): Promise<void> =>
      Promise.try(() => {
        demandOpen();
        write("commit", records);
      }),
    close: (): Promise<void> => {
      if (isOpen) disk.isLocked = false;
      isOpen = false;
      return Promise.resolve();
    },
  };
}
