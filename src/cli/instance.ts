// Requests of commands to the running instance, and the output of the responses on a terminal.

import type { PartialConfig } from "../config/load.ts";
import { OperatorError } from "../errors.ts";
import { readApi } from "../runtime/control_client.ts";
import type { Layout } from "./text.ts";
import type { CliIo } from "./io.ts";
import { printableJson } from "./table.ts";

/** The response of the running instance on a path of /api/v1. Throws OperatorErrors. */
export async function askInstance({ config }: PartialConfig, path: string): Promise<unknown> {
  const answer = await readApi(config, path);
  if (answer !== undefined) return answer;
  throw new OperatorError("no instance is running here with this configuration", {
    code: "not-running",
    kind: "unreachable",
    hint:
      "start it, or run this on its machine; without it, `gocd-mesos plan` shows what waits, and `gocd-mesos state " +
      "show` what it has left behind",
  });
}

/** The layout of the terminal, without one of unlimited width; respects `COLUMNS` and `NO_COLOR`. */
export function layoutOf(io: CliIo): Layout {
  const columns = Number(/^\d{1,4}$/.exec(io.env["COLUMNS"] ?? "")?.[0] ?? 0);
  // The last column stays free: a terminal may start a new line after a full one.
  const width = columns > 0 ? columns : io.size().columns - 1;
  return { columns: Math.max(40, width), hasColour: isScreen(io) && (io.env["NO_COLOR"] ?? "") === "" };
}

/** Whether lines can be overwritten; a dumb terminal cannot move its cursor. */
export function isScreen(io: CliIo): boolean {
  return io.isTerminal && io.env["TERM"] !== "dumb";
}

/** Writes lines that are safe to print and may have colours. */
export function writeLines(lines: readonly string[], { hasColour }: Pick<Layout, "hasColour">, io: CliIo): void {
  if (hasColour) io.draw(lines.map((line) => `${line}\n`).join(""));
  else for (const line of lines) io.out(line);
}

/** Writes one value as JSON, on several lines. */
export function writeJson(value: unknown, io: CliIo): void {
  io.out(printableJson(JSON.stringify(value, null, 2)));
}

/** Writes one value as JSON, on one line. */
export function writeJsonLine(value: unknown, io: CliIo): void {
  io.out(printableJson(JSON.stringify(value)));
}
