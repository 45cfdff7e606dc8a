// `gocd-mesos example-config`.

import { type Command, noOperands } from "./command.ts";
import { exampleText } from "./example_text.ts";

/** Prints the example of a configuration. */
export const exampleConfigCommand: Command = {
  name: "example-config",
  summary: "print a framework.conf with every key, as a starting point",
  help: `Usage: gocd-mesos example-config

Prints framework.conf.example: every key with its unit, default and advice. Set the addresses and the image in it, and
run \`gocd-mesos check\` on it.

Examples:
  gocd-mesos example-config > framework.conf`,
  booleans: [],
  strings: [],
  operands: noOperands,
  run: (_args, io) => {
    io.out(exampleText.trimEnd());
    return Promise.resolve(0);
  },
};
