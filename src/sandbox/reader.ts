// A Worker that may read every file and variable of the user, but has no network access: it determines what the program
// needs.

import { endOf, nextAct } from "../cli/report.ts";
import { printable, printableLines } from "../cli/table.ts";
import { endIn, logConfigOf, startText } from "../cli/start_end.ts";
import type { Config } from "../config/config.ts";
import { processEnv } from "../config/env.ts";
import { OperatorError } from "../errors.ts";
import { createLog, type Log } from "../log/log.ts";
import { stderrIsTerminal } from "../log/stderr.ts";
import type { FromReader, ToReader } from "./messages.ts";
import { needsOf, startFileOf } from "./needs.ts";
import { thisWorker } from "./this_worker.ts";

function answer(args: readonly string[]): FromReader {
  try {
    return needsOf(args, startLine);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { text, hint = "", exitCode } = endOf(error);
    const [message, act] = [printable(text), printable(nextAct(hint))];
    const lines = startLines(args, error) ?? [`gocd-mesos: ${message}`, `  ${act}`];
    return { kind: "failed", message, hint: act, lines, code: exitCode };
  }
}

/** The end of a start in the format of its log; nothing if it is reported as by any other command. */
function startLines(args: readonly string[], error: OperatorError): readonly string[] | undefined {
  const path = startFileOf(args);
  if (path === undefined) return undefined;
  const { log, lines } = logIn(
    logConfigOf(path, { env: processEnv(), readFile: (file) => Deno.readTextFileSync(file) }),
  );
  if (log.isText) return undefined;
  endIn(log, error);
  return lines;
}

function startLine(config: Config): string | undefined {
  const { log, lines } = logIn(config.log);
  log.info(startText(config));
  return lines[0] === undefined ? undefined : printableLines(lines[0]);
}

/** A log, and the lines that are written to it. */
function logIn(config: Config["log"]): { readonly log: Log; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { log: createLog({ ...config, write, isTerminal: stderrIsTerminal(), nowMs: Date.now }), lines };
}

const worker = thisWorker<ToReader, FromReader>();
worker.onmessage = ({ data }): void => worker.postMessage(answer(data.args));
