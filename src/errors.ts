// The base class of every error that an operator may read. Each folder defines its own subclasses.

/**
 * What kind of failure an error is; decides the exit code of a command.
 * - `usage`: the command line or the configuration is wrong (2)
 * - `unreachable`: a server cannot be reached or does not answer sensibly (3)
 * - `refused`: a server, or the running instance, refused us: credentials, rights, a removed framework (4)
 * - `superseded`: another instance has taken over (5)
 * - `state`: the state file is locked, damaged or belongs to something else (6)
 * - `internal`: a bug in this program (1)
 */
export type ErrorKind = "usage" | "unreachable" | "refused" | "superseded" | "state" | "internal";

/** Exit code of the process for each {@linkcode ErrorKind}; documented in the README. */
export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  internal: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  superseded: 5,
  state: 6,
};

/** What an {@linkcode OperatorError} is made from. */
interface OperatorErrorOptions {
  /** A literal, stable code such as `gocd-unauthorized`. */
  readonly code: string;
  /** Decides the exit code. */
  readonly kind: ErrorKind;
  /** The operator's next step, one sentence without a period. */
  readonly hint: string;
  /** The underlying error, if any. */
  readonly cause?: unknown;
}

/** An error that says what was tried with which value, the result, and (in `hint`) what to do about it. */
export class OperatorError extends Error {
  /** A literal, stable code such as `gocd-unauthorized`. */
  readonly code: string;
  /** Decides the exit code. */
  readonly kind: ErrorKind;
  /** The operator's next step. */
  readonly hint: string;

  /** Creates an error; `message` is one line without secrets. */
  constructor(message: string, options: OperatorErrorOptions) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "OperatorError";
    this.code = options.code;
    this.kind = options.kind;
    this.hint = options.hint;
  }
}

/** The text of an error; if Deno denies a permission in our own words, without system error numbers. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Deno.errors.NotCapable)) {
    return withoutSystemNumbers(error instanceof Error ? error.message : String(error));
  }
  const [, kind = "", what] = /^Requires (\w+) access(?: to ("[^"]*"|<\w+>))?,/.exec(error.message) ?? [];
  const act = rightActs[kind] ?? "do that, which needs a right";
  return `this program may not ${act}${what === undefined ? "" : ` ${what}`}`;
}

/** A system message without details for developers: `(os error 98)`. */
export function withoutSystemNumbers(text: string): string {
  return text.replaceAll(/ \(os error \d+\)/g, "");
}

const rightActs: Readonly<Record<string, string>> = {
  net: "connect to",
  read: "read",
  write: "write",
  env: "read the variable",
  run: "run",
  ffi: "load",
  sys: "read of the system",
};
