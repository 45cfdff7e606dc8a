// The error for durable state that cannot be read or written.

import { OperatorError } from "../errors.ts";

/**
 * What is wrong with the durable state.
 * - `state-locked`: another process has it open for writing
 * - `state-missing`: there is no state file (only for readers, who never make one)
 * - `state-folder-missing`: its folder is not there
 * - `state-path-unusable`: the path names a folder, lies below a file, or is a link that leads nowhere
 * - `state-of-another-user`: it is not there, and a file that this user makes could not be opened by whoever has the folder
 * - `state-unwritable`: file or folder may not be read or written
 * - `state-full`: disk full, or the file has reached its limit; nothing of the transaction is stored
 * - `state-damaged`: it is no sound database any more
 * - `state-foreign`: it is a file of something else
 * - `state-newer`: a newer program has written it
 * - `state-record-unreadable`: one or more records cannot be decoded; they are named
 * - `state-not-empty`: an import would overwrite what is there
 * - `state-document-invalid`: the text to import is no export of ours
 * - `state-closed`: used after close
 * - `state-unreachable`: no ZooKeeper server answers; what was to be stored may or may not be
 * - `state-lock-lost`: another instance leads, or our ZooKeeper session has expired; nothing of the transaction is stored
 * - `state-failed`: the disk refused in another way
 */
export type StoreErrorCode =
  | "state-locked"
  | "state-missing"
  | "state-folder-missing"
  | "state-path-unusable"
  | "state-of-another-user"
  | "state-unwritable"
  | "state-full"
  | "state-damaged"
  | "state-foreign"
  | "state-newer"
  | "state-record-unreadable"
  | "state-not-empty"
  | "state-document-invalid"
  | "state-closed"
  | "state-unreachable"
  | "state-lock-lost"
  | "state-failed";

/** What a {@linkcode StoreError} says beside its code. */
interface StoreErrorText {
  /** What was tried on which file, and what came back. */
  readonly message: string;
  /** The operator's next act. */
  readonly hint: string;
  /** The underlying error, if any. */
  readonly cause?: unknown;
}

/** Durable state cannot be used as asked; the file is left as it was. */
export class StoreError extends OperatorError {
  /** Which condition; decides what the caller may still do. */
  override readonly code: StoreErrorCode;

  /** Creates the error for one condition. */
  constructor(code: StoreErrorCode, text: StoreErrorText) {
    super(text.message, { code, kind: "state", hint: text.hint, cause: text.cause });
    this.name = "StoreError";
    this.code = code;
  }
}
