// A Worker that may read every file and variable of the user, and reach nobody: it says what the program needs.

import { endOf, nextAct } from "../cli/report.ts";
import { printable } from "../cli/table.ts";
import { OperatorError } from "../errors.ts";
import type { FromReader, ToReader } from "./messages.ts";
import { needsOf } from "./needs.ts";
import { thisWorker } from "./this_worker.ts";

function answer(args: readonly string[]): FromReader {
  try {
    return needsOf(args);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { text, hint = "", exitCode } = endOf(error);
    return { kind: "failed", message: printable(text), hint: printable(nextAct(hint)), code: exitCode };
  }
}

const worker = thisWorker<ToReader, FromReader>();
worker.onmessage = ({ data }): void => worker.postMessage(answer(data.args));
