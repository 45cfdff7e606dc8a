// The type of a command.

import type { CliIo } from "./io.ts";

/** Arguments as parsed. */
export interface CommandArguments {
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
}

/** Which operands a command takes. */
export interface Operands {
  readonly min: number;
  readonly max: number;
  /** What they are, for error messages. */
  readonly text: string;
  /** Possible first operands, for shell completion; absent: it is a file. */
  readonly words?: readonly string[];
}

/** No operands. */
export const noOperands: Operands = { min: 0, max: 0, text: "" };

/** A configuration file that exists. */
export const oneFile: Operands = { min: 1, max: 1, text: "one configuration file" };

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
  readonly operands: Operands;
  /** Returns the exit code; throws {@linkcode OperatorError} for anything an operator can fix. */
  readonly run: (args: CommandArguments, io: CliIo) => Promise<number>;
}
