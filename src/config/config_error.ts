// The error for a configuration that cannot be used.

import { OperatorError } from "../errors.ts";

/** The kinds of configuration problems. */
export type ConfigErrorCode =
  | "config-file-missing"
  | "config-file-unreadable"
  | "config-syntax"
  | "config-root-missing"
  | "config-unknown-key"
  | "config-unset-variable"
  | "config-missing-key"
  | "config-wrong-type"
  | "config-bad-value"
  | "config-bad-duration"
  | "config-bad-memory"
  | "config-conflict"
  | "config-secret-file";

/** One problem. Never contains a secret. */
export interface ConfigProblem {
  /** A stable literal. */
  readonly code: ConfigErrorCode;
  /** Full dotted key below `gocd-mesos`, e.g. `go-server.user-name`; empty if it is about the whole file. */
  readonly key: string;
  /** The file it is in, as given. */
  readonly file: string;
  /** Line in that file, from 1; absent if unknown, e.g. for a missing key. */
  readonly line?: number;
  /** What is wrong, one sentence without a period. */
  readonly message: string;
  /** What to write instead. */
  readonly hint: string;
}

/** The configuration cannot be used; reports all its problems at once. */
export class ConfigError extends OperatorError {
  /** At least one; the first one gives the code and the hint of the error. */
  readonly problems: readonly ConfigProblem[];
  /** Warnings that may explain the problems, such as a missing included file. */
  warnings: readonly string[] = [];

  /** Creates the error for one or more problems. */
  constructor(first: ConfigProblem, ...more: readonly ConfigProblem[]) {
    const rest = more.length === 0 ? "" : ` (and ${more.length} more: \`gocd-mesos check\` lists all)`;
    super(`${problemText(first)}${rest}`, { code: first.code, kind: "usage", hint: first.hint });
    this.name = "ConfigError";
    this.problems = [first, ...more];
  }
}

/** One line for one problem: `file:line: key: message`. */
export function problemText(problem: ConfigProblem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  return problem.key === "" ? `${place}: ${problem.message}` : `${place}: ${problem.key}: ${problem.message}`;
}

/** Throws the {@linkcode ConfigError} `config-syntax` of one place. */
export function failAt(at: { readonly file: string; readonly line: number }, message: string, hint: string): never {
  throw new ConfigError({ code: "config-syntax", key: "", file: at.file, line: at.line, message, hint });
}
