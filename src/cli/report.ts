// How a command reports errors: the error that ends it, and the rows of `check` with the resulting exit code.

import { ConfigError, problemText } from "../config/config_error.ts";
import { isAct } from "../core/words/phrases.ts";
import { type ErrorKind, exitCodes, messageOf, OperatorError } from "../errors.ts";
import { writeJson } from "./instance.ts";
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

/** Why a command ends early: the error, the next step, the exit code. */
export interface CommandEnd {
  readonly text: string;
  readonly hint?: string;
  /** A stable literal, such as `state-locked`. */
  readonly code: string;
  readonly exitCode: number;
}

/** The report of an error that ends a command. */
export function endOf(error: unknown): CommandEnd {
  if (error instanceof OperatorError) {
    const { message, hint, kind, code } = error;
    return { text: message, ...(hint === "" ? {} : { hint }), code, exitCode: exitCodes[kind] };
  }
  if (error instanceof Deno.errors.NotCapable) {
    const hint = "`gocd-mesos check` lists its permissions: compile or start again with this configuration file";
    return { text: messageOf(error), hint, code: "not-permitted", exitCode: exitCodes.usage };
  }
  return {
    text: `internal error: ${faultText(error)}`,
    hint: "please report this line, and what you did: it is a bug in gocd-mesos",
    code: "internal-error",
    exitCode: exitCodes.internal,
  };
}

/** Maximum number of stack frames in the line about a bug. */
const placesMax = 3;

/** An unexpected error on one line, with the top of its stack. */
function faultText(error: unknown): string {
  if (!(error instanceof Error)) return String(error).replace(/\s+/g, " ");
  const places = [...(error.stack ?? "").matchAll(/((?:src|scripts)\/[^\s()]+?\.ts:\d+|main\.ts:\d+)/g)]
    .map((match) => match[1]).slice(0, placesMax);
  const text = `${error.name}: ${error.message}`.replace(/\s+/g, " ");
  return places.length === 0 ? text : `${text} (at ${places.join(", ")})`;
}

/** One finding. */
export interface Row {
  readonly level: "ok" | "warn" | "fail";
  /** What it is about, in one word. */
  readonly what: string;
  readonly text: string;
  /** The next step; empty: none. */
  readonly hint: string;
  /** For a failure: the kind that determines the exit code. */
  readonly kind?: ErrorKind;
}

/** Creates a report that passes its rows on immediately. */
export function rowReport(take: (row: Row) => void): Report {
  let exitCode = 0;
  return {
    ok: (what, text) => take({ level: "ok", what, text, hint: "" }),
    warn: (what, text, hint) => take({ level: "warn", what, text, hint }),
    fail: (what, error) => {
      const kind = error instanceof OperatorError ? error.kind : "internal";
      if (exitCode === 0) exitCode = exitCodes[kind];
      if (error instanceof ConfigError) {
        for (const problem of error.problems) {
          take({ level: "fail", what, text: problemText(problem), hint: problem.hint, kind });
        }
        for (const warning of error.warnings) take({ level: "warn", what, text: warning, hint: "" });
      } else {
        const hint = error instanceof OperatorError ? error.hint : "";
        take({ level: "fail", what, text: messageOf(error), hint, kind });
      }
    },
    exitCode: () => exitCode,
  };
}

const levelWords: Readonly<Record<Row["level"], string>> = { ok: "ok", warn: "warning", fail: "failure" };

/** What `--json` prints of rows: all of them, and the exit code. */
export function rowsJson(rows: readonly Row[], exitCode: number): Readonly<Record<string, unknown>> {
  return {
    rows: rows.map(({ level, what, text, hint }) => ({ level: levelWords[level], what, text, hint })),
    exitCode,
  };
}

const whatWidth = 7;
const marks: Readonly<Record<Row["level"], string>> = { ok: "ok", warn: "warn", fail: "FAIL" };

/** Prints a row. */
export function printRow({ level, what, text, hint }: Row, io: CliIo): void {
  io.out(`${marks[level].padEnd(4)}  ${what.padEnd(whatWidth)} ${printable(text)}`);
  if (hint !== "") io.out(`${" ".repeat(whatWidth + 7)}${printable(nextAct(hint))}`);
}

/** Creates a report that prints its rows. */
export function createReport(io: CliIo): Report {
  return rowReport((row) => printRow(row, io));
}

/** Runs a function that reports in rows, and prints them: one by one, or as one JSON object. Returns the exit code. */
export async function reportRows(isJson: boolean, io: CliIo, act: (report: Report) => Promise<void>): Promise<number> {
  const rows: Row[] = [];
  const report = rowReport((row) => isJson ? void rows.push(row) : printRow(row, io));
  await act(report);
  if (isJson) writeJson(rowsJson(rows, report.exitCode()), io);
  return report.exitCode();
}

/** A hint as shown: `to do: …`, or the hint itself if it says that there is nothing to do. */
export function nextAct(hint: string): string {
  return isAct(hint) ? `to do: ${hint}` : hint;
}
