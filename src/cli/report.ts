// The rows that `check` prints, and the exit code that follows from them.

import { ConfigError, problemText } from "../config/config_error.ts";
import { isAct } from "../core/words/phrases.ts";
import { exitCodes, OperatorError } from "../errors.ts";
import type { CliIo } from "./io.ts";
import { printable } from "./table.ts";

/** Rows on standard output, one per finding. */
export interface Report {
  /** A finding that is fine. */
  ok(what: string, text: string): void;
  /** A finding that does not prevent the program from running. */
  warn(what: string, text: string, hint: string): void;
  /** A finding that does; a ConfigError is one row per problem. */
  fail(what: string, error: unknown): void;
  /** That of the first row that failed, 0 if none did. */
  exitCode(): number;
}

const whatWidth = 7;

/** Creates a report without rows. */
export function createReport(io: CliIo): Report {
  let exitCode = 0;
  const row = (mark: string, what: string, { text, hint }: { readonly text: string; readonly hint: string }): void => {
    io.out(`${mark.padEnd(4)}  ${what.padEnd(whatWidth)} ${printable(text)}`);
    if (hint !== "") io.out(`${" ".repeat(whatWidth + 7)}${printable(nextAct(hint))}`);
  };
  return {
    ok: (what, text) => row("ok", what, { text, hint: "" }),
    warn: (what, text, hint) => row("warn", what, { text, hint }),
    fail: (what, error) => {
      if (exitCode === 0) exitCode = exitCodes[error instanceof OperatorError ? error.kind : "internal"];
      if (error instanceof ConfigError) {
        for (const problem of error.problems) row("FAIL", what, { text: problemText(problem), hint: problem.hint });
        for (const warning of error.warnings) row("warn", what, { text: warning, hint: "" });
      } else {
        const text = error instanceof Error ? error.message : String(error);
        row("FAIL", what, { text, hint: error instanceof OperatorError ? error.hint : "" });
      }
    },
    exitCode: () => exitCode,
  };
}

/** A hint as shown: `to do: …`, or the hint itself if it says that there is nothing to do. */
export function nextAct(hint: string): string {
  return isAct(hint) ? `to do: ${hint}` : hint;
}
