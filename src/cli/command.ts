// The type of a command.

import type { CliIo } from "./io.ts";

/** Arguments as parsed. */
export interface CommandArguments {
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
}

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole help text, with examples. */
  readonly help: string;
  readonly booleans: readonly string[];
  readonly strings: readonly string[];
  /** Those of them that may be given several times: their values form a list. */
  readonly repeatable?: readonly string[];
  /** Possible first operands, for shell completion; absent: it is a file. */
  readonly operandWords?: readonly string[];
  readonly operandsMin: number;
  readonly operandsMax: number;
  /** What the operands are, for error messages. */
  readonly operandsText: string;
  /** Returns the exit code; throws {@linkcode OperatorError} for anything an operator can fix. */
  readonly run: (args: CommandArguments, io: CliIo) => Promise<number>;
}
