// The error for durable state that cannot be read or written.

import { OperatorError } from "../errors.ts";

/**
 * What is wrong with the durable state.
 * - `state-locked`: another process has it open for writing
 * - `state-missing`: there is no state file (only for readers, which never create one)
 * - `state-folder-missing`: its folder does not exist
 * - `state-path-unusable`: the path names a folder, is below a file, or is a broken link
 * - `state-of-another-user`: it does not exist, and a file created by this user could not be opened by the owner of the
 * folder
 * - `state-unwritable`: file or folder may not be read or written
 * - `state-full`: disk full, or the file has reached its limit; nothing of the transaction is stored
 * - `state-damaged`: the database is damaged
 * - `state-foreign`: it is a file of another program
 * - `state-newer`: a newer program has written it
 * - `state-record-unreadable`: one or more records cannot be decoded; they are named
 * - `state-not-empty`: an import would overwrite what is there
 * - `state-document-invalid`: the text to import is not an export of ours
 * - `state-closed`: used after close
 * - `state-unreachable`: no ZooKeeper server responds; the data may or may not be stored
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

/** The details of a {@linkcode StoreError}. */
interface StoreErrorText {
  /** The operation, the file, and the result. */
  readonly message: string;
  /** The operator's next step. */
  readonly hint: string;
  /** The underlying error, if any. */
  readonly cause?: unknown;
}

/** Durable state cannot be used as requested; the file is unchanged. */
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
