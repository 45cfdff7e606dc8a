// The interface of durable state.

import type { StateRecord, StoredState } from "../core/record.ts";

/** Durable state with one writer. */
export interface Store {
  /**
   * The state left by the last run; a fresh state with a new random lineage if there was none. Throws {@linkcode
   * OperatorError} of kind `state`.
   */
  load(): Promise<StoredState>;
  /** Stores all records in one transaction and returns when they are on disk. Throws {@linkcode OperatorError} of kind `state`. */
  commit(records: readonly StateRecord[]): Promise<void>;
  /** Releases the lock and the file. */
  close(): Promise<void>;
}
