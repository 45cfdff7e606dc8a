// Durable state in memory, with failures on demand.

import type { StateRecord, StoredState } from "../../src/core/record.ts";
import { completeState, decodeRecords, freshState, recordsOf, textChanges } from "../../src/store/record_codec.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store_error.ts";

/** What stays when a store is closed or its program crashes. */
export interface MemoryDisk {
  /** Stored texts by key, as the SQLite file has them; tests may write into it what another version would have left. */
  readonly texts: Map<string, string>;
  /** A store has it open; set it to `false` to stand for the death of that process. */
  isLocked: boolean;
}

/** How one act of a store fails: before anything is stored, or after all is stored but the answer is lost. */
export interface StoreFailure {
  readonly error: StoreError;
  readonly outcome: "nothing-stored" | "all-stored";
}

/** What a memory store needs. */
export interface MemoryStoreOptions {
  /** Six random characters `[a-z0-9]` for a state that has never been used. */
  readonly newLineage: () => string;
  /** Asked before each act; `undefined` lets it succeed. */
  readonly failure?: (act: "load" | "commit") => StoreFailure | undefined;
}

/** An empty disk. */
export function createMemoryDisk(): MemoryDisk {
  return { texts: new Map(), isLocked: false };
}

/**
 * Opens a disk for writing; behaves as `openSqliteStore` does. Throws {@linkcode StoreError} if another has it open.
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
