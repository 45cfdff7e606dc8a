// The first line of a start, and the errors that end one, in the format of its log. Exit codes and texts are in
// report.ts.

import type { Config } from "../config/config.ts";
import { ConfigError, problemText } from "../config/config_error.ts";
import { loadPartially } from "../config/load.ts";
import type { Log } from "../log/log.ts";
import { mastersText, serverUrlText } from "../net/addresses.ts";
import { version } from "../version.ts";
import { endOf } from "./report.ts";

/** The first line of a start: what runs, and for which servers. */
export function startText({ gocd, mesos, settings }: Config): string {
  const names = settings.profiles.map((profile) => profile.name).join(", ");
  return `gocd-mesos ${version} starts: GoCD server ${serverUrlText(gocd.url)}, Mesos ${
    mastersText(mesos.masters)
  }, profiles ${names}`;
}

/**
 * Reports the error that ends a start as log lines, and returns the exit code; for people it is reported as by any
 * other command.
 */
export function endIn(log: Log, error: unknown): number {
  if (log.isText) throw error;
  const { code, text, hint, exitCode } = endOf(error);
  if (error instanceof ConfigError) {
    for (const problem of error.problems) log.end(problem.code, problemText(problem), problem.hint);
  } else {
    log.end(code, text, hint);
  }
  return exitCode;
}

/** The log settings of an invalid file, as far as they can be read. */
export function logConfigOf(
  path: string,
  { env, readFile }: {
    readonly env: Readonly<Record<string, string>>;
    readonly readFile: (path: string) => string;
  },
): Config["log"] {
  try {
    return loadPartially(path, env, undefined, readFile).config.log;
  } catch {
    return { level: "info", format: "auto" };
  }
}
