// The terminal and the process as an interface, so that every command can be tested without them.

import { processEnv } from "../config/env.ts";
import { realClock } from "../runtime/clock.ts";
import { OperatorError } from "../errors.ts";
import type { Machine } from "../runtime/machine.ts";
import type { Build } from "./build.ts";
import { stderrIsTerminal, writeToStderr } from "../log/stderr.ts";

/** What a command may use of the process. */
export interface CliIo {
  /** One line to standard output. Throws `Deno.errors.BrokenPipe` if its reader has closed it. */
  readonly out: (line: string) => void;
  /** Raw text to standard output, for redrawing. */
  readonly draw: (text: string) => void;
  /** One line to standard error; a closed pipe is ignored. */
  readonly err: (line: string) => void;
  readonly isTerminal: boolean;
  readonly isErrTerminal: boolean;
  /** Whether the terminal of standard error has been closed since the start. */
  readonly hasHungUp: () => boolean;
  /** Width and height of the terminal in characters; very wide if there is none. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly env: Readonly<Record<string, string>>;
  readonly readFile: (path: string) => string;
  /** Calls the handler at each signal of that name; returns a function that removes it. */
  readonly onSignal: (signal: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGTSTP", handler: () => void) => () => void;
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void;
  /** Asks a question and returns one line of standard input; nothing if there is no terminal. */
  readonly ask: (question: string) => string | undefined;
  /** The same without showing what is typed. */
  readonly askSecret: (question: string) => string | undefined;
  /** Whether a user can answer. */
  readonly isInTerminal: boolean;
  /** Writes a text file. Throws `Deno.errors.AlreadyExists` if there is one that must not be replaced. */
  readonly writeFile: (path: string, text: string, options: WriteOptions) => void;
  /** Time and network. */
  readonly machine: Machine;
  /** What is embedded in this executable, if it is one. */
  readonly build?: Build;
  /** Inside a sandbox: the main thread, the only one that can grant other permissions. */
  readonly supervisor?: Supervisor;
}

/** What a program in a sandbox asks of its main thread. */
export interface Supervisor {
  /** Called before a changed configuration is used. */
  askReload(): Promise<ReloadAnswer>;
}

/** What a changed configuration means for the permissions of the program. */
export type ReloadAnswer =
  /** They are enough. */
  | { readonly kind: "apply" }
  /** They change: when this run has ended, the next one starts with the new ones. */
  | { readonly kind: "restart"; readonly changes: readonly string[] }
  /** The file is invalid, or cannot be used without a real restart. */
  | {
    readonly kind: "refused";
    readonly message: string;
    readonly hint?: string;
    readonly warnings: readonly string[];
  };

/** How a file is written. */
export interface WriteOptions {
  /** Permissions of a new file. */
  readonly mode: number;
  /** What happens to an existing file. */
  readonly existing: "keep" | "replace";
}

/** The real process; `exit` ends it. */
export function processIo(exit: (code: number) => void): CliIo {
  const encoder = new TextEncoder();
  const isErrTerminal = stderrIsTerminal();
  const write = (text: string): void => {
    const bytes = encoder.encode(text);
    try {
      for (let start = 0; start < bytes.length;) start += Deno.stdout.writeSync(bytes.subarray(start));
    } catch (error) {
      throw outputFailure(error);
    }
  };
  return {
    out: (line) => write(`${line}\n`),
    draw: (text) => write(text),
    err: writeToStderr,
    isTerminal: Deno.stdout.isTerminal(),
    isErrTerminal,
    hasHungUp: () => isErrTerminal && !stderrIsTerminal(),
    size: () => {
      // A file or a pipe has no width: nothing is truncated.
      if (!Deno.stdout.isTerminal()) return { columns: 10_000, rows: 40 };
      try {
        return Deno.consoleSize();
      } catch {
        return { columns: 100, rows: 40 };
      }
    },
    env: processEnv(),
    readFile: (path) => Deno.readTextFileSync(path),
    onSignal: (signal, handler) => {
      Deno.addSignalListener(signal, handler);
      return () => Deno.removeSignalListener(signal, handler);
    },
    exitNow: exit,
    ask: (question) => {
      if (!Deno.stdin.isTerminal()) return undefined;
      write(`${question} `);
      return readAnswer();
    },
    askSecret,
    isInTerminal: Deno.stdin.isTerminal(),
    writeFile,
    machine: realClock,
  };
}

/** See {@linkcode CliIo.writeFile}. */
export function writeFile(path: string, text: string, { mode, existing }: WriteOptions): void {
  // Written completely before it replaces another; a link is replaced, not followed.
  const target = existing === "keep" ? path : `${path}.${crypto.randomUUID().slice(0, 8)}.new`;
  Deno.writeTextFileSync(target, text, { createNew: true, mode });
  if (target !== path) Deno.renameSync(target, path);
}

const [interrupt, endOfInput, backspace, lineFeed, carriageReturn, del] = [3, 4, 8, 10, 13, 127];

/**
 * Reads one line from the terminal without echo. Ctrl-C and Ctrl-D are read as bytes, so that the terminal is always
 * restored: both return nothing.
 */
function askSecret(question: string): string | undefined {
  if (!Deno.stdin.isTerminal()) return undefined;
  const typed: number[] = [];
  const one = new Uint8Array(1);
  // Before the question: no answer can arrive earlier.
  Deno.stdin.setRaw(true);
  try {
    Deno.stdout.writeSync(new TextEncoder().encode(`${question} `));
    for (;;) {
      if (Deno.stdin.readSync(one) === null) return undefined;
      const byte = one[0] ?? endOfInput;
      if (byte === interrupt || byte === endOfInput) return undefined;
      if (byte === lineFeed || byte === carriageReturn) return new TextDecoder().decode(new Uint8Array(typed));
      if (byte === backspace || byte === del) {
        // A character may have several bytes: all but the first start with the bits 10.
        while (((typed.pop() ?? 0) & 0xc0) === 0x80);
      } else {
        typed.push(byte);
      }
    }
  } finally {
    Deno.stdin.setRaw(false);
    Deno.stdout.writeSync(new TextEncoder().encode("\n"));
  }
}

const answerBytesMax = 4_096;

/** One line of standard input; nothing at its end. A Worker has no `prompt`. */
function readAnswer(): string | undefined {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  while (bytes.length < answerBytesMax) {
    if (Deno.stdin.readSync(byte) === null) return bytes.length === 0 ? undefined : textOf(bytes);
    if (byte[0] === 10) break;
    bytes.push(byte[0] ?? 0);
  }
  return textOf(bytes);
}

function textOf(bytes: readonly number[]): string {
  return new TextDecoder().decode(new Uint8Array(bytes)).trim();
}

/** The error of a closed pipe (`| head`) is returned as it is; all others become operator errors. */
function outputFailure(error: unknown): unknown {
  if (error instanceof Deno.errors.BrokenPipe || !(error instanceof Error)) return error;
  return new OperatorError(`cannot write to standard output: ${error.message}`, {
    code: "output-failed",
    kind: "usage",
    hint: "free some space, or send the output elsewhere",
    cause: error,
  });
}
