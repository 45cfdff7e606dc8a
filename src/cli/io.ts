// The terminal and the process as a port, so that every command is tested without one. Not here: what is written.
// Made once in main.ts.

import { processEnv } from "../config/env.ts";

/** What a command may use of the process. */
export interface CliIo {
  /** One line to standard output. */
  readonly out: (line: string) => void;
  /** Raw text to standard output, for redrawing. */
  readonly draw: (text: string) => void;
  /** One line to standard error. */
  readonly err: (line: string) => void;
  readonly isTerminal: boolean;
  readonly isErrTerminal: boolean;
  /** Width and height of the terminal in characters. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly env: Readonly<Record<string, string>>;
  readonly readFile: (path: string) => string;
  /** Calls the handler at each signal of that name; returns how to stop. */
  readonly onSignal: (signal: "SIGINT" | "SIGTERM" | "SIGHUP", handler: () => void) => () => void;
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void;
  /** One line from standard input after a question; nothing where there is no terminal. */
  readonly ask: (question: string) => string | undefined;
}

/** The real process; `exit` ends it. */
export function processIo(exit: (code: number) => void): CliIo {
  const encoder = new TextEncoder();
  const write = (stream: { writeSync(bytes: Uint8Array): number }, text: string): void => {
    const bytes = encoder.encode(text);
    for (let start = 0; start < bytes.length;) start += stream.writeSync(bytes.subarray(start));
  };
  return {
    out: (line) => write(Deno.stdout, `${line}\n`),
    draw: (text) => write(Deno.stdout, text),
    err: (line) => write(Deno.stderr, `${line}\n`),
    isTerminal: Deno.stdout.isTerminal(),
    isErrTerminal: Deno.stderr.isTerminal(),
    size: () => {
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
    ask: (question) => Deno.stdin.isTerminal() ? prompt(question) ?? undefined : undefined,
  };
}
