// `gocd-mesos manual`: the manual page in the format of man(7), made from the help of each command.

import { version } from "../version.ts";
import { type Command, noOperands } from "./command.ts";

/** The parts of the page. */
export interface ManualParts {
  /** The text of `--help`. */
  readonly generalHelp: () => string;
  readonly commands: () => readonly Command[];
}

/** The command. */
export function manualCommand(parts: ManualParts): Command {
  return {
    name: "manual",
    summary: "print the manual page, for man",
    help: `Usage: gocd-mesos manual

Prints the manual page gocd-mesos(1) in the format of man.

Examples:
  gocd-mesos manual > /usr/local/share/man/man1/gocd-mesos.1
  gocd-mesos manual | man -l -`,
    booleans: [],
    strings: [],
    operands: noOperands,
    run: (_, io) => {
      io.out(manualPage(parts).trimEnd());
      return Promise.resolve(0);
    },
  };
}

/** Everything in \`--help\`, as one page. */
function manualPage({ generalHelp, commands }: ManualParts): string {
  const [title = "", ...general] = generalHelp().split("\n");
  const summary = title.slice(title.indexOf(":") + 2).replace(/\.$/, "");
  return [
    `.TH GOCD-MESOS 1 "" "gocd-mesos ${version}"`,
    ".SH NAME",
    `gocd-mesos \\- ${escaped(summary)}`,
    ".SH SYNOPSIS",
    ...literal(general.slice(0, general.indexOf("Commands:"))),
    ".SH DESCRIPTION",
    ...literal(general.slice(general.indexOf("Commands:"))),
    ".SH COMMANDS",
    ...commands().flatMap(({ name, help }) => [`.SS ${name}`, ...literal(help.split("\n"))]),
    "",
  ].join("\n");
}

/** Lines as they are. */
function literal(lines: readonly string[]): readonly string[] {
  const text = lines.join("\n").trim().split("\n");
  return [".nf", ...text.map(escaped), ".fi"];
}

/** A line that troff treats only as text. */
function escaped(line: string): string {
  const text = line.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return /^[.']/.test(text) ? `\\&${text}` : text;
}
