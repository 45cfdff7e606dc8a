// What the help text of a command says of its options: one list for the shells and the manual page.

import type { Command } from "./command.ts";

/** An option of a command. */
export interface HelpOption {
  /** Without its dashes. */
  readonly name: string;
  /** Whether a value follows. */
  readonly hasValue: boolean;
  /** What it does: the first line of its text. */
  readonly text: string;
}

/** The options of a command, in the order of its help. */
export function optionsOf({ help, booleans, strings }: Command): readonly HelpOption[] {
  return [...booleans, ...strings].map((name) => {
    const text = new RegExp(`^ +--${name}\\b(?: [A-Z:]+)? +(.+)$`, "m").exec(help)?.[1] ?? "";
    return { name, hasValue: strings.includes(name), text: text.replace(/[;:].*$|[ .]+$/, "") };
  });
}
