// A Worker in the place of the program: prints the result of each attempt to break out. `--targets=JSON` sets the
// targets.

import type { FromProgram, ToProgram } from "../../src/sandbox/messages.ts";
import { thisWorker } from "../../src/sandbox/this_worker.ts";
import { breakOut } from "../support/breakout.ts";

const worker = thisWorker<ToProgram, FromProgram>();
const option = "--targets=";

async function attempt(args: readonly string[]): Promise<void> {
  const targets = JSON.parse(args.find((each) => each.startsWith(option))?.slice(option.length) ?? "");
  // deno-lint-ignore no-console -- the test reads it
  console.log(JSON.stringify(await breakOut(targets)));
  worker.postMessage({ kind: "exit", code: 7 });
}

worker.onmessage = ({ data }): void => {
  if (data.kind === "begin") attempt(data.args);
};
worker.postMessage({ kind: "ready" });
