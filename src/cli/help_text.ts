// What the help text of a command says of its options: one list for the shells and the manual page.

import type { Command } from "./command.ts";

/** An option of a command. */
export interface HelpOption {
  /** Without its dashes. */
  readonly name: string;
  /** What follows it. */
  readonly value: "none" | "text" | "file";
  /** What it does: the first line of its text. */
  readonly text: string;
}

/** The options of a command, in the order of its help. */
export function optionsOf({ help, booleans, strings }: Command): readonly HelpOption[] {
  return [...booleans, ...strings].map((name) => {
    const [, value = "", text = ""] = new RegExp(`^ +--${name}\\b(?: ([A-Z:]+))? +(.+)$`, "m").exec(help) ?? [];
    const kind = ["FILE", "PATH"].includes(value) ? "file" : "text";
    return { name, value: strings.includes(name) ? kind : "none", text: text.replace(/[;:].*$|[ .]+$/, "") };
  });
}
