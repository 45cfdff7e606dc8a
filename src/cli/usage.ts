// Errors for invalid command lines, with suggestions.

import { editDistance } from "../config/suggest.ts";
import { OperatorError } from "../errors.ts";

/** A command line that cannot be understood. */
export class UsageError extends OperatorError {
  /** `message` says which argument is wrong, `hint` what to write instead. */
  constructor(message: string, hint = "run `gocd-mesos --help`") {
    super(message, { code: "usage", kind: "usage", hint });
    this.name = "UsageError";
  }
}

/** What other programs call our commands. */
const otherWords: Readonly<Record<string, string>> = {
  run: "start",
  status: "state show",
  validate: "check",
  explain: "why",
  dashboard: "demo",
};

/** The command that a word is a slip of, or another word for; `undefined` where nothing comes near. */
export function nearestCommand(word: string, names: readonly string[]): string | undefined {
  const other = Object.hasOwn(otherWords, word) ? otherWords[word] : undefined;
  return other ?? nearestWord(word, names);
}

/** The nearest of some words: one slip in three letters at most, two in long ones. */
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
