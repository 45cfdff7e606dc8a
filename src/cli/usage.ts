// Errors for invalid command lines, with suggestions.

import { editDistance } from "../config/suggest.ts";
import { OperatorError } from "../errors.ts";

/** The error for an invalid command line. */
export class UsageError extends OperatorError {
  /** `message` says which argument is wrong, `hint` what to write instead. */
  constructor(message: string, hint = "run `gocd-mesos --help`") {
    super(message, { code: "usage", kind: "usage", hint });
    this.name = "UsageError";
  }
}

/** Names that other programs use for our commands. */
const otherWords: Readonly<Record<string, string>> = {
  run: "start",
  ps: "agents",
  logs: "events",
  validate: "check",
  explain: "why",
  dashboard: "demo",
};

/** The command that a word is a typo of, or a synonym for; `undefined` if nothing is close. */
export function nearestCommand(word: string, names: readonly string[]): string | undefined {
  const other = Object.hasOwn(otherWords, word) ? otherWords[word] : undefined;
  return other ?? nearestWord(word, names);
}

/** The nearest of some words: at most one typo in three letters, two in long words. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const lettersMax = 40;
  if (word.length > lettersMax) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const each of known) {
    const distance = editDistance(word.toLowerCase(), each);
    const allowed = Math.max(1, Math.floor(Math.min(word.length, each.length) / 3));
    if (distance <= allowed && distance < bestDistance) [best, bestDistance] = [each, distance];
  }
  return best;
}
