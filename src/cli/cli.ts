// Which command is meant. Not here: what it does (one file per command).
// Called by main.ts with the arguments of the process; returns the exit code.

import { parseArgs } from "@std/cli/parse-args";
import { exitCodes, OperatorError } from "../errors.ts";
import { commands, generalHelp } from "./commands.ts";
import type { CliIo } from "./io.ts";

/** Runs the command that the arguments name and returns the exit code. Never throws. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    return reportError(error, io);
  }
}

/** One line that says what is wrong, one that says what to do. */
export function reportError(error: unknown, io: CliIo): number {
  if (error instanceof OperatorError) {
    io.err(`gocd-mesos: ${error.message}`);
    if (error.hint !== "") io.err(`  to do: ${error.hint}`);
    return exitCodes[error.kind];
  }
  io.err(`gocd-mesos: internal error: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
  io.err("  to do: please report this with the lines above");
  return exitCodes.internal;
}

/** A command line that cannot be understood. */
export class UsageError extends OperatorError {
  /** `message` says which argument is wrong. */
  constructor(message: string, hint = "run `gocd-mesos --help`") {
    super(message, { code: "usage", kind: "usage", hint });
  }
}

async function dispatch(args: readonly string[], io: CliIo): Promise<number> {
  const first = args[0];
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const topic = first === "help" ? commands.find((each) => each.name === args[1]) : undefined;
    io.out(topic?.help ?? generalHelp());
    return first === undefined ? exitCodes.usage : 0;
  }
  if (first === "--version" || first === "-V") return await run("version", [], io);
  const named = commands.find((each) => each.name === first);
  // The 2015 way: the only argument is the configuration file.
  return named === undefined ? await run("start", args, io) : await run(named.name, args.slice(1), io);
}

async function run(name: string, args: readonly string[], io: CliIo): Promise<number> {
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw new UsageError(`there is no command "${name}"`);
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    boolean: [...command.booleans, "help"],
    string: [...command.strings],
    alias: { h: "help" },
    unknown: (arg: string) => {
      if (!arg.startsWith("-") || arg === "-") return true;
      unknown.push(arg);
      return false;
    },
  });
  if (flags.help === true) {
    io.out(command.help);
    return 0;
  }
  if (unknown.length > 0) {
    throw new UsageError(`"${name}" has no option ${unknown[0]}`, `run \`gocd-mesos ${name} --help\``);
  }
  const operands = flags._.map(String);
  if (operands.length < command.operandsMin || operands.length > command.operandsMax) {
    const isFile = name === "start" && operands.length > 1;
    throw new UsageError(
      operands.length < command.operandsMin
        ? `"${name}" needs ${command.operandsText}`
        : isFile
        ? `"${operands[0]}" is no command, and start takes one configuration file, not ${operands.length}`
        : `"${name}" takes ${command.operandsText || "no arguments"}, not ${operands.length}`,
      `run \`gocd-mesos ${name} --help\``,
    );
  }
  return await command.run({ operands, flags }, io);
}
