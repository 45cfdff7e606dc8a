// The stderr of a failed container, in words. Not here: asking for it (life/sandbox.ts).

import type { SandboxAnswer, StderrTail } from "../life/sandbox.ts";
import { oneLine, shortened } from "../text.ts";

/** Of its last lines, in a sentence. */
const clauseCharactersMax = 160;
/** Lines that make up such a clause at most. */
const clauseLinesMax = 2;

/** The end of it as a clause, for a sentence about the failure; nothing where it says nothing. */
export function stderrClause(stderr: StderrTail | undefined): string | undefined {
  if (stderr === undefined || stderr.answer.kind !== "read") return undefined;
  const lines = stderr.answer.text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 0) return undefined;
  const end = lines.slice(-clauseLinesMax).map((line) => oneLine(line, clauseCharactersMax)).join(" / ");
  return `its stderr ends with "${shortened(end, clauseCharactersMax)}"`;
}

/** All of it that is known, below a line that says whose it is. */
export function stderrText({ taskId, host, answer }: StderrTail): string {
  switch (answer.kind) {
    case "read":
      return answer.text === ""
        ? `stderr of ${taskId} on ${host} is empty`
        : `last lines of stderr of ${taskId} on ${host}:\n${answer.text}`;
    case "not-allowed":
    case "failed":
      return `stderr of ${taskId} on ${host} was not read: ${unreadText(answer)}`;
    default:
      return answer satisfies never;
  }
}

/** Why it was not read. */
export function unreadText(answer: Exclude<SandboxAnswer, { readonly kind: "read" }>): string {
  return answer.kind === "not-allowed" ? `add ${answer.host} to mesos.allowed-hosts to have it read` : answer.message;
}
