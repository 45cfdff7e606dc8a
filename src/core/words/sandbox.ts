// Texts for the stderr of a failed container, which is requested in life/sandbox.ts.

import type { SandboxAnswer, StderrTail } from "../life/sandbox.ts";
import { oneLine, shortened } from "../text.ts";

/** Maximum length of its last lines in a sentence. */
const clauseCharactersMax = 160;
/** Maximum number of lines in such a clause. */
const clauseLinesMax = 2;

/** The end of it as a clause, for a sentence about the failure; nothing if it is empty. */
export function stderrClause(stderr: StderrTail | undefined): string | undefined {
  if (stderr === undefined || stderr.answer.kind !== "read") return undefined;
  const lines = stderr.answer.text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 0) return undefined;
  const end = lines.slice(-clauseLinesMax).map((line) => oneLine(line, clauseCharactersMax)).join(" / ");
  return `its stderr ends with "${shortened(end, clauseCharactersMax)}"`;
}

/** Everything known of it, below a line that names its owner. */
export function stderrText({ taskId, host, answer }: StderrTail): string {
  switch (answer.kind) {
    case "read":
      return answer.text === ""
        ? `stderr of ${taskId} on ${host} is empty`
        : `last lines of stderr of ${taskId} on ${host}:\n${answer.text}`;
    case "not-allowed":
    case "failed":
      return `stderr of ${taskId} on ${host} was not read: ${unreadText(answer)}`;
  }
}

/** Why it was not read. */
export function unreadText(answer: Exclude<SandboxAnswer, { readonly kind: "read" }>): string {
  return answer.kind === "not-allowed"
    ? `add ${answer.host} to mesos.allowed-hosts so that it can be read`
    : answer.message;
}
