// A Worker that may read every file and variable of the user, and reach nobody: it says what the program needs.

import { endOf, nextAct } from "../cli/report.ts";
import { printable } from "../cli/table.ts";
import { endIn, logConfigOf } from "../cli/start_end.ts";
import { processEnv } from "../config/env.ts";
import { OperatorError } from "../errors.ts";
import { createLog } from "../log/log.ts";
import { stderrIsTerminal } from "../log/stderr.ts";
import type { FromReader, ToReader } from "./messages.ts";
import { needsOf, startFileOf } from "./needs.ts";
import { thisWorker } from "./this_worker.ts";

function answer(args: readonly string[]): FromReader {
  try {
    return needsOf(args);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { text, hint = "", exitCode } = endOf(error);
    const [message, act] = [printable(text), printable(nextAct(hint))];
    const lines = startLines(args, error) ?? [`gocd-mesos: ${message}`, `  ${act}`];
    return { kind: "failed", message, hint: act, lines, code: exitCode };
  }
}

/** What ends a start as its log tells it; nothing where it is told as by any other command. */
function startLines(args: readonly string[], error: OperatorError): readonly string[] | undefined {
  const path = startFileOf(args);
  if (path === undefined) return undefined;
  const lines: string[] = [];
  const log = createLog({
    ...logConfigOf(path, { env: processEnv(), readFile: (file) => Deno.readTextFileSync(file) }),
    write: (line) => void lines.push(line),
    isTerminal: stderrIsTerminal(),
    nowMs: Date.now,
  });
  if (log.isText) return undefined;
  endIn(log, error);
  return lines;
}

const worker = thisWorker<ToReader, FromReader>();
worker.onmessage = ({ data }): void => worker.postMessage(answer(data.args));
